"""Rooms, beds and devices: lists that differ, things counted twice, parts left empty."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from trocar.assess.faults import ACTION, ATTENTION, NOTE, fault, said
from trocar.assess.likeness import is_subsequence
from trocar.assess.numbers import NUMBER, number_of
from trocar.assess.script import Script, Sentence
from trocar.department.contradictions import Contradiction
from trocar.department.norms import Technique

GUIDANCE: Final[Mapping[str, str]] = {
    "超声": r"(?<!内镜)超声(?!支气管镜|内镜|波?(?:消融|治疗|刀))|彩超|B超",
    "CT": r"(?<![A-Za-z])CT(?!A|引导下?消融)|计算机断层",
    "MRI": r"MRI|(?<![A-Za-z])MR(?![A-Za-z])|磁共振|核磁",
    "DSA": r"DSA|血管造影机?|数字减影",
    "内镜": r"内镜|内窥镜|支气管镜|胃镜|肠镜|EBUS|腔镜",
    "PET-CT": r"PET",
    "X线透视": r"C\s*[型形]?\s*臂|透视机",
}
"""Kinds of guiding devices and how they are written."""

_SEEN_IN_THE_ARCHIVE = said(
    "assess.settle-devices", "each guiding device with the date on which its images were seen in the archive"
)
_CONNECTED = re.compile(
    r"图像管理系统|影像管理系统|图像存储|PACS|影像归档|影像信息系统|接入.{0,6}(?:系统|网络)|联网|互联"
)
_GUIDING = re.compile(
    r"影像引导|引导(?:技术)?(?:设备|手段|方式)|引导系统|介入设备|(?:具有|配备|拥有|配置).{0,12}(?:影像|引导)设备"
)
_USED = re.compile(r"引导下|经(?:超声)?(?:支气管镜|内镜|胃镜|肠镜)")


def _kinds(plain: str) -> frozenset[str]:
    return frozenset(kind for kind, pattern in GUIDANCE.items() if re.search(pattern, plain))


def _open_list(plain: str) -> bool:
    """Whether a list of devices ends with "and others"."""
    names = "|".join(GUIDANCE.values())
    return bool(re.search(rf"(?:{names})[^，。；、）)]{{0,6}}等", plain))


def device_lists_differ(script: Script) -> Iterator[Contradiction]:
    """A device guides procedures, but does not stand in the list of those whose images are kept."""
    listed = [each for each in script.body if len(_kinds(each.plain)) >= 2 or _CONNECTED.search(each.plain)]
    for technique in (*script.techniques, None):
        mine = [each for each in listed if each.technique is technique]
        connected = [
            each for each in mine if _CONNECTED.search(each.plain) and len(_kinds(_connected_part(each.plain))) >= 2
        ]
        owned = [each for each in mine if _GUIDING.search(each.plain) and not _CONNECTED.search(each.plain)]
        owned += [each for each in connected if _owned_part(each.plain)]
        for one in owned:
            for two in connected:
                first = _kinds(_owned_part(one.plain) if one is two else one.plain)
                second = _kinds(_connected_part(two.plain))
                missing = frozenset() if _open_list(_connected_part(two.plain)) else first - second
                extra = frozenset() if _open_list(one.plain) and not missing else second - first
                if len(first) < 2 or not (missing or extra):
                    continue
                yield lists_differ(one, two, missing, extra)
                break
            else:
                continue
            break


def _owned_part(plain: str) -> str:
    """Return what stands before the part about connection, where one sentence says both."""
    match = _CONNECTED.search(plain)
    if match is None or "，" not in plain[: match.start()]:
        return ""
    before = plain[: plain.rfind("，", 0, match.start())]
    return before if _GUIDING.search(before) and len(_kinds(before)) >= 2 else ""


def _connected_part(plain: str) -> str:
    before = _owned_part(plain)
    return plain[len(before) :]


def lists_differ(one: Sentence, two: Sentence, missing: frozenset[str], extra: frozenset[str]) -> Contradiction:
    """Return the fault of two lists of devices that differ."""
    return fault(
        "device-lists-differ",
        ATTENTION,
        (one, two),
        why=said(
            "assess.why-devices",
            "the list of guiding devices and the list of those with image management differ: only in the first "
            "{missing}, only "
            "in the second {extra}",
            missing="、".join(sorted(missing)) or "—",
            extra="、".join(sorted(extra)) or "—",
        ),
        settle=_SEEN_IN_THE_ARCHIVE,
    )


def used_device_unconnected(script: Script) -> Iterator[Contradiction]:
    """A case was guided by a device that the list of connected ones leaves out."""
    connected = [
        each
        for each in script.body
        if _CONNECTED.search(each.plain)
        and not _UNCONNECTED.search(each.plain)
        and len(_kinds(_connected_part(each.plain))) >= (1 if _ALREADY.search(each.plain) else 2)
    ]
    if not connected or any(_open_list(_connected_part(each.plain)) for each in connected):
        return
    known = frozenset().union(*(_kinds(_connected_part(each.plain)) for each in connected))
    for sentence in script.body:
        used = list(_USED.finditer(sentence.plain))
        if not used or _CONNECTED.search(sentence.plain):
            continue
        kinds = frozenset().union(*(_kinds(sentence.plain[max(0, match.start() - 14) : match.end()]) for match in used))
        if kinds - known:
            yield used_unconnected(sentence, connected[0], kinds - known)
            return


def used_unconnected(sentence: Sentence, connected: Sentence, kinds: frozenset[str]) -> Contradiction:
    """Return the fault of cases guided by a device that is not among the connected ones."""
    return fault(
        "used-device-unconnected",
        ATTENTION,
        (sentence, connected),
        why=said(
            "assess.why-used-device",
            "a procedure was guided by {kinds}, which is not among the devices with image management",
            kinds="、".join(sorted(kinds)),
        ),
        settle=_SEEN_IN_THE_ARCHIVE,
    )


_ALREADY = re.compile(r"(?:已|均|都)[^，。；]{0,4}(?:接入|连接|联网|联通|连入)")
_UNCONNECTED = re.compile(
    r"除[^，。；]{1,24}外[^。；]{0,12}?(?:接入|连接|联网)|(?:尚?未|没有|不能)[^，。；]{0,6}(?:接入|连接|联网|上传)"
)


def device_said_unconnected(script: Script) -> Iterator[Contradiction]:
    """The report itself says that a guiding device is not connected."""
    for sentence in script.body:
        match = _UNCONNECTED.search(sentence.plain)
        if match and _CONNECTED.search(sentence.plain) and _kinds(sentence.plain):
            yield fault(
                "used-device-unconnected",
                ATTENTION,
                (sentence,),
                why=said(
                    "assess.why-unconnected",
                    "the report says itself that not every guiding device is connected: “{words}”; the norm asks for "
                    "all of them",
                    words=match.group(),
                ),
                settle=_SEEN_IN_THE_ARCHIVE,
            )


_OWNED = re.compile(r"(?:现有|配备|配有|拥有|购置|装备|设有|配置|备有|[:：])[^。；]*?(?:台|套|部)")


def used_device_unlisted(script: Script) -> Iterator[Contradiction]:
    """Procedures are said to be guided by a device that no list of equipment holds."""
    lists = [each for each in script.body if _OWNED.search(each.plain) and len(_kinds(each.plain)) >= 2]
    if not lists or any(_open_list(each.plain) for each in lists):
        return
    owned = frozenset().union(*(_kinds(each.plain) for each in script.body if not _USED.search(each.plain)))
    for sentence in script.body:
        match = _USED.search(sentence.plain)
        used = _kinds(sentence.plain[: match.end()]) if match and sentence not in lists else frozenset()
        if used - owned:
            yield fault(
                "device-lists-differ",
                ATTENTION,
                (sentence, lists[0]),
                why=said(
                    "assess.why-unlisted",
                    "procedures were guided by {kinds}, which stands in no list of equipment",
                    kinds="、".join(sorted(used - owned)),
                ),
                settle=_SEEN_IN_THE_ARCHIVE,
            )
            return


_RECOVERY = re.compile(
    r"PACU|麻醉后(?:监测)?(?:治疗|恢复)室|麻醉恢复室|麻醉苏醒室|重症医学科|重症监护|ICU", re.IGNORECASE
)
_BEDS = re.compile(rf"{NUMBER}\s*张|床位?(?:数)?[^，。；\d]{{0,6}}{NUMBER}")
_AREA = re.compile(r"平方米|㎡|m2|m²|平米")
_CLASS = re.compile(r"[ⅢIⅡⅣV三二四]+\s*级|洁净(?:度|等级)?|万级|级别")


def recovery_room_incomplete(script: Script) -> Iterator[Contradiction]:
    """The recovery room or intensive care is named without beds, area or class."""
    named = [each for each in script.body if _RECOVERY.search(each.plain)]
    has = [each for each in named if re.search(r"有|设|配|达到|符合|具备|\d\s*张", each.plain)]
    if not has:
        return
    places = {each.place for each in named}
    text = "".join(each.plain for each in script.body if each.place in places)
    kept = _without_tumour_beds(text)
    patterns = {"beds": _BEDS, "area": _AREA, "class": _CLASS}
    missing = [name for name, pattern in patterns.items() if not pattern.search(kept)]
    if missing:
        yield recovery_lacks(has[:2], missing)


RECOVERY_BEDS_ASKED = 6
_RECOVERY_BEDS = re.compile(
    rf"(?:PACU|麻醉后(?:监测)?(?:治疗|恢复)室|麻醉恢复室|麻醉苏醒室)[^。；\d]{{0,16}}?(?P<n>{NUMBER})\s*张"
)


def recovery_beds_few(script: Script) -> Iterator[Contradiction]:
    """The recovery room has fewer beds than the norm asks, and no intensive care stands beside it."""
    if any(re.search(r"重症医学科|重症监护|ICU", each.plain) for each in script.body):
        return
    for sentence in script.body:
        match = _RECOVERY_BEDS.search(sentence.plain)
        beds = number_of(match["n"]) if match else None
        if beds and beds < RECOVERY_BEDS_ASKED:
            yield fault(
                "beds-below-threshold",
                ACTION,
                (sentence,),
                why=said(
                    "assess.why-recovery-beds",
                    "{n:g} beds in the recovery room; the norm asks for {asked}",
                    n=beds,
                    asked=RECOVERY_BEDS_ASKED,
                ),
                settle=said("assess.settle-beds", "the bed register by department on one day"),
            )
            return


_PARTS = {
    "beds": said("assess.part-beds", "number of beds"),
    "area": said("assess.part-area", "net area of a bed"),
    "class": said("assess.part-class", "class of cleanliness"),
}


def recovery_lacks(sentences: Sequence[Sentence], missing: Iterable[str]) -> Contradiction:
    """Return the fault of a recovery room of which ``beds``, ``area`` or ``class`` is not said."""
    return fault(
        "recovery-room-incomplete",
        ATTENTION,
        sentences,
        why=said(
            "assess.why-recovery",
            "of the recovery room or intensive care there is not said: {missing}",
            missing=tuple(_PARTS[each] for each in missing),
        ),
        settle=said(
            "assess.settle-recovery",
            "bed count (the 2017 ablation norm asks for 6), net area of each (15 m²), report of the cleanliness test",
        ),
    )


def _without_tumour_beds(text: str) -> str:
    return re.sub(
        rf"(?:肿瘤|编制|开放|总|全院)[^，。；]{{0,10}}{NUMBER}\s*张|{NUMBER}\s*张(?:肿瘤|编制|开放)", "", text
    )


_TUMOUR_BEDS = re.compile(
    rf"(?:肿瘤|治疗|科室|病区|病房)[^，。；]{{0,14}}?(?<!临)床位?[^，。；\d]{{0,8}}?(?P<n>{NUMBER})\s*张?|"
    rf"(?P<m>{NUMBER})\s*张[^，。；]{{0,6}}(?:肿瘤|治疗)?(?:治疗)?(?:病)?床"
)
BEDS_ASKED = 30


def _tumour_beds(script: Script) -> list[tuple[Sentence, int]]:
    found = []
    for sentence in script.body:
        if "肿瘤" not in sentence.plain:
            continue
        for clause in sentence.clauses:
            match = None if _RECOVERY.search(clause) else _TUMOUR_BEDS.search(clause)
            if match is None:
                continue
            value = number_of(match["n"] or match["m"])
            context = clause[max(0, match.start() - 6) : match.end()]
            if value and 3 <= value < 3000 and not re.search(r"编制|开放|全院|总床位|医院", context):
                found.append((sentence, int(value)))
                break
    return found


def beds_shared_or_few(script: Script) -> Iterator[Contradiction]:
    """The same beds stand for both techniques, or there are too few."""
    beds = _tumour_beds(script)
    few = [(each, value) for each, value in beds if value < BEDS_ASKED]
    if few:
        yield fault(
            "beds-below-threshold",
            ACTION,
            (few[0][0],),
            why=said(
                "assess.why-beds-few",
                "{n} beds for tumour treatment; the norm asks for {asked}",
                n=few[0][1],
                asked=BEDS_ASKED,
            ),
            settle=said("assess.settle-beds", "the bed register by department on one day"),
        )
    for (one, first), (two, second) in combinations(beds, 2):
        if first == second and one.technique and two.technique and one.technique is not two.technique:
            yield fault(
                "beds-claimed-twice",
                ATTENTION,
                (one, two),
                why=said(
                    "assess.why-beds-twice",
                    "the same {n} beds are claimed for both techniques, {over} above the {asked} asked",
                    n=first,
                    over=first - BEDS_ASKED,
                    asked=BEDS_ASKED,
                ),
                settle=said("assess.settle-beds", "the bed register by department on one day"),
            )
            return


_ITEM = re.compile(
    r"[一-鿿A-Za-z0-9]{4,18}?(?:系统|设备|装置|监护仪|治疗仪|消融仪|工作站|治疗室|手术室|监护室|许可证|活度计)"
)
_LEAD = re.compile(  # what stands before a thing: who has it, and that it is had
    r"^.*?(?:具有|具备|配备|配有|拥有|设有|建有|安装|购[置有买入]|引进|装备|添置|(?<![具拥设配建购])有(?!创))(?=.{4})|"
    r"^(?:以及|及|和|与|并|另|同时|全部|专用|独立的?)+"
)
_TELLING = re.compile(
    r"[左右上下前后内外正副主新旧大小高低单双一二三四1234ⅠⅡ]|射频|微波|冷冻|超声|激光|术|移动|便携|备用|儿童|门诊|住院"
)
ALIKE = 0.8


def counted_twice(script: Script) -> Iterator[Contradiction]:
    """One thing stands twice in a sentence under two names."""
    for sentence in script.body:
        items = list(dict.fromkeys(_LEAD.sub("", each) for each in _ITEM.findall(sentence.plain)))
        for one, two in combinations(items, 2):
            if _PLANNING.search(one) and _PLANNING.search(two):
                yield _one_thing(sentence, one, two)
                return
            short, long = sorted((one, two), key=len)
            if len(short) < 6 or short == long or 2.0 * len(short) / (len(short) + len(long)) < ALIKE:
                continue
            if is_subsequence(short, long) and not _TELLING.search(_added(short, long)):
                yield _one_thing(sentence, short, long)
                return


_PLANNING = re.compile(r"^(?!.*(?:放疗|外照射|调强|加速器|手术计划|导航|后装)).*(?:粒子|TPS|籽|植入).*计划系统")
"""The planning system of implants, by whatever name."""


def _one_thing(sentence: Sentence, short: str, long: str) -> Contradiction:
    return fault(
        "counted-twice",
        NOTE,
        (sentence,),
        why=said(
            "assess.why-twice", "“{short}” and “{long}” seem to be one thing under two names", short=short, long=long
        ),
        settle=said("assess.settle-twice", "maker, model and number of each device"),
    )


def _added(short: str, long: str) -> str:
    """Return the letters of the longer name that the shorter has not."""
    rest = list(short)
    return "".join(letter for letter in long if not (rest and rest[0] == letter and rest.pop(0)))


_MODALITY = {
    "RFA": "射频",
    "MWA": "微波",
    "CRYO": "冷冻|氩氦",
    "LASER": "激光",
    "HIFU": "高强度聚焦|HIFU|海扶|聚焦超声",
    "IRE": "电穿孔|纳米刀",
}


def modality_missing(script: Script) -> Iterator[Contradiction]:
    """A report on ablation does not say by which energy how many were done."""
    if not script.is_report or Technique.ABLATION not in script.techniques:
        return
    mine = [each for each in script.sentences if each.technique is Technique.ABLATION]
    counted = [
        each
        for each in mine
        if any(
            re.search(
                rf"(?:{pattern})[^，。；]{{0,12}}?{NUMBER}\s*(?:例|人次|台|个)|"
                rf"{NUMBER}\s*例[^，。；]{{0,8}}(?:{pattern})",
                each.plain,
            )
            for pattern in _MODALITY.values()
        )
    ]
    several = [each for each in counted if sum(bool(re.search(pattern, each.plain)) for pattern in _MODALITY.values())]
    if not several and len(mine) >= 4:
        named = [each for each in mine if any(re.search(pattern, each.plain) for pattern in _MODALITY.values())]
        yield fault(
            "modality-missing",
            ATTENTION,
            named[:1],
            why=said(
                "assess.why-modality",
                "nowhere is said how many ablations were done with which energy, device and applicator",
            ),
            settle=said(
                "assess.settle-modality",
                "energy, generator and applicator with registration number for each case; the register of "
                "single-use devices",
            ),
        )
