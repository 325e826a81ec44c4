"""Every sample file gives exactly what a careful reader finds in it."""

from __future__ import annotations

import pytest

from qualadmin.csvio import Options, ScoreRange, interpret, propose_mapping, read_pasted
from tests.csvio import samples
from tests.csvio.samples import read_sample, sample


def test_batch_results_are_recognised_without_help():
    table = sample(samples.BATCH)
    mapping = propose_mapping(table)
    assert (table.kind, table.separator, table.width, len(table.rows)) == ("batch_results", ",", 32, 1200)
    assert table.column_name(mapping.worker) == "WorkerId"
    assert table.column_name(mapping.status) == "AssignmentStatus"
    assert mapping.score is None
    assert mapping.batch_ids == ("5093217",)
    assert mapping.titles == ("Colour words and memory (12 minutes)",)
    assert len(mapping.ignored) == 30
    assert {"HITId", "Answer.comment", "WorkTimeInSeconds"} <= set(mapping.ignored)


def test_batch_results_count_workers_per_status():
    found = read_sample(samples.BATCH)
    assert (found.rows, found.workers) == (1200, 564)
    assert found.statuses == {"Approved": 525, "Submitted": 112, "Rejected": 62}
    assert found.workers_with({"Approved", "Submitted"}) == 551
    assert "1,200 rows, 564 different workers." in found.notes


@pytest.mark.parametrize(
    ("statuses", "workers"),
    [
        ({"Approved"}, 525),
        ({"Submitted"}, 112),
        ({"Rejected"}, 62),
        ({"Approved", "Submitted"}, 551),
        (None, 564),
        (set(), 0),
    ],
)
def test_batch_results_filtered_by_status(statuses, workers):
    found = read_sample(samples.BATCH, statuses=statuses, default_score=100)
    [target] = found.targets
    assert target.counts.to_set == len(target.ready) == workers
    assert len({line.worker_id for line in target.ready}) == workers
    assert {line.score for line in target.ready} <= {100}
    assert target.repeats == []  # several assignments of one worker are normal, not news
    assert target.faulty == []
    taken = sum(1 + len(line.merged_lines) for line in target.ready)
    assert taken + target.left_out == 1200


def test_batch_lines_are_those_of_the_file_despite_line_breaks_in_answers():
    text = (samples.FOLDER / samples.BATCH).read_bytes().decode("utf-8")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = read_sample(samples.BATCH)
    assert len(lines) > 1202  # there are line breaks inside cells
    for line in found.targets[0].ready:
        assert f'"{line.worker_id}"' in lines[line.line - 1]


def test_worker_file_gives_two_types():
    table = sample(samples.WORKERS)
    mapping = propose_mapping(table)
    assert (table.kind, len(table.rows)) == ("worker_file", 400)
    assert [column.name for column in mapping.type_columns] == ["Colour words wave 1", "Attention checks"]
    found = interpret(table, mapping, wanted=Options())
    assert (found.rows, found.workers) == (400, 400)
    words, checks = found.targets
    assert (words.counts.to_set, words.counts.already, words.counts.to_revoke) == (57, 17, 14)
    assert (words.counts.faulty, words.nothing_asked) == (0, 312)
    assert (checks.counts.to_set, checks.counts.already, checks.counts.to_revoke) == (32, 0, 3)
    assert (checks.counts.faulty, checks.nothing_asked) == (9, 356)
    assert {line.column for line in checks.faulty} == {"UPDATE-Attention checks"}
    assert [line.line for line in checks.faulty] == [38, 108, 148, 173, 276, 289, 297, 326, 363]
    assert [line.line for line in checks.ready if line.revoke] == [243, 285, 286]


def test_worker_file_names_the_block_cell_as_not_handled():
    found = read_sample(samples.WORKERS)
    [block] = found.unhandled
    assert (block.line, block.column, block.text) == (93, "UPDATE BlockStatus", "Block")
    assert any("not handled" in note for note in found.notes)


def test_worker_file_ranges_are_per_type():
    found = read_sample(samples.WORKERS, ranges={"Colour words wave 1": ScoreRange(0, 50)})
    words, checks = found.targets
    assert (words.counts.to_set, words.counts.already, words.counts.faulty) == (0, 0, 74)
    assert checks.counts.faulty == 9


CLEAN = [
    "A7ROYZW6JIUJZK22NFLX",
    "AGSYXTSQLUPLTR",
    "AA35YVBKQDMQ0EP7ZUTE",
    "A0VQ620K4OCTOL",
    "A1R7JSCIGG4LXP9GP0EV",
    "AX3XW82INP9SW2ZE9DUH",
    "AGRVH2G1FMTU",
    "A6FCUJZFML6W2X",
    "ANE439FKU2UMP",
    "AIV7F08GTCB611",
    "AQM7WS6RTYJFAE",
    "AA4F6RS9UY5I8A",
    "A2LD30J4JGP1EK",
    "AQTMMBY1Q94HG9",
    "AAQXDT8NXTNLR",
    "A8085GWSCTZ1SC",
    "AFHCD5QM9L5YC",
    "AQ60BLRSFET5LV",
    "A8WD1LQ6GR0DZ",
    "A8AE6F3YXG527N",
    "AR1EBFANFCSVP",
    "A8WNMVZ6S3JT9T",
]
PROPOSED = {
    15: ("AN3ZCNB7HVKMX", "trimmed"),
    18: ("AGSYXTSQLUPLTR", "lower_case"),
    19: ("AEZ31FZGZA1LB", "invisible"),
    20: ("A4MY7JIJ1SYKGBTOGCDT", "trimmed"),
}
REFUSED = {
    21: "look_alike",
    22: "excel_number",
    23: "email",
    24: "url",
    26: "too_short",
    27: "too_long",
    28: "formula",
    29: "extra_text",
}


