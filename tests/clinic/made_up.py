"""A small made-up patient whose images lie in the record, so that the library can work there within seconds."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

import implant_scenes
from clinic.cases import DECISION, YES_SEED, a_case
from clinic.theatre import START, a_lesion, a_released_lot, consented, finished, move, start_values, timed_out
from trocar.cli.outcome import number, write_outcome
from trocar.cli.picture_files import INDEX
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtplan_writing import write_plan
from trocar.dicom.rtstruct_writing import write_structures
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.workflow.simulated_implant import ImplantErrors, Posture, simulate_implant
from trocar_clinic.calculations.kinds import function_of
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.results import hash_of, keep_folder
from trocar_clinic.custody.places import Move
from trocar_clinic.images import actions as images
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.patients import actions
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.actions import sign_plan
from trocar_clinic.planning.files import files_of
from trocar_clinic.planning.making import ask_library, begin, take_over
from trocar_clinic.planning.models import PlanRequest, PlanVersion
from trocar_clinic.procedures import actions as theatre
from trocar_clinic.procedures.models import Insertion
from trocar_clinic.records.actions import record

WRITTEN_AT, AFTER = datetime(2026, 3, 1, 9), datetime(2026, 3, 6, 9)
NUMBER = implant_scenes.PATIENT.identifier
YES_ABLATION = dict.fromkeys(
    ("early_not_operated", "visible", "safe_path", "organ_function", "alternatives_weighed"), True
)
SEED_TABLES: dict[str, Any] = {
    "label": "made up",
    "target": "CTV",
    "prescription_gy": 100.0,
    "implant_at": datetime(2026, 3, 5, 9, 30),
    "effort": 3000,
    "stock": [{"source_model": "I125_6711", "s_k_u": 0.762, "reference_at": datetime(2026, 3, 2, 12), "count": 40}],
    "goals": {"pack": "trocar/percutaneous_example", "roles": {"target": "CTV"}},
    "needles": {
        "needle_length_mm": 180.0,
        "needle_radius_mm": 0.635,
        "most_depth_mm": 150.0,
        "beyond_target_mm": 3.0,
        "least_in_target_mm": 5.0,
        "spacing_mm": 6.0,
        "reach_mm": 7.0,
        "side": "front",
        "within_deg": 30.0,
        "spread_deg": 10.0,
        "obstacles": {"Gland": 2.0},
    },
    "seeding": {"step_mm": 2.0, "pitch_mm": 5.0, "tip_to_seed_mm": 3.0, "seed_length_mm": 4.5, "seed_diameter_mm": 0.8},
}
ENTERED = {
    "target": "CTV", "prescription_gy": "100", "implant_at": "2026-03-05T09:30", "needle_length_mm": "180", "needle_diameter_mm": "1.27",
    "most_depth_mm": "150", "beyond_target_mm": "3", "least_in_target_mm": "5", "spacing_mm": "6", "reach_mm": "7", "side": "front",
    "within_deg": "30", "off_1": "2", "step_mm": "2", "pitch_mm": "5", "tip_to_seed_mm": "3", "seed_length_mm": "4.5", "seed_diameter_mm": "0.8",
    "effort": "20000", "search_seed": "1",
}  # fmt: skip
"""The same as a form takes it."""

HEAT_TABLES: dict[str, Any] = {
    "label": "made up",
    "spare": ["Gland"],
    "seconds": 1.0,
    "target": {"lesion": "GTV", "margin_mm": 3.0, "organ_kind": "liver", "pack": "published/ablation_margin"},
    "applicator": {
        "model": "microwave/PME_2450",
        "tissue": "LIVER",
        "evidence": "IN_VIVO",
        "power_w": 80.0,
        "duration_s": 300.0,
    },
    "needles": {
        "length_mm": 200.0,
        "most_depth_mm": 150.0,
        "placement_error_mm": 2.0,
        "side": "right",
        "within_deg": 60.0,
    },
}


def files_of_scan(image: Image, *balls: tuple[str, tuple[float, float, float], float, str]) -> tuple[bytes, ...]:
    """Return a scan as DICOM files, with balls drawn on it: name, middle from the target's, radius, kind."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_image(image, folder / "images", at=WRITTEN_AT)
        if balls:
            drawn = tuple(
                implant_scenes.ball(
                    name, np.add(implant_scenes.TARGET_AT, off), radius, number=n, kind=kind, image=image
                )
                for n, (name, off, radius, kind) in enumerate(balls, start=1)
            )
            structures = StructureSet(
                label="made up",
                patient=image.patient,
                frame_uid=image.reference.frame_uid,
                structures=drawn,
                image=image.reference,
            )
            write_structures(structures, folder / "RS.dcm", at=WRITTEN_AT)
        return tuple(path.read_bytes() for path in sorted(folder.rglob("*.dcm")))


