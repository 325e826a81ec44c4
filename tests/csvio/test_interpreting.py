"""What rows ask for: repeats, contradictions, revokes, widths, corrections (BI-10, BI-11, BI-16)."""

from __future__ import annotations

import pytest

from qualadmin.csvio import InputRefused, Options, ScoreRange, interpret, propose_mapping, read_table
from tests.csvio.samples import read

A, B, C = "A1B2C3D4E5F6", "A2B2C3D4E5F6", "A3B2C3D4E5F6"


def ready(text: str, **wanted: object) -> list[tuple[str | None, int | None, bool]]:
    [target] = read(text, **wanted).targets
    return [(line.worker_id, line.score, line.revoke) for line in target.ready]


def faults(text: str, **wanted: object) -> list[tuple[int, str | None]]:
    return [(line.line, line.fault_code) for line in read(text, **wanted).problems]


def test_repeats_are_merged_and_named():
    [target] = read(f"WorkerId,Score\n{A},5\n{B},6\n{A},5\n{A}, 05\n").targets
    assert [(line.worker_id, line.merged_lines) for line in target.ready] == [(A, (4, 5)), (B, ())]
    assert [repeat.text for repeat in target.repeats] == [
        f"Line 4 repeats line 2 ({A}).",
        f"Line 5 repeats line 2 ({A}).",
    ]
    assert target.counts.repeats == 2


def test_contradictions_are_faults_on_all_sides():
    found = read(f"WorkerId,Score\n{A},5\n{B},6\n{A},7\n{A},Revoke\n")
    [target] = found.targets
    assert [line.worker_id for line in target.ready] == [B]
    assert [(line.line, line.fault_code) for line in target.faulty] == [
        (2, "conflict"),
        (4, "conflict"),
        (5, "conflict"),
    ]
    for line in target.faulty:
        assert "score 5 in line 2, score 7 in line 4, revoke in line 5" in line.fault


def test_ten_thousand_contradictions_stay_short():
    text = "WorkerId,Score\n" + "".join(f"{A},{number % 100}\n" for number in range(10_000))
    [target] = read(text).targets
    assert len(target.faulty) == 10_000
    assert max(len(line.fault) for line in target.faulty) < 200
    assert "9,995 more" in target.faulty[0].fault


def test_a_repeat_by_an_accepted_correction():
    text = f"WorkerId,Score\n{A},5\n{A.lower()},5\n{A}\u200b,6\n"
    assert faults(text) == [(3, "lower_case"), (4, "invisible")]
    assert ready(text) == [(A, 5, False)]
    [target] = read(text, accept_proposals={3}).targets
    assert target.ready[0].merged_lines == (3,)
    assert faults(text, accept_proposals=True) == [(2, "conflict"), (3, "conflict"), (4, "conflict")]


def test_a_proposal_is_never_used_by_itself():
    [target] = read(f"WorkerId,Score\n{A.lower()},5\n").targets
    [line] = target.lines
    assert (line.state, line.worker_id, line.proposal, line.score) == ("proposed", None, A, 5)
    assert (line.column, line.given) == ("WorkerId", A.lower())
    assert target.counts.to_set == 0


def test_a_wrong_score_is_told_even_if_the_id_needs_a_correction():
    text = f"WorkerId,Score\n{A.lower()},abc\n"
    for accept in (False, True):
        [line] = read(text, accept_proposals=accept).problems
        assert (line.state, line.fault_code, line.column) == ("faulty", "score_not_a_number", "Score")


@pytest.mark.parametrize("word", ["Revoke", "revoke", " REVOKE "])
def test_revoke_in_the_score_column(word):
    assert ready(f"WorkerId,Score\n{A},{word}\n{B},5\n") == [(A, None, True), (B, 5, False)]


def test_an_action_column():
    text = f"WorkerId,Score,Action\n{A},5,Grant\n{B},,Revoke\n{C},7,\nA4B2C3D4E5F6,8,burn\n"
    assert ready(text) == [(A, 5, False), (B, None, True), (C, 7, False)]
    [line] = read(text).problems
    assert (line.line, line.fault_code, line.column) == (5, "unknown_action", "Action")
    assert "burn" in line.fault


def test_an_action_that_contradicts_its_score_is_a_fault():
    assert faults(f"WorkerId,Score,Action\n{A},Revoke,Grant\n") == [(2, "score_not_a_number")]


