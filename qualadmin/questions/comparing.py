"""Whether two documents say the same."""

from __future__ import annotations

from qualadmin.questions.reading import BadDocument, Element, read


def same_document(one: str, other: str) -> bool:
    """Whether two XML documents differ in nothing but their layout. What cannot be read is compared as text."""
    if one == other or not one or not other:
        return one == other
    try:
        return _same(read(one), read(other))
    except BadDocument:
        return False


def _same(one: Element, other: Element) -> bool:
    return (
        (one.name, one.namespace, one.attributes) == (other.name, other.namespace, other.attributes)
        and len(one.children) == len(other.children)
        and (one.text.strip() == other.text.strip())
        and all(map(_same, one.children, other.children))
    )
