"""Which files of a folder are plan, dose, structures and images of one case: found by what they quote, or asked."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from trocar.dicom.belonging import ObjectIdentity, read_identity
from trocar.dicom.folder import Survey, SurveyedFile, SurveyedSeries, survey
from trocar.errors import ChoiceNeeded, UsageError
from trocar.messages import Message
from trocar.report.document import say
from trocar.results.findings import Deviation

NOT_DICOM = "dicom.skipped-not-dicom"
MOST_NEIGHBOURS = 5_000
"""A folder with more files than this is not searched for what belongs to a plan in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiles:
    """The files of one case.

    Parameters
    ----------
    plan
        RT Plan.
    dose, structures
        None where there is none.
    images
        Slices of the series the structures were drawn on; empty where there is none.
    images_given
        Whether the user named them: then they must fit, else they are left out when they do not.
    found
        Names of the files that were not given but found beside the plan.
    left_out
        Which files beside the plan are not used although they might be meant, and why.
    """

    plan: Path
    dose: Path | None
    structures: Path | None
    images: tuple[Path, ...]
    images_given: bool
    found: tuple[str, ...]
    left_out: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user said; None for what shall be found.

    Parameters
    ----------
    dose, structures
        Files.
    images
        A folder.
    patient
        Patient ID, where a folder holds several patients.
    plan_label
        Label of the plan, where a folder holds several plans.
    alone
        Whether nothing but what was given is used.
    ask
        Asks the person to choose one of several texts and returns its place, or None where nobody can be asked.
    """

    dose: Path | None = None
    structures: Path | None = None
    images: Path | None = None
    patient: str | None = None
    plan_label: str | None = None
    alone: bool = False
    ask: Callable[[Message, list[str]], int | None] | None = None


def find_case(place: Path, asked: Asked) -> CaseFiles:
    """Return the files of a case from a plan file or from a folder.

    Parameters
    ----------
    place
        The plan, or a folder that holds it.
    asked
        What the user said.

    Raises
    ------
    ChoiceNeeded
        A folder holds several patients, plans, doses or structure sets, and nothing says which.
    UsageError
        The folder holds no plan.
    """
    if place.is_file():
        if asked.alone or not _is_small(place.parent):
            return _assembled(place, (), asked, given_plan=True)
        found = survey(place.parent)
        return _with_unusable(_assembled(place, found.series, asked, given_plan=True), found)
    found = survey(place)
    series = series_of_patient(found, asked)
    return _with_unusable(_assembled(_one_plan(series, asked), series, asked, given_plan=False), found)


def _is_small(folder: Path) -> bool:
    return all(count < MOST_NEIGHBOURS for count, _ in enumerate(folder.rglob("*")))


def _with_unusable(files: CaseFiles, found: Survey) -> CaseFiles:
    """Add what is wrong with files that could not be sorted; what is no DICOM at all is not worth a word."""
    read = {file.path for series in found.series for file in series.files}
    unusable = [
        _problem(each)
        for each in found.problems
        if each.message.code != NOT_DICOM and (place := _first_place(found, each)).is_file() and place not in read
    ]
    return replace(files, left_out=(*files.left_out, *unusable))


def _first_place(found: Survey, problem: Deviation) -> Path:
    """Return the file a problem is about, the first where it is about several."""
    return found.root / re.sub(r" and \d+ more$", "", problem.where or "")


def _problem(problem: Deviation) -> Message:
    return say("cli.left-out", "{where} was left out: {problem}", where=problem.where or "-", problem=problem.message)


def series_of_patient(found: Survey, asked: Asked) -> tuple[SurveyedSeries, ...]:
    """Return all series of the one patient that is meant.

    Raises
    ------
    ChoiceNeeded
        Several patients, and nothing says which.
    """
    patients = found.patients
    chosen = [each for each in patients if asked.patient is None or each.patient.identifier == asked.patient]
    error = ChoiceNeeded(
        "cli.several-patients",
        "{n} patients are here; say which with --patient: {choices}",
        n=len(patients),
        choices=", ".join(each.patient.identifier or "''" for each in patients) or "-",
    )
    patient = chosen[_choice(error, asked, [each.patient.identifier for each in chosen])]
    return tuple(each for study in patient.studies for each in study.series)


def _choice(error: ChoiceNeeded, asked: Asked, names: list[str]) -> int:
    """Return which of several is meant: the only one, or the one the person chooses; else raise."""
    if len(names) == 1:
        return 0
    place = asked.ask(error.message, names) if names and asked.ask is not None else None
    if place is None:
        raise error
    return place


def _one_plan(series: tuple[SurveyedSeries, ...], asked: Asked) -> Path:
    plans = _of(series, "RTPLAN")
    if not plans:
        raise UsageError(
            "cli.no-plan",
            "there is no RT Plan here; give the folder of an exported case, or the plan file itself",
        )
    chosen = [plan for plan in plans if asked.plan_label is None or plan.label == asked.plan_label]
    names = [f"{plan.path.name} ({plan.label})" for plan in chosen]
    error = ChoiceNeeded(
        "cli.several-plans",
        "{n} plans are here; give the file of one, or its label with --plan: {choices}",
        n=len(plans),
        choices="; ".join(f"{plan.path.name} ({plan.label})" for plan in plans),
    )
    return chosen[_choice(error, asked, names)].path


def _of(series: Iterable[SurveyedSeries], modality: str) -> list[SurveyedFile]:
    return [file for each in series if each.modality == modality for file in each.files]


def _assembled(plan: Path, series: tuple[SurveyedSeries, ...], asked: Asked, *, given_plan: bool) -> CaseFiles:
    mine = read_identity(plan)
    found: list[str] = [] if given_plan else [plan.name]
    left_out: list[Message] = []
    doses = _physical([(read_identity(file.path), file.path) for file in _of(series, "RTDOSE")])
    dose = asked.dose or _belonging(
        [identity for identity, _ in doses],
        [path for _, path in doses],
        quotes=lambda other: mine.sop_instance_uid in other.plan_uids,
        mine=mine,
        what="RT Dose",
        option="--dose",
        asked=asked,
        left_out=left_out,
    )
    structures = asked.structures or _belonging(
        [read_identity(file.path) for file in _of(series, "RTSTRUCT")],
        [file.path for file in _of(series, "RTSTRUCT")],
        quotes=lambda other: other.sop_instance_uid in mine.structure_set_uids,
        mine=mine,
        what="RT Structure Set",
        option="--structures",
        asked=asked,
        left_out=left_out,
    )
    images = _images(series, asked, mine, structures)
    found += [
        each.name for each in (dose, structures) if each is not None and each not in {asked.dose, asked.structures}
    ]
    return CaseFiles(
        plan=plan,
        dose=dose,
        structures=structures,
        images=images,
        images_given=asked.images is not None,
        found=tuple(found),
        left_out=tuple(left_out),
    )


def _physical(doses: list[tuple[ObjectIdentity, Path]]) -> list[tuple[ObjectIdentity, Path]]:
    """Return the physical doses where there are any: one weighted for biological effect is not what a plan states."""
    return [each for each in doses if not each[0].is_effective] or doses


def _belonging(
    identities: list[ObjectIdentity],
    paths: list[Path],
    *,
    quotes: Callable[[ObjectIdentity], bool],
    mine: ObjectIdentity,
    what: str,
    option: str,
    asked: Asked,
    left_out: list[Message],
) -> Path | None:
    """Return the one object that belongs to the plan: one that is quoted, else the only one of patient and frame."""
    pairs = [pair for pair in zip(identities, paths, strict=True) if pair[0].patient_id == mine.patient_id]
    of_patient = [pair for pair in pairs if _shares_frame(pair[0], mine)]
    if not of_patient:
        left_out.extend(_foreign(identity, what=what, option=option) for identity, _ in pairs)
    quoted = [pair for pair in of_patient if quotes(pair[0])]
    chosen = quoted or of_patient
    if not chosen:
        return None
    names = [path.name for _, path in chosen]
    error = ChoiceNeeded(
        "cli.several-objects",
        "{n} objects of the kind {what} may belong to {plan}; say which with {option}: {choices}",
        n=len(chosen),
        what=what,
        plan=mine.file,
        option=option,
        choices=", ".join(names),
    )
    return chosen[_choice(error, asked, names)][1]


def _foreign(identity: ObjectIdentity, *, what: str, option: str) -> Message:
    return say(
        "cli.other-frame",
        "{what} {file} was left out: it lies in another frame of reference than the plan, so that their positions "
        "cannot be compared; if it is meant, export both anew from one system, or give it with {option} to see why not",
        what=what,
        file=identity.file,
        option=option,
    )


def _shares_frame(one: ObjectIdentity, other: ObjectIdentity) -> bool:
    return not one.frame_uids or not other.frame_uids or bool(set(one.frame_uids) & set(other.frame_uids))


def _images(
    series: tuple[SurveyedSeries, ...], asked: Asked, mine: ObjectIdentity, structures: Path | None
) -> tuple[Path, ...]:
    """Return the slices the structures were drawn on, or of the plan's frame; none where that is not one series."""
    if asked.images is not None:
        return (asked.images,)
    scans = [each for each in series if each.modality in {"CT", "MR"} and not each.is_localizer]
    quoted = read_identity(structures).series_uids if structures is not None else mine.series_uids
    chosen = [each for each in scans if each.series_uid in quoted] or [
        each for each in scans if set(each.frame_uids) & set(mine.frame_uids)
    ]
    return chosen[0].paths if len(chosen) == 1 else ()
