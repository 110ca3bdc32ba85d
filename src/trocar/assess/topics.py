"""What a sentence about practice speaks of, whether it claims all cases, and whether it shows anything."""

import re
from collections.abc import Mapping
from typing import Final

from trocar.assess.script import Sentence

TOPICS: Final[Mapping[str, re.Pattern[str]]] = {
    "verification": re.compile(r"剂量验证|质量验证|剂量学验证|术后验证|验证剂量|剂量学评估|术后剂量(?:学)?评[价估]"),
    "planning": re.compile(
        r"术前(?:治疗)?计划|治疗计划|计划制[订定]|制[订定](?:个体化)?(?:的)?(?:治疗|植入|消融)?(?:计划|方案)"
    ),
    "consent": re.compile(r"知情同意|同意书"),
    "follow-up": re.compile(r"随访|随诊|追踪"),
    "monitoring": re.compile(
        r"(?:心电|血氧|生命体征|血压).{0,24}监[测护]|监[测护].{0,12}(?:心电|血氧|生命体征|血压)|监[测护]下"
    ),
    "indication": re.compile(r"适应[证症]|指征"),
    "response": re.compile(r"疗效(?:评[价估]|评定)|效果评[价估]"),
    "training": re.compile(r"培训"),
    "pathology": re.compile(r"病理|活检|组织学"),
    "discussion": re.compile(r"多学科|MDT|(?:病例|术前|[未经]行?)讨论"),
    "traceability": re.compile(r"追溯|条码|条形码|溯源|UDI"),
    "assay": re.compile(r"活度(?:检测|抽检|测量|检验|复测)|抽检"),
    "reporting": re.compile(r"上报|报送|网报"),
    "guidance": re.compile(r"(?:影像|超声|CT|MRI|内镜).{0,8}引导下"),
    "survey": re.compile(r"巡测|遗撒|粒子清点|清点粒子|粒子数.{0,6}(?:核对|清点)"),
    "connection": re.compile(r"图像管理系统|PACS|影像归档|影像管理系统|图像存储"),
    "checks": re.compile(r"检定|校准|质控检测|定期检测|状态检测|稳定性检测"),
    "records": re.compile(r"病历(?:书写|记录|质量)|手术记录|操作记录"),
}
"""What reports make claims about."""

_ALL = re.compile(
    r"全部(?!门|位)|所有|每(?:一)?(?:例|位|名|次|台|个|例次|批)|逐例|逐一|逐批|一律|无一例外|100\s*%|百分之百|无一遗漏|"
    r"(?<![平人日年月首成花])都(?![市匀江昌安可宜应须需])|"
    r"(?<![平人日年月户])均(?![匀值衡数线分码质等为一可宜应须需])|均为"
)
_PRACTISED = re.compile(
    r"(?:严格)?(?:按照?|依照|根据|遵照|遵循|执行)[^，。；]{0,20}?(?:要求|规定|规范|标准|流程|制度|"
    r"程序)?[^。；]{0,12}?(?:实施|进行|完成|开展|做到|落实|执行)"
)
_NOT_ALL = re.compile(
    r"(?:未能?|没有|尚未|并非|不是|未必|难以|不能)(?:完全|够)?(?:做到|实现)?(?:全部|所有|都|均|每|逐)|"
    r"除[^，。；]{1,24}外|多数|大部分|大多|部分|基本|原则上|力争|争取|拟|将|计划(?=于|在)|今后|下一步|整改"
)
_SHOWN = re.compile(
    r"附件|附后|另附|附表|见表|附录|详见|编号|统计表|登记(?:表|册|本)第|\d+\s*/\s*\d+|查询|数据来源|导出|核查记录|"
    r"抽查\s*\d|\d\s*[|　\t]\s*\d|共?\d+\s*(?:例|份|人次|次|批|名|台)"
)
_PROMISE = re.compile(
    r"今后|下一步|下步|拟|整改|将(?:进一步|继续|于|在)|计划(?:于|在)|打算|改进措施|努力方向|存在(?:的)?(?:问题|"
    r"不足)|建议|有待|尚需|仍需|还需"
)


_DEMAND = re.compile(r"应当|(?<![相对供响适反效])应(?=[该当按予由在做定])|必须|(?<!无)须(?!知)|不得|严禁")


def is_demand(plain: str) -> bool:
    """Whether a text says what is asked, in the words of a norm.

    Examples
    --------
    >>> is_demand("术后随访应当按规定进行。"), is_demand("符合适应证者均已随访。")
    (True, False)
    """
    return bool(_DEMAND.search(plain))


def topics_of(plain: str) -> frozenset[str]:
    """Return the topics a narrowed text speaks of."""
    return frozenset(name for name, pattern in TOPICS.items() if pattern.search(plain))


def claims_all(sentence: Sentence) -> bool:
    """Whether a sentence says that something holds in every case.

    Examples
    --------
    >>> from trocar.assess.script import script_of
    >>> [claims_all(each) for each in script_of(["患者均完成随访。平均随访12个月。并非全部患者完成随访。"]).sentences]
    [True, False, False]
    """
    return bool(_ALL.search(sentence.plain)) and not _NOT_ALL.search(sentence.plain)


def claims_practice(sentence: Sentence) -> bool:
    """Whether a sentence says, without a number, that something is done as it must be."""
    return bool(_PRACTISED.search(sentence.plain)) and not _NOT_ALL.search(sentence.plain)


def is_promise(plain: str) -> bool:
    """Whether a text speaks of what is still to be done."""
    return bool(_PROMISE.search(plain))


def shows_something(plain: str) -> bool:
    """Whether a text names a number, a file or a register."""
    return bool(_SHOWN.search(plain))
