"""Wording: requirement words instead of evidence, claims of all cases without a record, copied sentences, brackets."""

import re
from collections.abc import Iterator, Sequence

from trocar.assess.faults import ATTENTION, NOTE, fault, said
from trocar.assess.likeness import letters, likeness
from trocar.assess.script import Script, Sentence
from trocar.assess.topics import claims_all, is_promise, shows_something, topics_of
from trocar.department.contradictions import Contradiction

_MODAL = re.compile(
    r"应当|必须|不得|(?<![适反相供效响对顺因感呼策])应(?![用急对答激力变战酬邀付试届征访到]|随访|"
    r"[验检治][^，。；]{0,3}\d)|(?<![必无急亟毋])须(?!知|要求)|(?<![必急所无毋军内供])需(?=要?(?:按|由|经|在|有|具|"
    r"配|建|定|接|持|遵|进行|达|符|严))|"
    r"(?<![必需主重首次摘纪概提只不想还就将简想])要(?=按照?|严格|定期|建立|做好|有|经|接受|具备|符合|遵守|配备|"
    r"认真|加强|及时)"
)
_QUOTED = re.compile(
    r"(?:强调|要求|指出|提出|表示|建议)[，：:]|规定[:：]|规定，(?=应|须|要|必须)|规范(?:中)?(?:明确)?(?:规定|要求)|(?:规范|办法|标准|"
    r"文件)》[^，。；]{0,10}(?:规定|要求|指出|明确)|要求为|依据.{0,30}(?:规定|要求)，?(?=应|须)"
)
_TO_PATIENT = re.compile(
    r"(?:告知|嘱|提醒|向)[^，。；]{0,8}(?:患者|家属)|(?:患者|家属|孕妇|儿童)(?:及家属)?(?:应|须|需|要)|出院后"
)
_DONE = re.compile(
    r"已(?:于|经|按|由|在|取得|建立|完成|接受|配备|通过|制定)|经[^，。；]{0,12}(?:检测|验收|检查|评审)合格|"
    r"20\d\d\s*年\s*\d{1,2}\s*月|合格率|实际|检测结果"
)


def requirement_words(script: Script) -> Iterator[Contradiction]:
    """A norm's "shall" stands where evidence should."""
    found = [each for each in script.body if _is_requirement(each)]
    if found:
        match = _MODAL.search(found[0].plain)
        yield shall_instead_of_is(found, word=match.group() if match else "")


def shall_instead_of_is(found: Sequence[Sentence], *, word: str) -> Contradiction:
    """Return the fault of sentences that say what shall be."""
    return fault(
        "requirement-words",
        ATTENTION,
        found,
        why=said(
            "assess.why-modal",
            "{n} sentences say what shall be (“{word}”), not what is: words of the norm, without evidence that it was "
            "done",
            n=len(found),
            word=word,
        ),
        settle=said("assess.settle-modal", "for each: whether it is so, since when, and the file that shows it"),
    )


def _is_requirement(sentence: Sentence) -> bool:
    plain = sentence.plain
    if not _MODAL.search(plain) or is_promise(plain) or shows_something(plain):
        return False
    return not (_QUOTED.search(plain) or _TO_PATIENT.search(plain) or _DONE.search(plain))


