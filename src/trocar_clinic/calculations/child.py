"""The process that does one job and writes down what came of it."""

import sys
from typing import Any


def main(number: int) -> None:
    """Do a job."""
    from trocar_clinic.config.prepare import load_django

    load_django()
    from django.utils import timezone

    import trocar
    from trocar.errors import TrocarError
    from trocar.messages import Language
    from trocar_clinic.calculations.kinds import function_of
    from trocar_clinic.calculations.models import Job
    from trocar_clinic.calculations.results import hash_of
    from trocar_clinic.errors import Refused

    job = Job.objects.get(pk=number)
    mine = Job.objects.filter(pk=number, owner=job.owner, status=Job.Status.RUNNING)

    def progress(share: float, stage: str, stage_zh: str = "") -> None:
        mine.update(progress=share, stage=stage[:200], stage_zh=stage_zh[:200])

    ended: dict[str, Any] = {"finished_at": timezone.now(), "lease_until": None, "library_version": trocar.__version__}
    try:
        outcome = function_of(job.kind)(job, progress)
    except TrocarError as error:
        told = {"code": error.code, "en": error.text(Language.ENGLISH), "zh": error.text(Language.CHINESE)}
        mine.update(status=Job.Status.FAILED, error=told, **ended)
    except Refused as refused:
        mine.update(status=Job.Status.FAILED, error=_told(refused), **ended)
    else:
        ended["finished_at"] = timezone.now()
        mine.update(status=Job.Status.DONE, progress=1.0, outcome=outcome, outcome_sha256=hash_of(outcome), **ended)


def _told(refused: Any) -> dict[str, str]:
    from django.utils import translation

    sentences = {}
    for key, language in (("en", "en"), ("zh", "zh-hans")):
        with translation.override(language):
            sentences[key] = "; ".join(str(each.text) for each in refused.reasons)
    return {"code": refused.codes[0], **sentences}


if __name__ == "__main__":
    main(int(sys.argv[1]))
