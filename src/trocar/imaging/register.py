"""Registration of two CT scans of one patient: rigid by default, deformable on request, refused where it is wrong.

SimpleITK does the optimisation; what is ours is the preparation (soft tissue, so that seeds and couch do not pull), the
search for a start along the body, and the doubt: a mirrored or foreign picture must not pass.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk  # noqa: N813
from jaxtyping import Bool, Float

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.results.registration import Displacement, Motion, Registration

sitk.ProcessObject.SetGlobalWarningDisplay(False)  # starts that do not overlap are tried on purpose

WINDOW_HU = (-300.0, 300.0)
"""Values are cut to this window, so that bone, metal and air do not outweigh soft tissue."""

WORKING_SPACING_MM = 4.0
SAMPLED_SHARE = 0.1
RANDOM_SEED = 20_240_101
LEAST_LIKENESS = 0.5
"""Correlation below which two pictures are not taken for one body."""

FINE, COARSE = ((2, 1), (4.0, 0.0)), ((4,), (8.0,))
"""Shrink factors and blurs (mm) of the levels of the descent; yes or no is told from the coarse one."""

NEAR_SPACING_MM, NEAR = 2.0, ((2, 1), (3.0, 0.0))
"""Spacing, and levels of the descent, where a part of the scans is registered."""

NEAR_BEYOND_MM, NEAR_STARTS_MM = 25.0, (0.0, -12.0, 12.0)
"""How far a part may move from where the whole puts it, and where its descent starts along the body: organs breathe."""

SHIFT_MM = 4.0
"""Shift by which it is asked whether two scans tell their place."""

LEAST_OVERLAP, COUNTED = 0.5, 12
"""Motions by which the smaller picture is shown less than this are the last choice; points an axis to tell it."""

STARTS_MM = (0.0, -40.0, 40.0, -80.0, 80.0, -120.0, 120.0)


def register(fixed: Volume, moving: Volume, *, motion: Motion = Motion.RIGID) -> Registration:
    """Return how the moving scan lies to the fixed one.

    Parameters
    ----------
    fixed
        The scan whose frame is kept, HU.
    moving
        The other one, HU.
    motion
        What may move.

    Raises
    ------
    ImagingError
        Not CT, too little in common, a mirrored picture, or a deformation that folds.
    """
    for scan, name in ((fixed, "fixed"), (moving, "moving")):
        if scan.quantity is not Quantity.HOUNSFIELD:
            raise ImagingError(
                "imaging.register-needs-ct",
                "the {name} picture is in {quantity}; scans are registered in HU",
                name=name,
                quantity=scan.quantity.value,
            )
    soft_fixed, soft_moving = _soft(fixed), _soft(moving)
    before = _likeness(soft_fixed, soft_moving, np.eye(4), None)
    matrix = _rigid(_itk(soft_fixed), _itk(soft_moving), levels=FINE)
    displacement, jacobian = None, 1.0
    if motion is Motion.DEFORMABLE:
        displacement, jacobian = _deformation(soft_fixed, soft_moving, matrix, fixed.frame_uid)
    after = _likeness(soft_fixed, soft_moving, matrix, displacement)
    mirrored = _mirrored(soft_moving)
    mirrored_likeness = _likeness(soft_fixed, mirrored, _rigid(_itk(soft_fixed), _itk(mirrored), levels=COARSE), None)
    _require_plausible(after, mirrored_likeness, jacobian)
    return Registration(
        moving_from_fixed=matrix,
        fixed_frame_uid=fixed.frame_uid,
        moving_frame_uid=moving.frame_uid,
        motion=motion,
        likeness_before=before,
        likeness_after=after,
        likeness_mirrored=mirrored_likeness,
        displacement=displacement,
        least_jacobian=jacobian,
    )


def _require_plausible(likeness: float, mirrored: float, jacobian: float) -> None:
    if mirrored > likeness + 0.01:
        raise ImagingError(
            "imaging.register-mirrored",
            "the second scan fits better mirrored left to right (likeness {mirrored:.2f}) than as it is "
            "({likeness:.2f}); "
            "one of the two is the wrong way round: check its orientation, nothing was carried over",
            mirrored=mirrored,
            likeness=likeness,
        )
    if likeness < LEAST_LIKENESS:
        raise ImagingError(
            "imaging.register-unlike",
            "the two scans do not show the same body (likeness {likeness:.2f}, at least {least} is needed); "
            "check that both are of this patient and of the same region, nothing was carried over",
            likeness=likeness,
            least=LEAST_LIKENESS,
        )
    _require_unfolded(jacobian)


def _require_unfolded(jacobian: float) -> None:
    if jacobian <= 0:
        raise ImagingError(
            "imaging.register-folds",
            "the deformation folds the tissue upon itself (volume ratio {jacobian:.2f}); use the rigid registration",
            jacobian=jacobian,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearby:
    """Where two scans are compared near some points.

    Parameters
    ----------
    about_lps_mm
        Points of the fixed scan.
    reach_mm
        How far about them the scans are compared.
    window_hu
        What is told apart: soft tissue, or air from vessels in the lung.
    counts
        Tells which voxels of a grid in the fixed scan count, such as those of an organ; None for all.
    """

    about_lps_mm: Float[np.ndarray, "n 3"]
    reach_mm: float
    window_hu: tuple[float, float] = WINDOW_HU
    counts: Callable[[Grid], np.ndarray] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refined:
    """A registration bettered near some points.

    Parameters
    ----------
    registration
        Rigid; as it was where the surroundings fit no better.
    likeness_before, likeness
        Of both scans there, before and after.
    moved_mm, turned_deg
        How far the points were moved on average, and the angle.
    hold_lps
        By how much the likeness falls when the scan is shifted by `SHIFT_MM` along x, y and z: near 0 the pictures do
        not tell where they belong along that axis.
    """

    registration: Registration
    likeness_before: float
    likeness: float
    moved_mm: float
    turned_deg: float
    hold_lps: tuple[float, float, float]


def refine(registration: Registration, fixed: Volume, moving: Volume, *, where: Nearby) -> Refined:
    """Return a rigid registration bettered on the surroundings of some points, and how well both scans tell it.

    Parameters
    ----------
    registration
        Of the whole scans, rigid.
    fixed, moving
        The scans, HU.
    where
        What is compared.

    Notes
    -----
    Whether the pictures are of one body and the right way round is told from the whole; a small part may look the same
    mirrored. Where the part alone fits no better, the registration stays as it was.
    """
    grid = Grid.around(where.about_lps_mm, margin_mm=where.reach_mm, spacing_mm=NEAR_SPACING_MM)
    places = registration.to_moving(grid.corners_lps_mm)
    beyond = Grid.around(places, margin_mm=NEAR_BEYOND_MM, spacing_mm=NEAR_SPACING_MM)
    near_fixed = _soft_on(fixed, grid, window_hu=where.window_hu)
    near_moving = _soft_on(moving, beyond, window_hu=where.window_hu)
    # where a scan ends there is no edge of the body
    counted = fixed.grid.contains(grid.centres_lps_mm().reshape(-1, 3))
    if where.counts is not None:
        counted &= where.counts(grid).reshape(-1)
    masks = (_itk_mask(grid, counted), _itk_mask(beyond, moving.grid.contains(beyond.centres_lps_mm().reshape(-1, 3))))
    matrix = registration.moving_from_fixed

    def likeness_of(tried: np.ndarray) -> float:
        return _likeness(near_fixed, near_moving, tried, None, counted=counted, shown=moving.grid)

    before = likeness_of(matrix)
    found = [_near_descent(near_fixed, near_moving, _shifted(matrix, (0.0, 0.0, z)), masks) for z in NEAR_STARTS_MM]
    best = max((each for each in found if each is not None), key=likeness_of, default=matrix)
    after = likeness_of(best)
    if after > before:
        matrix = best
    refined = replace(registration, moving_from_fixed=matrix)
    moved = refined.to_moving(where.about_lps_mm) - registration.to_moving(where.about_lps_mm)
    step = np.eye(3) * SHIFT_MM
    hold = [
        max(before, after) - max(likeness_of(_shifted(matrix, tuple(sign * each))) for sign in (-1, 1)) for each in step
    ]
    return Refined(
        registration=refined,
        likeness_before=before,
        likeness=max(before, after),
        moved_mm=float(np.linalg.norm(moved, axis=1).mean()),
        turned_deg=_angle_deg(matrix @ np.linalg.inv(registration.moving_from_fixed)),
        hold_lps=(hold[0], hold[1], hold[2]),
    )


def deformed(registration: Registration, fixed: Volume, moving: Volume) -> Registration:
    """Return a rigid registration with the deformation that is left between two scans, or parts of them.

    Parameters
    ----------
    registration
        Rigid.
    fixed, moving
        The scans, HU.

    Raises
    ------
    ImagingError
        The deformation folds.
    """
    soft = _soft(fixed), _soft(moving)
    matrix = registration.moving_from_fixed
    displacement, jacobian = _deformation(*soft, matrix, fixed.frame_uid)
    after = _likeness(*soft, matrix, displacement)
    _require_unfolded(jacobian)
    return replace(
        registration,
        motion=Motion.DEFORMABLE,
        displacement=displacement,
        least_jacobian=jacobian,
        likeness_after=after,
    )


def _near_descent(
    fixed: Volume, moving: Volume, start: np.ndarray, masks: tuple[sitk.Image, sitk.Image]
) -> Float[np.ndarray, "4 4"] | None:
    """Return the matrix reached from a start; None where the two do not overlap from there."""
    try:
        return _matrix(_descended(_itk(fixed), _itk(moving), _euler(start), levels=NEAR, masks=masks)[0])
    except ImagingError:
        return None


def _itk_mask(grid: Grid, counted: Bool[np.ndarray, " n"]) -> sitk.Image:
    values = counted.reshape(grid.shape_kji).astype(np.uint8)
    return _itk(Volume.owning(grid=grid, values_kji=values, quantity=Quantity.LABEL, frame_uid=""))


def _angle_deg(matrix: Float[np.ndarray, "4 4"]) -> float:
    return float(np.degrees(np.arccos(np.clip(0.5 * (np.trace(matrix[:3, :3]) - 1.0), -1.0, 1.0))))


def _shifted(matrix: Float[np.ndarray, "4 4"], shift_lps_mm: tuple[float, ...]) -> Float[np.ndarray, "4 4"]:
    shifted = np.array(matrix)
    shifted[:3, 3] += shift_lps_mm
    return shifted


def _euler(matrix: Float[np.ndarray, "4 4"]) -> sitk.Euler3DTransform:
    transform = sitk.Euler3DTransform()
    transform.SetMatrix(matrix[:3, :3].ravel().tolist(), 1e-6)
    transform.SetTranslation(matrix[:3, 3].tolist())
    return transform


def _soft(scan: Volume) -> Volume:
    """Return the scan in the window, on an isotropic axial grid of the working spacing."""
    corners = scan.grid.corners_lps_mm
    return _soft_on(scan, Grid.around(corners, margin_mm=-0.5 * WORKING_SPACING_MM, spacing_mm=WORKING_SPACING_MM))


def _soft_on(scan: Volume, grid: Grid, *, window_hu: tuple[float, float] = WINDOW_HU) -> Volume:
    values = np.clip(scan.sample(grid.centres_lps_mm(), outside=-1000.0), *window_hu).astype(np.float32)
    return Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=scan.frame_uid)


def _mirrored(scan: Volume) -> Volume:
    values = np.ascontiguousarray(scan.values_kji[:, :, ::-1])
    return Volume(grid=scan.grid, values_kji=values, quantity=scan.quantity, frame_uid=scan.frame_uid)


def _itk(scan: Volume) -> sitk.Image:
    image = sitk.GetImageFromArray(scan.values_kji)
    image.SetOrigin(tuple(float(x) for x in scan.grid.origin_lps_mm))
    image.SetSpacing(scan.grid.spacing_ijk_mm)
    return image


def _rigid(
    fixed: sitk.Image, moving: sitk.Image, *, levels: tuple[tuple[int, ...], tuple[float, ...]]
) -> Float[np.ndarray, "4 4"]:
    """Return the matrix moving-from-fixed of the best rigid motion, started at several places along the body."""
    centred = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    starts = []
    for along_mm in STARTS_MM:
        start = sitk.Euler3DTransform(centred)
        x, y, z = start.GetTranslation()
        start.SetTranslation((x, y, z + along_mm))
        starts.append(start)
    ranked = sorted(starts, key=lambda start: _value(fixed, moving, start))
    coarse = [_descended(fixed, moving, start, levels=COARSE) for start in ranked[:2]]
    best = min(coarse, key=lambda end: (_overlap(fixed, moving, end[0]) < LEAST_OVERLAP, end[1]))[0]
    if levels is not COARSE:
        best = _descended(fixed, moving, best, levels=levels)[0]
    return _matrix(best)


def _overlap(fixed: sitk.Image, moving: sitk.Image, motion: sitk.Transform) -> float:
    """Return the share of the smaller picture that the other one shows, about.

    A few slices that two pictures share can be more alike than the whole of them where it belongs: likeness alone
    would choose the sliver.
    """
    steps = [np.linspace(0, size - 1, COUNTED) for size in fixed.GetSize()]
    index = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    places = index * np.array(fixed.GetSpacing()) + np.array(fixed.GetOrigin())
    matrix = _matrix(motion)
    there = (places @ matrix[:3, :3].T + matrix[:3, 3] - np.array(moving.GetOrigin())) / np.array(moving.GetSpacing())
    inside = np.all((there >= -0.5) & (there <= np.array(moving.GetSize()) - 0.5), axis=1).mean()
    sizes = [float(np.prod(image.GetSize()) * np.prod(image.GetSpacing())) for image in (fixed, moving)]
    return float(inside) * sizes[0] / min(sizes)


def _descended(
    fixed: sitk.Image,
    moving: sitk.Image,
    start: sitk.Transform,
    *,
    levels: tuple[tuple[int, ...], tuple[float, ...]],
    masks: tuple[sitk.Image, sitk.Image] | None = None,
) -> tuple[sitk.Transform, float]:
    """Return the motion reached from a start, and its misfit; where masks are not 0 the two pictures count."""
    method = _method(levels)
    if masks is not None:
        method.SetMetricFixedMask(masks[0])
        method.SetMetricMovingMask(masks[1])
    method.SetInitialTransform(sitk.Euler3DTransform(start), inPlace=True)
    try:
        end = method.Execute(fixed, moving)
    except RuntimeError as error:
        raise ImagingError(
            "imaging.register-no-overlap",
            "the two scans do not overlap at any of {n} positions along the body; check that they show the same region",
            n=len(STARTS_MM),
        ) from error
    return sitk.Euler3DTransform(end), float(method.GetMetricValue())


def _method(levels: tuple[tuple[int, ...], tuple[float, ...]]) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(SAMPLED_SHARE, RANDOM_SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=1e-3, numberOfIterations=150, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(list(levels[0]))
    method.SetSmoothingSigmasPerLevel(list(levels[1]))
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    return method


def _value(fixed: sitk.Image, moving: sitk.Image, start: sitk.Transform) -> float:
    coarse_fixed, coarse_moving = (
        sitk.Shrink(sitk.SmoothingRecursiveGaussian(i, 6.0), [3, 3, 3]) for i in (fixed, moving)
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetInitialTransform(start)
    try:
        return float(method.MetricEvaluate(coarse_fixed, coarse_moving))
    except RuntimeError:  # no overlap at this start
        return float("inf")


def _matrix(transform: sitk.Transform) -> Float[np.ndarray, "4 4"]:
    """Return the homogeneous matrix of an affine SimpleITK transform, from where it takes four points."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.eye(4)
    matrix[:3, 3] = origin
    for axis in range(3):
        matrix[:3, axis] = np.array(transform.TransformPoint(tuple(np.eye(3)[axis]))) - origin
    return matrix


