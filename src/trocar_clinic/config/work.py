"""The worker: claims jobs until it is told to stop."""

import signal
import time

PAUSE_S = 1.0


def work_until_stopped() -> None:
    """Claim one job after the other."""
    from trocar_clinic.config.prepare import load_django

    load_django()
    from trocar_clinic.calculations.work import Worker

    worker = Worker()
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, lambda *_: worker.stop())
    while not worker.stopped:
        if not worker.work_once():
            time.sleep(PAUSE_S)
