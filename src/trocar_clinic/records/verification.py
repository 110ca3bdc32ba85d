"""Whether the trail is whole: every hash, every link, every guard, and every row as its last deed left it."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, transaction

from trocar_clinic.errors import Reason, reason
from trocar_clinic.records.deed import fingerprint_of, hash_of
from trocar_clinic.records.guards import missing_guards
from trocar_clinic.records.kept import Kept
from trocar_clinic.records.models import BEFORE_THE_FIRST, AuditEntry


def head() -> tuple[int, str]:
    """Return number and hash of the last entry: written down elsewhere, it proves that none was cut off."""
    last = AuditEntry.objects.order_by("-number").first()
    return (last.number, last.hash) if last else (0, BEFORE_THE_FIRST)


def verify(*, expected: tuple[int, str] | None = None) -> list[Reason]:
    """Return everything that is wrong with the trail; nothing, if it is whole.

    Parameters
    ----------
    expected
        Number and hash of an entry noted earlier, which must still be there.
    """
    with transaction.atomic():
        return [*_chain(), *_noted(expected), *_rows(), *_guards()]


def _chain() -> Iterator[Reason]:
    number, previous = 0, BEFORE_THE_FIRST
    for entry in AuditEntry.objects.order_by("number").iterator(chunk_size=2000):
        if entry.number != number + 1 or entry.previous != previous:
            yield reason(
                "records.chain-broken",
                en="Entry {number} does not follow entry {last}: entries were removed or put in between",
                zh="审计记录 {number} 与前一条 {last} 不相接：有记录被删除或插入",
                number=entry.number,
                last=number,
            )
        if entry.hash != hash_of(entry):
            yield reason(
                "records.entry-changed",
                en="Entry {number} was changed",
                zh="审计记录 {number} 被改动",
                number=entry.number,
            )
        number, previous = entry.number, entry.hash


def _noted(expected: tuple[int, str] | None) -> Iterator[Reason]:
    if expected and expected[0] and not AuditEntry.objects.filter(number=expected[0], hash=expected[1]).exists():
        yield reason(
            "records.head-lost",
            en="Entry {number}, noted earlier with another hash or now gone: the trail was cut or rewritten",
            zh="先前留存的审计记录 {number} 不存在或哈希不同：记录被截断或重写",
            number=expected[0],
        )


def _rows() -> Iterator[Reason]:
    """Compare rows with the fingerprints that their last deeds left."""
    last: dict[tuple[str, int], str] = {}
    for rows in AuditEntry.objects.order_by("number").values_list("rows", flat=True).iterator(chunk_size=2000):
        last.update({(each["kind"], each["row"]): each["content"] for each in rows})
    for model in apps.get_models():
        if issubclass(model, Kept):
            kind = model._meta.label_lower
            for row in model._default_manager.iterator(chunk_size=500):
                if last.pop((kind, row.pk), "") != fingerprint_of(row):
                    yield reason(
                        "records.row-changed",
                        en="{kind} {row} is not as its last deed left it: it was changed past the application",
                        zh="{kind} {row} 与最后一次操作留下的内容不符：有人绕过系统改动",
                        kind=kind,
                        row=row.pk,
                    )
    for kind, pk in last:
        yield reason("records.row-gone", en="{kind} {row} is gone", zh="{kind} {row} 已不存在", kind=kind, row=pk)


def _guards() -> Iterator[Reason]:
    for name in missing_guards(connection):
        yield reason("records.guard-missing", en="Trigger {name} is missing", zh="缺少触发器 {name}", name=name)
