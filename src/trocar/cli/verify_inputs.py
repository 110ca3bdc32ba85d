"""What a verification may be given: files of a case, corrections by hand (TOML), errors (YAML), an earlier scan."""

import tomllib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trocar.cli.loading import Told, load_plan
from trocar.cli.plan_request import implant_request
from trocar.cli.request_section import read_request as request_section
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.errors import UsageError
from trocar.geometry.region import EndCap
from trocar.imaging.seed_corrections import Corrections
from trocar.plan.plan import ImplantPlan
from trocar.results.protection import Measured
from trocar.results.registration import Motion
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.swelling import Swelling
from trocar.workflow.verify_errors import ErrorBudget, error_budget
from trocar.workflow.verify_request import EarlierScan, VerifyRequest

KNOWN = frozenset({"by", "scan", "drop", "accept", "add", "move"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """What is asked of every case alike.

    Parameters
    ----------
    target, reference_gy, motion, end_cap, budget
        As in `VerifyRequest`.
    swelling_percent, swelling_half_life_d
        As given; both, neither, or with an earlier scan the half-life alone.
    fonts
        For the reports.
    """

    target: str | None
    reference_gy: float | None
    motion: Motion
    end_cap: EndCap
    budget: ErrorBudget
    swelling_percent: float | None
    swelling_half_life_d: float | None
    fonts: tuple[Path, ...]

    def applied_to(self, request: VerifyRequest, *, half_life_alone: bool) -> VerifyRequest:
        """Return the request of a case's files with these options."""
        return replace(
            request,
            target=self.target,
            reference_gy=self.reference_gy,
            motion=self.motion,
            end_cap=self.end_cap,
            budget=self.budget,
            swelling=stated_swelling(self.swelling_percent, self.swelling_half_life_d, half_life_alone=half_life_alone),
            swelling_half_life_d=self.swelling_half_life_d,
        )


def read_corrections(file: Path) -> Corrections:
    """Return the corrections of a file.

    ::

        by = "physicist 17"          # who decided; required
        scan = "1.2.3"               # series of the scan; optional, then not compared
        drop = [12]                  # numbers of the seed table
        accept = [1]                 # D1 of the pictures
        [[add]]
        at_lps_mm = [-51.0, 12.5, 80.0]
        [[move]]
        seed = 3
        to_lps_mm = [-50.0, 10.0, 77.5]

    Raises
    ------
    UsageError
        Not such a file.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        strangers = sorted(set(data) - KNOWN)
        if strangers:
            raise ValueError(f"unknown: {', '.join(strangers)}")
        return Corrections(
            actor=str(data["by"]),
            series_uid=str(data.get("scan", "")),
            drop=tuple(int(number) for number in data.get("drop", [])),
            accept=tuple(int(number) for number in data.get("accept", [])),
            add_lps_mm=tuple(_place(entry["at_lps_mm"]) for entry in data.get("add", [])),
            move=tuple((int(entry["seed"]), _place(entry["to_lps_mm"])) for entry in data.get("move", [])),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as problem:
        raise UsageError(
            "verify.corrections-unreadable",
            "the corrections in {file} cannot be used ({reason}); the file is TOML with by, and any of scan, drop, "
            "accept, "
            "add and move",
            file=file.name,
            reason=f"{type(problem).__name__} {problem}",
        ) from problem


def _place(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def read_errors(file: Path | None) -> ErrorBudget:
    """Return a department's errors, or those that come with Trocar.

    Raises
    ------
    UsageError
        The file cannot be read as text.
    """
    if file is None:
        return error_budget()
    try:
        return error_budget(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            "verify.errors-unreadable",
            "the file of errors {file} cannot be read as text in UTF-8 ({reason})",
            file=file.name,
            reason=str(problem),
        ) from problem


def read_case(
    scan: Path, plan: Path, structures: Path | None, planning_ct: Path | None, *, told: Told
) -> VerifyRequest:
    """Return the request of the files of a case.

    Raises
    ------
    UsageError
        The plan is no permanent implant.
    """
    read_plan = load_plan(plan, told).value
    if not isinstance(read_plan, ImplantPlan):
        raise UsageError(
            "verify.not-an-implant",
            "plan {label} is an afterloading treatment; only permanent implants leave seeds that a later CT shows",
            label=read_plan.label,
        )
    planning = read_image(planning_ct).value if planning_ct is not None else None
    after = read_image(scan).value
    drawn = read_structures(structures).value if structures is not None else None
    return VerifyRequest(plan=read_plan, scan=after, structures=drawn, planning=planning)


def stated_measured(surface: float | None, metre: float | None, at: datetime | None) -> Measured | None:
    """Return a survey reading, if any.

    Raises
    ------
    UsageError
        Without when it was made.
    """
    if surface is None and metre is None:
        return None
    if at is None:
        raise UsageError(
            "verify.measured-when",
            "a measured dose rate was given without when it was measured; it decays: give --measured-at",
        )
    return Measured(surface_usv_h=surface, one_metre_usv_h=metre, at=at)


def stated_swelling(percent: float | None, half_life_d: float | None, *, half_life_alone: bool) -> Swelling | None:
    """Return a swelling stated by two numbers, or None; beside an earlier scan the half-life alone will do.

    Raises
    ------
    UsageError
        One number of the two.
    """
    if half_life_alone and percent is None:
        return None
    if (percent is None) != (half_life_d is None):
        raise UsageError(
            "verify.swelling-half",
            "swelling is stated by two numbers, --swelling and --swelling-half-life; one was given: neither has a "
            "default",
        )
    if percent is None or half_life_d is None:
        return None
    return Swelling(at_implant_percent=percent, half_life_d=half_life_d)


def read_earlier(scan: Path | None, structures: Path | None, corrections: Path | None) -> EarlierScan | None:
    """Return an earlier scan after the same implant, if any.

    Raises
    ------
    UsageError
        Something drawn or corrected on an earlier scan without that scan.
    """
    if scan is None:
        if structures is not None or corrections is not None:
            raise UsageError(
                "verify.earlier-missing",
                "structures or corrections of an earlier scan were given without the scan; give it with --earlier",
            )
        return None
    return EarlierScan(
        scan=read_image(scan).value,
        structures=read_structures(structures).value if structures is not None else None,
        corrections=read_corrections(corrections) if corrections is not None else None,
    )


def read_needles(file: Path, case: VerifyRequest) -> ImplantRequest:
    """Return the request a plan was made from, on the planning image and structures of a case.

    Raises
    ------
    UsageError
        The case has no planning image or no structures.
    """
    planning = case.planning
    if planning is None and case.scan.volume.frame_uid == case.plan.frame_uid:
        planning = case.scan
    if planning is None or case.structures is None:
        raise UsageError(
            "verify.request-without-structures",
            "a request was given, but no planning CT or no structures; its rules for needles need both: give "
            "--planning-ct and --structures",
        )
    return implant_request(request_section(file), planning, case.structures)
