"""A step of the demonstration: the plan is implanted with errors, scanned again twice, and verified each time."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from trocar.cli.console import Follower
from trocar.cli.folders import MARK
from trocar.cli.verify_files import write_verification
from trocar.dicom.image_writer import write_image
from trocar.phantom.metal_scan import Scanner
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.report.document import say
from trocar.workflow.simulated_implant import ImplantErrors, Posture, simulate_implant
from trocar.workflow.verification import Verification
from trocar.workflow.verify import verify_implant
from trocar.workflow.verify_errors import error_budget
from trocar.workflow.verify_request import EarlierScan, StatedCounts, VerifyRequest

IMPLANTING = say("cli.demo-implanting", "implanting with errors and scanning again")
ALONG_MM, ACROSS_MM, SLICE_MM = 2.0, 1.2, 2.5
SHIFT_LPS_MM = (0.8, -1.2, 1.0)
SWELLING_HALF_LIFE_D = 10.0
"""In which half of the swelling goes, as the demonstration's request supposes (``demonstration/prostate.toml``)."""
SCANNER = Scanner(kvp=120.0, photons=3e5, cutoff_per_mm=0.4, views=480)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowingScan:
    """When the patient is scanned again, how they lie, and how much smaller the target has become since the implant."""

    folder: str
    days: int
    posture: Posture
    scale: float


NEXT_DAY = FollowingScan(
    folder="after", days=1, posture=Posture(turned_deg=2.0, moved_lps_mm=(5.0, -4.0, 6.0)), scale=1.0
)
NEXT_MONTH = FollowingScan(
    folder="after-30", days=30, posture=Posture(turned_deg=-1.5, moved_lps_mm=(-3.0, 2.0, -4.0)), scale=0.96
)
"""By then the swelling of the needles has gone: seeds lie nearer to each other by as much as the organ shrank."""


def implant_and_verify(
    folder: Path,
    image: Image,
    structures: StructureSet,
    plan: ImplantPlan,
    *,
    target: str | None,
    at: datetime,
    seed: int,
    follow: Follower,
) -> Verification:
    """Implant a plan with made-up errors and one seed fewer; scan and verify it the next day and after a month.

    Parameters
    ----------
    folder
        For the scans (``after``, ``after-30``) and the results (``verified``, ``verified-30``); exists, is empty.
    image, structures, plan, target
        As planned.
    at
        When files are made; the scans are a day and thirty days after the implant.
    seed
        Of the errors.
    follow
        Told the stages.

    Returns
    -------
    Verification
        That of the first scan; the second is laid beside it in its own folder.
    """
    errors = ImplantErrors(along_mm=ALONG_MM, across_mm=ACROSS_MM, shift_lps_mm=SHIFT_LPS_MM, not_implanted=(0,))

    def scanned(following: FollowingScan) -> Image:
        follow(IMPLANTING, 0.0)
        made = simulate_implant(
            image,
            plan,
            errors=replace(errors, scale=following.scale),
            posture=following.posture,
            scanner=SCANNER,
            slice_mm=SLICE_MM,
            at=plan.implant_at + timedelta(days=following.days),
            rng=np.random.default_rng(seed),
        )
        write_image(made.scan, folder / following.folder, at=at)
        follow(IMPLANTING, 1.0)
        return made.scan

    def written(request: VerifyRequest, name: str) -> Verification:
        verified = verify_implant(request, progress=follow)
        results = folder / name
        results.mkdir()
        data = write_verification(request, verified, results, fonts=(), at=at)
        (results / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return verified

    placed = len(plan.seeds) - len(errors.not_implanted)
    first = VerifyRequest(
        plan=plan,
        scan=scanned(NEXT_DAY),
        structures=structures,
        planning=image,
        counts=StatedCounts(taken=len(plan.seeds), implanted=placed, returned=len(plan.seeds) - placed),
        target=target,
        budget=error_budget(),
    )
    verified = written(first, "verified")
    written(
        replace(
            first,
            scan=scanned(NEXT_MONTH),
            earlier=EarlierScan(scan=first.scan),
            swelling_half_life_d=SWELLING_HALF_LIFE_D,
        ),
        "verified-30",
    )
    return verified
