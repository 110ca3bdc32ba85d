"""`trocar demo --case FOLDER`: the user's own folder, as far as what is in it allows."""

from datetime import datetime
from pathlib import Path

from trocar.cli.as_json import SCHEMA
from trocar.cli.case_files import Asked, find_case, series_of_patient
from trocar.cli.check import tell
from trocar.cli.console import Follower, Speaker
from trocar.cli.demo_cases import Demonstration, checked_and_reported, make_case, second_look, target_of
from trocar.cli.exits import Exit, exit_of_findings
from trocar.cli.folders import whole_folder
from trocar.cli.loading import Told, load_case
from trocar.cli.own_plan import PLANNED_BY_EXAMPLE, lattice_instead, plan_by_example
from trocar.dicom.folder import SurveyedSeries, survey
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.errors import ChoiceNeeded, ImagingError, OptimiseError, UsageError
from trocar.report.document import say
from trocar.results.findings import Finding

SURVEYING = say("cli.stage-surveying", "looking at the files")
READING = say("cli.stage-reading", "reading the files")
OWN = Demonstration(dose_gy=120.0, direction_lps=(0.0, 1.0, 0.0))
"""Where no needle reaches the target: a dose and a direction to show something with."""


def run_own_case(
    place: Path,
    out: Path,
    *,
    asked: Asked,
    told: Told,
    target: str | None,
    speaker: Speaker,
    at: datetime,
) -> Exit:
    """Do with a folder what its content allows, say it, and return the exit code.

    A plan is checked; structures on images without a plan are planned by example values, or where no needle reaches the
    target get a plain lattice of seeds; images alone are described.

    Raises
    ------
    ChoiceNeeded
        The folder holds several of what one is needed of, and nobody can be asked.
    """
    with speaker.following() as follow:
        follow(SURVEYING, 0.0)
        series = series_of_patient(survey(place), asked) if place.is_dir() else ()
        follow(SURVEYING, 1.0)
        if place.is_file() or _files(series, "RTPLAN"):
            return _checked(place, out, asked=asked, told=told, target=target, speaker=speaker, at=at, follow=follow)
        if _files(series, "RTSTRUCT"):
            return _planned(series, out, target=target, speaker=speaker, at=at, follow=follow)
    return _described(series, speaker)


def _files(series: tuple[SurveyedSeries, ...], modality: str) -> list[Path]:
    return [path for each in series if each.modality == modality for path in each.paths]


def _checked(
    place: Path,
    out: Path,
    *,
    asked: Asked,
    told: Told,
    target: str | None,
    speaker: Speaker,
    at: datetime,
    follow: Follower,
) -> Exit:
    follow(READING, 0.0)
    case = load_case(find_case(place, asked), told)
    follow(READING, 1.0)
    with whole_folder(out, replace=True) as building:
        checked = checked_and_reported(case, building, at=at, language=speaker.language, follow=follow, target=target)
    tell(case, checked.check, speaker, folder=out)
    return exit_of_findings((*case.findings, *checked.check.findings))


def _planned(
    series: tuple[SurveyedSeries, ...],
    out: Path,
    *,
    target: str | None,
    speaker: Speaker,
    at: datetime,
    follow: Follower,
) -> Exit:
    drawn = _files(series, "RTSTRUCT")
    if len(drawn) > 1:
        raise ChoiceNeeded(
            "cli.several-structure-sets",
            "{n} structure sets are here: {choices}; leave only the one that is meant in the folder",
            n=len(drawn),
            choices=", ".join(path.name for path in drawn),
        )
    frames = {uid for each in series if each.modality == "RTSTRUCT" for uid in each.frame_uids}
    scans = [each for each in series if each.modality in {"CT", "MR"} and set(each.frame_uids) & frames]
    if len(scans) != 1:
        raise ChoiceNeeded(
            "cli.which-images",
            "the structures of {file} belong to {n} image series here; exactly one is needed: {choices}",
            file=drawn[0].name,
            n=len(scans),
            choices=", ".join(each.series_uid for each in scans) or "-",
        )
    image = read_image(scans[0].paths).value
    structures = read_structures(drawn[0], image=image).value
    wanted = target_of(structures, target)
    findings: tuple[Finding, ...] = ()
    with whole_folder(out, replace=True) as building:
        try:
            findings = plan_by_example(building, image, structures, wanted, at=at, follow=follow)
            remark = PLANNED_BY_EXAMPLE
        except (OptimiseError, ImagingError) as problem:
            make_case(building, image, structures, target=wanted.name, demonstration=OWN, at=at, follow=follow)
            remark = lattice_instead(problem.message)
        case, checked = second_look(building, at=at, language=speaker.language, follow=follow)
    speaker.remark(remark)
    tell(case, checked.check, speaker, folder=out)
    return exit_of_findings((*case.findings, *findings, *checked.check.findings))


def _described(series: tuple[SurveyedSeries, ...], speaker: Speaker) -> Exit:
    scans = [each for each in series if each.modality in {"CT", "MR"}]
    if not scans:
        raise UsageError("cli.nothing-to-do", "the folder holds neither a plan nor structures nor images of CT or MR")
    listed = "; ".join(f"{each.modality} {each.description} ({each.frames})" for each in scans)
    speaker.give({"schema": SCHEMA, "command": "demo", "images": [each.series_uid for each in scans]})
    speaker.say(
        say(
            "cli.images-only",
            "the folder holds images only: {listed}. Without structures or a plan there is nothing to compute: add an "
            "RT Structure Set with a target, or an RT Plan",
            listed=listed,
        )
    )
    return Exit.DONE
