"""Tolerances of a plan check: read from the text of a rule pack, each with its source and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import yaml

from trocar.errors import RuleError
from trocar.geometry.value import Value
from trocar.results.findings import UNVERIFIED, Severity
from trocar.results.plan_check import Cause

SCHEMA = "trocar.plan-check/1"
UNITS = {
    "point_median_percent": "percent",
    "point_local_percent": "percent",
    "point_share": "share",
    "dvh_metric_percent": "percent",
    "stated_point_percent": "percent",
    "gamma_dose_percent": "percent",
    "gamma_distance_mm": "mm",
    "gamma_share": "share",
    "threshold_share": "share",
    "nearest_mm": "mm",
    "explained_share": "share",
    "cause_worth_percent": "percent",
}
"""Every tolerance a pack must hold, and the unit it must be in."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tolerance(Value):
    """One limit with where it comes from.

    Parameters
    ----------
    value
        In ``unit``.
    unit
        ``percent``, ``share`` or ``mm``.
    meaning, meaning_zh
        What it limits, in English and in Chinese.
    source
        Title and DOI of the publication, or ``convention``.
    confidence
        ``found``, ``memory_unverified`` or ``convention``.
    note
        Remark of whoever wrote the pack.
    """

    value: float
    unit: str
    meaning: str
    meaning_zh: str
    source: str
    confidence: str
    note: str

    @property
    def reference(self) -> str:
        """Source and confidence, as printed beside a finding."""
        return self.source if self.confidence in {"found", "convention"} else f"{self.source} {UNVERIFIED}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckTolerances(Value):
    """All limits of a plan check, and how severe each cause of a difference is.

    Parameters
    ----------
    title, issuer
        Of the pack.
    limits
        By the names of `UNITS`.
    severities
        One a cause.
    """

    title: str
    issuer: str
    limits: Mapping[str, Tolerance]
    severities: Mapping[Cause, Severity]

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", MappingProxyType(dict(self.limits)))
        object.__setattr__(self, "severities", MappingProxyType(dict(self.severities)))

    def value(self, name: str) -> float:
        """Return a limit's number."""
        return self.limits[name].value

    def reference(self, name: str) -> str:
        """Return where a limit comes from."""
        return self.limits[name].reference

    def points_agree(self, *, median_percent: float, share_within: float, gamma_share: float | None) -> bool:
        """Say whether two doses agree: the median, and the share of points by local difference or by gamma."""
        by_points = share_within >= self.value("point_share")
        by_gamma = gamma_share is not None and gamma_share >= self.value("gamma_share")
        return abs(median_percent) <= self.value("point_median_percent") and (by_points or by_gamma)


def tolerances_from_text(text: str) -> CheckTolerances:
    """Return the tolerances of a rule pack.

    Parameters
    ----------
    text
        The pack, YAML.

    Raises
    ------
    RuleError
        Not YAML, another schema, a limit or severity that is missing, of another unit or not positive.
    """
    try:
        pack = yaml.safe_load(text)
        if pack["schema"] != SCHEMA:
            raise _refused(f"schema {pack['schema']!r} instead of {SCHEMA!r}")
        limits = {name: _tolerance(name, pack) for name in UNITS}
        severities = {cause: Severity(pack["severities"][_key(cause)]) for cause in Cause}
        return CheckTolerances(title=pack["title"], issuer=pack["issuer"], limits=limits, severities=severities)
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as problem:
        raise _refused(f"{type(problem).__name__}: {problem}") from problem


def _tolerance(name: str, pack: dict[str, Any]) -> Tolerance:
    entry = pack["tolerances"][name]
    value = float(entry["value"])
    if entry["unit"] != UNITS[name] or not value > 0:
        raise _refused(f"{name} is {value} {entry['unit']}; it must be above 0 and in {UNITS[name]}")
    if entry["confidence"] not in pack["confidence_values"]:
        raise _refused(f"{name} has the confidence {entry['confidence']!r}, which the pack does not define")
    return Tolerance(
        value=value,
        unit=entry["unit"],
        meaning=entry["meaning"],
        meaning_zh=entry.get("meaning_zh", entry["meaning"]),
        source=_source(entry["source"], pack["sources"]),
        confidence=entry["confidence"],
        note=entry["note"],
    )


def _source(name: str, sources: dict[str, dict[str, str]]) -> str:
    if name == "convention":
        return ""
    return f"{sources[name]['title'].split(',')[0]}, doi:{sources[name]['doi']}"


def _key(cause: Cause) -> str:
    return cause.name.lower().replace("_", "-")


def _refused(reason: str) -> RuleError:
    return RuleError(
        "workflow.tolerances-invalid",
        "the tolerances of the plan check cannot be read: {reason}; "
        "compare the file with rulepacks/aapm/brachy_plan_check/pack.yaml",
        reason=reason,
    )
