"""What the demonstration asks for where a user's folder holds images and structures and no plan."""

from dataclasses import replace
from datetime import datetime

from access_scenes import drawn
from planning_requests import picture, structures
from trocar.cli.own_plan import MARGIN_MM, example_request, lattice_instead, obstacles_about
from trocar.messages import Language, Message
from trocar.phantom.solids import Ellipsoid
from trocar.plan.structures import StructureSet

AT = datetime(2026, 3, 1, 8, 0)


def with_organ() -> StructureSet:
    """Return mass, cord and bar, the organ about the mass, the body, and a second outline of the mass."""
    usual = structures()
    organ = drawn("Liver", Ellipsoid((0.0, -30.0, 0.0), (40.0, 25.0, 40.0)), number=11)
    body = replace(
        drawn("BODY", Ellipsoid((0.0, 0.0, 0.0), (100.0, 70.0, 70.0)), number=12), interpreted_type="EXTERNAL"
    )
    margin = drawn("PTV", Ellipsoid((0.0, -30.0, 0.0), (18.0, 15.0, 16.0)), number=13)
    return replace(usual, structures=(*usual.structures, organ, body, margin))


def test_what_holds_the_target_or_the_body_is_no_obstacle() -> None:
    found = obstacles_about(with_organ(), with_organ().named("mass"))
    assert {each.name for each in found} == {"cord", "bar"}


def test_the_request_keeps_off_every_other_structure_and_binds_what_it_knows_by_name() -> None:
    request = example_request(picture(), with_organ(), with_organ().named("mass"), at=AT)
    margins = {each.name: each.margin_mm for each in request.needles.rules.obstacles}
    assert margins["cord"] == margins["bar"] == MARGIN_MM
    assert len(margins) == 3  # and bone found on the CT
    assert {goal.structure for goal in request.goals} == {"mass", "cord"}
    assert request.implant_at > AT


def test_where_no_plan_can_be_made_the_reason_is_told_in_both_languages() -> None:
    told = lattice_instead(Message(code="optimise.no-body", template="the body is empty"))
    assert "the body is empty" in told.text()
    assert "规则几何排列" in told.text(Language.CHINESE)
