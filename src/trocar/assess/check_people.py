"""Staff: too few, without names, roles without numbers, plural words about one person."""

import re
from collections.abc import Iterator

from trocar.assess.faults import ACTION, ATTENTION, fault, said
from trocar.assess.numbers import NUMBER, number_of
from trocar.assess.script import Script, Sentence
from trocar.department.contradictions import Contradiction
from trocar.department.norms import Technique

FEWEST_PHYSICIANS = 2
"""What the norms of both techniques are believed to ask; the number is from memory (rulepacks, RSI-STF-01, "
"ABL-STF-01)."""

_ABLE = re.compile(
    r"(?:具有|具备|取得|获得|持有|从事|能够?|可|胜任|掌握|开展|承担|授权)[^，。；]{0,40}?(?:能力|资质|资格|授权|"
    r"技术|治疗|手术|操作|工作)|有(?:相应|相关)?(?:的)?(?:资质|资格|能力)|(?:植入|消融)(?:治疗)?(?:医师|医生|术者)"
)
_PHYSICIANS = re.compile(
    rf"(?P<n>{NUMBER})\s*(?:名|位|人)(?!次)(?P<between>[^。；\d]{{0,60}}?)(?P<who>医师|医生|大夫|术者)|(?:医师|"
    rf"医生|术者)[^，。；\d]{{0,12}}?(?P<m>{NUMBER})\s*(?:名|位|人)(?!次)"
)
_TITLED = re.compile(r"(?:正|副)?(?:主任|主治)(?:医师)?|住院|进修|规培|轮转|麻醉|护理|护士|影像|超声|病理|药")
_PLURAL = re.compile(
    r"(?<![首成花])都(?![市匀江昌安])|(?<![平人日年月])均(?![匀值衡])|全部|全体|各位|每位|每名|分别|他们|团队成员|诸"
)
_NAMES = re.compile(
    r"姓名|名单|一览表|附表|详见附|花名册|执业证书?(?:编码|编号|号码|号)|证书编号|资格证(?:书)?编号|\d{12,}"
)
_TITLES_GIVEN = re.compile(r"主任医师|副主任医师|主治医师|正高|副高|中级职称|高级职称")
_ROLE = re.compile(
    r"(?P<role>放射物理师|医学物理师|物理师|物理人员|计划(?:设计)?人员|剂量师|放射防护(?:管理)?人员|防护员|工程师|"
    r"技师|护士|护理人员)"
)
_VAGUE = re.compile(
    _ROLE.pattern
    + r"[^，。；\d]{0,3}(?:若干|多名|数名|数位)|"
    + _ROLE.pattern.replace("role", "borrowed")
    + r"[^，。；\d]{0,12}(?:兼任|兼职|代管)"
)
_HAS = re.compile(r"有|配备|具有|具备|拥有|设有|设置|聘有|包括")


def able_physicians(script: Script) -> list[tuple[Sentence, int]]:
    """Return the sentences that count physicians able to do a technique, with the count."""
    found = []
    for sentence in script.body:
        plain = sentence.plain
        if not _ABLE.search(plain):
            continue
        for match in _PHYSICIANS.finditer(plain):
            value = number_of(match["n"] or match["m"])
            between = match["between"] or plain[max(0, match.start() - 1) : match.start("m")]
            head = plain[max(0, match.start() - 8) : match.start()]
            is_part = "其中" in plain[: match.start()] or re.search(r"新增|增加|培养|引进|拟|计划", head)
            titled = _TITLED.search(between + (match["who"] or "")) and not _ABLE.search(between)
            if value is None or is_part or titled:
                continue
            if re.search(r"(?:患者|病例|例)", between):
                continue
            found.append((sentence, int(value)))
            break
    return found


def staff_below_threshold(script: Script) -> Iterator[Contradiction]:
    """Fewer physicians than the norm is believed to ask."""
    counted: dict[Technique | None, list[tuple[Sentence, int]]] = {}
    for sentence, value in able_physicians(script):
        counted.setdefault(sentence.technique, []).append((sentence, value))
    for entries in counted.values():
        most = max(value for _, value in entries)
        if most >= FEWEST_PHYSICIANS:
            continue
        sentence = entries[0][0]
        yield too_few(sentence, n=most)


def too_few(sentence: Sentence, *, n: int) -> Contradiction:
    """Return the fault of fewer physicians than the norm is believed to ask."""
    return fault(
        "staff-below-threshold",
        ACTION,
        (sentence,),
        why=said(
            "assess.why-staff-below",
            "{n} able physician; the norm is believed to ask for at least {least} registered here (from memory, to be "
            "checked), and whoever plans cannot also be the second who reviews",
            n=n,
            least=FEWEST_PHYSICIANS,
        ),
        settle=said(
            "assess.settle-roster",
            "the roster by name: registration, title, years, training certificate and its last day, authorisation",
        ),
    )


