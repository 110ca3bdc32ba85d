"""A step of the demonstration: a liver ablation is planned, simulated, scanned again, and its margin verified."""

from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from trocar.cli.ablate_files import write_ablation_plan, write_margin
from trocar.cli.ablate_request import ablation_request
from trocar.cli.ablate_simulate import SimulationInputs, write_simulation
from trocar.cli.console import Follower
from trocar.cli.request_section import read_request
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtstruct_writing import write_structures
from trocar.imaging.grow import GrowRules
from trocar.phantom.ablation_scan import ScanAfter, scan_after_ablation
from trocar.plan.patient import Image
from trocar.plan.structures import StructureSet
from trocar.report.document import say
from trocar.results.registration import Landmarks, Motion
from trocar.workflow.ablation_request import AblationRequest
from trocar.workflow.plan_ablation import plan_ablation
from trocar.workflow.simulated_ablation import Simulated, SimulationWish
from trocar.workflow.verify_ablation import AblationVerification, AblationVerifyRequest, verify_ablation

SCANNING = say("cli.demo-scanning-zone", "scanning again after the ablation")
AFTER = ScanAfter(moved_lps_mm=(5.0, -4.0, 6.0), breath_mm=2.0, wave_mm=160.0, zone_hu=45.0, rim_hu=30.0, noise_hu=4.0)
MARKS_MM = np.array([[30.0, 0.0, 0.0], [-25.0, 10.0, 5.0], [0.0, -20.0, 20.0], [10.0, 25.0, -15.0]])
"""Where landmarks lie about the tumour: a person would click branches of vessels."""

OUTLINE_ERROR_MM = 0.7


def ablate_and_verify(
    folder: Path, image: Image, structures: StructureSet, *, at: datetime, seed: int, follow: Follower
) -> tuple[AblationVerification, dict[str, Any]]:
    """Plan, simulate and verify an ablation; everything goes into a folder that exists and is empty."""
    write_image(image, folder / "before", at=at)
    write_structures(structures, folder / "RTSTRUCT-before.dcm", at=at)
    file = folder / "request.toml"
    asked = resources.files("trocar.cli") / "demonstration" / "liver_ablation.toml"
    file.write_text(asked.read_text(encoding="utf-8"), encoding="utf-8")
    section = read_request(file)
    request = ablation_request(section, image, structures)
    section.done()
    proposed = plan_ablation(request, rng=np.random.default_rng(seed), progress=follow)
    data = {"plan": write_ablation_plan(_made(folder, "plan"), request, proposed, at=at)}
    simulated, check = proposed.simulated, request.check
    assert simulated is not None
    assert check is not None
    wish = SimulationWish(
        organ_kind=request.organ_kind,
        vessels=request.vessels,
        death_model=check.death_model,
        spacing_mm=check.spacing_mm,
        pack=request.pack,
        antenna=check.antenna,
    )
    inputs = SimulationInputs(plan=proposed.plan, image=image, structures=structures, wish=wish, spared=request.spared)
    data["simulation"] = write_simulation(_made(folder, "simulation"), inputs, simulated, at=at)
    follow(SCANNING, 0.0)
    score = simulated.outcome.zone.score
    after = scan_after_ablation(image, score, how=AFTER, rng=np.random.default_rng(seed))
    write_image(after, folder / "after", at=at)
    follow(SCANNING, 1.0)
    wanted = _verify_request(request, after, simulated)
    verified = verify_ablation(wanted, progress=follow)
    data["margin"] = write_margin(_made(folder, "margin"), wanted, verified, at=at)
    return verified, data


def _made(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _verify_request(request: AblationRequest, after: Image, simulated: Simulated) -> AblationVerifyRequest:
    """Ask for the margin blind to the zone: a click in its middle and landmarks are all that is told."""
    middle = np.asarray(simulated.zone.vertices_lps_mm).mean(axis=0)
    marks = middle + MARKS_MM
    return AblationVerifyRequest(
        before=request.image,
        structures=request.structures,
        lesion=request.target.lesion,
        organ=request.target.organ,
        after=after,
        zone=None,
        zone_click_lps_mm=AFTER.to_after(middle[None])[0],
        grow_rules=GrowRules(blur_mm=1.5, spreads=2.5, neck_mm=4.0, most_radius_mm=40.0),
        wanted_mm=request.target.margin_mm,
        outline_error_mm=OUTLINE_ERROR_MM,
        registration_error_mm=None,
        landmarks=Landmarks(before_lps_mm=marks, after_lps_mm=AFTER.to_after(marks)),
        motion=Motion.RIGID,
        pack=request.pack,
        organ_kind=request.organ_kind,
    )
