"""BI-22: the name of an uploaded file is only shown; a download gets a name of ours."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.csvio import download_name, shown_file_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("workers.csv", "workers.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\jane\\list.csv", "list.csv"),
        ("con", "con"),
        ("a\nb\x1b[31m.csv", "ab[31m.csv"),
        ("list\u202evsc.exe", "listvsc.exe"),
        ('x"; filename*=evil.csv', 'x"; filename*=evil.csv'),
        ("", "file without a name"),
        ("..", "file without a name"),
        ("/", "file without a name"),
    ],
)
def test_shown_names(name, shown):
    assert shown_file_name(name) == shown


def test_long_names_are_cut_and_keep_their_end():
    shown = shown_file_name("x" * 300 + ".csv")
    assert len(shown) == 80
    assert shown.endswith("xxxx.csv")
    assert "…" in shown


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("problems", "Wave 2"), "qualadmin-problems-wave-2.csv"),
        (("../../etc/passwd",), "qualadmin-etc-passwd.csv"),
        (("con",), "qualadmin-con.csv"),
        (('"; filename*=x\r\n',), "qualadmin-filename-x.csv"),
        (("später",), "qualadmin-spater.csv"),
        (("名前",), "qualadmin-export.csv"),
        ((), "qualadmin-export.csv"),
    ],
)
def test_download_names(parts, name):
    assert download_name(*parts) == name


@given(st.text(max_size=200))
def test_any_name(name):
    assert re.fullmatch(r"qualadmin-[a-z0-9-]{1,60}\.csv", download_name(name))
    shown = shown_file_name(name)
    assert 0 < len(shown) <= 80
    assert "/" not in shown
    assert "\n" not in shown
