"""Making plans, in a process of its own: what was asked, through the library, into files and numbers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trocar.cli.ablate_files import write_ablation_plan
from trocar.cli.ablate_request import ablation_request
from trocar.cli.edit import write_changed
from trocar.cli.plan import write_proposal
from trocar.cli.request_section import Section, read_request
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.plan.structures import StructureSet
from trocar.workflow.edit_bench import edit, open_bench
from trocar.workflow.implant import plan_implant
from trocar.workflow.plan_ablation import plan_ablation
from trocar_clinic.calculations.kinds import Progress
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.pace import Pace
from trocar_clinic.calculations.telling import here_and_now, kept
from trocar_clinic.images.reading import image_of, structures_of
from trocar_clinic.planning.desks import opened_plan, wanted
from trocar_workspace.edit_words import as_toml, edits_of

REQUEST = "request.toml"
READING = Message(code="cli.plan-reading", template="Reading images and structures")
PAPERS = Message(code="cli.ablate-papers", template="Writing papers and DICOM")
SEEDS_TAKE_S = {
    "cli.plan-reading": 4.0,
    "workflow.stage-way-in": 6.0,
    "workflow.stage-seeds": 12.0,
    "workflow.stage-judging": 4.0,
    "cli.plan-dicom": 4.0,
    "cli.plan-papers": 8.0,
}
HEAT_TAKES_S = {
    "cli.ablate-reading": 4.0,
    "ablation.stage-ways": 6.0,
    "ablation.stage-cover": 10.0,
    "ablation.stage-judge": 4.0,
    "cli.ablate-papers": 8.0,
}
"""Seconds of the stages on the demonstration's cases, for the first job of a kind; later ones go by the last."""


def plan_seeds(job: Any, progress: Progress) -> dict[str, Any]:
    """Propose needles and seeds, and keep DICOM, papers, pictures and guide."""
    pace = Pace(job, progress, usual=SEEDS_TAKE_S)
    with asked(job, pace) as (section, image, structures, folder):
        request, design = wanted(section, image, structures)
        proposed = plan_implant(request, rng=np.random.default_rng(job.inputs["seed"]), progress=pace)
        write_proposal(folder, request, proposed, design=design, at=here_and_now(), told=pace)
        return kept(job, folder, pace)


def plan_heat(job: Any, progress: Progress) -> dict[str, Any]:
    """Propose applicators that cover a tumour and its margin, and keep papers, pictures and DICOM."""
    pace = Pace(job, progress, usual=HEAT_TAKES_S)
    with asked(job, pace) as (section, image, structures, folder):
        request = ablation_request(section, image, structures)
        section.done()
        proposed = plan_ablation(request, rng=np.random.default_rng(job.inputs["seed"]), progress=pace)
        pace(PAPERS, 0.0)
        write_ablation_plan(folder, request, proposed, at=here_and_now())
        return kept(job, folder, pace)


def edit_seeds(job: Any, progress: Progress) -> dict[str, Any]:
    """Carry out changes that were made by hand on the workspace, and keep the changed plan with all its papers."""
    pace = Pace(job, progress, usual=SEEDS_TAKE_S)
    base = Job.objects.get(pk=job.inputs["base"])
    with TemporaryDirectory() as place:
        folder = Path(place) / "results"
        folder.mkdir()
        pace(READING, 0.0)
        opened = opened_plan(base)
        bench, current = open_bench(opened.request, opened.plan)
        pace(READING, 1.0)
        for change in edits_of(job.inputs["changes"]):
            current = edit(bench, current, change)
        text = as_toml(job.inputs["changes"])
        write_changed(folder, opened, bench, current, changes_text=text, at=here_and_now(), told=pace)
        return kept(job, folder, pace)


@contextmanager
def asked(job: Any, pace: Callable[[Message, float], None]) -> Iterator[tuple[Section, Image, StructureSet, Path]]:
    """Give the request, the images and structures it is about, and a folder for the results."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "results"
        folder.mkdir()
        (folder / REQUEST).write_text(job.inputs["request"], encoding="utf-8")
        pace(READING, 0.0)
        image = image_of(job.inputs["images"])
        structures = structures_of(job.inputs["structures"], image)
        pace(READING, 1.0)
        yield read_request(folder / REQUEST), image, structures, folder
