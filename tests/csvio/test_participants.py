"""Who took part, by a file, and when."""

from datetime import UTC, datetime

import pytest

from qualadmin.csvio import participants, read_moment, read_pasted, read_table

HEAD = '"HITId","WorkerId","AssignmentStatus","SubmitTime"\n'


def batch(*rows: tuple[str, str, str]) -> bytes:
    lines = [f'"3HIT","{worker}","{status}","{time}"\n' for worker, status, time in rows]
    return (HEAD + "".join(lines)).encode()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue Oct 01 13:51:19 PDT 2026", datetime(2026, 10, 1, 20, 51, 19, tzinfo=UTC)),
        ("Sun Nov 01 01:30:00 PST 2026", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-10-01T13:51:19+02:00", datetime(2026, 10, 1, 11, 51, 19, tzinfo=UTC)),
        ("2026-10-01T13:51:19", None),  # no zone: nothing is guessed
        ("Tue Oct 01 13:51:19 CET 2026", None),
        ("Tue Feb 30 13:51:19 PDT 2026", None),
        ("Tue Oct 01 25:51:19 PDT 2026", None),
        ("", None),
        ("1" * 5000, None),
        ("0001-01-01T00:00:00+23:59", None),  # before the first year there is
    ],
)
def test_times_are_read_or_left_alone(text: str, moment: datetime | None) -> None:
    assert read_moment(text) == moment


def test_the_last_time_of_each_worker_counts_and_rejected_work_does_not() -> None:
    found = participants(
        read_table(
            batch(
                ("A1MADEUPWORKER", "Approved", "Tue Oct 06 10:00:00 PDT 2026"),
                ("A1MADEUPWORKER", "Approved", "Thu Oct 08 10:00:00 PDT 2026"),
                ("A1MADEUPWORKER", "Rejected", "Fri Oct 09 10:00:00 PDT 2026"),
                ("A2MADEUPWORKER", "Rejected", "Fri Oct 09 10:00:00 PDT 2026"),
                ("A3MADEUPWORKER", "Submitted", "at some time"),
            )
        ),
        unwanted={"rejected"},
    )
    assert found.workers == {"A1MADEUPWORKER": datetime(2026, 10, 8, 17, tzinfo=UTC), "A3MADEUPWORKER": None}
    assert (found.left_out, found.undated, found.unread) == (2, 1, [])


def test_lines_without_a_certain_id_are_told_and_never_guessed() -> None:
    found = participants(read_pasted("A1MADEUPWORKER\na2madeupworker\nnobody@example.org\n"))
    assert set(found.workers) == {"A1MADEUPWORKER"}
    assert [one.line for one in found.unread] == [2, 3]
    assert all(one.reason for one in found.unread)
