"""BI-60: whatever comes in, a table comes out or InputRefused; never another exception."""

from __future__ import annotations

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from qualadmin.csvio import (
    WORKER_ID,
    InputRefused,
    Limits,
    Options,
    interpret,
    problems_csv,
    propose_mapping,
    read_pasted,
    read_table,
)
from qualadmin.csvio.decoding import ended_lines

SMALL = Limits(max_bytes=5_000, max_rows=20, max_line=400, max_columns=10)
PIECES = st.sampled_from(
    [
        "A1B2C3D4E5F6",
        "a1b2c3d4e5f6",
        "WorkerId",
        "Worker ID",
        "UPDATE-x",
        "CURRENT-x",
        "UPDATE BlockStatus",
        "Block",
        "AssignmentStatus",
        "HITId",
        "Approved",
        "Revoke",
        "Score",
        "Action",
        "5",
        "-1",
        "1e3",
        "=1",
        "sep=;",
        "#",
        " ",
        ",",
        ",",
        ";",
        "\t",
        "|",
        '"',
        '""',
        "\n",
        "\n",
        "\r",
        "\r\n",
        "\u200b",
        "\u2028",
        "А",
        "\ufeff",
        "\x00",
        "x" * 90,
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)
CHOICES = st.builds(
    Options,
    accept_proposals=st.booleans() | st.sets(st.integers(1, 5)),
    statuses=st.none() | st.just({"Approved"}),
    default_score=st.none() | st.just(1),
)


def table_or_refusal(read):
    try:
        return read()
    except InputRefused as refusal:
        return refusal


def go_all_the_way(read, wanted):
    table = table_or_refusal(read)
    if isinstance(table, InputRefused):
        assert table.message
        assert table.code
        assert table.line is None or table.line >= 1
        return
    assert 0 < len(table.rows) <= SMALL.max_rows
    lines = [row.line for row in table.rows]
    assert lines == sorted(lines)
    mapping = propose_mapping(table)
    if mapping.worker is None:
        return
    found = interpret(table, mapping, wanted=wanted)
    for target in found.targets:
        ids = [line.worker_id for line in target.ready]
        assert len(ids) == len(set(ids))
        assert all(WORKER_ID.fullmatch(worker_id) for worker_id in ids)
        for line in target.lines:
            assert line.line in lines
            assert (line.fault is None) == (line.fault_code is None) == (line.worker_id is not None)
            assert wanted.accepts(line.line) or not line.corrected
        told = sum(1 + len(line.merged_lines) for line in target.lines)
        assert told + target.nothing_asked + target.left_out == len(table.rows)
    assert b"".join(problems_csv(table, found)).startswith(b"\xef\xbb\xbf")


@given(st.binary(max_size=2_000), CHOICES)
@example(b"\xff\xfe\x00\xd8", Options())
@example(b'"', Options())
@example(b"\xef\xbb\xbf\xef\xbb\xbf", Options())
def test_any_bytes(data, wanted):
    go_all_the_way(lambda: read_table(data, limits=SMALL), wanted)


@given(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]), CHOICES, st.none() | st.booleans())
@settings(max_examples=300)
def test_almost_files(text, encoding, wanted, header):
    data = text.encode(encoding, errors="replace")
    go_all_the_way(lambda: read_table(data, limits=SMALL, header=header), wanted)


@given(TEXTS | st.text(max_size=300), CHOICES)
def test_any_pasted_text(text, wanted):
    go_all_the_way(lambda: read_pasted(text, limits=SMALL), wanted)


@given(TEXTS, st.text(max_size=2), st.booleans())
def test_any_separator_from_a_form(text, separator, header):
    go_all_the_way(lambda: read_pasted(text, limits=SMALL, separator=separator, header=header), Options())


CELL = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cf"]) | st.sampled_from('",;\n\r'), max_size=12
)


@given(st.lists(CELL, min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_lines_and_cells_survive_quoting(notes, end):
    text, expected, line = f"WorkerId,Note{end}", [], 2
    for number, note in enumerate(notes):
        worker = f"A{number:011}"
        expected.append((line, (worker, note)))
        record = f'{worker},"{note.replace(chr(34), chr(34) * 2)}"{end}'
        text += record
        line += record.count("\n") + record.replace("\r\n", "").count("\r")
    table = read_table(text.encode())
    assert [(row.line, row.cells) for row in table.rows] == expected


@given(st.text(alphabet='ab,"\r\n\x0b\x0c\x1c\x85\u2028', max_size=40))
@example("")
@example("a\r\n\rb\n\r")
def test_lines_are_those_of_a_file(text: str) -> None:
    assert list(ended_lines(text)) == list(io.StringIO(text, newline=""))