def _deformation(
    fixed: Volume, moving: Volume, matrix: Float[np.ndarray, "4 4"], frame_uid: str
) -> tuple[Displacement, float]:
    """Return the B-spline displacement on top of the rigid motion, and its least Jacobian."""
    rigid = sitk.AffineTransform(3)
    rigid.SetMatrix(matrix[:3, :3].ravel().tolist())
    rigid.SetTranslation(matrix[:3, 3].tolist())
    fixed_itk, moving_itk = _itk(fixed), _itk(moving)
    mesh = [max(int(n * WORKING_SPACING_MM / 40.0), 2) for n in fixed_itk.GetSize()]
    spline = sitk.BSplineTransformInitializer(fixed_itk, mesh)
    method = _method(FINE)
    method.SetMovingInitialTransform(rigid)
    method.SetInitialTransform(spline, inPlace=True)
    method.SetOptimizerAsLBFGSB(numberOfIterations=40)
    method.Execute(fixed_itk, moving_itk)
    composed = sitk.CompositeTransform([rigid, spline])
    field = sitk.TransformToDisplacementField(
        composed, sitk.sitkVectorFloat64, fixed_itk.GetSize(), fixed_itk.GetOrigin(), fixed_itk.GetSpacing()
    )
    jacobian = float(sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(field)).min())
    centres = fixed.grid.centres_lps_mm()
    rest = sitk.GetArrayFromImage(field) + centres - (centres @ matrix[:3, :3].T + matrix[:3, 3])
    parts = [
        Volume(grid=fixed.grid, values_kji=np.array(rest[..., n]), quantity=Quantity.LENGTH_MM, frame_uid=frame_uid)
        for n in range(3)
    ]
    return Displacement(x_mm=parts[0], y_mm=parts[1], z_mm=parts[2]), jacobian


