"""The demonstration as a walk through one case: each step is one function here, and `STEPS` is their order.

To add a step write a function that takes the walk, does its part in ``walk.folder`` and tells ``walk.follow`` how far
it is. It leaves in ``walk.data`` what a script wants to know, in ``walk.findings`` what a person must see. Then name it
in `STEPS`.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from trocar.cli.case_files import Asked, find_case
from trocar.cli.check import check_data
from trocar.cli.console import Follower, Speaker
from trocar.cli.demo_ablate import ablate_and_verify
from trocar.cli.demo_cases import checked_and_reported
from trocar.cli.demo_verify import implant_and_verify
from trocar.cli.loading import Told, load_case
from trocar.cli.plan import write_proposal
from trocar.cli.plan_request import guide_design, implant_request
from trocar.cli.request_section import read_request
from trocar.cli.verify import tell
from trocar.cli.verify_json import verification_data
from trocar.dicom.image_writer import write_image
from trocar.phantom.case import PhantomCase, Site, build_phantom
from trocar.report.document import say
from trocar.results.findings import Finding
from trocar.workflow.implant import plan_implant
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.plan_judging import ProposedImplant


@dataclass(slots=True, kw_only=True)
class Walk:
    """One case on its way.

    Parameters
    ----------
    site
        Which phantom.
    folder
        Where everything goes.
    seed
        Which made-up person.
    at
        When the files are made.
    speaker
        Who speaks to the person.
    follow
        Told the stage and its share.
    phantom, request, proposed
        What the steps so far made; None before.
    data
        For scripts.
    findings
        What a person must see.
    """

    site: Site
    folder: Path
    seed: int
    at: datetime
    speaker: Speaker
    follow: Follower
    phantom: PhantomCase | None = None
    request: ImplantRequest | None = None
    proposed: ProposedImplant | None = None
    data: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the site, as in commands."""
        return self.site.name.lower()


Step = Callable[[Walk], None]

BUILDING = say("cli.demo-building", "building and scanning the phantom")
WRITING = say("cli.demo-writing-images", "writing the images as DICOM")
READING = say("cli.demo-reading", "reading the files back for a second look")


def scanned(walk: Walk) -> None:
    """Build the phantom, scan it, write its images."""
    walk.follow(BUILDING, 0.0)
    walk.phantom = build_phantom(walk.site, seed=walk.seed, acquired_at=walk.at)
    walk.follow(BUILDING, 1.0)
    walk.follow(WRITING, 0.0)
    write_image(walk.phantom.image, walk.folder / "images", at=walk.at)
    walk.follow(WRITING, 1.0)


def planned(walk: Walk) -> None:
    """Plan the case from its request: needles, seeds, robustness, biology, guide or template, papers, DICOM."""
    assert walk.phantom is not None
    section = read_request(copied_request(walk.name, walk.folder, implant_at=walk.at + timedelta(days=1)))
    design = section.may_table("guide")
    guide = guide_design(design) if design is not None else None
    walk.request = implant_request(section, walk.phantom.image, walk.phantom.structures)
    section.done()
    walk.proposed = plan_implant(walk.request, rng=np.random.default_rng(walk.seed), progress=walk.follow)
    walk.data["plan"] = write_proposal(
        walk.folder, walk.request, walk.proposed, design=guide, at=walk.at, told=walk.follow
    )
    walk.findings.extend(walk.proposed.findings)
    for goal in walk.proposed.achievements:
        met = say("cli.demo-goal-met", "met") if goal.is_met else say("cli.demo-goal-missed", "missed")
        walk.speaker.say(f"  {goal.goal.text}: {goal.value:.1f}  {walk.speaker.words(met)}")
    if walk.proposed.robustness is not None:
        walk.speaker.say(
            say(
                "cli.demo-robust",
                "  D90 reaches the prescription in {chance} of the versions in which needles err",
                chance=str(walk.proposed.robustness.covered),
            )
        )


def copied_request(name: str, folder: Path, *, implant_at: datetime) -> Path:
    """Copy the request of a site, and the shelf it takes its seeds from, into a folder and return the request.

    Dates stand in both as days before the implant, ``{-10}``, so that the demonstration never grows old.
    """
    shelf = resources.files("trocar.cli") / "demonstration"
    for file, to in ((f"{name}.toml", "request.toml"), ("shelf.csv", "shelf.csv")):
        text = (shelf / file).read_text(encoding="utf-8")
        dated = re.sub(r"{(-?\d+)}", lambda found: str((implant_at + timedelta(days=int(found[1]))).date()), text)
        (folder / to).write_text(dated, encoding="utf-8")
    return folder / "request.toml"


def checked(walk: Walk) -> None:
    """Read the written files back as a stranger's, recompute and compare them, and report that."""
    walk.follow(READING, 0.0)
    case = load_case(find_case(walk.folder, Asked()), Told())
    walk.follow(READING, 1.0)
    folder = walk.folder / "check"
    folder.mkdir()
    found = checked_and_reported(
        case, folder, at=walk.at, language=walk.speaker.language, follow=walk.follow, target=None
    )
    walk.data |= check_data(case, found.check, walk.speaker.language)
    walk.findings.extend((*case.findings, *found.check.findings))


def verified(walk: Walk) -> None:
    """Implant the prostate's plan with made-up errors, scan again, verify; beside the case, which keeps one plan."""
    if walk.site is not Site.PROSTATE or walk.phantom is None or walk.proposed is None:
        return
    after = walk.folder.with_name(f"{walk.folder.name}-implanted")
    after.mkdir()
    found = implant_and_verify(
        after,
        walk.phantom.image,
        walk.phantom.structures,
        walk.proposed.plan,
        target=None,
        at=walk.at,
        seed=walk.seed,
        follow=walk.follow,
    )
    tell(found, walk.speaker, folder=None)  # the whole demonstration says where it is
    walk.data["verified"] = verification_data(found, walk.speaker.language)


def ablated(walk: Walk) -> None:
    """Treat a second, small tumour of the liver by heat: plan, simulate, scan again, measure; beside the case."""
    if walk.site is not Site.LIVER or walk.phantom is None:
        return
    beside = walk.folder.with_name(f"{walk.folder.name}-ablated")
    beside.mkdir()
    phantom = build_phantom(walk.site, seed=walk.seed, acquired_at=walk.at, nodule=True)
    found, walk.data["ablated"] = ablate_and_verify(
        beside, phantom.image, phantom.structures, at=walk.at, seed=walk.seed, follow=walk.follow
    )
    walk.speaker.say(
        say(
            "cli.demo-ablated",
            "  ablation, minimal margin: planned by zones {planned:+.1f} mm, simulated in this patient "
            "{simulated:+.1f} mm, measured on the scan after it {mam:+.1f} mm",
            planned=walk.data["ablated"]["plan"]["planned_mm"],
            simulated=walk.data["ablated"]["simulation"]["least_mm"],
            mam=found.margin.least_mm,
        )
    )


STEPS: tuple[Step, ...] = (scanned, planned, checked, verified, ablated)


def gone_through(walk: Walk) -> None:
    """Take a case through all steps, and say how long it took."""
    began = time.monotonic()
    for step in STEPS:
        step(walk)
    walk.data |= {"site": walk.name, "seconds": round(time.monotonic() - began, 1)}
