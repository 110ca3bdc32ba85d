"""Structure sets, implant plans and doses with any content that DICOM can hold."""

from datetime import date, datetime, timedelta

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from trocar.geometry.affine import affine_from_axes
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.needles import Needle
from trocar.plan.patient import ImageReference, Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dose import Dose, DoseKind
from trocar.results.provenance import Provenance

SEED_MODELS = ("I125_6711", "I125_STM1251", "I125_SelectSeed_130.002", "I125_AgX100_candidate_TPOR", "Pd103_Best2335")

_LETTERS = st.characters(categories=("L", "N"), exclude_characters="", include_characters=" -_()/.,+%µ°~^=")
moments = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2060, 1, 1))
coordinates = st.floats(-2000, 2000, allow_nan=False)


def labels(longest: int) -> st.SearchStrategy[str]:
    """Return texts as people write them, Chinese and accented ones among them."""
    return (
        st.text(_LETTERS, min_size=1, max_size=longest)
        .map(str.strip)
        .filter(lambda text: 0 < len(text) <= longest and text.isprintable())
    )


uids = st.lists(st.integers(0, 10**9), min_size=1, max_size=4).map(lambda parts: "1.2." + ".".join(map(str, parts)))
_name_parts = st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=12)
patients = st.builds(
    Patient,
    identifier=labels(20).filter(lambda text: "=" not in text and "^" not in text),
    name=st.lists(_name_parts, min_size=1, max_size=3).map("^".join),
    birth_date=st.none() | st.dates(date(1900, 1, 1), date(2030, 1, 1)),
    sex=st.sampled_from(("M", "F", "O", "")),
)


@st.composite
def image_references(draw: st.DrawFn, *, frame_uid: str) -> ImageReference:
    """Return references to a CT or MR series."""
    modality, class_uid = draw(
        st.sampled_from((("CT", "1.2.840.10008.5.1.4.1.1.2"), ("MR", "1.2.840.10008.5.1.4.1.1.4")))
    )
    return ImageReference(
        study_uid=draw(uids),
        series_uid=draw(uids),
        frame_uid=frame_uid,
        sop_class_uid=class_uid,
        instance_uids=tuple(draw(st.lists(uids, min_size=1, max_size=4, unique=True))),
        modality=modality,
    )


@st.composite
def contours(draw: st.DrawFn, *, image_uids: tuple[str, ...]) -> Contour:
    """Return a contour of any kind, closed ones in an exact plane of any height."""
    kind = draw(st.sampled_from(list(ContourKind)))
    fewest, most = (1, 1) if kind is ContourKind.POINT else (3, 12)
    points = draw(stnp.arrays(np.float64, (draw(st.integers(fewest, most)), 3), elements=coordinates))
    if kind in (ContourKind.CLOSED_PLANAR, ContourKind.CLOSED_PLANAR_XOR):
        points[:, draw(st.integers(0, 2))] = draw(coordinates)
    return Contour(kind=kind, points_lps_mm=points, image_uid=draw(st.sampled_from(("", *image_uids))))


@st.composite
def structure_sets(draw: st.DrawFn) -> StructureSet:
    """Return a structure set, with or without images, some structures empty or carried over."""
    frame_uid = draw(uids)
    image = draw(st.none() | image_references(frame_uid=frame_uid))
    slices = image.instance_uids if image else ()
    numbers = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=4, unique=True))
    colours = st.none() | st.tuples(*[st.integers(0, 255)] * 3)
    structures = tuple(
        Structure(
            number=number,
            name=draw(labels(64)),
            contours=tuple(draw(st.lists(contours(image_uids=slices), max_size=4))),
            interpreted_type=draw(st.sampled_from(("", "CTV", "ORGAN", "EXTERNAL", "BRACHY_CHANNEL"))),
            colour_rgb=draw(colours),
            carried=draw(st.booleans()),
        )
        for number in numbers
    )
    return StructureSet(
        label=draw(labels(64)), patient=draw(patients), frame_uid=frame_uid, structures=structures, image=image
    )


