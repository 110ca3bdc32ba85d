"""The patient-specific printed template: a plate that fits the skin, with a sleeve for each needle."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from manifold3d import CrossSection, Manifold, Mesh, OpType

from trocar.errors import GuideError
from trocar.geometry.affine import affine_from_axes, apply_affine, invert_affine
from trocar.geometry.grid import Grid
from trocar.geometry.solid import Solid
from trocar.geometry.volume import Volume
from trocar.guide.collisions import require_free_sleeves
from trocar.guide.design import GuideDesign, PrintedGuide, Sleeve
from trocar.guide.lettering import arrow, letters, prism
from trocar.guide.mouths import blunted, skin_normal_lps
from trocar.guide.skin_field import skin_distance, smooth_body, solid_below
from trocar.guide.viewpoint import lps_from_guide
from trocar.plan.needles import Needle

FIELD_SPACING_MM = 1.0
"""Of the distance field the plate is cut from; its surface is off by less than a tenth of it."""

DEPTH_OF_VIEW_MM = 60.0
"""How far above and below the mean entry the skin is followed."""

BORE_SEGMENTS = 96
"""Sides of a bore: the polygon lies within 0.06 % of the circle."""

SMALLEST_EDGE_MM = 0.005
"""Shorter edges are collapsed: an STL file names corners by single-precision coordinates only."""

LETTER_REACH_MM = 30.0
"""How far letters are swept to meet the curved plate."""


def build_guide(body: Volume, needles: Sequence[Needle], design: GuideDesign, *, patient_key: str) -> PrintedGuide:
    """Return the printed guide of a set of needles.

    Parameters
    ----------
    body
        1 inside the patient, 0 outside; holds the skin at every entry.
    needles
        Entry on the skin and tip, LPS mm.
    design
        The measures.
    patient_key
        Embossed; short, no name.

    Raises
    ------
    GuideError
        Needles that diverge or collide, no skin at an entry, a plate in pieces, or one too big for the printer.
    """
    frame = lps_from_guide(needles)
    plate_outline = _outline(needles, design, frame, patient_key)
    grid = _field_grid(plate_outline, design, frame)
    highest_mm = design.skin_clearance_mm + design.shell_thickness_mm + design.emboss_mm
    distance_mm = skin_distance(smooth_body(body), grid, exact_to_mm=highest_mm + 2.0)
    sleeves = tuple(_sleeve(needle, design) for needle in needles)
    _require_entries_on_skin(sleeves, distance_mm, grid)
    require_free_sleeves(sleeves, design)
    solid = _matter(
        sleeves, design, frame=frame, outline=plate_outline, distance_mm=distance_mm, grid=grid, key=patient_key
    )
    return _printed(solid, frame, sleeves, design, patient_key)


def _sleeve(needle: Needle, design: GuideDesign) -> Sleeve:
    above = design.skin_clearance_mm + design.shell_thickness_mm + design.sleeve_length_mm
    return Sleeve(needle=needle, top_lps_mm=needle.entry_lps_mm - above * needle.direction_lps)


def _outline(needles: Sequence[Needle], design: GuideDesign, frame: np.ndarray, key: str) -> CrossSection:
    """Return the plate's outline in the guide's xy plane: entries and sleeve tops with a rim, and a tab for the key."""
    guide_from_lps = invert_affine(frame)
    ends = np.array([p for n in needles for p in (n.entry_lps_mm, _sleeve(n, design).top_lps_mm)])
    flat = apply_affine(guide_from_lps, ends)[:, :2]
    rim = design.rim_mm + design.sleeve_radius_mm
    discs = [CrossSection.circle(rim, 48).translate((float(x), float(y))) for x, y in flat]
    hull = CrossSection.batch_hull(discs)
    low_x, low_y, high_x, _ = hull.bounds()
    width = letters(key, height_mm=design.letter_height_mm).bounds()
    half = 0.5 * (width[2] - width[0]) + design.letter_height_mm
    middle, tab = 0.5 * (low_x + high_x), 4.5 * design.letter_height_mm
    corner = CrossSection.square((2 * half, tab + 2 * rim)).translate((middle - half, low_y - tab))
    return hull + corner


def _field_grid(outline: CrossSection, design: GuideDesign, frame: np.ndarray) -> Grid:
    low_x, low_y, high_x, high_y = outline.bounds()
    low = np.array([low_x, low_y, -DEPTH_OF_VIEW_MM]) - 3.0
    high = np.array([high_x, high_y, DEPTH_OF_VIEW_MM]) + 3.0
    counts = np.ceil((high - low) / FIELD_SPACING_MM).astype(int) + 1
    axes = frame[:3, :3].T * FIELD_SPACING_MM
    return Grid(
        shape_kji=(int(counts[2]), int(counts[1]), int(counts[0])),
        lps_from_ijk=affine_from_axes(origin_lps_mm=apply_affine(frame, low), steps_lps_mm=axes),
    )


def _require_entries_on_skin(sleeves: Sequence[Sleeve], distance_mm: np.ndarray, grid: Grid) -> None:
    within = 3.0
    for sleeve in sleeves:
        index = np.rint(grid.index_ijk(sleeve.needle.entry_lps_mm)).astype(int)
        inside = bool((index >= 0).all() and (index < np.array(grid.shape_kji[::-1])).all())
        off_mm = float(distance_mm[index[2], index[1], index[0]]) if inside else float("inf")
        if abs(off_mm) > within:
            raise GuideError(
                "guide.entry-off-skin",
                "needle {number} enters {off_mm:.1f} mm away from the skin of the body outline, {within} mm are "
                "allowed; plan the needles on the images the outline comes from",
                number=sleeve.needle.number,
                off_mm=off_mm,
                within=within,
            )


def _matter(
    sleeves: Sequence[Sleeve],
    design: GuideDesign,
    *,
    frame: np.ndarray,
    outline: CrossSection,
    distance_mm: Float[np.ndarray, "k j i"],
    grid: Grid,
    key: str,
) -> Manifold:
    outer_mm = design.skin_clearance_mm + design.shell_thickness_mm
    reach = DEPTH_OF_VIEW_MM
    column = outline.extrude(2 * reach).translate((0.0, 0.0, -reach)).transform(frame[:3])
    plate = solid_below(distance_mm, grid, outer_mm) ^ column
    raised = solid_below(distance_mm, grid, outer_mm + design.emboss_mm) ^ _lettering(
        sleeves, design, frame, outline, key
    )
    tubes = [_cylinder(s, design.sleeve_radius_mm, below_mm=5.0, above_mm=0.0) for s in sleeves]
    free_mm = design.needle_free_length_mm + 5.0
    bores = [_cylinder(s, 0.5 * design.bore_diameter_mm, below_mm=20.0, above_mm=free_mm) for s in sleeves]
    skin = solid_below(distance_mm, grid, design.skin_clearance_mm)
    solid = Manifold.batch_boolean([plate, raised, *tubes], OpType.Add) - skin
    mouths = [blunted(s, design, skin_normal_lps(s.needle.entry_lps_mm, distance_mm, grid)) for s in sleeves]
    return solid - Manifold.batch_boolean([*bores, *(mouth for mouth in mouths if mouth is not None)], OpType.Add)


def _cylinder(sleeve: Sleeve, radius_mm: float, *, below_mm: float, above_mm: float) -> Manifold:
    """Return a cylinder on a needle's axis from below the entry to above the sleeve's top."""
    axis = -sleeve.needle.direction_lps
    side = np.cross(axis, (1.0, 0.0, 0.0) if abs(axis[0]) < 0.9 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    start = sleeve.needle.entry_lps_mm - below_mm * axis
    length = below_mm + float(np.linalg.norm(sleeve.top_lps_mm - sleeve.needle.entry_lps_mm)) + above_mm
    pose = affine_from_axes(origin_lps_mm=start, steps_lps_mm=np.array([side, np.cross(axis, side), axis]))
    return Manifold.cylinder(length, radius_mm, radius_mm, BORE_SEGMENTS).transform(pose[:3])


def _lettering(
    sleeves: Sequence[Sleeve], design: GuideDesign, frame: np.ndarray, outline: CrossSection, key: str
) -> Manifold:
    size = design.letter_height_mm
    tops = apply_affine(invert_affine(frame), np.array([s.top_lps_mm for s in sleeves]))[:, :2]
    entries = apply_affine(invert_affine(frame), np.array([s.needle.entry_lps_mm for s in sleeves]))[:, :2]
    prisms = []
    for sleeve, entry in zip(sleeves, entries, strict=True):
        place = _free_place(entry, np.concatenate([tops, entries]), design)
        prisms.append(_raised(letters(str(sleeve.needle.number), height_mm=size), place, frame))
    low_x, low_y, high_x, _ = outline.bounds()
    middle = 0.5 * (low_x + high_x)
    prisms.append(_raised(letters(key, height_mm=size), np.array([middle, low_y + size]), frame))
    prisms.append(_raised(arrow(length_mm=2 * size), np.array([middle, low_y + 3 * size]), frame))
    return Manifold.batch_boolean(prisms, OpType.Add)


def _free_place(entry_xy: np.ndarray, taken_xy: np.ndarray, design: GuideDesign) -> np.ndarray:
    """Return where beside a sleeve its number has most room."""
    radius = design.sleeve_radius_mm + 0.8 * design.letter_height_mm
    turns = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    places = entry_xy + radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    room = np.linalg.norm(places[:, None] - taken_xy[None], axis=2)
    best: np.ndarray = places[int(np.round(room, 6).min(axis=1).argmax())]
    return best


def _raised(shape: CrossSection, place_xy: np.ndarray, frame: np.ndarray) -> Manifold:
    label = frame.copy()
    label[:3, 3] = apply_affine(frame, np.array([place_xy[0], place_xy[1], 0.0]))
    return prism(shape, lps_from_label=label, depth_mm=LETTER_REACH_MM)


def _printed(
    solid: Manifold, frame: np.ndarray, sleeves: tuple[Sleeve, ...], design: GuideDesign, key: str
) -> PrintedGuide:
    pieces = sorted(solid.decompose(), key=lambda piece: piece.volume(), reverse=True)
    crumbs_mm3 = 5.0
    if not pieces or sum(piece.volume() > crumbs_mm3 for piece in pieces) != 1:
        raise GuideError(
            "guide.in-pieces",
            "the plate falls into {n} pieces; the skin between the needles is too steep or broken for one plate: "
            "use a smaller rim or make two guides",
            n=sum(piece.volume() > crumbs_mm3 for piece in pieces),
        )
    print_from_lps = invert_affine(frame)
    lying = pieces[0].transform(print_from_lps[:3])
    rest_mm = lying.bounding_box()[2]
    print_from_lps[2, 3] -= rest_mm
    mesh = _without_slivers(lying.translate((0.0, 0.0, -rest_mm))).to_mesh()
    triangles = np.asarray(mesh.tri_verts, dtype=np.int64)
    vertices = _parted(np.asarray(mesh.vert_properties[:, :3], dtype=np.float64), triangles)
    made = Solid(vertices_mm=vertices, triangles=triangles)
    _require_it_fits(made, design)
    return PrintedGuide(solid=made, print_from_lps=print_from_lps, sleeves=sleeves, design=design, patient_key=key)


def _without_slivers(solid: Manifold) -> Manifold:
    """Return a solid without edges that a reader of single-precision files would take for nothing and tear open."""
    once = solid.simplify(SMALLEST_EDGE_MM).to_mesh()
    corners = np.array(once.vert_properties[:, :3], dtype=np.float32, order="C")
    rounded = Manifold(Mesh(vert_properties=corners, tri_verts=np.array(once.tri_verts, dtype=np.uint32)))
    return rounded.set_tolerance(SMALLEST_EDGE_MM).simplify(SMALLEST_EDGE_MM)


def _parted(vertices_mm: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return vertices of which no two lie in one place, so that a file that names corners by place keeps the topology.

    Where two sheets of the surface touch in a point, each copy is drawn `SMALLEST_EDGE_MM` into its own sheet.
    """
    _, place, copies = np.unique(vertices_mm.astype(np.float32), axis=0, return_inverse=True, return_counts=True)
    parted = vertices_mm.copy()
    for vertex in np.flatnonzero(copies[place.reshape(-1)] > 1):
        around = triangles[(triangles == vertex).any(axis=1)]
        way = vertices_mm[around].reshape(-1, 3).mean(axis=0) - vertices_mm[vertex]
        parted[vertex] += SMALLEST_EDGE_MM * way / np.linalg.norm(way)
    return parted.astype(np.float32).astype(np.float64)


def _require_it_fits(solid: Solid, design: GuideDesign) -> None:
    size, box = solid.extent_mm, design.build_box_mm
    upright = size[2] <= box[2] and sorted(size[:2]) <= sorted(box[:2]) and max(size[:2]) <= max(box[:2])
    if not upright:
        raise GuideError(
            "guide.too-big",
            "the guide measures {size_mm} mm, the printer prints {box_mm} mm; "
            "use fewer needles, a smaller rim or a larger printer",
            size_mm=tuple(round(x) for x in size),
            box_mm=tuple(round(x) for x in box),
        )
