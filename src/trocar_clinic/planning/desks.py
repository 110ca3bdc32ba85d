"""Proposals of the library opened for changes by hand. Importing this loads the library: not at start-up."""

from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from trocar.cli.edit import OpenedPlan
from trocar.cli.plan_request import guide_design, implant_request
from trocar.cli.request_section import Section, read_request
from trocar.dicom.rtplan import read_plan
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.workflow.implant_request import ImplantRequest
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.results import file_of
from trocar_clinic.images.reading import image_of, structures_of
from trocar_clinic.records.files import path_of
from trocar_workspace.desk import Desk

REQUEST = "request.toml"
DESKS_KEPT = 3
"""Each holds an image and some slices' doses: a few hundred megabytes for a large CT."""

_desks: OrderedDict[int, Desk] = OrderedDict()
_opening = Lock()


def desk_of(job: Job) -> Desk:
    """Return the desk of a proposal, opened by whoever comes first."""
    with _opening:
        if job.pk not in _desks:
            opened = opened_plan(job)
            _desks[job.pk] = Desk(opened.request, opened.plan)
        _desks.move_to_end(job.pk)
        while len(_desks) > DESKS_KEPT:
            _desks.popitem(last=False)
        return _desks[job.pk]


def wanted(section: Section, image: Image, structures: StructureSet) -> tuple[ImplantRequest, Any]:
    """Return what a request for seeds asks for, and the guide it wants."""
    table = section.may_table("guide")
    design = guide_design(table) if table is not None else None
    request = implant_request(section, image, structures)
    section.done()
    return request, design


def opened_plan(job: Job) -> OpenedPlan:
    """Return the plan that a job proposed, with the request and the images it was made from."""
    with TemporaryDirectory() as place:
        path = Path(place) / REQUEST
        path.write_text(job.inputs["request"], encoding="utf-8")
        section = read_request(path)
    image = image_of(job.inputs["images"])
    structures = structures_of(job.inputs["structures"], image)
    request, design = wanted(section, image, structures)
    kept = file_of(job, "RTPLAN.dcm")
    assert kept is not None
    plan = read_plan(path_of(kept.sha256), implant_at=request.implant_at).value
    assert isinstance(plan, ImplantPlan)
    return OpenedPlan(request=request, request_text=job.inputs["request"], plan=plan, design=design)
