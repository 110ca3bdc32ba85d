"""What a verification's report tells of the registration: motion, quality, checkerboard."""

from collections.abc import Iterator

import numpy as np

from trocar.report.document import Block, Facts, Heading, Picture, Text, say
from trocar.report.pictures import Paper
from trocar.report.verification_pictures import checkerboard_picture
from trocar.report.verified_case import VerifiedCase
from trocar.results.registration import Motion, Registration, root_mean_square

_MOTIONS = {
    Motion.RIGID: say("report.motion-rigid", "rigid"),
    Motion.DEFORMABLE: say("report.motion-deformable", "deformable"),
}


def registration_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    """Yield how the planning image was laid over the scan, and how well."""
    registration = case.registration
    if registration is None:
        return
    yield Heading(text=say("report.verify-registration", "How the two images lie to each other"))
    moved = registration.moving_from_fixed[:3, 3]
    yield Facts(
        rows=(
            (say("report.verify-motion", "Registration"), _MOTIONS[registration.motion]),
            (say("report.verify-likeness", "Likeness before → after"), _likeness(registration)),
            (say("report.verify-rotation", "Rotation"), f"{registration.rotation_deg:.1f}°"),
            (say("report.verify-translation", "Translation L, P, H"), ", ".join(f"{x:+.1f}" for x in moved) + " mm"),
            (
                say("ablation.fact-tre", "Error at landmarks (root mean square)"),
                _landmark_words(case.landmark_errors_mm),
            ),
            (say("report.verify-mirrored", "Likeness of the mirror image"), f"{registration.likeness_mirrored:.2f}"),
        )
    )
    if case.mixed is not None:
        places = np.array([seed.position_lps_mm for seed in case.planned.seeds])
        yield Picture(
            data=checkerboard_picture(case.mixed, places, paper=paper),
            suffix="svg",
            alternative=say("report.verify-checkerboard-alternative", "Checkerboard of the two images."),
            caption=say(
                "report.verify-checkerboard-caption",
                "Tiles from the CT after the implant and from the planning CT in turn: edges must run on across tiles.",
            ),
            name="checkerboard",
        )


def _landmark_words(misses: tuple[float, ...]) -> Text:
    if not misses:
        return say("report.verify-no-landmarks", "not measured: no landmarks were marked")
    return say(
        "report.verify-landmarks",
        "{rms_mm:.1f} mm, largest {worst_mm:.1f} mm (n = {n})",
        rms_mm=root_mean_square(misses),
        worst_mm=max(misses),
        n=len(misses),
    )


def _likeness(registration: Registration) -> str:
    return f"{registration.likeness_before:.2f} → {registration.likeness_after:.2f}"
