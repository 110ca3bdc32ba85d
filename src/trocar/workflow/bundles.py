"""Indicators to share: counts without patients, small cells hidden, signed; checked and pooled by whoever "
"receives them."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from trocar.department.indicators import IndicatorValue
from trocar.errors import DepartmentError
from trocar.evaluate.proportions import wilson_interval
from trocar.workflow.indicators import SMALLEST_CELL

SCHEMA = "trocar.indicator-bundle/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """An indicator over several sites: sums, share with interval, how many sites gave it, and how many hid theirs."""

    key: str
    pack: str
    numerator: int
    denominator: int
    share: float
    low: float
    high: float
    sites: int
    hidden: int


def new_key() -> bytes:
    """Return a new private key as PEM; keep it where only the signing person reads it."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_key_of(private_pem: bytes) -> bytes:
    """Return the public key that belongs to a private one, as PEM."""
    return _private(private_pem).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as problem:
        raise _no_key(problem) from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key("another kind of key")
    return key


def _public(pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError) as problem:
        raise _no_key(problem) from problem
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key("another kind of key")
    return key


def _no_key(reason: object) -> DepartmentError:
    return DepartmentError(
        "bundle.no-key",
        "this is no Ed25519 key in PEM ({reason}); `trocar indicators --new-key` makes one",
        reason=str(reason),
    )


def signed_bundle(
    values: Iterable[IndicatorValue], *, site: str, made_at: datetime, private_pem: bytes, least: int = SMALLEST_CELL
) -> bytes:
    """Return the indicators of a site as signed JSON.

    Parameters
    ----------
    values
        What the period came to.
    site
        Name or pseudonym of the site.
    made_at
        When it is made.
    private_pem
        The site's key.
    least
        Smallest count shown: a numerator, or what it leaves of its denominator, below this hides its indicator.

    Notes
    -----
    The bundle holds definitions, packs, periods and counts; no case, no person, no operator.
    """
    payload = {
        "schema": SCHEMA,
        "site": site,
        "made_at": made_at.isoformat(),
        "smallest_cell": least,
        "indicators": [_shared(each, least) for each in values if each.value is not None and each.is_share],
    }
    body = _canonical(payload)
    signature = base64.b64encode(_private(private_pem).sign(body)).decode("ascii")
    public = public_key_of(private_pem).decode("ascii")
    return _canonical({"payload": payload, "signature": signature, "public_key": public}) + b"\n"


def _canonical(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _shared(value: IndicatorValue, least: int) -> dict[str, Any]:
    count = value.count
    n, of = int(count.numerator), count.denominator
    hidden = 0 < n < least or 0 < of - n < least or of < least
    definition = count.definition
    return {
        "key": definition.key,
        "pack": count.pack,
        "numerator_is": definition.numerator,
        "denominator_is": definition.denominator,
        "first": count.period.first.isoformat(),
        "last": count.period.last.isoformat(),
        "unit": definition.measure.unit.value if definition.measure else None,
        "episodes": bool(definition.measure and definition.measure.episodes),
        "numerator": None if hidden else n,
        "denominator": None if hidden else of,
        "hidden": hidden,
    }


def opened_bundle(data: bytes, *, public_pem: bytes | None) -> dict[str, Any]:
    """Return what a bundle says, after its signature was checked.

    Parameters
    ----------
    data
        The bundle.
    public_pem
        The key that the site is known to have; None to trust the one in the bundle, which proves only that it was not
        changed since.

    Raises
    ------
    DepartmentError
        It is no bundle, or the signature does not belong to it, or not to the key.
    """
    try:
        outer = json.loads(data)
        payload, signature = outer["payload"], base64.b64decode(outer["signature"])
        if payload["schema"] != SCHEMA:
            raise KeyError(payload["schema"])
    except (ValueError, KeyError, TypeError) as problem:
        raise DepartmentError(
            "bundle.unreadable", "this is no bundle of indicators ({reason})", reason=str(problem)
        ) from problem
    key = _public(public_pem if public_pem is not None else str(outer.get("public_key", "")).encode())
    try:
        key.verify(signature, _canonical(payload))
    except InvalidSignature as problem:
        raise DepartmentError(
            "bundle.signature-wrong",
            "the signature of the bundle of {site} does not belong to it: it was changed, or signed with another "
            "key; ask the "
            "site for it again",
            site=str(payload.get("site", "—")),
        ) from problem
    return dict(payload)


def pooled(bundles: Sequence[Mapping[str, Any]]) -> tuple[Pooled, ...]:
    """Return the indicators of several sites together; only those of one definition, and no hidden cells, are added.

    Raises
    ------
    DepartmentError
        One site stands twice.
    """
    sites = [str(each["site"]) for each in bundles]
    twice = sorted({site for site in sites if sites.count(site) > 1})
    if twice:
        raise DepartmentError(
            "bundle.site-twice", "site {site} stands twice among the bundles; give one of each period", site=twice[0]
        )
    groups: dict[tuple[str, str, bool], list[Mapping[str, Any]]] = defaultdict(list)
    for bundle in bundles:
        for each in bundle["indicators"]:
            groups[each["pack"], each["key"], bool(each["episodes"])].append(each)
    found = [_pooled(pack, key, entries) for (pack, key, episodes), entries in groups.items() if not episodes]
    return tuple(each for each in found if each is not None)


def _pooled(pack: str, key: str, entries: Sequence[Mapping[str, Any]]) -> Pooled | None:
    shown = [each for each in entries if not each["hidden"]]
    of = sum(each["denominator"] for each in shown)
    if not of:
        return None
    n = sum(each["numerator"] for each in shown)
    low, high = wilson_interval(n, of)
    return Pooled(
        key=key,
        pack=pack,
        numerator=n,
        denominator=of,
        share=n / of,
        low=low,
        high=high,
        sites=len(shown),
        hidden=len(entries) - len(shown),
    )
