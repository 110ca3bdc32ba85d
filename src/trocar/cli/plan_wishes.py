"""The parts of a request file that ask what a plan is worth: robustness and biology."""

from pathlib import Path
from typing import Any

from trocar.catalogue.placement import PlacementErrors, Spread, load_placement, read_placement
from trocar.catalogue.radiobiology import Radiobiology, load_radiobiology, read_radiobiology
from trocar.cli.request_section import Section, a_number, a_table, a_text, a_whole
from trocar.errors import UsageError
from trocar.evaluate.biology import ExternalBeam
from trocar.evaluate.scenarios import Mishaps, Oedema, SeedErrors
from trocar.plan.structures import StructureSet
from trocar.workflow.implant_request import BiologyWish, RobustnessWish


def robustness_wish(section: Section) -> RobustnessWish:
    """Return what ``[robustness]`` asks for.

    Raises
    ------
    UsageError
        Something is missing or means nothing.
    CatalogueError
        No such placement errors.
    """
    own = _own_file(section)
    key = section.may("needles", a_text)
    seeds, oedema = section.may_table("seeds"), section.may_table("oedema")
    wish = RobustnessWish(
        mishaps=Mishaps(
            needles=None if key is None else load_placement(key, own=_own_placement(own)),
            seeds=None if seeds is None else _seed_errors(seeds),
            oedema=None if oedema is None else _oedema(oedema),
        ),
        versions=section.take("versions", a_whole),
        planned_for=section.may("planned_for", a_whole) or 0,
    )
    section.done()
    return wish


def _own_placement(text: tuple[str, str] | None) -> dict[str, PlacementErrors]:
    return {} if text is None else read_placement(text[0], name=text[1])


def _seed_errors(section: Section) -> SeedErrors:
    names = ("slide_sd_mm", "across_sd_mm", "drop_probability", "drop_mean_mm", "loss_probability")
    errors = SeedErrors(**{name: section.may(name, a_number) or 0.0 for name in names})
    section.done()
    return errors


def _oedema(section: Section) -> Oedema:
    oedema = Oedema(
        volume_increase=section.take("volume_increase", _spread), half_life_d=section.take("half_life_d", a_number)
    )
    section.done()
    return oedema


def _spread(value: Any) -> Spread:
    return Spread(**{name: a_number(number) for name, number in a_table(value).items()})


def biology_wish(section: Section, structures: StructureSet) -> BiologyWish:
    """Return what ``[biology]`` asks for.

    Raises
    ------
    UsageError
        Something is missing or means nothing.
    CatalogueError
        No such tissue.
    """
    own = _own_file(section)
    known: dict[str, Radiobiology] = {} if own is None else read_radiobiology(own[0], name=own[1])
    tissues = {
        structures.named(name).name: load_radiobiology(key, own=known)
        for name, key in section.table("tissues").rest(a_text).items()
    }
    beams = section.may_table("external_beam")
    courses = {} if beams is None else {name: _course(beams.table(name)) for name in beams.keys_left()}
    section.done()
    return BiologyWish(tissues=tissues, external={structures.named(name).name: each for name, each in courses.items()})


def _course(section: Section) -> ExternalBeam:
    course = ExternalBeam(
        fractions=section.take("fractions", a_whole),
        dose_per_fraction_gy=section.take("dose_per_fraction_gy", a_number),
        overall_d=section.take("overall_d", a_number),
        implant_after_d=section.take("implant_after_d", a_number),
    )
    section.done()
    return course


def _own_file(section: Section) -> tuple[str, str] | None:
    """Return text and name of the file that holds a department's own numbers, beside the request."""
    name = section.may("file", a_text)
    if name is None:
        return None
    path = (section.folder or Path()) / name
    try:
        return path.read_text(encoding="utf-8"), path.name
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            "cli.own-numbers-unreadable",
            "the file {file} named in [{section}] of the request cannot be read ({reason}); "
            "write its path as seen from the request",
            file=name,
            section=section.name,
            reason=str(problem),
        ) from problem