@cache
def planning_scan() -> tuple[bytes, ...]:
    return files_of_scan(
        implant_scenes.torso(slice_mm=4.0),
        ("CTV", (0.0, 0.0, 0.0), 12.0, "CTV"),
        ("Gland", (0.0, 30.0, 0.0), 8.0, "ORGAN"),
        ("GTV", (0.0, 0.0, 0.0), 8.0, "GTV"),
    )


@cache
def scan_after_heat() -> tuple[bytes, ...]:
    """Return the files of a scan in the same frame after an ablation whose zone, drawn on it, is a ball of 13 mm."""
    made = implant_scenes.torso(slice_mm=4.0, frame_uid=f"{implant_scenes.FRAME}.9")
    image = replace(
        made,
        acquired_at=AFTER,
        volume=replace(made.volume, frame_uid=implant_scenes.FRAME),
        reference=replace(made.reference, frame_uid=implant_scenes.FRAME),
    )
    return files_of_scan(image, ("Zone", (0.0, 0.0, 0.0), 13.0, "ORGAN"))


def scan_after_implant(plan: PlanVersion, *, left_out: int = 1) -> tuple[bytes, ...]:
    """Return the files of a scan after a plan was implanted with small errors, the first seeds left out."""
    read = read_plan(files_of(plan).plan, implant_at=datetime(2026, 3, 5, 9)).value
    made = simulate_implant(
        implant_scenes.torso(slice_mm=4.0),
        cast("ImplantPlan", read),
        errors=ImplantErrors(along_mm=0.8, across_mm=0.5, not_implanted=tuple(range(left_out))),
        posture=Posture(turned_deg=2.0, moved_lps_mm=(4.0, -3.0, 3.0)),
        scanner=implant_scenes.QUICK,
        slice_mm=2.5,
        at=AFTER,
        rng=np.random.default_rng(3),
    )
    return files_of_scan(made.scan)


def received(team: Any, case: Case, files: tuple[bytes, ...], *, purpose: str = "planning") -> None:
    """Import files for a case, and sort them at once."""
    given = [SimpleUploadedFile(f"{n}.dcm", content) for n, content in enumerate(files)]
    images.receive(case, actor=team.accounts["physicist"], at=timezone.now(), purpose=purpose, uploads=given)
    done(Job.objects.order_by("-pk").first())


def done(job: Any) -> Job:
    """Do a job in this process, and write down what came of it as the worker's child does."""
    told: list[float] = []
    outcome = function_of(job.kind)(job, lambda share, stage, stage_zh="": told.append(share))
    assert told == sorted(told)
    return ended(job, outcome)


def ended(job: Job, outcome: dict[str, Any]) -> Job:
    """Write down that a job came through."""
    told = {"finished_at": timezone.now(), "library_version": "0", "outcome_sha256": hash_of(outcome)}
    Job.objects.filter(pk=job.pk).update(status=Job.Status.DONE, outcome=outcome, **told)
    return Job.objects.get(pk=job.pk)


NUMBERS = {
    "volume_cc": 7.2,
    "d90_gy": 128.61,
    "v100_percent": 97.2,
    "v150_percent": 61.0,
    "v200_percent": 30.0,
    "margin_mm": 4.2,
}
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4"/></svg>'


def stood_in(job: Any, *, seeds_seen: int | None = None) -> Job:
    """Stand in for the library: files and numbers of the form that it leaves, at once, for tests of the record alone."""
    image = implant_scenes.torso(slice_mm=4.0)
    plan = implant_scenes.plan(image)
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_plan(plan, folder / "RTPLAN.dcm", at=WRITTEN_AT)
        for language in ("zh", "en"):
            (folder / f"pictures-{language}").mkdir()
            for name in ("slices", "margin-slices", "dvh"):
                (folder / f"pictures-{language}" / f"{name}.svg").write_bytes(PICTURE)
            for paper in ("plan", "verification", "margin", "card", "loading"):
                (folder / f"{paper}-{language}.pdf").write_bytes(b"%PDF-1.7 " + paper.encode())
            index = [{"file": "slices.svg", "alternative": "断层", "caption": "等剂量线"}]
            (folder / f"pictures-{language}" / INDEX).write_text(json.dumps(index), encoding="utf-8")
        facts = {
            "target": "CTV",
            "prescription_gy": 120.0,
            "seeds": len(plan.seeds),
            "needles": 5,
            "seeds_seen": seeds_seen,
            "power_w": 80.0,
            "minutes": 5.0,
        }
        numbers = [number(key, key, key, value, "", low=value - 1, high=value + 1) for key, value in NUMBERS.items()]
        told = {"hash": plan.content_hash, "numbers": numbers, "findings": [], "facts": facts}
        outcome = write_outcome(folder, told)
        keep_folder(job, folder)
    return ended(job, outcome)


