"""What the demonstration does with a set of images and structures: a plain lattice of seeds, its dose, the files."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from trocar.catalogue.sources import load_source
from trocar.cli.case_files import Asked, find_case
from trocar.cli.check import write_check
from trocar.cli.console import Follower
from trocar.cli.loading import Case, Told, load_case
from trocar.cli.packs import load_tolerances
from trocar.cli.writing import write_case
from trocar.dicom.pdf import encapsulate
from trocar.dicom.uids import derived_uid
from trocar.dose.tg43 import Formalism
from trocar.errors import ChoiceNeeded
from trocar.evaluate.structures import region_of_structure
from trocar.geometry.grid import Grid
from trocar.geometry.region import EndCap
from trocar.messages import Language
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.report.document import say
from trocar.report.pictures import Paper
from trocar.workflow.check import Checked, check_plan
from trocar.workflow.compute import compute_dose, source_positions_lps_mm
from trocar.workflow.demonstration import Pattern, lattice_implant
from trocar.workflow.histograms import TARGET_TYPES

PLACING = say("cli.demo-placing", "placing a lattice of seeds")
COMPUTING = say("cli.demo-computing", "computing the dose")
WRITING = say("cli.demo-writing", "writing images, structures, plan and dose as DICOM")
READING = say("cli.demo-reading", "reading the files back for a second look")
REPORTING = say("cli.demo-reporting", "setting the reports")
DOSE_MARGIN_MM = 30.0
DOSE_SPACING_MM = 1.0
SEED_MODEL = "I125_6711"
SEED_RANGE_MCI = (0.4, 0.8)
SPACINGS_MM = (13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
INSET_MM = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """Values of a demonstration; no recommendation for any patient.

    Parameters
    ----------
    dose_gy
        Wanted D90.
    direction_lps
        Of the needles.
    """

    dose_gy: float
    direction_lps: tuple[float, float, float]


def make_case(
    folder: Path,
    image: Image,
    structures: StructureSet,
    *,
    target: str | None,
    demonstration: Demonstration,
    at: datetime,
    follow: Follower,
) -> ImplantPlan:
    """Place a lattice of seeds in a target, compute its dose, and write everything as DICOM into a folder."""
    follow(PLACING, 0.0)
    plan = lattice_plan(image, structures, target=target, demonstration=demonstration, at=at)
    follow(PLACING, 1.0)
    grid = Grid.around(source_positions_lps_mm(plan), margin_mm=DOSE_MARGIN_MM, spacing_mm=DOSE_SPACING_MM)
    dose = compute_dose(plan, grid, formalism=Formalism.LINE_2D, progress=lambda share: follow(COMPUTING, share))
    follow(WRITING, 0.0)
    write_case(folder, plan=plan, dose=dose, structures=structures, image=image, at=at)
    follow(WRITING, 1.0)
    return plan


def lattice_plan(
    image: Image, structures: StructureSet, *, target: str | None, demonstration: Demonstration, at: datetime
) -> ImplantPlan:
    """Return a plain lattice of seeds in the target of a structure set."""
    wanted = target_of(structures, target)
    outlines = [s for s in structures if s.interpreted_type.upper() == "EXTERNAL" and s.is_region]
    body = region_of_structure(outlines[0], end_cap=EndCap.HALF_SLICE) if outlines else None
    low, high = (load_source(SEED_MODEL).u_from_mci(activity) for activity in SEED_RANGE_MCI)
    pattern = Pattern(
        direction_lps=np.array(demonstration.direction_lps),
        source_model=SEED_MODEL,
        dose_gy=demonstration.dose_gy,
        spacings_mm=SPACINGS_MM,
        strength_range_u=(low, high),
        inset_mm=INSET_MM,
    )
    return lattice_implant(
        region_of_structure(wanted, end_cap=EndCap.HALF_SLICE),
        body=body,
        pattern=pattern,
        label="Demonstration",
        patient=image.patient,
        frame_uid=image.volume.frame_uid,
        implant_at=at.replace(hour=9, minute=0, second=0),
        image=image.reference,
    )


def target_of(structures: StructureSet, name: str | None) -> Structure:
    """Return the target: the one named, else the only one of the first type among PTV, CTV, GTV that is drawn.

    Raises
    ------
    ChoiceNeeded
        Nothing says which.
    """
    if name is not None:
        return structures.named(name)
    for kind in ("CTV", "PTV", "GTV"):
        drawn = [s for s in structures if s.interpreted_type.upper() == kind and s.is_region]
        if len(drawn) == 1:
            return drawn[0]
    raise ChoiceNeeded(
        "cli.which-target",
        "which structure is the target is not said by its type ({types}); say it with --target: {choices}",
        types=", ".join(sorted(TARGET_TYPES)),
        choices=", ".join(s.name for s in structures if s.is_region) or "-",
    )


def second_look(folder: Path, *, at: datetime, language: Language, follow: Follower) -> tuple[Case, Checked]:
    """Read a written case back, recompute and compare it, and set the reports in both languages beside it."""
    follow(READING, 0.0)
    case = load_case(find_case(folder, Asked()), Told())
    follow(READING, 1.0)
    return case, checked_and_reported(case, folder, at=at, language=language, follow=follow)


def checked_and_reported(
    case: Case, folder: Path, *, at: datetime, language: Language, follow: Follower, target: str | None = None
) -> Checked:
    """Check a case and write report, pictures and data; what carries words twice is left in the person's language."""
    tolerances = load_tolerances(None)
    checked = check_plan(
        case.plan,
        stored=case.dose,
        structures=case.structures,
        tolerances=tolerances,
        stated_points=case.points,
        target=target,
        progress=follow,
    )
    languages = sorted(Language, key=lambda each: each is language)
    study_uid = (
        case.image.reference.study_uid if case.image is not None else derived_uid("study", case.plan.content_hash)
    )
    for number, each in enumerate(languages):
        follow(REPORTING, number / len(languages))
        write_check(case, checked, tolerances, folder, paper=Paper(language=each), made_at=at)
        pdf = (folder / f"report-{each.value}.pdf").read_bytes()
        title = "Independent check" if each is Language.ENGLISH else "独立核对报告"
        file = folder / f"report-{each.value}.dcm"
        encapsulate(pdf, file, patient=case.plan.patient, study_uid=study_uid, title=title, at=at)
    follow(REPORTING, 1.0)
    return checked
