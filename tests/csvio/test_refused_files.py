"""BI-01 to BI-09: what spoils a whole file is refused in plain words, with the line where there is one."""

from __future__ import annotations

import pytest

from qualadmin.csvio import InputRefused, Limits, read_pasted, read_table

ID = "A1B2C3D4E5F6"


def refused(data: bytes, **options: object) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read_table(data, **options)
    assert caught.value.message
    assert str(caught.value) == caught.value.message
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\r\n\r\n  \n\n",
        b"WorkerId\n",
        b"WorkerId,Score\r\n",
        b"Probanden-ID;Punktzahl\r\n",
        b"Probanden-ID;Punktzahl\r\n;\r\n ; \r\n",
        b"sep=;\r\n",
        b"sep=;\r\nWorkerId;Score\r\n",
        b"# only a comment\n",
        b",,,\n,,,\n",
    ],
)
def test_bi01_nothing_in_it(data):
    error = refused(data)
    assert error.code == "no_worker_ids"
    assert "No worker IDs found" in error.message


@pytest.mark.parametrize("text", ["", "  \n\t\n", "WorkerId"])
def test_bi01_nothing_pasted(text):
    with pytest.raises(InputRefused, match="No worker IDs found"):
        read_pasted(text)


def test_bi02_one_byte_too_many():
    limits = Limits(max_bytes=1_000)
    data = (ID + "\n").encode() * 76
    assert len(read_table(data, limits=limits).rows) == 76
    error = refused(data + b"A" * 13, limits=limits)
    assert error.code == "too_many_bytes"
    assert "1,001" in error.message
    assert "1,000" in error.message


def test_bi02_the_limit_is_two_mebibytes():
    assert refused(b"A" * (2 * 1024 * 1024 + 1)).code == "too_many_bytes"


@pytest.mark.parametrize("header", ["", "WorkerId,Score\n"])
def test_bi03_one_row_too_many_in_a_table(header):
    rows = [f"A{number:012},5\n" for number in range(10_001)]
    assert len(read_table((header + "".join(rows[1:])).encode()).rows) == 10_000
    error = refused((header + "".join(rows)).encode())
    assert error.code == "too_many_rows"
    assert "10,001 rows" in error.message
    assert "10,000" in error.message


def test_bi03_one_id_too_many_in_a_list():
    ids = [f"A{number:012}" for number in range(10_001)]
    assert len(read_table("\n".join(ids[1:]).encode()).rows) == 10_000
    for joined in (
        "\n".join(ids),
        "\n".join(",".join(ids[start : start + 100]) for start in range(0, 10_001, 100)),
    ):
        error = refused(joined.encode())
        assert (error.code, "10,001" in error.message) == ("too_many_rows", True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "zip"),
        (b"PK\x05\x06" + b"\x00" * 18, "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image"),
        (b"GIF89a", "image"),
        (b"\x1f\x8b\x08", "archive"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"SQLite format 3\x00", "database"),
        (b"{\\rtf1\\ansi", "rtf"),
        (b"<!DOCTYPE html><table>", "markup"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><x/>", "markup"),
        (b"\n <HTML><body>", "markup"),
    ],
)
def test_bi04_refused_by_content(data, code):
    assert refused(data + f"\n{ID},5\n".encode()).code == code


def test_bi05_encodings():
    text = f"WorkerId;Score;Note\r\n{ID};5;später\r\n"
    for encoding, name in (("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16-le")):
        table = read_table(text.encode(encoding))
        assert (table.encoding, table.rows[0].cells) == (name, (ID, "5", "später"))
    big = read_table(b"\xfe\xff" + text.encode("utf-16-be"))
    assert (big.encoding, big.rows[0].cells[2]) == ("utf-16-be", "später")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_bi05_latin1_is_refused_with_the_line(end):
    error = refused(end.join(["WorkerId,Note", f"{ID},ok", f"{ID},später", ID]).encode("latin-1"))
    assert (error.code, error.line) == ("not_utf8", 3)
    assert "Line 3" in error.message
    assert "0xE4" in error.message
    assert "CSV UTF-8" in error.message


