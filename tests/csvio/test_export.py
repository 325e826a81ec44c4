"""BI-24 to BI-28 and ASVS 1.2.10: no spreadsheet runs anything from a file we write."""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.csvio import (
    Options,
    SafeCsvWriter,
    interpret,
    problems_csv,
    propose_mapping,
    read_table,
    safe_cell,
    sample_file,
)
from tests.csvio import samples

ATTACKS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\x00=1+1",
    "\tharmless",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    '=HYPERLINK("http://example.org","x")',
    "\"=cmd|'/c calc'!A0\"",
    "=cmd|' /C calc'!A0",
    "  =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "'=1+1",
    "\ufeff=1+1",
]


def parsed(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", ATTACKS)
def test_risky_text_gets_an_apostrophe(text):
    assert safe_cell(text) == f"'{text}"
    [_, [cell, last]] = parsed(SafeCsvWriter(("x", "y")).document([(text, "end")]))
    assert cell.startswith("'")
    assert last == "end"


@pytest.mark.parametrize(
    "text", ["", "A1B2C3D4E5F6", "passed - twice", "a=b", "5 > 3", "später", "line\nbreak", "a@example.org"]
)
def test_ordinary_text_is_not_changed(text):
    assert safe_cell(text) == text


def test_text_that_another_separator_would_cut_open():
    assert safe_cell("a;=1+1") == "a;'=1+1"
    assert safe_cell("a\n=1+1") == "a\n'=1+1"
    assert safe_cell('a;"=1+1') == "a;\"'=1+1"
    assert safe_cell("a\t-1") == "a\t'-1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1, "-1"),
        (0, "0"),
        (1.5, "1.5"),
        (-0.25, "-0.25"),
        (None, ""),
        (dt.date(2026, 11, 23), "2026-11-23"),
        (dt.datetime(2026, 11, 23, 14, 5, tzinfo=dt.UTC), "2026-11-23T14:05:00+00:00"),
    ],
)
def test_values_of_the_program_stay(value, text):
    assert safe_cell(value) == text


def test_the_form_of_the_file():
    writer = SafeCsvWriter(("a", "b"))
    assert writer.document([("x", 'say "hi"'), (1, None)]) == (
        b'\xef\xbb\xbf"a","b"\r\n"x","say ""hi"""\r\n"1",""\r\n'
    )
    assert SafeCsvWriter(("a",), bom=False).document([]) == b'"a"\r\n'


def test_headers_are_made_safe_too():
    assert SafeCsvWriter(("=1+1",), bom=False).document([]) == b'"\'=1+1"\r\n'


def test_rows_are_streamed_one_by_one():
    taken = []

    def rows():
        for number in range(1_000_000):
            taken.append(number)
            yield (number,)

    stream = SafeCsvWriter(("n",)).stream(rows())
    assert [next(stream) for _ in range(3)][1:] == [b'"0"\r\n', b'"1"\r\n']
    assert taken == [0, 1]


def test_half_characters_do_not_break_an_export():
    assert SafeCsvWriter(("x",), bom=False).document([("a\ud800b",)]) == b'"x"\r\n"a?b"\r\n'


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=2, max_size=2),
        max_size=5,
    )
)
def test_any_text_comes_back_as_one_cell_that_is_not_a_formula(rows):
    back = parsed(SafeCsvWriter(("a", "b")).document(rows))[1:]
    assert [len(cells) for cells in back] == [2] * len(rows)
    for given_cells, cells in zip(rows, back, strict=True):
        for before, after in zip(given_cells, cells, strict=True):
            assert after.replace("'", "") == before.replace("'", "")
            assert not after.lstrip(' \u00a0"').startswith(
                ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
            )


def test_the_sample_file_reads_without_a_fault():
    table = read_table(sample_file())
    found = interpret(table, propose_mapping(table), wanted=Options())
    assert found.problems == []
    assert (found.targets[0].counts.to_set, found.targets[0].counts.to_revoke) == (2, 1)
    assert propose_mapping(table).ignored == ("Note",)


def problems_of(data: bytes) -> list[list[str]]:
    table = read_table(data)
    return parsed(b"".join(problems_csv(table, interpret(table, propose_mapping(table), wanted=Options()))))


def test_problems_come_with_their_row_and_why():
    head, *rows = problems_of((samples.FOLDER / samples.FAULTS).read_bytes())
    assert head == ["WorkerId", "Score", "line", "why"]
    assert [row[2] for row in rows] == ["3", "5", "7", "9", "11", "13", "15", "19", "23", "24", "25"]
    assert rows[2][:2] == ["AR9I8NKMXLJSBA", "1.5"]
    assert rows[3][1] == "'-1"
    assert rows[-2][:2] == ["AONLYONECOLUMN", ""]
    assert rows[-1][:2] == ["A1", "2,3,4"]
    assert all(row[3] for row in rows)


def test_problems_of_a_list():
    head, *rows = problems_of((samples.FOLDER / samples.PASTED).read_bytes())
    assert head == ["WorkerId", "line", "why"]
    assert len(rows) == 12
    assert "'=cmd|' /C calc'!A0" in [row[0] for row in rows]


def test_problems_of_the_worker_file_name_the_cells():
    _, *rows = problems_of((samples.FOLDER / samples.WORKERS).read_bytes())
    assert len(rows) == 9
    assert {len(row) for row in rows} == {18}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
def test_libreoffice_computes_nothing(tmp_path):
    source = tmp_path / "export.csv"
    source.write_bytes(SafeCsvWriter(("text",)).document([(text,) for text in ATTACKS if "\x00" not in text]))
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), str(source)],
        check=True,
        timeout=120,
    )
    assert "table:formula" not in (tmp_path / "export.fods").read_text(encoding="utf-8")