def _axes() -> st.SearchStrategy[np.ndarray | None]:
    vectors = stnp.arrays(np.float64, 3, elements=st.floats(-1, 1))
    return st.none() | vectors.filter(lambda vector: float(np.linalg.norm(vector)) > 0.1)


@st.composite
def needles(draw: st.DrawFn, *, number: int) -> Needle:
    """Return a needle of some length."""
    entry = draw(stnp.arrays(np.float64, 3, elements=coordinates))
    way = draw(stnp.arrays(np.float64, 3, elements=st.floats(1, 200)))
    return Needle(number=number, entry_lps_mm=entry, tip_lps_mm=entry + way, label=draw(st.just("") | labels(8)))


@st.composite
def implant_plans(draw: st.DrawFn) -> ImplantPlan:
    """Return a permanent implant of several models and strengths, with or without needles and prescription."""
    frame_uid, implant_at = draw(uids), draw(moments)
    strengths = draw(
        st.lists(
            st.builds(
                Strength,
                s_k_u=st.floats(0.01, 50),
                reference_at=st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda wait: implant_at - wait),
            ),
            min_size=1,
            max_size=3,
        )
    )
    given = tuple(draw(needles(number=number)) for number in range(1, 1 + draw(st.integers(0, 3))))
    numbers = [needle.number for needle in given]
    seeds = tuple(
        Seed(
            position_lps_mm=draw(stnp.arrays(np.float64, 3, elements=coordinates)),
            axis_lps=draw(_axes()),
            source_model=draw(st.sampled_from(SEED_MODELS)),
            strength=draw(st.sampled_from(strengths)),
            needle=draw(st.none() | st.sampled_from(numbers)) if numbers else draw(st.none() | st.integers(1, 99)),
        )
        for _ in range(draw(st.integers(1, 6)))
    )
    return ImplantPlan(
        label=draw(labels(64)),
        patient=draw(patients),
        frame_uid=frame_uid,
        implant_at=implant_at,
        seeds=seeds,
        needles=given,
        prescription=draw(
            st.none() | st.builds(Prescription, dose_gy=st.floats(0.1, 500), target=st.just("") | labels(64))
        ),
        image=draw(st.none() | image_references(frame_uid=frame_uid)),
    )


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Return a grid with axes at right angles in any pose, slices stored either way."""
    frame, _ = np.linalg.qr(draw(stnp.arrays(np.float64, (3, 3), elements=st.floats(-1, 1))) + 2 * np.eye(3))
    if draw(st.booleans()):
        frame = np.eye(3)
    spacing = draw(stnp.arrays(np.float64, 3, elements=st.floats(0.2, 8)))
    steps = frame * spacing[:, None] * np.array([1, 1, draw(st.sampled_from((-1, 1)))])[:, None]
    shape = (draw(st.integers(2, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    origin = draw(stnp.arrays(np.float64, 3, elements=coordinates))
    return Grid(shape_kji=shape, lps_from_ijk=affine_from_axes(origin_lps_mm=origin, steps_lps_mm=steps))


@st.composite
def doses(draw: st.DrawFn) -> Dose:
    """Return a dose of any size and kind that a file can hold."""
    grid = draw(grids())
    highest = draw(st.floats(1e-6, 1e6))
    shares = draw(stnp.arrays(np.float64, grid.shape_kji, elements=st.floats(0, 1)))
    kind = draw(st.sampled_from((DoseKind.TOTAL, DoseKind.FRACTION, DoseKind.UNTIL)))
    texts = st.dictionaries(labels(10), labels(30), max_size=2)
    return Dose(
        volume=Volume(
            grid=grid,
            values_kji=(highest * shares).astype(draw(st.sampled_from((np.float32, np.float64)))),
            quantity=Quantity.DOSE_GY,
            frame_uid=draw(uids),
        ),
        kind=kind,
        patient_id="P1",
        until=draw(moments) if kind is DoseKind.UNTIL else None,
        provenance=draw(
            st.none()
            | st.builds(
                Provenance,
                engine=labels(20),
                library_version=st.just("0.1"),
                inputs=texts,
                tables=texts,
                papers=st.lists(labels(30), max_size=2).map(tuple),
            )
        ),
        plan_uid=draw(uids),
    )
