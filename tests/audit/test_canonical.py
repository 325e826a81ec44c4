"""The bytes that are hashed, and the tree they form, are those of the published standards."""

import enum
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.audit import canonical
from qualadmin.audit.tree import EMPTY_ROOT, Frontier, leaf_hash

KEYS = st.from_regex(r"[a-z0-9_]+", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_t_a31_canonical_form_equals_rfc_8785(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_decode_accepts_exactly_what_encode_writes(value: dict[str, Any]) -> None:
    core = canonical.encode(value)
    assert canonical.decode(core) == value
    loose = json.dumps(value, indent=1).encode()
    if loose != core:
        with pytest.raises(canonical.NotCanonical):
            canonical.decode(loose)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS | st.text(max_size=2), ANY_JSON, max_size=3), st.booleans())
def test_decode_refuses_whatever_encode_does(value: dict[str, Any], escaped: bool) -> None:
    """Reading goes a quicker way than writing: they must not differ in what they let through."""
    core = json.dumps(value, ensure_ascii=escaped, sort_keys=True, separators=(",", ":")).encode(
        errors="surrogatepass"
    )
    try:
        same = canonical.encode(value) == core
    except canonical.NotCanonical:
        same = False
    if same:
        assert canonical.decode(core) == value
        return
    with pytest.raises(canonical.NotCanonical):
        canonical.decode(core)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\ud800": 1},
        {"Upper": 1},
        {"": 1},
        {"a b": 1},
        {"é": 1},
        {"a\n": 1},
        {1: 2},
        {None: 2},
        b"bytes",
        {1, 2},
        object(),
        [[1, {"a": 0.1}]],
        nested(100),
    ],
)
def test_t_a31_what_has_no_single_form_is_refused(value: Any) -> None:
    with pytest.raises(canonical.NotCanonical):
        canonical.encode(value)


@pytest.mark.parametrize(
    "core",
    [
        b'{"a":1.0}',
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a":"\\u0041"}',
        b"[1]",
        b"",
        b"{",
        b"\xff",
        b'{"a":1} ',
    ],
)
def test_other_bytes_are_not_canonical(core: bytes) -> None:
    with pytest.raises(canonical.NotCanonical):
        canonical.decode(core)


@pytest.mark.parametrize("core", [b"[1]", b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_not_shown_either(core: bytes) -> None:
    with pytest.raises(canonical.NotCanonical):
        canonical.read(core)


def test_reading_for_a_list_leaves_the_form_to_verification() -> None:
    assert canonical.read(b'{"b": 1, "a": 2}') == {"a": 2, "b": 1}


def test_named_constants_are_their_plain_value() -> None:
    class State(enum.StrEnum):
        DONE = "done"

    class Level(enum.IntEnum):
        HIGH = 3

    assert (
        canonical.encode({"s": State.DONE, "l": Level.HIGH, "t": (True, None)})
        == b'{"l":3,"s":"done","t":[true,null]}'
    )


# Leaves and roots published with the reference tests of RFC 6962 (Certificate Transparency).
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_t_a32_the_empty_tree() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root() == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_t_a32_roots_of_rfc_6962(size: int) -> None:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree.push(leaf_hash(leaf))
    assert tree.root().hex() == ROOTS[size - 1]
    again = Frontier.from_bytes(size, tree.to_bytes())
    assert again.root() == tree.root()


@pytest.mark.parametrize(("size", "stored"), [(1, b""), (1, b"x" * 31), (2, b"x" * 64), (-1, b"")])
def test_a_damaged_frontier_is_refused(size: int, stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"frontier|cut off"):
        Frontier.from_bytes(size, stored)