def _likeness(
    fixed: Volume,
    moving: Volume,
    matrix: Float[np.ndarray, "4 4"],
    displacement: Displacement | None,
    *,
    counted: Bool[np.ndarray, " m"] | None = None,
    shown: Grid | None = None,
) -> float:
    """Return the correlation of the two pictures over points seen by both: those counted, or body in either.

    ``shown`` is what the moving scan shows, where its picture goes beyond.
    """
    centres = fixed.grid.centres_lps_mm().reshape(-1, 3)
    first = fixed.values_kji.reshape(-1)
    if counted is not None:
        centres, first = centres[counted], first[counted]
    places = centres @ matrix[:3, :3].T + matrix[:3, 3]
    if displacement is not None:
        places = places + displacement.at(centres)
    seen: Bool[np.ndarray, " n"] = moving.grid.contains(places)
    if shown is not None:
        seen &= shown.contains(places)
    first = first[seen]
    second = moving.sample(places[seen], outside=WINDOW_HU[0])
    body = np.ones(len(first), np.bool_)
    if counted is None:
        body = (first > WINDOW_HU[0] + 100.0) | (second > WINDOW_HU[0] + 100.0)
    if body.sum() < 100 or first[body].std() < 1e-6 or second[body].std() < 1e-6:
        return 0.0
    return float(np.corrcoef(first[body], second[body])[0, 1])


def checkerboard(fixed: Volume, moving: Volume, registration: Registration, *, tile_mm: float) -> Volume:
    """Return a picture whose tiles come from the fixed and the registered moving scan in turn: edges must run on.

    Parameters
    ----------
    fixed, moving
        The scans.
    registration
        Between them.
    tile_mm
        Edge of a tile.
    """
    centres = fixed.grid.centres_lps_mm().reshape(-1, 3)
    carried = moving.sample(registration.to_moving(centres), outside=-1000.0).reshape(fixed.values_kji.shape)
    tiles = np.floor((centres - fixed.grid.origin_lps_mm) / tile_mm).astype(int).sum(axis=1) % 2
    mixed = np.where(tiles.reshape(carried.shape) == 0, fixed.values_kji, carried)
    return Volume(grid=fixed.grid, values_kji=mixed, quantity=Quantity.HOUNSFIELD, frame_uid=fixed.frame_uid)
