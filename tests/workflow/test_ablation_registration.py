"""The scan after an ablation is laid over the one before by the organ, and what it does not tell is said."""

from collections.abc import Callable

import numpy as np
import pytest

from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.structures import Structure
from trocar.results.findings import Severity
from trocar.results.registration import Motion
from trocar.workflow.ablation_registration import LaidAfter, lay_after

CENTRE = np.array([30.0, -5.0, 0.0])
VESSELS = ((0.0, 22.0, 10.0, 6.0), (5.0, -28.0, -20.0, 5.0), (55.0, 15.0, 18.0, 6.0), (50.0, -25.0, -22.0, 5.0))
WITHIN_MM = 1.5

Move = Callable[[np.ndarray], np.ndarray]


def _scan(moved: Move, *, even: bool, frame: str, seed: int, slices: int = 45) -> Image:
    """Return a body with an organ and vessels; ``moved`` tells where what is at a point lay before."""
    grid = Grid.axial(origin_lps_mm=(-117.0, -102.0, -66.0), spacing_ijk_mm=(3.0, 3.0, 3.0), shape_kji=(slices, 69, 79))
    body, organ = grid.centres_lps_mm(), moved(grid.centres_lps_mm())
    values = np.full(grid.shape_kji, -1000.0)
    waist = 1.0 if even else 1.0 + 0.12 * np.sin(body[..., 2] / 25.0)
    values[(body[..., 0] / (105 * waist)) ** 2 + (body[..., 1] / (90 * waist)) ** 2 < 1] = 50.0
    if not even:
        values[np.linalg.norm(body[..., :2] - [0.0, 70.0], axis=-1) < 12.0] = 400.0
        values[((organ - [20.0, 0, 0]) ** 2 / np.array([60.0, 55, 50]) ** 2).sum(-1) < 1] = 110.0
        for x, y, z, radius in VESSELS:
            values[np.linalg.norm(organ - [x, y, z], axis=-1) < radius] = 180.0
    values += np.random.default_rng(seed).normal(0.0, 8.0, values.shape)
    uids = tuple(f"2.25.{seed}.{n}" for n in range(grid.shape_kji[0]))
    reference = ImageReference(
        study_uid=f"2.25.{seed}",
        series_uid=f"2.25.{seed}.1",
        frame_uid=frame,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=uids,
        modality="CT",
    )
    volume = Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=frame)
    patient = Patient(identifier="A", name="Demo Patient A")
    return Image(volume=volume, patient=patient, reference=reference, acquired_at=None)


def _ball(name: str, centre: np.ndarray, semi: tuple[float, float, float]) -> Structure:
    turn = np.linspace(0, 2 * np.pi, 41)[:-1]
    contours = []
    for z in np.arange(-63.0, 64.0, 3.0):
        share = 1 - ((z - centre[2]) / semi[2]) ** 2
        if share > 0.01:
            x = centre[0] + semi[0] * np.sqrt(share) * np.cos(turn)
            y = centre[1] + semi[1] * np.sqrt(share) * np.sin(turn)
            points = np.stack([x, y, np.full(40, z)], axis=1)
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return Structure(number=1, name=name, contours=tuple(contours))


def _laid(moved: Move, *, even: bool = False, same_frame: bool = False, slices: int = 45) -> LaidAfter:
    before = _scan(lambda points: points, even=even, frame="1.1", seed=1, slices=slices)
    after = _scan(moved, even=even, frame="1.1" if same_frame else "1.2", seed=2, slices=slices)
    return lay_after(
        before,
        after,
        lesion=_ball("lesion", CENTRE, (7, 7, 7)),
        organ=_ball("liver", np.array([20.0, 0, 0]), (60, 55, 50)),
        organ_kind="liver",
        motion=Motion.RIGID,
    )


def _error_mm(laid: LaidAfter, moved: tuple[float, float, float]) -> float:
    return float(np.linalg.norm(laid.registration.to_moving(CENTRE[None])[0] - CENTRE - moved))


@pytest.mark.parametrize("same_frame", [False, True])
def test_an_organ_that_breathes_is_followed_though_the_body_lies_still(same_frame: bool) -> None:
    breath = (0.0, 3.0, -11.0)
    laid = _laid(lambda points: points - np.array(breath), same_frame=same_frame)
    assert _error_mm(laid, breath) < WITHIN_MM
    assert [each.message.code for each in laid.findings] == ["ablation.registration-near"]


def test_where_a_scan_ends_is_not_taken_for_an_edge_of_the_body() -> None:
    """The scans end 27 mm above the tumour, in both at the same height; the organ moved nevertheless."""
    breath = (0.0, 3.0, -11.0)
    laid = _laid(lambda points: points - np.array(breath), same_frame=True, slices=32)
    assert _error_mm(laid, breath) < WITHIN_MM


def test_scans_too_even_to_tell_their_place_are_said_to_be_so() -> None:
    laid = _laid(lambda points: points, even=True)
    told = next(each for each in laid.findings if each.message.code == "ablation.registration-even")
    assert told.severity is Severity.ACTION
    assert "feet to head" in told.message.text()


def test_an_organ_that_would_have_moved_farther_than_breath_moves_it_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trocar.workflow.ablation_registration.FARTHEST_MM", 5.0)
    laid = _laid(lambda points: points - np.array([0.0, 3.0, -11.0]))
    assert "ablation.registration-too-far" in [each.message.code for each in laid.findings]


def test_a_scan_in_the_same_place_stays_there() -> None:
    laid = _laid(lambda points: points, same_frame=True)
    assert _error_mm(laid, (0.0, 0.0, 0.0)) < WITHIN_MM


@pytest.mark.slow
def test_a_deformation_is_laid_on_top_on_request() -> None:
    """The organ's middle moves by breath, its border less: the rigid motion errs, the deformation follows."""
    before = _scan(lambda points: points, even=False, frame="1.1", seed=1)

    def pushed(points: np.ndarray) -> np.ndarray:
        share = np.exp(-0.5 * (np.linalg.norm(points - CENTRE, axis=-1) / 50.0) ** 2)
        return np.asarray(points - share[..., None] * np.array([0.0, 3.0, -9.0]))

    after = _scan(pushed, even=False, frame="1.1", seed=2)
    laid = lay_after(
        before,
        after,
        lesion=_ball("lesion", CENTRE, (7, 7, 7)),
        organ=_ball("liver", np.array([20.0, 0, 0]), (60, 55, 50)),
        organ_kind="liver",
        motion=Motion.DEFORMABLE,
    )
    assert laid.registration.displacement is not None
    assert 0.3 < laid.registration.least_jacobian < 1.0