def test_bi05_other_unicode_forms_are_refused_with_advice():
    text = f"WorkerId,Score\n{ID},5\n"
    for data, code in (
        (text.encode("utf-16-le"), "utf16_without_bom"),
        (text.encode("utf-16-be"), "utf16_without_bom"),
        (text.encode("utf-32"), "utf32"),
        (text.encode("utf-16") + b"\x00", "not_utf16"),
    ):
        error = refused(data)
        assert error.code == code
        assert "CSV UTF-8" in error.message


def test_bi05_damaged_utf16_names_the_line():
    data = b"\xff\xfe" + f"WorkerId\n{ID}\n".encode("utf-16-le") + b"\x00\xdc" + "\nA".encode("utf-16-le")
    assert refused(data).line == 3


@pytest.mark.parametrize("char", ["\x00", "\x1a", "\x07", "\x0b", "\x0c", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("form", ["WorkerId,Note\r\n{id},ok\r\n{id},b{char}d\r\n", "{id}\n{id}\n{char}"])
def test_bi06_control_characters(char, form):
    text = form.format(id=ID, char=char)
    error = refused(text.encode())
    assert (error.code, error.line) == ("control_character", 3)
    assert f"U+{ord(char):04X}" in error.message
    with pytest.raises(InputRefused):
        read_pasted(text)


def test_bi06_half_characters_in_pasted_text():
    with pytest.raises(InputRefused) as caught:
        read_pasted(f"{ID}\n\ud800")
    assert (caught.value.code, caught.value.line) == ("control_character", 2)


@pytest.mark.parametrize("begin", [f"{ID}\n", f"WorkerId,Note\n{ID},"])
def test_bi07_a_line_of_200000_characters(begin):
    error = refused((begin + "x" * 200_000).encode())
    assert (error.code, error.line) == ("line_too_long", 2)


def test_bi07_a_cell_of_many_lines_beyond_the_limit():
    long = "\n".join(["x" * 1_000] * 200)
    error = refused(f'WorkerId,Note\n{ID},ok\n{ID},"{long}"\n'.encode())
    assert (error.code, error.line) == ("cell_too_long", 3)


def test_too_many_columns():
    error = refused(f"WorkerId{',x' * 1_000}\n{ID}{',' * 1_000}\n".encode())
    assert (error.code, "1,001 columns" in error.message) == ("too_many_columns", True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('WorkerId,Note\n{id},ok\n{id},"never closed\n{id},ok\n{id},ok\n', 3),
        ('WorkerId,Note\n{id},"two\nlines"\n{id},"never closed\n{id},ok\n', 4),
        ('WorkerId,Note\r{id},ok\r{id},"closed by the next\r{id},"ok"\r', 3),
        ('WorkerId,Note\n{id},"text "quoted" text"\n', 2),
        ('WorkerId,Note\n{id},"ok\n{id},x\n{id},"\n', 2),
        ('"{id}\n{id}\n{id}\n', 1),
        ('{id}\n{id}\n"{id}\n{id}\n', 3),
        ('{id},5\n{id},5\n"{id},5\n{id},5\n{id},5\n', 3),
    ],
)
def test_bi09_unbalanced_quotes_are_refused_where_they_begin(text, line):
    error = refused(text.format(id=ID).encode())
    assert (error.code, error.line) == ("unbalanced_quote", line)
    assert f"line {line}" in error.message


def test_bi09_a_comment_that_tells_an_id_is_no_row():
    text = f'WorkerId,Note\n{ID},"hello\nmy id is {ID}\nbye, {ID}"\n'
    assert len(read_table(text.encode()).rows) == 1


def test_bi09_in_a_pasted_list_only_the_id_is_questioned():
    table = read_pasted(f'{ID}\n"A2B2C3D4E5F6\nA3B2C3D4E5F6')
    assert [row.cells[0] for row in table.rows] == [ID, '"A2B2C3D4E5F6', "A3B2C3D4E5F6"]


@pytest.mark.parametrize("separator", ["", "ab", "\n", '"'])
def test_a_separator_from_a_form_is_checked(separator):
    assert refused(f"{ID},5".encode(), separator=separator).code == "bad_separator"


@pytest.mark.parametrize(
    "head",
    ["Worker ID,UPDATE-Wave 1,UPDATE-Wave 1", "Worker ID,WorkerId,UPDATE-Wave 1", "WorkerId,Score,worker_id"],
)
def test_doubled_columns_are_not_guessed(head):
    error = refused(f"{head}\n{ID},1,2\n".encode())
    assert (error.code, error.line) == ("doubled_column", 1)
