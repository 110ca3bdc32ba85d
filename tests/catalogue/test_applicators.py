"""Applicators and their zones: the table as printed, settings between rows, and a hospital's own factor."""

import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from trocar.catalogue.applicators import load_applicator, read_applicator_folder
from trocar.catalogue.calibration import own_factor, read_measured_zones
from trocar.catalogue.zones import Evidence, ZoneTissue, expected_zone
from trocar.errors import CatalogueError


def _lung():
    return load_applicator("microwave/swine_lung_100W").settings(tissue=ZoneTissue.LUNG, evidence=Evidence.IN_VIVO)


def test_the_zone_of_the_two_centimetre_electrode_is_as_printed() -> None:
    (row,) = load_applicator("radiofrequency/IC_20mm").settings(tissue=ZoneTissue.LIVER, evidence=Evidence.IN_VIVO)
    assert (row.long_mm, row.short_mm, row.volume_ml) == (26.2, 20.0, 5.76)


def test_first_and_last_row_of_the_lung_table_are_as_printed() -> None:
    rows = _lung()
    assert [(row.duration_s, row.long_mm, row.short_mm, row.n) for row in rows] == [
        (60.0, 22.0, 14.1, 7),
        (120.0, 27.6, 20.2, 5),
        (180.0, 29.2, 21.2, 5),
    ]


def test_a_tabulated_setting_is_returned_unchanged() -> None:
    zone = expected_zone(_lung(), power_w=100.0, duration_s=120.0)
    assert (zone.long_mm, zone.short_mm, len(zone.rows)) == (27.6, 20.2, 1)


def test_a_time_between_two_rows_lies_between_their_zones() -> None:
    zone = expected_zone(_lung(), power_w=100.0, duration_s=150.0)
    assert zone.long_mm == pytest.approx(28.4)
    assert len(zone.rows) == 2


@pytest.mark.parametrize(("power_w", "duration_s"), [(80.0, 120.0), (100.0, 300.0), (100.0, 30.0), (None, 120.0)])
def test_nothing_is_said_beyond_the_table(power_w: float | None, duration_s: float) -> None:
    with pytest.raises(CatalogueError) as caught:
        expected_zone(_lung(), power_w=power_w, duration_s=duration_s)
    assert caught.value.code == "catalogue.zone-setting-unknown"


def test_a_zone_with_a_spread_shrinks_by_deviations_and_one_without_stays() -> None:
    wet = load_applicator("radiofrequency/ICW_20mm").settings(tissue=ZoneTissue.LIVER, evidence=Evidence.IN_VIVO)
    zone = expected_zone(wet, power_w=None, duration_s=720.0).smaller_by(1.0)
    assert (zone.long_mm, zone.short_mm) == pytest.approx((28.8, 28.9))


def test_an_unknown_applicator_is_named_with_those_there_are() -> None:
    with pytest.raises(CatalogueError, match=r"microwave/PME_2450"):
        load_applicator("microwave/none")


def test_a_folder_without_its_table_says_what_is_missing(tmp_path: Path) -> None:
    folder = resources.files("trocar.catalogue") / "applicators" / "microwave" / "PME_2450"
    shutil.copy(str(folder / "applicator.toml"), tmp_path / "applicator.toml")
    with pytest.raises(CatalogueError, match=r"zones\.csv"):
        read_applicator_folder(tmp_path, key="microwave/PME_2450")


def _csv(zones: list[tuple[float, float, float]]) -> list[str]:
    return ["power_w,duration_s,long_mm,short_mm", *(f"100,{t},{long},{short}" for t, long, short in zones)]


def test_a_hospitals_own_factor_recovers_what_its_zones_were_made_with() -> None:
    rng = np.random.default_rng(7)
    zones = []
    for _ in range(200):
        row = _lung()[rng.integers(3)]
        scale = np.exp(rng.normal(np.log([1.2, 0.9]), 0.1))
        zones.append((row.duration_s, row.long_mm * scale[0], row.short_mm * scale[1]))
    factor = own_factor(_lung(), read_measured_zones(_csv(zones)))
    three_standard_errors = 3 * 0.1 / np.sqrt(200)
    assert np.log(factor.long) == pytest.approx(np.log(1.2), abs=three_standard_errors)
    assert np.log(factor.short) == pytest.approx(np.log(0.9), abs=three_standard_errors)
    assert factor.short_spread == pytest.approx(0.1, abs=0.02)
    zone = factor.applied_to(expected_zone(_lung(), power_w=100.0, duration_s=60.0))
    assert zone.short_mm == pytest.approx(factor.short * 14.1)
    assert zone.short_sd_mm == pytest.approx(factor.short_spread * zone.short_mm)


def test_the_interval_of_the_factor_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(300):
        scales = np.exp(rng.normal(np.log(1.1), 0.12, 5))
        factor = own_factor(_lung(), read_measured_zones(_csv([(60, 22.0 * s, 14.1 * s) for s in scales])))
        covered += factor.long_interval[0] < 1.1 < factor.long_interval[1]
    assert 0.91 < covered / 300 < 0.985  # 0.95 ± 3 standard errors


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["power_w,duration_s,long_mm"], "catalogue.own-zones-columns"),
        (["power_w,duration_s,long_mm,short_mm", "100,60,-3,14"], "catalogue.own-zones-row"),
        (["power_w,duration_s,long_mm,short_mm", "100,60,,14"], "catalogue.own-zones-row"),
        (["power_w,duration_s,long_mm,short_mm", "100,60,x,14"], "catalogue.own-zones-row"),
    ],
)
def test_a_faulty_table_of_own_zones_is_refused(lines: list[str], code: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read_measured_zones(lines)
    assert caught.value.code == code


def test_two_zones_are_too_few_for_a_factor() -> None:
    with pytest.raises(CatalogueError) as caught:
        own_factor(_lung(), read_measured_zones(_csv([(60, 22, 14), (60, 23, 14)])))
    assert caught.value.code == "catalogue.own-zones-few"
