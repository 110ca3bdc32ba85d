"""Lay size and number of tumours beside what papers say of ablation: pack ``published/ablation_practice``."""

from dataclasses import dataclass
from functools import cache

from trocar.department.norms import Requirement
from trocar.messages import Message
from trocar.results.findings import Finding, Severity, found
from trocar.rules.ablation_margin import pack_sentence
from trocar.rules.norm_loading import shipped_norms

PACK = "published/ablation_practice"
CLAUSES = {"lung": "CLN-ABL-03", "liver": "CLN-ABL-04", "kidney": "CLN-ABL-09"}
"""Clause on size and number, by kind of organ."""
MM_IN_CM = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """What is said of size and number in one organ.

    Parameters
    ----------
    single_mm
        Largest diameter where there is one tumour.
    several_mm
        Largest diameter of each where there are several.
    most, most_a_side
        How many at most, and on one side; None where nothing is said.
    text
        The sentence.
    reference
        Clause, sources, how sure it is.
    """

    single_mm: float
    several_mm: float
    most: int | None
    most_a_side: int | None
    text: Message
    reference: str

    def most_mm(self, tumours: int | None) -> float:
        """Return the largest diameter for a number of tumours; of a single one where it is not known."""
        return self.several_mm if tumours is not None and tumours > 1 else self.single_mm


@cache
def size_rule(organ: str) -> SizeRule | None:
    """Return the rule of a kind of organ; None where the pack says nothing of it."""
    if organ not in CLAUSES:
        return None
    norm = next(each for each in shipped_norms() if each.key == PACK)
    clause = next(each for each in norm.requirements if each.key == CLAUSES[organ])
    return _rule(clause)


def _rule(clause: Requirement) -> SizeRule:
    asked = clause.threshold.value if clause.threshold else {}
    sources = "; ".join(each.title for each in clause.sources)
    single = float(asked["single_cm"] if "single_cm" in asked else asked["max_diameter_cm"])
    return SizeRule(
        single_mm=MM_IN_CM * single,
        several_mm=MM_IN_CM * float(asked.get("each_cm", single)),
        most=asked.get("count", asked.get("both_sides")),
        most_a_side=asked.get("one_side"),
        text=pack_sentence(clause.text, clause.text_zh),
        reference=f"{PACK}#{clause.key}: {sources} ({clause.confidence.value})",
    )


def judge_size(
    diameter_mm: float, *, organ: str, tumours: int | None = None, tumours_a_side: int | None = None
) -> tuple[Finding, ...]:
    """Return what speaks against the size and number of tumours.

    Parameters
    ----------
    diameter_mm
        Longest distance between two points of the tumour's surface, in three dimensions.
    organ
        ``liver``, ``lung`` or ``kidney``.
    tumours, tumours_a_side
        How many there are, and on this side of the body; None where not stated.
    """
    rule = size_rule(organ)
    if rule is None:
        return ()
    findings = []
    if diameter_mm > rule.most_mm(tumours):
        findings.append(_too_large(rule, diameter_mm, tumours))
    for count, most in ((tumours, rule.most), (tumours_a_side, rule.most_a_side)):
        if count is not None and most is not None and count > most:
            findings.append(_told(rule, Severity.ATTENTION, "rules.tumours-too-many", TOO_MANY, n=count, most=most))
    if tumours is None and rule.most is not None:
        findings.append(_told(rule, Severity.NOTE, "rules.tumours-not-stated", NOT_STATED))
    return tuple(findings)


def _too_large(rule: SizeRule, diameter_mm: float, tumours: int | None) -> Finding:
    data = {"mm": diameter_mm, "most": rule.most_mm(tumours)}
    return _told(rule, Severity.ATTENTION, "rules.tumour-too-large", TOO_LARGE, **data)


def _told(rule: SizeRule, severity: Severity, code: str, template: str, /, **data: object) -> Finding:
    told = found(code, template, severity, **data, text=rule.text)
    return Finding(severity=told.severity, message=told.message, reference=rule.reference)


TOO_LARGE = (
    "the tumour's longest diameter, in three dimensions, is {mm:.0f} mm; for a cure by ablation at most {most:.0f} mm "
    "are published ({text}): weigh surgery, embolisation or radiation, or ablate to reduce it and treat the rest "
    "otherwise"
)
TOO_MANY = "{n} tumours are stated; for a cure by ablation at most {most} are published ({text})"
NOT_STATED = "how many tumours there are is not stated (tumours in [target]); published for a cure by ablation: {text}"
