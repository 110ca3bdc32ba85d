"""What came of a calculation in one file: numbers, findings in both languages, which files are pictures and papers.

``outcome.json`` lies in every folder of a plan or a verification. The department's record keeps it and shows it; a
script
that wants everything reads ``trocar.json``.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from trocar.cli.as_json import finding_json
from trocar.cli.picture_files import INDEX
from trocar.messages import Language
from trocar.results.ablation_margin import AblationMargin
from trocar.results.biology import BiologicalDose
from trocar.results.findings import Finding, Severity
from trocar.results.indices import ImplantIndices
from trocar.results.protection import ProtectionEstimate
from trocar.results.verification import Interval
from trocar.workflow.ablation_request import AblationRequest
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.plan_ablation import ProposedAblation
from trocar.workflow.plan_judging import ProposedImplant
from trocar.workflow.verification import Verification
from trocar.workflow.verify_ablation import AblationVerification, body_of

OUTCOME, SCHEMA = "outcome.json", "trocar.outcome/1"
ORDER = {each.value: place for place, each in enumerate((Severity.ACTION, Severity.ATTENTION, Severity.NOTE))}
NAMES = {
    "plan": ("Plan report", "计划报告"),
    "loading": ("Loading sheet", "装载单"),
    "template": ("Template sheet", "模板单"),
    "verification": ("Verification report", "术后剂量验证报告"),
    "card": ("Discharge and protection card", "出院与辐射防护告知卡"),
    "margin": ("Margin report", "消融边缘验证报告"),
    "report": ("Check report", "独立核对报告"),
}
"""Papers by the first part of their file's name."""

KEYS = {"D90": "d90_gy", "V100": "v100_percent", "V150": "v150_percent", "V200": "v200_percent"}


