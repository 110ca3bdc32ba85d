"""What an antenna is built of: as transcribed, and what cannot be built."""

import math

import pytest

from trocar.catalogue.antenna_design import AntennaDesign, AntennaPart, antenna_design
from trocar.catalogue.applicators import antenna_keys, load_applicator
from trocar.catalogue.zones import Reading

FACTS = {
    "line_inner_mm": 0.135,
    "line_outer_mm": 0.47,
    "line_permittivity": 2.03,
    "source": "made up",
    "reading": "REMEMBERED",
    "parts": [
        {"name": "metal", "material": "metal", "r_mm": [0.0, 0.6], "behind_tip_mm": [0.5]},
        {"name": "filling", "material": 2.03, "r_mm": [0.135, 0.47], "behind_tip_mm": [1.0]},
        {"name": "slot", "material": 1.0, "r_mm": [0.47, 0.6], "behind_tip_mm": [6.0, 7.0]},
    ],
}


def design(key: str) -> AntennaDesign:
    found = load_applicator(key).antenna
    assert found is not None
    return found


def test_the_slot_antenna_is_as_transcribed() -> None:
    slot = design("microwave/coaxial_slot")
    assert (slot.line_inner_mm, slot.line_outer_mm, slot.line_permittivity) == (0.135, 0.470, 2.03)
    assert slot.radii_mm == (0.0, 0.135, 0.470, 0.595, 0.895)
    assert slot.parts[-1] == AntennaPart(
        name="ring slot", permittivity=1.0, inner_mm=0.470, outer_mm=0.595, from_mm=6.0, to_mm=7.0
    )
    assert slot.reading is Reading.PUBLIC_MODEL


def test_the_choke_is_a_closed_sleeve_of_22_mm() -> None:
    sleeve = next(part for part in design("microwave/choked_monopole").parts if part.name == "sleeve")
    needle = design("microwave/choked_monopole").parts[0]
    assert sleeve.to_mm - needle.from_mm == pytest.approx(22.0)
    assert needle.to_mm == math.inf


@pytest.mark.parametrize(
    ("key", "emitting_mm"),
    [("microwave/coaxial_slot", 7.0), ("microwave/choked_monopole", 23.0), ("microwave/coaxial_monopole", 13.0)],
)
def test_the_emitting_part_ends_where_the_shaft_has_its_thickness(key: str, emitting_mm: float) -> None:
    assert design(key).emitting_mm == emitting_mm


@pytest.mark.parametrize("key", antenna_keys())
def test_an_antenna_of_the_catalogue_is_as_thick_as_its_needle(key: str) -> None:
    assert 2 * design(key).outer_mm == pytest.approx(load_applicator(key).diameter_mm)
    assert load_applicator(key).active_length_mm == pytest.approx(design(key).emitting_mm)


@pytest.mark.parametrize(
    "change",
    [
        {"line_outer_mm": 0.5},
        {"parts": []},
        {"parts": [{**FACTS["parts"][0], "r_mm": [0.6, 0.0]}, *FACTS["parts"][1:]]},  # type: ignore[index]
        {"parts": [{**FACTS["parts"][0], "behind_tip_mm": [3.0, 2.0]}, *FACTS["parts"][1:]]},  # type: ignore[index]
        {"parts": [{**FACTS["parts"][0], "material": 0.5}, *FACTS["parts"][1:]]},  # type: ignore[index]
        {"parts": [{**FACTS["parts"][0], "material": "wood"}, *FACTS["parts"][1:]]},  # type: ignore[index]
    ],
)
def test_what_cannot_be_built_is_refused(change: dict[str, object]) -> None:
    assert antenna_design(FACTS).outer_mm == 0.6
    with pytest.raises(ValueError, match=r"line|part|wood"):
        antenna_design(FACTS | change)
