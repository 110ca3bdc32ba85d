"""Rule packs that come with Trocar, or that a department gives."""

from importlib import resources
from pathlib import Path

from trocar.errors import UsageError
from trocar.messages import Language
from trocar.report.basis import Limit
from trocar.report.document import say
from trocar.workflow.tolerances import CheckTolerances, Tolerance, tolerances_from_text

CONFIDENCE = {
    "found": say("cli.confidence-found", "read in the publication"),
    "found_copy": say("cli.confidence-copy", "read in a copy of the publication"),
    "derived": say("cli.confidence-derived", "computed from numbers of the publication"),
    "memory_unverified": say("cli.confidence-memory", "from memory, not yet verified"),
    "measured": say("cli.confidence-measured", "measured in this repository"),
    "measured_here": say("cli.confidence-here", "measured on this case"),
    "convention": say("cli.confidence-convention", "convention of this check"),
}
_UNITS = {"percent": "%", "share": "%", "mm": "mm"}


def load_tolerances(file: Path | None) -> CheckTolerances:
    """Return the tolerances of a plan check: a department's file, else the pack that comes with Trocar."""
    if file is None:
        pack = resources.files("trocar") / "rulepacks" / "aapm" / "brachy_plan_check" / "pack.yaml"
        return tolerances_from_text(pack.read_text(encoding="utf-8"))
    try:
        return tolerances_from_text(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            "cli.tolerances-unreadable",
            "the file of tolerances {file} cannot be read as text in UTF-8 ({reason})",
            file=file.name,
            reason=str(problem),
        ) from problem


def printed_limits(tolerances: CheckTolerances, language: Language) -> tuple[Limit, ...]:
    """Return tolerances as a report prints them."""
    return tuple(_limit(tolerance, language) for tolerance in tolerances.limits.values())


def _limit(tolerance: Tolerance, language: Language) -> Limit:
    scale = 100.0 if tolerance.unit == "share" else 1.0
    return Limit(
        meaning=tolerance.meaning_zh if language is Language.CHINESE else tolerance.meaning,
        value=f"{scale * tolerance.value:g} {_UNITS[tolerance.unit]}",
        source=tolerance.source,
        confidence=CONFIDENCE.get(tolerance.confidence, tolerance.confidence),
    )
