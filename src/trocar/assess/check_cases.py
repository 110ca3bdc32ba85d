"""Example cases and outcomes: diagnoses outside the scope, outcome words without a measurement."""

import re
from collections.abc import Iterator

from trocar.assess.faults import ATTENTION, fault, said
from trocar.assess.numbers import NUMBER
from trocar.assess.script import Script, Sentence
from trocar.assess.topics import is_promise
from trocar.department.contradictions import Contradiction

_MALIGNANT = re.compile(r"(?<!良)恶性(?:实体)?肿瘤|中晚期(?:肿瘤|癌)|癌症?患者|晚期肿瘤")
_BOTH = re.compile(
    r"良恶性|良、恶性|良性[及和与或、]恶性|恶性[^，。；]{0,6}[及和与或、][^，。；]{0,4}良性|良性(?:肿瘤|结节|"
    r"病变)[^，。；]{0,10}(?:也|亦|可|适用)"
)
_NOT_MALIGNANT = re.compile(
    r"炎性肌纤维母细胞|炎性假瘤|韧带样|纤维瘤病|侵袭性纤维瘤|血管瘤|肌瘤|腺瘤(?!样)|甲状腺结节|结节性甲状腺肿|良性|"
    r"骨巨细胞瘤|"
    r"错构瘤|脂肪瘤|神经鞘瘤|脑膜瘤|畸胎瘤|硬化性肺泡|硬化性血管瘤|交界性|局灶性结节|囊肿|结核|炎性肿块|肉芽肿"
)
_EXCLUDING = re.compile(
    r"除外|排除|鉴别|非良性|不包括|未纳入|禁忌|不适|不属于|不宜|考虑良性可能|误诊|转为|活检|穿刺活检"
)
_CASE = re.compile(r"患者|病例|例|诊断|男|女|岁|术后|行|治疗")


def diagnosis_outside_scope(script: Script) -> Iterator[Contradiction]:
    """The report treats malignant tumours, and shows or counts one that is not."""
    for technique in (*script.techniques, None):
        mine = [each for each in script.body if each.technique is technique]
        scope = next(
            (each for each in mine if _MALIGNANT.search(each.plain) and not _NOT_MALIGNANT.search(each.plain)), None
        )
        if scope is None or any(_BOTH.search(each.plain) for each in mine):
            continue
        for sentence in mine:
            match = _NOT_MALIGNANT.search(sentence.plain)
            if match is None or _EXCLUDING.search(sentence.plain) or not _CASE.search(sentence.plain):
                continue
            yield fault(
                "diagnosis-outside-scope",
                ATTENTION,
                (scope, sentence),
                why=said(
                    "assess.why-diagnosis",
                    "the report speaks of malignant tumours; “{what}” is benign or of intermediate behaviour",
                    what=match.group(),
                ),
                settle=said(
                    "assess.settle-diagnosis",
                    "the histology with its code, and a second physician's review of the indication",
                ),
            )
            break


_OUTCOME = re.compile(
    r"(?:病灶|肿瘤|肿块|结节|病变|瘤体)[^，。；]{0,10}?(?:生长|增长)?(?:明显|显著|基本|逐渐|较前|有所|"
    r"得到)*(?:放缓|减缓|变慢|缩小|消退|消失|减小|稳定|控制)|"
    r"(?:疗效|效果|预后)(?:十分|非常|较|比较|均|都|明显|总体)?(?:满意|良好|显著|较好|好|理想|确切|肯定)|"
    r"(?:症状|疼痛|生活质量|生存质量|呼吸困难|梗阻)[^，。；]{0,8}?(?:明显|显著|大幅|较前)?(?:改善|缓解|减轻|好转|提高)|"
    r"(?:取得|获得|达到)(?:了)?(?:较|很|非常)?(?:满意|良好|显著|理想|好)的?(?:临床)?(?:疗效|效果|收益)|恢复良好|"
    r"明显好转"
)
_MEASURED = re.compile(
    rf"RECIST|(?<![A-Za-z])(?:CR|PR|SD|PD)(?![A-Za-z])|完全缓解|部分缓解|\d\s*(?:cm|mm|厘米|毫米)|\d\s*[×xX*]\s*\d|"
    rf"\d+(?:\.\d+)?\s*%|\d+\s*/\s*\d+|"
    rf"{NUMBER}\s*例|(?:VAS|NRS|KPS|ECOG|评分)[^，。；]{{0,8}}\d|\d\s*分"
)
_NOT_OUTCOME = re.compile(
    r"目的|预期|旨在|可能|以期|为了|告知|适应[证症]|适用于|评[价估](?:标准|方法)|定义|是指|要求|有望|可以?(?:使|"
    r"达到|取得|获得|缓解|改善)|能够?(?:使|有效)|用于|文献|指标"
)
_SLOWER = re.compile(r"放缓|减缓|变慢")


def _outcome(plain: str) -> re.Match[str] | None:
    """Return the praise of an outcome; the name of a rate, such as 症状缓解率, is none."""
    return next((each for each in _OUTCOME.finditer(plain) if not plain[each.end() :].startswith(("率", "程度"))), None)


def outcome_without_measurement(script: Script) -> Iterator[Contradiction]:
    """An outcome is praised without a number."""
    for sentence in script.body:
        match = _outcome(sentence.plain)
        if match is None or _NOT_OUTCOME.search(sentence.plain) or is_promise(sentence.plain):
            continue
        if _MEASURED.search(script.near(sentence, before=1, after=1)[-len(script.near(sentence, before=0, after=1)) :]):
            continue
        yield praised(sentence, what=match.group(), slower=bool(_SLOWER.search(match.group())))


def praised(sentence: Sentence, *, what: str, slower: bool) -> Contradiction:
    """Return the fault of an outcome that is praised without a number."""
    note = said("assess.slower", "; slower growth is still growth, by RECIST it may be progression") if slower else ""
    return fault(
        "outcome-without-measurement",
        ATTENTION,
        (sentence,),
        why=said("assess.why-outcome", "“{what}” is said without a measurement{slower}", what=what, slower=note),
        settle=said(
            "assess.settle-outcome", "diameters before and after with dates, the RECIST category, or the score used"
        ),
    )