def universal_without_record(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed, with nothing that shows it."""
    found = [
        each
        for each in script.body
        if claims_all(each)
        and topics_of(each.plain)
        and not _is_requirement(each)
        and not is_promise(each.plain)
        and not shows_something(script.near(each, before=0, after=0))
    ]
    if found:
        yield unshown(found)


def unshown(found: Sequence[Sentence]) -> Contradiction:
    """Return the fault of claims of all cases that nothing shows."""
    return fault(
        "universal-without-record",
        ATTENTION,
        found,
        why=said(
            "assess.why-all",
            "{n} sentences speak of all cases, and nothing shows it: no count, register or attachment",
            n=len(found),
        ),
        settle=said(
            "assess.settle-all",
            "the query over the records with its date and result: n of N, and by name those that are not in n",
        ),
    )


SHORTEST_COPIED = 24
COPIED = 0.86
_NAMES_OF_TECHNIQUES = re.compile(
    r"放射性?粒子(?:植入)?(?:治疗)?|粒籽源?|肿瘤消融(?:治疗)?|消融(?:治疗)?|射频|微波|植入"
)


def copied_between_parts(script: Script) -> Iterator[Contradiction]:
    """The part on one technique repeats the sentences of the other, or a paragraph stands twice."""
    masked = [(each, letters(_NAMES_OF_TECHNIQUES.sub("", each.plain))) for each in script.body]
    long = [(each, text) for each, text in masked if len(text) >= SHORTEST_COPIED]
    copied = list(_copied_pairs(long))
    if copied:
        yield fault(
            "copied",
            ATTENTION,
            [each for pair in copied[:3] for each in pair],
            why=said(
                "assess.why-copied",
                "{n} sentences stand twice, almost word for word; what holds for one technique is not shown for "
                "the other",
                n=len(copied),
            ),
            settle=said(
                "assess.settle-copied",
                "each part from its own records: indications, consent, plan and follow-up of its technique",
            ),
        )


GRAM = 6
"""Letters of a run that two sentences must share before they are compared: alike sentences share many."""


def _copied_pairs(long: list[tuple[Sentence, str]]) -> Iterator[tuple[Sentence, Sentence]]:
    """Yield each sentence with an earlier one that it repeats."""
    holders: dict[str, list[int]] = {}
    for place, (two, second) in enumerate(long):
        grams = {second[start : start + GRAM] for start in range(len(second) - GRAM + 1)}
        earlier = sorted({each for gram in grams for each in holders.get(gram, ())})
        for other in earlier:
            one, first = long[other]
            apart = one.technique is not two.technique or first == second
            near = 0.6 <= len(first) / len(second) <= 1.67
            if apart and near and (first == second or likeness(first, second) >= COPIED):
                yield one, two
                break
        for gram in grams:
            if len(holders.setdefault(gram, [])) < GRAM:
                holders[gram].append(place)


_OPEN = {
    "（": "）",
    "(": ")",
    "《": "》",
    "【": "】",
    "[": "]",
    "「": "」",
    "『": "』",
    "“": "”",
    "〔": "〕",
    "〈": "〉",
}
_ROUND = str.maketrans("()[]〔〕", "（）【】【】")
_LIST_MARK = re.compile(r"(?:^|(?<=[；。;，,、:：\s]))(?:\d{1,2}|[一二三四五六七八九十]{1,2}|[a-zA-Z①-⑳])）")


def unbalanced_brackets(script: Script) -> Iterator[Contradiction]:
    """A bracket opens and does not close, or the other way round."""
    for place, paragraph in enumerate(script.paragraphs, start=1):
        mark = _unbalanced(paragraph)
        if mark:
            sentence = next((each for each in script.sentences if each.place == place and mark in each.text), None)
            sentence = sentence or next(each for each in script.sentences if each.place == place)
            yield fault(
                "unbalanced-bracket",
                NOTE,
                (sentence,),
                why=said("assess.why-bracket", "the bracket {mark} has no partner", mark=mark),
                settle=said(
                    "assess.settle-bracket",
                    "correct the sentence; where a title is quoted, copy it from the document itself",
                ),
            )


def _unbalanced(paragraph: str) -> str:
    """Return the first bracket without a partner; empty where all have one.

    Examples
    --------
    >>> _unbalanced("《目录（2022）版）》"), _unbalanced("1）粒子（I-125)。")
    ('）', '')
    """
    text = _without_list_marks(paragraph.translate(_ROUND))
    waiting: list[str] = []
    for letter in text:
        if letter in _OPEN:
            waiting.append(letter)
        elif letter in _OPEN.values():
            if not waiting or _OPEN[waiting[-1]] != letter:
                return letter
            waiting.pop()
    return waiting[0] if waiting else ""


def _without_list_marks(text: str) -> str:
    """Return a text without marks such as ``2）`` that begin an item; where a bracket is open the mark closes it."""

    def kept(match: re.Match[str]) -> str:
        before = text[: match.start()]
        return match.group() if before.count("（") > before.count("）") else ""

    return _LIST_MARK.sub(kept, text)
