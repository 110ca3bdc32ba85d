"""Which catalogue model a source of a plan is: found by name, asked for where the name does not tell."""

from dataclasses import replace

import pytest

from strategies import foreign_rt as foreign
from trocar.catalogue.sources import load_source
from trocar.dicom import source_models
from trocar.dicom.attributes import Attributes
from trocar.dicom.deviations import Deviations
from trocar.dicom.source_models import choose_source
from trocar.errors import CatalogueError, ChoiceNeeded, RefusedObject

NAMELESS = {"SourceModelID": None, "SourceManufacturer": ""}


def chosen(asked: str | None = None, **changed: object) -> tuple[str, list[str]]:
    noted = Deviations()
    item = Attributes.of(foreign.source(**changed), where="plan.dcm", noted=noted)
    key = choose_source(item, number=1, asked=asked).key
    return key, [each.message.code for each in noted.found]


@pytest.mark.parametrize(
    ("field", "text", "key"),
    [
        ("SourceModelID", "6711", "I125_6711"),
        ("SourceModelID", "oncoseed-6711", "I125_6711"),
        ("SourceModelID", "LS-1", "I125_LS-1"),
        ("SourceDescription", "I125_STM1251", "I125_STM1251"),
        ("SourceDescription", "RAPID Strand, 10 seeds", "I125_6711"),
        ("SourceDescription", "Advantage I-125 IAI-125A", "I125_IAI-125A"),
        ("SourceIsotopeName", "I-125 (Model 2301)", "I125_2301"),
        ("SourceIsotopeName", "GammaMed Plus HDR source 0.9 mm", "Ir192_GammaMedPlus"),
        ("SourceIsotopeName", "mHDR-v2", "Ir192_mHDR-v2"),
    ],
)
def test_a_name_of_one_model_is_enough(field: str, text: str, key: str) -> None:
    assert chosen(**(NAMELESS | {field: text})) == (key, [])


def test_of_two_data_sets_of_one_model_the_candidate_is_passed_over_and_that_is_named() -> None:
    key, met = chosen(SourceModelID="selectSeed")
    assert (key, met) == ("I125_SelectSeed_130.002", ["rtplan.data-set-chosen"])


def test_of_a_name_within_a_longer_one_the_longer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    plus = load_source("Ir192_GammaMedPlus")
    older = replace(plus, key="Ir192_GammaMed", model="GammaMed", aliases=())
    monkeypatch.setattr(source_models, "_sources", lambda nuclide: [older, plus])
    assert chosen(**(NAMELESS | {"SourceIsotopeName": "GammaMed Plus"})) == ("Ir192_GammaMedPlus", [])
    assert chosen(**(NAMELESS | {"SourceIsotopeName": "GammaMed 12i"})) == ("Ir192_GammaMed", [])


@pytest.mark.parametrize("text", ["", "seed", "67", "167110", "6711 or STM1251"])
def test_a_name_of_none_or_of_several_models_is_asked_about_with_candidates(text: str) -> None:
    with pytest.raises(ChoiceNeeded) as caught:
        chosen(**(NAMELESS | {"SourceDescription": text}))
    assert "I125_6711" in str(caught.value)
    assert "Ir192" not in str(caught.value)


def test_the_candidates_of_the_maker_named_come_first() -> None:
    with pytest.raises(ChoiceNeeded) as caught:
        chosen(**(NAMELESS | {"SourceManufacturer": "Nucletron B.V."}))
    assert str(caught.value).split("source_model: ")[1].startswith("I125_SelectSeed_130.002")


def test_an_unknown_isotope_name_leaves_candidates_of_its_half_life() -> None:
    with pytest.raises(ChoiceNeeded) as caught:
        chosen(**(NAMELESS | {"SourceIsotopeName": "isotope", "SourceIsotopeHalfLife": 73.83}))
    assert "Ir192_mHDR-v2" in str(caught.value)
    assert "I125" not in str(caught.value)


def test_what_the_user_says_decides_and_a_contradiction_is_named() -> None:
    assert chosen("I125_2301") == ("I125_2301", ["rtplan.other-model-asked"])
    assert chosen("I125_2301", **NAMELESS) == ("I125_2301", [])
    assert chosen("I125_6711") == ("I125_6711", [])


@pytest.mark.parametrize("isotope", ["Pd-103", "103Pd", "pd103", "Palladium-103", "钯-103", "Au-198"])
def test_a_model_of_another_nuclide_is_refused(isotope: str) -> None:
    with pytest.raises(RefusedObject) as caught:
        chosen("I125_6711", SourceIsotopeName=isotope)
    assert caught.value.code == "rtplan.nuclide-differs"


@pytest.mark.parametrize("isotope", ["I-125", "125I", "i125", "Iodine-125", "碘125", "I 125 seed"])
def test_a_nuclide_is_recognised_in_its_spellings(isotope: str) -> None:
    assert chosen("I125_6711", SourceIsotopeName=isotope) == ("I125_6711", [])


def test_a_model_the_catalogue_does_not_hold_is_an_error() -> None:
    with pytest.raises(CatalogueError):
        chosen("I125_nothing")