def write_outcome(folder: Path, told: dict[str, Any]) -> dict[str, Any]:
    """Write what was found, with the pictures and papers that lie in the folder, and return it."""
    outcome = {"schema": SCHEMA, **told, "pictures": _pictures(folder), "papers": _papers(folder)}
    (folder / OUTCOME).write_text(json.dumps(outcome, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return outcome


def read_outcome(folder: Path) -> dict[str, Any]:
    """Return what was found, from a folder of results."""
    outcome: dict[str, Any] = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
    return outcome


def _pictures(folder: Path) -> dict[str, list[dict[str, str]]]:
    return {each.value: _index(folder / f"pictures-{each.value}") for each in Language}


def _index(folder: Path) -> list[dict[str, str]]:
    if not (folder / INDEX).is_file():
        return []
    rows: list[dict[str, str]] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return [{**each, "file": f"{folder.name}/{each['file']}"} for each in rows]


def _papers(folder: Path) -> list[dict[str, Any]]:
    found = []
    for name, (en, zh) in NAMES.items():
        files = {
            language.value: path.name
            for language in Language
            for mark in "_-"
            if (path := folder / f"{name}{mark}{language.value}.pdf").is_file()
        }
        if files:
            found.append({"name": name, "en": en, "zh": zh, "files": files})
    return found


def number(key: str, en: str, zh: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    """Return a number with its names; ``low``, ``high`` and ``planned`` may stand beside it, ``met`` with a goal."""
    return {"key": key, "en": en, "zh": zh, "value": value, "unit": unit, **more}


def told_twice(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings in both languages, the severest first."""
    rows = []
    for each in findings:
        english, chinese = (finding_json(each, language) for language in (Language.ENGLISH, Language.CHINESE))
        kept = {name: english[name] for name in ("severity", "code", "reference")}
        rows.append({**kept, "en": english["text"], "zh": chinese["text"]})
    return sorted(rows, key=lambda each: ORDER[each["severity"]])


def seeds_told(request: ImplantRequest, proposed: ProposedImplant) -> dict[str, Any]:
    """Return what is kept of a plan of seeds."""
    return {
        "hash": proposed.plan.content_hash,
        "numbers": [
            *_index_numbers(proposed.indices),
            *(
                number(f"goal_{place}", goal.text, goal.text, each.value, goal.limit_unit.value, met=each.is_met)
                for place, each in enumerate(proposed.achievements)
                for goal in (each.goal,)
            ),
            *_biology(proposed.biology),
        ],
        "findings": told_twice(proposed.findings),
        "facts": {
            "target": request.target,
            "prescription_gy": request.prescription_gy,
            "seeds": len(proposed.plan.seeds),
            "needles": len(proposed.plan.needles),
            "per_needle": _per_needle(proposed),
        },
    }


def _biology(doses: Iterable[BiologicalDose]) -> list[dict[str, Any]]:
    rows = []
    for each in doses:
        for name, value in (("BED", each.bed_gy), ("EQD2", each.eqd2_gy)):
            told = f"{name} {each.metric} · {each.structure}"
            rows.append(number(f"{name.lower()}_{each.metric}_{each.structure}", told, told, value, "Gy"))
    return rows


def _per_needle(proposed: ProposedImplant) -> list[int]:
    numbers = [each.number for each in proposed.plan.needles]
    return [sum(1 for seed in proposed.plan.seeds if seed.needle == number) for number in numbers]


def _index_numbers(indices: ImplantIndices) -> list[dict[str, Any]]:
    rows = [
        number("volume_cc", "Target volume", "靶区体积", indices.v_t_cc.value, "cm³"),
        number("d90_gy", "D90", "D90", indices.d90_gy.value, "Gy"),
        number("d100_gy", "D100", "D100", indices.d100_gy.value, "Gy"),
        number("v100_percent", "V100", "V100", indices.v100_percent.value, "%"),
        number("v150_percent", "V150", "V150", indices.v150_percent.value, "%"),
        number("v200_percent", "V200", "V200", indices.v200_percent.value, "%"),
    ]
    named = (
        ("ci", "Conformity index CI", "适形指数 CI", indices.ci),
        ("ei", "External index EI", "靶外指数 EI", indices.ei),
        ("hi", "Homogeneity index HI", "均匀指数 HI", indices.hi),
    )
    return rows + [number(key, en, zh, each.value, "") for key, en, zh, each in named if each is not None]


def heat_told(request: AblationRequest, proposed: ProposedAblation) -> dict[str, Any]:
    """Return what is kept of a plan of an ablation."""
    steps = [step for each in proposed.plan.activations for step in each.schedule.steps]
    lesion = body_of(request.structures.named(request.target.lesion))
    volume_cc = float(lesion.mesh.volume_mm3) / 1000.0
    longest_mm = lesion.mesh.longest_mm
    return {
        "hash": proposed.plan.content_hash,
        "numbers": [
            number("volume_cc", "Tumour volume", "肿瘤体积", volume_cc, "cm³"),
            number("longest_mm", "Longest diameter of the tumour, 3-D", "肿瘤最大径（三维）", longest_mm, "mm"),
            *_margin_numbers(proposed.margin),
            number("chance_covered", "Chance that all is covered", "全覆盖概率", 100.0 * proposed.chance_covered, "%"),
        ],
        "findings": told_twice(proposed.findings),
        "facts": {
            "target": request.target.lesion,
            "organ": request.target.organ,
            "organ_kind": request.organ_kind,
            "wanted_mm": request.target.margin_mm,
            "model": request.model,
            "needles": len(proposed.plan.applicators),
            "activations": len(proposed.plan.activations),
            "power_w": max((step.power_w or 0.0 for step in steps), default=0.0),
            "minutes": sum(step.duration_s for step in steps) / 60.0,
        },
    }


def margin_told(verified: AblationVerification) -> dict[str, Any]:
    """Return what is kept of a measured margin."""
    return {
        "hash": verified.margin.content_hash,
        "numbers": _margin_numbers(verified.margin),
        "findings": told_twice(verified.findings),
        "facts": {},
    }


def _margin_numbers(margin: AblationMargin) -> list[dict[str, Any]]:
    return [
        number("margin_mm", "Minimal margin in the organ (MAM)", "最小消融边界（MAM）", margin.least_mm, "mm"),
        number("margin_any_mm", "Minimal margin, capsule included", "最小边界（含包膜侧）", margin.least_any_mm, "mm"),
        number("wanted_mm", "Margin aimed at", "目标边界", margin.wanted_mm, "mm"),
    ]


def dose_told(verified: Verification) -> dict[str, Any]:
    """Return what is kept of a verified implant."""
    target = next((each for each in verified.outcomes if each.is_target), None)
    metrics = [*(target.metrics if target else ()), *verified.indices]
    counts, median_mm = verified.counts, verified.comparison.median_mm
    return {
        "hash": verified.implanted.content_hash,
        "numbers": [
            number("seeds_seen", "Seeds seen", "识别粒子数", counts.seen, "", planned=counts.planned),
            *(_interval(each) for each in metrics if np.isfinite(each.value)),
            *_rates(verified.protection),
        ],
        "findings": told_twice(verified.findings),
        "facts": {
            "seeds_seen": counts.seen,
            "planned": counts.planned,
            "doubtful": counts.doubtful,
            "target": verified.target,
            "reference_gy": verified.reference_gy,
            "median_mm": median_mm if np.isfinite(median_mm) else None,
        },
    }


def _interval(metric: Interval) -> dict[str, Any]:
    key = KEYS.get(metric.name, metric.name.lower())
    more = {name: getattr(metric, name) for name in ("low", "high", "planned")}
    return number(key, metric.name, metric.name, metric.value, metric.unit, **more)


def _rates(protection: ProtectionEstimate | None) -> list[dict[str, Any]]:
    if protection is None:
        return []
    return [
        number("surface_usv_h", "Dose rate at the skin", "体表剂量率", protection.surface_usv_h, "µSv/h"),
        number("one_metre_usv_h", "Dose rate at 1 m", "1 m 处剂量率", protection.one_metre_usv_h, "µSv/h"),
    ]
