"""Response of tumours by their diameters: RECIST 1.1 and, of the viable part, mRECIST. Pure arithmetic.

References
----------
Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, doi 10.1016/j.ejca.2008.10.026, section 4.3 (target lesions).
Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60, doi 10.1055/s-0030-1247132, table 2.
"""

from collections.abc import Sequence

from django.db import models

from trocar_clinic.language import both

PARTIAL = -0.30
PROGRESSIVE = 0.20
LEAST_GROWTH_MM = 5.0
"""RECIST 1.1 asks for growth of the sum by 20 % and by 5 mm."""


class Response(models.TextChoices):
    """Response of a patient's treated lesions."""

    CR = "CR", both("complete response (CR)", "完全缓解（CR）")
    PR = "PR", both("partial response (PR)", "部分缓解（PR）")
    SD = "SD", both("stable disease (SD)", "疾病稳定（SD）")
    PD = "PD", both("progressive disease (PD)", "疾病进展（PD）")
    NE = "NE", both("not evaluable", "不可评价")


class Criterion(models.TextChoices):
    """By which criteria."""

    RECIST = "RECIST 1.1", "RECIST 1.1"
    MRECIST = "mRECIST", "mRECIST"


def response_of(
    baseline_mm: Sequence[float], now_mm: Sequence[float], *, least_sum_mm: float, new_lesion: bool
) -> Response:
    """Return the response of target lesions.

    Parameters
    ----------
    baseline_mm, now_mm
        Longest diameter of each target lesion before and now, in one order; 0 where it has gone.
    least_sum_mm
        Smallest sum seen since the beginning, the baseline among them: growth is counted from it.
    new_lesion
        Whether there is one.

    Examples
    --------
    >>> response_of([40.0], [25.0], least_sum_mm=40.0, new_lesion=False)
    Response.PR
    >>> response_of([40.0], [25.0], least_sum_mm=18.0, new_lesion=False)
    Response.PD
    """
    if len(baseline_mm) != len(now_mm) or not baseline_mm:
        return Response.PD if new_lesion else Response.NE
    before, now = sum(baseline_mm), sum(now_mm)
    growth = now - least_sum_mm
    if new_lesion or (growth >= PROGRESSIVE * least_sum_mm and growth >= LEAST_GROWTH_MM):
        return Response.PD
    if now == 0.0:
        return Response.CR
    return Response.PR if now / before - 1.0 <= PARTIAL else Response.SD
