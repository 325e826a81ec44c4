"""What a soak cannot wait for, in every process of it: a minute is a second or two."""

from datetime import timedelta

from django.apps import AppConfig


class SoakConfig(AppConfig):
    """Shortens the rounds of the watchdog and the rest of the breaker. The rules themselves stay."""

    name = "benchmarks.soak"

    def ready(self) -> None:
        from qualadmin.core.actions import breaker
        from qualadmin.tasks import worker

        worker.RING_SECONDS = 2.0  # type: ignore[misc]
        worker.SILENT_SECONDS = 20.0  # type: ignore[misc]
        worker.SWEEP_SECONDS = 5.0  # type: ignore[misc]
        worker.LONGEST_DELAY = 3.0  # type: ignore[misc]
        breaker.REST = timedelta(seconds=2)  # type: ignore[misc]
        breaker.ANSWERED_WITHIN = timedelta(seconds=20)  # type: ignore[misc]
