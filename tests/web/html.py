"""What every page of ours must be, whatever it shows."""

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib
from django.db import connection
from django.http.response import HttpResponseBase

#: html5lib knows neither of these as void of meaning; both are valid in HTML today.
ALLOWED_SCHEMES = ("/", "#", "?", "mailto:")
LABELLED = {"input", "select", "textarea"}
POINTERS = ("aria-labelledby", "aria-describedby", "aria-controls", "for")


def assert_valid_page(response: HttpResponseBase) -> None:
    """A whole page: parses without a fault, has one h1, a title, a language, and sound markup."""
    text = _text(response)
    assert text.lstrip().lower().startswith("<!doctype html>"), text[:80]
    if connection.vendor != "sqlite":  # the same templates were read there, slower than they are made
        return
    root = _parse(text)
    assert root.attrib.get("lang"), "no language"
    assert (root.findtext(".//title") or "").strip(" ·"), "no title"
    headings = ["".join(one.itertext()).strip() for one in root.iter("h1")]
    assert len(headings) == 1, f"one h1, not {headings}"
    assert headings[0], "an empty h1"
    assert len(list(root.iter("main"))) == 1
    _assert_markup(root, text)


def assert_valid_fragment(response: HttpResponseBase) -> None:
    """A part that htmx puts into a page."""
    text = _text(response)
    assert "<html" not in text, "a fragment, not a page"
    assert "<h1" not in text
    if connection.vendor != "sqlite":
        return
    _assert_markup(_parse(f"<!doctype html><html lang=en><title>t</title><body>{text}</body></html>"), text)


def _text(response: HttpResponseBase) -> str:
    assert response.headers["Content-Type"].startswith("text/html"), response.headers["Content-Type"]
    return bytes(getattr(response, "content", b"")).decode()


def _parse(text: str) -> Element:
    """The tree of a page. Raises AssertionError for each fault that a strict parser finds."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=False)
    root: Element = parser.parse(text)
    faults = [f"{place}: {code} {details}" for place, code, details in parser.errors]
    assert faults == [], faults
    return root


def _assert_markup(root: Element, text: str) -> None:
    assert not re.search(r"\{[#%{]|[#%}]\}", re.sub(r"content='\{.*?\}'", "", text)), "template code in the page"
    faults = [*_doubled_ids(root), *_lost_pointers(root), *_unnamed_controls(root), *_unsafe(root)]
    assert faults == [], faults


def _doubled_ids(root: Element) -> Iterator[str]:
    counts = Counter(one.attrib["id"] for one in root.iter() if "id" in one.attrib)
    yield from (f"id {name!r} {count} times" for name, count in counts.items() if count > 1)


def _lost_pointers(root: Element) -> Iterator[str]:
    ids = {one.attrib["id"] for one in root.iter() if "id" in one.attrib}
    for one in root.iter():
        for attribute in POINTERS:
            for target in one.attrib.get(attribute, "").split():
                if target not in ids:
                    yield f"{one.tag} {attribute}={target!r} points at nothing"
        if one.tag == "a" and one.attrib.get("href", "").startswith("#") and one.attrib["href"][1:] not in ids:
            yield f"a link to {one.attrib['href']!r}, which is nowhere"


def _unnamed_controls(root: Element) -> Iterator[str]:
    labels = {one.attrib["for"] for one in root.iter("label") if "for" in one.attrib}
    inside = {id(control) for label in root.iter("label") for control in label.iter() if control.tag in LABELLED}
    for one in root.iter():
        named = one.attrib.get("aria-label") or one.attrib.get("aria-labelledby") or one.attrib.get("title")
        shown = one.tag in LABELLED and one.attrib.get("type") not in {"hidden", "submit"}
        if shown and not (named or one.attrib.get("id") in labels or id(one) in inside):
            yield f"{one.tag} {one.attrib} has no label"
        if one.tag in {"button", "a"} and not (named or "".join(one.itertext()).strip()):
            yield f"{one.tag} {one.attrib} has no name"


def _unsafe(root: Element) -> Iterator[str]:
    for one in root.iter():
        if one.tag == "style" or (one.tag == "script" and not one.attrib.get("src")):
            yield f"inline {one.tag}"
        for name, value in one.attrib.items():
            if name == "style" or name.startswith(("on", "hx-on", "data-hx-on")):
                yield f"{one.tag} {name}={value!r}"
            if name in {"href", "src", "action"} and value and not value.startswith(ALLOWED_SCHEMES):
                yield f"{one.tag} {name}={value!r} leads elsewhere"
            if name in {"href", "src", "action"} and value.startswith("//"):
                yield f"{one.tag} {name}={value!r} leads elsewhere"
