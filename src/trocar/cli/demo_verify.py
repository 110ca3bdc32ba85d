"""The last step of the demonstration: the plan is implanted with errors, scanned again and verified."""

import json
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
from trocar.workflow.verify_request import StatedCounts, VerifyRequest

IMPLANTING = say("cli.demo-implanting", "implanting with errors and scanning again")
ALONG_MM, ACROSS_MM, SLICE_MM = 2.0, 1.2, 2.5
SHIFT_LPS_MM = (0.8, -1.2, 1.0)
LIES_AGAIN = Posture(turned_deg=2.0, moved_lps_mm=(5.0, -4.0, 6.0))
SCANNER = Scanner(kvp=120.0, photons=3e5, cutoff_per_mm=0.4, views=480)


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
    """Implant a plan with made-up errors and one seed fewer, scan, verify, and leave everything in a folder.

    Parameters
    ----------
    folder
        For the second scan (``after``) and the results (``verified``); exists, is empty.
    image, structures, plan, target
        As planned.
    at
        When files are made; the second scan is a day after the implant.
    seed
        Of the errors.
    follow
        Told the stages.
    """
    follow(IMPLANTING, 0.0)
    errors = ImplantErrors(along_mm=ALONG_MM, across_mm=ACROSS_MM, shift_lps_mm=SHIFT_LPS_MM, not_implanted=(0,))
    made = simulate_implant(
        image,
        plan,
        errors=errors,
        posture=LIES_AGAIN,
        scanner=SCANNER,
        slice_mm=SLICE_MM,
        at=plan.implant_at + timedelta(days=1),
        rng=np.random.default_rng(seed),
    )
    write_image(made.scan, folder / "after", at=at)
    follow(IMPLANTING, 1.0)
    placed = len(made.seeds)
    request = VerifyRequest(
        plan=plan,
        scan=made.scan,
        structures=structures,
        planning=image,
        counts=StatedCounts(taken=len(plan.seeds), implanted=placed, returned=len(plan.seeds) - placed),
        target=target,
        budget=error_budget(),
    )
    verified = verify_implant(request, progress=follow)
    results = folder / "verified"
    results.mkdir()
    data = write_verification(request, verified, results, fonts=(), at=at)
    (results / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return verified