def a_decided_case(team: Any, technique: str = "seed") -> Case:
    """Return a case of the made-up patient with images and structures, decided and ready to be planned."""
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    case = a_case(team, now, technique, number=NUMBER, birth_date=date(1960, 5, 4))
    doctor = team.accounts["attending"]
    answers = YES_SEED if technique == "seed" else YES_ABLATION
    actions.assess_indication(case, actor=doctor, at=now, answers=answers)
    case.refresh_from_db()
    actions.decide(case, actor=doctor, at=now, **DECISION)
    case.refresh_from_db()
    received(team, case, planning_scan())
    return Case.objects.get(pk=case.pk)


def a_task(team: Any, technique: str = "seed", *, by: str = "physicist") -> PlanRequest:
    """Return a planning task on the images of such a case."""
    case = a_decided_case(team, technique)
    return begin(
        case,
        actor=team.accounts[by],
        at=timezone.now(),
        images=ImageSeries.objects.get(source__case=case, modality="CT"),
        structures=ImageSeries.objects.get(source__case=case, modality="RTSTRUCT"),
        pack="trocar/percutaneous_example" if technique == "seed" else "published/ablation_margin",
    )


def a_proposal(team: Any, technique: str = "seed", *, lot: Any = None, by_library: bool = False) -> PlanRequest:
    """Return a task with a finished proposal, made by the library or by what stands in for it."""
    by = "physicist" if technique == "seed" else "ablator"
    tables = SEED_TABLES if technique == "seed" else HEAT_TABLES
    row = ask_library(
        a_task(team, technique, by=by),
        actor=team.accounts[by],
        at=timezone.now(),
        tables=tables,
        entered={},
        lot=lot.pk if lot else None,
        search_seed=1,
    )
    (done if by_library else stood_in)(Job.objects.order_by("-pk").first())
    return row


def a_planned_and_performed_case(
    team: Any, technique: str = "seed", *, left_out: int = 1, by_library: bool = False
) -> Case:
    """Return a case whose plan came of a task, performed, its seeds moved through the ledger."""
    lot = a_released_lot(team)
    row = a_proposal(team, technique, lot=lot, by_library=by_library)
    by = "physicist" if technique == "seed" else "ablator"
    plan = take_over(row, actor=team.accounts[by], at=timezone.now())
    return performed(team, plan, lot, left_out=left_out)


def performed(team: Any, plan: PlanVersion, lot: Any, *, left_out: int = 1) -> Case:
    """Have a plan signed and carried out."""
    seed = plan.case.technique == "seed"
    for account, role in (
        ("attending", "attending"),
        ("operator" if seed else "ablator", "operator"),
        ("physicist", "physicist"),
    ):
        sign_plan(plan, actor=team.accounts[account], at=timezone.now(), role=role)
    case = Case.objects.get(pk=plan.case_id)
    consented(team, case, at=START - timedelta(hours=20))
    timed_out(team, case, at=START - timedelta(minutes=10))
    procedure = theatre.start(
        Case.objects.get(pk=case.pk), actor=team.accounts["nurse"], at=timezone.now(), **start_values(team, case)
    )
    values: dict[str, Any] = {"procedure": procedure, "number": 1, "lesion": a_lesion(team, case), "depth_mm": "92.0"}
    if seed:
        implanted = plan.seeds - left_out
        at = START - timedelta(minutes=30)
        move(team, lot, Move.ISSUE, plan.seeds, at=at, by="nurse", case=case, second="physicist")
        move(team, lot, Move.IMPLANT, implanted, at=START + timedelta(minutes=40), case=case, second=None)
        if left_out:
            back = START + timedelta(minutes=50)
            move(team, lot, Move.BRING_BACK, left_out, at=back, by="nurse", case=case, second="physicist")
        values["seeds"] = implanted
    else:
        values |= {"power_w": "80.0", "minutes": "5.0"}
    record(Insertion, actor=team.accounts["nurse"], at=timezone.now(), values=values)
    finished(team, procedure)
    return Case.objects.get(pk=case.pk)
