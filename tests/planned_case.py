"""A small case on disk: CT, structures and request as a user has them, and the folder that ``trocar plan`` makes."""

from datetime import datetime
from pathlib import Path

from planning_requests import picture, structures
from trocar.cli.console import Speaker
from trocar.cli.plan import PlanInputs, run_plan
from trocar.cli.plan_ways import Way
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtstruct_writing import write_structures
from trocar.messages import Language

AT = datetime(2026, 3, 1, 8, 0)

REQUEST = """
label = "Small 1"
target = "mass"
prescription_gy = 100
implant_at = 2026-03-02T09:00:00
effort = 20000
[[stock]]
source_model = "I125_6711"
s_k_u = 0.6
reference_at = 2026-02-28
[goals]
pack = "trocar/percutaneous_example"
[goals.roles]
target = "mass"
cord = "cord"
[needles]
needle_length_mm = 150
needle_radius_mm = 0.635
most_depth_mm = 120
beyond_target_mm = 1
least_in_target_mm = 5
spacing_mm = 4
reach_mm = 6
side = "front"
within_deg = 60
spread_deg = 25
[needles.obstacles]
cord = 3
bar = 2
[needles.couch]
point_lps_mm = [0, 85, 0]
normal_lps = [0, -1, 0]
[needles.bore]
centre_lps_mm = [0, 0, 0]
radius_mm = 350
[needles.entry_box]
low_lps_mm = [-60, -90, -45]
high_lps_mm = [60, 0, 45]
[seeding]
step_mm = 1
pitch_mm = 5
tip_to_seed_mm = 2.5
seed_length_mm = 4.5
seed_diameter_mm = 0.8
beyond_mm = 1
most = 40
[seeding.keep_off]
cord = 2
[robustness]
needles = "example_corrected"
versions = 20
[biology.tissues]
mass = "squamous_head_neck"
cord = "spinal_cord"
"""


def quiet() -> Speaker:
    return Speaker(language=Language.ENGLISH, as_json=True)


def write_case(folder: Path) -> Path:
    """Write CT, structures and request into a folder, and return it."""
    write_image(picture(), folder / "ct", at=AT)
    write_structures(structures(), folder / "structures.dcm", at=AT)
    (folder / "request.toml").write_text(REQUEST, encoding="utf-8")
    return folder


def planned_folder(folder: Path) -> Path:
    """Return the folder of a plan of the case, with its images in it."""
    case = write_case(folder)
    run_plan(
        PlanInputs(
            request=case / "request.toml",
            images=case / "ct",
            structures=case / "structures.dcm",
            out=case / "plan",
            replace=False,
            seed=1,
            at=AT,
            pareto=False,
            way=Way(),
        ),
        quiet(),
    )
    return (case / "ct").rename(case / "plan" / "images").parent