def test_revoke_all_does_not_read_scores():
    assert ready(f"WorkerId,Score\n{A},abc\n{B},\n", revoke_all=True) == [(A, None, True), (B, None, True)]
    table = read_table(f"Worker ID,UPDATE-x\n{A},5\n".encode())
    with pytest.raises(InputRefused) as caught:
        interpret(table, propose_mapping(table), wanted=Options(revoke_all=True))
    assert caught.value.code == "revoke_all_with_types"


def test_a_list_takes_the_default_score():
    assert ready(f"{A}\n{B}", default_score=80) == [(A, 80, False), (B, 80, False)]
    assert ready(f"{A}\n{B}") == [(A, None, False), (B, None, False)]


def test_the_range_is_the_types():
    text = f"WorkerId,Score\n{A},150\n{B},-1\n"
    assert faults(text) == [(2, "score_out_of_range"), (3, "score_out_of_range")]
    assert ready(text, scores=ScoreRange(-5, 200)) == [(A, 150, False), (B, -1, False)]


def test_blank_cells_a_spreadsheet_adds_do_no_harm():
    assert ready(f"WorkerId,Score\n{A},5,,\n{B},6, ,\n,,,\n") == [(A, 5, False), (B, 6, False)]


def test_rows_with_too_few_or_too_many_cells():
    found = read(f"WorkerId;Score;Note\n{A};5\n{B};6;x;y\n{C};7;z\n")
    assert [(line.line, line.fault_code) for line in found.problems] == [
        (2, "too_few_columns"),
        (3, "too_many_columns"),
    ]
    assert "2 columns, the file has 3" in found.problems[0].fault
    assert found.problems[1].given == f"{B};6;x;y"
    assert found.workers == 1


def test_a_short_id_is_taken_with_a_hint():
    [target] = read("WorkerId,Score\nA1,5\n").targets
    assert target.ready[0].worker_id == "A1"
    assert "unusually short" in target.ready[0].hint


WORKERS = f"""Worker ID,CURRENT-One,UPDATE-One,CURRENT-Two,UPDATE-Two
{A},5,5,,Revoke
{B},,x,7,revoke
{C},5,6,,
B123,,,,9
A4B2C3D4E5F6,1,2
a5b2c3d4e5f6,,3,,4
"""


def test_a_worker_file_by_type():
    found = read(WORKERS)
    one, two = found.targets
    assert [(line.line, line.score, line.already) for line in one.ready] == [(2, 5, True), (4, 6, False)]
    assert [(line.line, line.revoke, line.already) for line in two.ready] == [(2, True, True), (3, True, False)]
    assert [(line.line, line.fault_code) for line in one.faulty] == [
        (3, "score_not_a_number"),
        (6, "too_few_columns"),
    ]
    assert [(line.line, line.fault_code) for line in two.faulty] == [(5, "wrong_start"), (6, "too_few_columns")]
    assert [line.line for line in one.proposed] == [line.line for line in two.proposed] == [7]
    assert (one.nothing_asked, two.nothing_asked) == (1, 1)


def test_the_fault_of_a_whole_row_is_listed_once():
    assert [line.line for line in read(WORKERS).problems] == [3, 5, 6, 7]


BATCH = f"""HITId,WorkerId,AssignmentStatus
H1,{A},Approved
H2,{A},Rejected
H3,{B},Rejected
H4,{C},Submitted
H5,{C},Submitted
H6,x y,Approved
H7,x y,Rejected
"""


def test_a_batch_file_by_status():
    found = read(BATCH, statuses={"Approved", "Submitted"})
    [target] = found.targets
    assert [(line.worker_id, line.merged_lines) for line in target.ready] == [(A, ()), (C, (6,))]
    assert (found.rows, found.workers, target.left_out) == (7, 3, 3)
    assert found.statuses == {"Approved": 1, "Rejected": 2, "Submitted": 1}
    assert found.worker_statuses[A] == {"Approved", "Rejected"}
    assert found.workers_with({"Rejected"}) == 2
    assert [line.line for line in found.problems] == [7]
    assert found.repeats_expected


def test_the_same_fault_twice_in_one_line_is_listed_twice():
    assert len(read(f"{A},{B},b1,b1").problems) == 2
