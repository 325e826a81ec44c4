"""The bars of jobs and messages: green is for what went well."""

import pytest
from django.utils import timezone

from qualadmin.core.models import Job, Message
from qualadmin.web.mailing import MailProgress
from qualadmin.web.progress import Progress


@pytest.mark.parametrize(
    ("done", "failed", "state", "tone"),
    [
        (2, 0, "finished", "done"),
        (1, 1, "finished", "done"),
        (0, 2, "finished", "halted"),
        (0, 2, "paused", "halted"),
        (0, 2, "running", ""),
    ],
)
def test_the_bar_is_green_only_where_something_went_well(done: int, failed: int, state: str, tone: str) -> None:
    job = Job(total=2, done=done, failed=failed, state=state)
    assert Progress(job).tone == tone


@pytest.mark.parametrize(
    ("counts", "tone", "sentence"),
    [
        ({"done": 3}, "done", "Everybody was mailed."),
        ({"done": 1, "failed": 2}, "done", "1 of 3 workers mailed. The lines below say why others were not."),
        ({"failed": 3}, "halted", "Nobody is known to have been mailed. The lines below say why."),
        ({"unknown": 3}, "halted", "Nobody is known to have been mailed. The lines below say why."),
    ],
)
def test_the_bar_is_green_only_where_somebody_was_mailed(counts: dict[str, int], tone: str, sentence: str) -> None:
    ended = Message(state=Message.State.FINISHED, total=3, finished_at=timezone.now(), **counts)
    assert (MailProgress(ended).tone, MailProgress(ended).sentence) == (tone, sentence)
