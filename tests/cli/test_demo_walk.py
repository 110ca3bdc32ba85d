"""The demonstration: its requests fit its phantoms, and its walk ends with papers and a check."""

import json
import tomllib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from trocar.cli.console import Speaker
from trocar.cli.demo_walk import STEPS, Walk, copied_request, gone_through
from trocar.cli.folders import MARK
from trocar.cli.plan_request import guide_design, implant_request
from trocar.cli.request_section import read_request
from trocar.messages import Language
from trocar.phantom.acquisition import Acquisition
from trocar.phantom.case import Site, build_phantom
from trocar.workflow.implant import plan_implant

AT = datetime(2031, 7, 1, 8, 0)


@pytest.mark.parametrize("site", list(Site))
def test_the_request_of_each_site_fits_its_phantom(site: Site, tmp_path: Path) -> None:
    path = copied_request(site.name.lower(), tmp_path, implant_at=AT)
    case = build_phantom(site, seed=1, matrix=96, slice_mm=5.0, acquisition=Acquisition(samples_per_slice=1))
    section = read_request(path)
    design = section.may_table("guide")
    request = implant_request(section, case.image, case.structures)
    section.done()
    assert (design is None) == (request.needles.template is not None)
    if design is not None:
        guide_design(design)
    assert request.implant_at.date() == AT.date()
    assert all(lot.strength.reference_at < request.implant_at for lot in request.stock)
    assert request.robustness is not None
    assert request.biology is not None


def test_dates_of_the_demonstration_never_grow_old(tmp_path: Path) -> None:
    early = tomllib.loads(copied_request("prostate", tmp_path, implant_at=datetime(2026, 1, 31)).read_text("utf-8"))
    assert early["implant_at"] == datetime(2026, 1, 31, 9, 30)
    assert str(early["stock"][0]["reference_at"]) == "2026-01-21"


def test_every_step_of_the_walk_says_what_it_does() -> None:
    assert all(step.__doc__ for step in STEPS)


@pytest.mark.slow
def test_a_case_goes_through_all_steps(tmp_path: Path) -> None:
    speaker = Speaker(language=Language.ENGLISH, as_json=True)
    with speaker.following() as follow:
        walk = Walk(site=Site.PROSTATE, folder=tmp_path, seed=1, at=AT, speaker=speaker, follow=follow)
        gone_through(walk)
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"images", "RTPLAN.dcm", "RTDOSE.dcm", "plan_en.pdf", "loading_zh.pdf", "template_en.pdf", "check"}
    assert walk.proposed is not None
    assert all(goal.is_met for goal in walk.proposed.achievements)
    assert walk.proposed.robustness is not None
    assert not any(finding.severity.value == "action" for finding in walk.findings)
    beside = tmp_path.with_name(f"{tmp_path.name}-implanted")
    month = json.loads((beside / "verified-30" / MARK).read_text("utf-8"))
    assert month["earlier"]["days"] == pytest.approx([1.0, 30.0], abs=0.1)
    low, high = month["earlier"]["volume_ratio_interval"]
    assert low < 0.96**3 < high, "the cloud of seeds drew together by as much as was made up"


@pytest.mark.slow
def test_planning_for_needle_errors_makes_the_prescription_more_likely(tmp_path: Path) -> None:
    text = copied_request("prostate", tmp_path, implant_at=AT).read_text("utf-8")
    case = build_phantom(Site.PROSTATE, seed=1, acquired_at=AT)
    chances = []
    for scenarios in (0, 6):
        path = tmp_path / f"{scenarios}.toml"
        path.write_text(text.replace("versions = 400", f"versions = 400\nplanned_for = {scenarios}"), "utf-8")
        request = implant_request(read_request(path), case.image, case.structures)
        proposed = plan_implant(request, rng=np.random.default_rng(1))
        assert proposed.robustness is not None
        chances.append(proposed.robustness.covered)
    assert chances[1].value - chances[0].value > 3.0 * (chances[0].standard_error + chances[1].standard_error)