def pasted_table():
    return read_pasted((samples.FOLDER / samples.PASTED).read_text(encoding="utf-8"))


@pytest.mark.parametrize("table", [sample(samples.PASTED), pasted_table()], ids=["uploaded", "pasted"])
def test_pasted_list(table):
    assert table.kind == "list"
    found = interpret(table, propose_mapping(table), wanted=Options(default_score=1))
    [target] = found.targets
    assert [line.worker_id for line in target.ready] == CLEAN
    assert {line.line: (line.proposal, line.fault_code) for line in target.proposed} == PROPOSED
    assert all(line.worker_id is None for line in target.proposed)
    assert {line.line: line.fault_code for line in target.faulty} == REFUSED
    assert [repeat.text for repeat in target.repeats] == [
        "Line 17 repeats line 3 (A7ROYZW6JIUJZK22NFLX).",
        "Line 31 names A8WNMVZ6S3JT9T more than once.",
    ]
    assert "Line 1 is a comment and was skipped." in table.notes


def test_pasted_list_with_corrections_accepted():
    [target] = read_sample(samples.PASTED, accept_proposals=True).targets
    added = {"AN3ZCNB7HVKMX", "AEZ31FZGZA1LB", "A4MY7JIJ1SYKGBTOGCDT"}
    assert {line.worker_id for line in target.ready} == set(CLEAN) | added
    assert {line.worker_id for line in target.ready if line.corrected} == added
    assert target.proposed == []
    assert {line.line: line.fault_code for line in target.faulty} == REFUSED
    assert [(repeat.line, repeat.first_line) for repeat in target.repeats] == [(17, 3), (18, 4), (31, 31)]


def test_pasted_list_with_some_corrections_accepted():
    [target] = read_sample(samples.PASTED, accept_proposals={19}).targets
    assert [line.worker_id for line in target.ready if line.corrected] == ["AEZ31FZGZA1LB"]
    assert {line.line for line in target.proposed} == {15, 18, 20}


def test_three_score_files_give_the_same():
    results = []
    for name in samples.SCORES:
        found = read_sample(name)
        [target] = found.targets
        assert (found.rows, found.workers, len(target.lines), found.problems) == (60, 60, 60, [])
        results.append([(line.worker_id, line.score) for line in target.lines])
    assert results[0] == results[1] == results[2]
    assert results[0][0] == ("ABGDVF9JNMAH0", 14)
    assert results[0][-1] == ("AYLP5LCL9N61CJ", 9)


def test_score_files_show_encoding_separator_and_ignored_columns():
    semicolon, utf16, bare = (sample(name) for name in samples.SCORES)
    assert (semicolon.encoding, semicolon.separator) == ("utf-8-sig", ";")
    assert (utf16.encoding, utf16.separator) == ("utf-16-le", "\t")
    assert (bare.encoding, bare.separator, bare.header) == ("utf-8", ",", None)
    assert semicolon.header == utf16.header == ("Probanden-ID", "Punktzahl", "Notiz")
    assert propose_mapping(semicolon).ignored == ("Notiz",)
    assert propose_mapping(bare).ignored == ()
    assert "There is no row of column names." in bare.notes


def test_scores_with_faults_shows_every_fault_at_once():
    found = read_sample(samples.FAULTS)
    [target] = found.targets
    assert found.rows == 24
    assert {line.line: line.fault_code for line in found.problems} == {
        3: "conflict",
        5: "score_empty",
        7: "score_decimal",
        9: "score_out_of_range",
        11: "score_not_a_number",
        13: "score_too_big",
        15: "score_foreign_digit",
        19: "score_scientific",
        23: "conflict",
        24: "too_few_columns",
        25: "too_many_columns",
    }
    assert all(line.worker_id is None for line in found.problems)
    assert {line.line: line.score for line in target.ready} == {
        2: 14, 4: 100, 6: 45, 8: 10, 10: 94, 12: 1, 14: 31, 16: 53, 17: 42, 18: 4, 20: 24, 21: 58,
    }  # fmt: skip
    [repeat] = target.repeats
    assert (repeat.line, repeat.first_line, repeat.worker_id) == (22, 2, "ABGDVF9JNMAH0")
    assert target.ready[0].merged_lines == (22,)


def test_scores_with_faults_in_a_type_that_allows_negative_scores():
    found = read_sample(samples.FAULTS, scores=ScoreRange(-(2**31), 2**31 - 1))
    codes = {line.line: line.fault_code for line in found.problems}
    assert 9 not in codes
    assert codes[13] == "score_too_big"
    assert [line.score for line in found.targets[0].ready if line.line == 9] == [-1]
