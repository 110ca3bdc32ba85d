"""What every applicator of the catalogue must satisfy: ours, and those a package adds by entry point."""

import tomllib
from importlib import resources

import numpy as np
import pytest

from trocar.catalogue.applicators import ApplicatorModel, Shape, applicator_keys, load_applicator
from trocar.catalogue.tissues import load_tissue
from trocar.catalogue.zones import Reading
from trocar.heat.antenna_field import AntennaLattice
from trocar.heat.sources.microwave import Band

APPLICATORS = [pytest.param(load_applicator(key), id=key) for key in applicator_keys()]
AN_ELLIPSOID_WITHIN = 0.35
"""Published volumes against the ellipsoid of their diameters: means of products are not products of means."""


@pytest.mark.parametrize("model", APPLICATORS)
class TestEveryApplicator:
    def test_stands_in_the_folder_of_its_energy(self, model: ApplicatorModel) -> None:
        assert model.key.split("/")[0] == model.energy.value

    def test_has_a_needle_of_believable_size(self, model: ApplicatorModel) -> None:
        assert model.diameter_mm is None or 0.8 < model.diameter_mm < 6.0
        assert model.active_length_mm is None or 5.0 <= model.active_length_mm <= 60.0
        assert model.frequency_mhz is None or 0.3 < model.frequency_mhz < 6000.0

    def test_counts_the_elements_its_shape_asks_for(self, model: ApplicatorModel) -> None:
        assert (model.elements > 1) == (model.shape is not Shape.SINGLE)

    def test_has_zones_longer_than_wide_and_of_believable_size(self, model: ApplicatorModel) -> None:
        for row in model.zones:
            assert row.short_mm is None or 5.0 < row.short_mm < 110.0
            if row.long_mm is not None and row.short_mm is not None:
                assert row.short_mm <= row.long_mm < 120.0

    def test_has_volumes_that_its_diameters_bear_out(self, model: ApplicatorModel) -> None:
        for row in model.zones:
            if row.has_both_diameters and row.volume_ml is not None:
                assert row.ellipsoid_ml == pytest.approx(row.volume_ml, rel=AN_ELLIPSOID_WITHIN)

    def test_grows_with_time_at_one_power_and_kind_of_evidence(self, model: ApplicatorModel) -> None:
        groups: dict[object, list[tuple[float, float]]] = {}
        for row in model.zones:
            if row.short_mm is not None and row.duration_s is not None and row.energy_kj is None:
                key = (row.power_w, row.tissue, row.evidence, row.applicators)
                groups.setdefault(key, []).append((row.duration_s, row.short_mm))
        for pairs in groups.values():
            assert (np.diff([short for _, short in sorted(pairs)]) >= 0).all()

    def test_cites_every_row(self, model: ApplicatorModel) -> None:
        assert all(row.source in model.citations for row in model.zones)
        assert all(citation for citation in model.citations.values())
        assert model.geometry_source

    def test_has_a_field_that_gives_what_it_gets_if_its_parts_are_known(self, model: ApplicatorModel) -> None:
        if model.antenna is None:
            return
        band = Band.MHZ_915 if (model.frequency_mhz or 0.0) < 1500.0 else Band.MHZ_2450
        answer = AntennaLattice(model.antenna, load_tissue("liver"), band, fall=None, finer=0.7).answer()
        assert answer.reflected + answer.absorbed + answer.left == pytest.approx(1.0, abs=1e-6)
        assert answer.absorbed > 0.5

    def test_says_so_where_nothing_was_read(self, model: ApplicatorModel) -> None:
        only_remembered = all(row.reading is Reading.REMEMBERED for row in model.zones)
        if only_remembered:
            assert any("remembered" in flag or "no zone table" in flag for flag in model.flags)


@pytest.mark.parametrize("key", applicator_keys())
def test_every_folder_states_where_its_numbers_come_from(key: str) -> None:
    folder = resources.files("trocar.catalogue") / "applicators" / key
    facts = tomllib.loads((folder / "applicator.toml").read_text(encoding="utf-8"))
    assert facts["licence_note"]
    assert all(entry["where"] for entry in facts.get("sources", {}).values())

    def test_says_its_doubts_in_chinese_too(self, model: ApplicatorModel) -> None:
        assert len(model.flags_zh) == len(model.flags)
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in flag) for flag in model.flags_zh)