def plural_about_one(script: Script) -> Iterator[Contradiction]:
    """The only physician is spoken of as several."""
    ones = [(sentence, value) for sentence, value in able_physicians(script) if value == 1]
    for one, _ in ones:
        if any(value > 1 for each, value in able_physicians(script) if each.technique is one.technique):
            continue
        for sentence in script.body:
            near = sentence.technique is one.technique and 0 <= sentence.place - one.place <= 3
            about = re.search(r"医师|医生|术者", sentence.plain) and re.search(
                r"培训|资格|职称|经验|考核|注册", sentence.plain
            )
            text = sentence.plain if sentence is not one else _after_count(one.plain)
            if near and about and _PLURAL.search(text):
                yield plural_of_one((one, sentence), word=_word(text))
                break


def plural_of_one(sentences: tuple[Sentence, ...], *, word: str) -> Contradiction:
    """Return the fault of one physician who is spoken of as several."""
    return fault(
        "plural-about-one",
        ATTENTION,
        sentences,
        why=said("assess.why-plural", "one physician is counted, and “{word}” then speaks of several", word=word),
        settle=said(
            "assess.settle-roster",
            "the roster by name: registration, title, years, training certificate and its last day, authorisation",
        ),
    )


def _after_count(plain: str) -> str:
    match = _PHYSICIANS.search(plain)
    return plain[match.end() :] if match else plain


def _word(plain: str) -> str:
    match = _PLURAL.search(plain)
    return match.group() if match else ""


def staff_without_names(script: Script) -> Iterator[Contradiction]:
    """Physicians are counted, but neither named nor titled."""
    if _NAMES.search(script.plain):
        return
    for sentence, value in able_physicians(script):
        around = script.near(sentence, before=0, after=2)
        if value and not (_TITLES_GIVEN.search(around) and re.search(r"\d\s*年|[一二三四五六七八九十]年", around)):
            yield nameless(sentence, n=value)


def nameless(sentence: Sentence, *, n: int) -> Contradiction:
    """Return the fault of physicians who are counted, not named."""
    return fault(
        "staff-without-names",
        ATTENTION,
        (sentence,),
        why=said(
            "assess.why-no-names",
            "{n} physicians without names, titles or certificates; whether they are also counted for the other "
            "technique cannot be seen",
            n=n,
        ),
        settle=said(
            "assess.settle-roster",
            "the roster by name: registration, title, years, training certificate and its last day, authorisation",
        ),
    )


def role_without_number(script: Script) -> Iterator[Contradiction]:
    """A role is said to be filled, but not by how many."""
    told: set[str] = set()
    for match in _VAGUE.finditer(script.plain):
        role = match["role"] or match["borrowed"]
        told.add(role)
        yield unnumbered(next(each for each in script.body if match.group() in each.plain), role=role)
    if _NAMES.search(script.plain):
        return
    counted = {match["role"] for match in _ROLE.finditer(script.plain) if _number_beside(script.plain, match)}
    for sentence in script.body:
        if re.search(r"签[字名]|共同|制[定订]|会同|参与|负责|审核", sentence.plain):
            continue
        for match in _ROLE.finditer(sentence.plain):
            role = match["role"]
            clause = next((each for each in sentence.clauses if role in each), sentence.plain)
            if role in told | counted or not _HAS.search(clause):
                continue
            told.add(role)
            yield unnumbered(sentence, role=role)


def unnumbered(sentence: Sentence, *, role: str) -> Contradiction:
    """Return the fault of a role that is filled by nobody knows how many."""
    return fault(
        "role-without-number",
        ATTENTION,
        (sentence,),
        why=said(
            "assess.why-role",
            "“{role}” without number, name or certificate; a plan needs three different people: attending physician, "
            "implanting physician, physicist",
            role=role,
        ),
        settle=said("assess.settle-role", "name, degree or title, certificate and number of those who fill the role"),
    )


def _number_beside(plain: str, match: re.Match[str]) -> bool:
    before = plain[max(0, match.start() - 14) : match.start()]
    after = plain[match.end() : match.end() + 8]
    return bool(
        re.search(rf"{NUMBER}\s*(?:名|位|人)[^，。；、]{{0,10}}$", before)
        or re.match(rf"[^，。；、]{{0,4}}{NUMBER}\s*(?:名|位|人)", after)
    )
