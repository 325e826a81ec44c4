"""BI-08 and requirement 39: every ordinary form of a table or list gives the same rows and true lines."""

from __future__ import annotations

import pytest

from qualadmin.csvio import Options, interpret, propose_mapping, read_pasted, read_table

A, B, C = "A1B2C3D4E5F6", "A2B2C3D4E5F6", "A3B2C3D4E5F6"


def cells(data: str) -> list[tuple[str, ...]]:
    return [row.cells for row in read_table(data.encode()).rows]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("head", [True, False])
def test_separators_and_line_ends(end, separator, head):
    rows = [(A, "5"), (B, "6"), (C, "7")]
    lines = [separator.join(row) for row in ([("WorkerId", "Score"), *rows] if head else rows)]
    table = read_table(end.join(lines).encode())
    assert [row.cells for row in table.rows] == rows
    assert (table.separator, table.header is not None) == (separator, head)
    assert [row.line for row in table.rows] == list(range(1 + head, 4 + head))
    assert any("separated by" in note for note in table.notes)


def test_mixed_line_ends_keep_the_lines():
    table = read_table(f"WorkerId,Score\r\n{A},5\r{B},6\n\n{C},7".encode())
    assert [(row.line, row.cells[0]) for row in table.rows] == [(2, A), (3, B), (5, C)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_true_after_line_breaks_in_quotes(end):
    lines = ["WorkerId,Note", f'{A},"one', "two", 'three"', f"{B},ok", "", f'{C},"a ""quoted"" word"']
    table = read_table(end.join(lines).encode())
    assert [row.line for row in table.rows] == [2, 5, 7]
    assert table.rows[0].cells[1] == f"one{end}two{end}three"
    assert table.rows[2].cells[1] == 'a "quoted" word'


@pytest.mark.parametrize(
    ("first", "separator"), [("sep=;", ";"), ("SEP=,", ","), ('"sep=|"', "|"), ("sep=\t", "\t"), ("sep=:", ":")]
)
def test_excels_separator_line(first, separator):
    text = f"{first}\r\nWorkerId{separator}Score\r\n{A}{separator}5\r\n"
    table = read_table(text.encode())
    assert (table.separator, table.header, table.header_line) == (separator, ("WorkerId", "Score"), 2)
    assert [(row.line, row.cells) for row in table.rows] == [(3, (A, "5"))]
    assert any("Line 1 names the separator" in note for note in table.notes)


def test_decimal_commas_do_not_make_a_comma_the_separator():
    assert cells(f"{A};1,5\n{B};2,5\n") == [(A, "1,5"), (B, "2,5")]


def test_text_with_commas_in_a_semicolon_file():
    text = f"Id;Points;Why\n{A};5;good, quick, kind\n{B};6;slow, but careful\n"
    assert cells(text) == [(A, "5", "good, quick, kind"), (B, "6", "slow, but careful")]


@pytest.mark.parametrize(
    "first",
    [f"{A.lower()};ok", f"{A}\u200b;ok", "jane@example.org;ok", "1.23E+15;ok", "https://example.org/;ok"],
)
def test_a_first_worker_with_a_fault_is_not_taken_for_a_column_name(first):
    table = read_table(f"{first}\n{B};late\n{C};ok\n".encode())
    assert table.header is None
    assert len(table.rows) == 3


def test_the_person_can_say_whether_there_is_a_header():
    data = f"code;remark\n{A};ok\n".encode()
    assert read_table(data).header == ("code", "remark")
    assert len(read_table(data, header=False).rows) == 2
    assert read_table(f"{A};5\n{B};6\n".encode(), header=True).header == (A, "5")


def test_the_person_can_name_the_separator():
    assert [row.cells for row in read_table(f"{A}:5\n{B}:6".encode(), separator=":").rows] == [(A, "5"), (B, "6")]


def test_ids_side_by_side_are_a_list():
    table = read_pasted(f"{A},{B}\n{C}")
    assert (table.kind, [(row.line, row.cells[0]) for row in table.rows]) == ("list", [(1, A), (1, B), (2, C)])


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n{C}",
        f"{A},{B},{C}",
        f"{A}, {B} ,{C},",
        f"{A};{B}\t{C}",
        f"\t{A}\n\t{B}\n\t{C}",
        f"{A} {B}  {C}",
        f'"{A}"\n"{B}","{C}"',
        f"# wave 1\n{A}\n  # wave 2\n{B}\r\r{C}",
        f"WorkerId\n{A}\n{B}\n{C}",
        f"Worker ID\r\n\r\n{A}\r\n{B}\r\n{C}\r\n",
    ],
)
def test_one_box_takes_any_number_of_ids(text):
    for table in (read_pasted(text), read_table(text.encode())):
        assert table.kind == "list"
        assert [row.cells[0] for row in table.rows] == [A, B, C]


def test_a_list_copied_out_of_a_program_is_proposed():
    table = read_pasted(f"['{A}', '{B}']")
    [target] = interpret(table, propose_mapping(table), wanted=Options()).targets
    assert [line.proposal for line in target.proposed] == [A, B]


def test_a_remark_beside_one_id_does_not_make_a_table():
    table = read_pasted(f"{A}, passed\n{B}")
    [target] = interpret(table, propose_mapping(table), wanted=Options()).targets
    assert [line.worker_id for line in target.ready] == [A, B]
    assert [(line.line, line.given) for line in target.faulty] == [(1, "passed")]


def test_a_pasted_table_is_a_table():
    table = read_pasted(f"{A}\t5\n{B}\t6")
    assert (table.kind, [row.cells for row in table.rows]) == ("table", [(A, "5"), (B, "6")])


def test_blanks_at_the_ends_of_a_line_are_kept_for_the_proposal():
    assert [row.cells[0] for row in read_pasted(f" {A}\n{B} \n{C}").rows] == [f" {A}", f"{B} ", C]


def test_names_of_columns_are_spoken_of():
    table = read_table(f"WorkerId, ,Score\n{A},x,5\n".encode())
    assert [table.column_name(index) for index in range(4)] == ["WorkerId", "column 2", "Score", "column 4"]
