"""A schema as values: what may stand in an element. Enough for Amazon's question documents, no more.

The content of an element is a row of slots. A slot takes one or several names, so many times; which slot an
element belongs to is always clear from its name alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from qualadmin.questions.reading import BadDocument, Element, Fault

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
Rule = Callable[[str], str | None]
"""A check of a text: the rest of a sentence that begins with the name, or None if all is well."""
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_WEB = re.compile(r"https?://.+")


@dataclass(frozen=True, slots=True)
class Slot:
    options: Mapping[str, Kind]
    least: int = 1
    most: int | None = 1

    @property
    def words(self) -> str:
        return " or ".join(self.options)


@dataclass(frozen=True, slots=True)
class Kind:
    """What an element may hold: child elements, or text that keeps to `rule`."""

    slots: tuple[Slot, ...] = ()
    rule: Rule | None = None
    attributes: Mapping[str, Rule] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    """Attributes that must be there."""
    retired: str | None = None
    """Why the element is refused although the schema once had it."""


def validate(root: Element, name: str, namespaces: frozenset[str], kind: Kind) -> None:
    """Raises BadDocument with every fault that can be told from the ones before."""
    if root.name != name:
        raise BadDocument([root.fault(f"The document is a {root.name}, not a {name}.")])
    if root.namespace not in namespaces:
        wanted = " or ".join(sorted(namespaces))
        found = root.namespace or "none"
        raise BadDocument([root.fault(f"The namespace of {name} must be {wanted}; it is {found}.")])
    faults: list[Fault] = []
    _check(root, root.namespace, kind, faults)
    if faults:
        raise BadDocument(faults)


def _check(element: Element, namespace: str, kind: Kind, faults: list[Fault]) -> None:
    if element.namespace != namespace:
        faults.append(element.fault(f"{element.name} stands in another namespace than the document."))
        return
    if kind.retired is not None:
        faults.append(element.fault(f"{element.name} {kind.retired}"))
        return
    _check_attributes(element, kind, faults)
    if kind.rule is not None:
        _check_text(element, kind.rule, faults)
        return
    if element.words is not None:
        faults.append(Fault(*element.words, f"{element.name} must not hold text."))
    _check_children(element, namespace, kind, faults)


def _check_attributes(element: Element, kind: Kind, faults: list[Fault]) -> None:
    for name, value in element.attributes.items():
        rule = kind.attributes.get(name)
        complaint = "is not known" if rule is None else rule(value)
        if complaint is not None:
            faults.append(element.fault(f"The attribute {name} of {element.name} {complaint}."))
    for name in kind.needed:
        if name not in element.attributes:
            faults.append(element.fault(f"{element.name} needs the attribute {name}."))


def _check_text(element: Element, rule: Rule, faults: list[Fault]) -> None:
    if element.children:
        faults.append(element.children[0].fault(f"{element.name} must hold text only."))
        return
    complaint = rule(element.text)
    if complaint is not None:
        faults.append(element.fault(f"{element.name} {complaint}."))


def _check_children(element: Element, namespace: str, kind: Kind, faults: list[Fault]) -> None:
    children = iter(element.children)
    child = next(children, None)
    for slot in kind.slots:
        count = 0
        while child is not None and child.name in slot.options and (slot.most is None or count < slot.most):
            _check(child, namespace, slot.options[child.name], faults)
            count += 1
            child = next(children, None)
        if count < slot.least:
            faults.append(_missing(element, slot, child))
            return
    if child is not None:
        faults.append(child.fault(_surplus(element, child, kind)))


def _missing(element: Element, slot: Slot, instead: Element | None) -> Fault:
    if instead is None:
        return element.fault(f"{element.name} lacks {slot.words}.")
    return instead.fault(f"{instead.name} stands where {element.name} must have {slot.words}.")


def _surplus(element: Element, child: Element, kind: Kind) -> str:
    if any(child.name in slot.options for slot in kind.slots):
        return f"{child.name} stands in the wrong place of {element.name}, or too often."
    return f"{child.name} is not known in {element.name}."


# kinds of text


def anything(_: str) -> str | None:
    return None


def nothing(text: str) -> str | None:
    return "must be empty" if text.strip() else None


def some_text(text: str) -> str | None:
    return None if text.strip() else "must not be empty"


def boolean(text: str) -> str | None:
    return None if text.strip() in {"true", "false", "1", "0"} else "must be true or false"


def decimal(text: str) -> str | None:
    return None if _DECIMAL.fullmatch(text.strip()) else "must be a decimal number"


def web_address(text: str) -> str | None:
    return None if _WEB.fullmatch(text.strip()) else "must begin with http:// or https://"


def integer(low: int = INT_MIN, high: int = INT_MAX) -> Rule:
    def rule(text: str) -> str | None:
        # Ten digits hold every number allowed here; Python would read any length, slowly.
        found = text.strip()
        if _INTEGER.fullmatch(found) and len(found) <= 20 and low <= int(found) <= high:
            return None
        return f"must be a whole number from {low} to {high}"

    return rule


def one_of(*words: str) -> Rule:
    def rule(text: str) -> str | None:
        return None if text.strip() in words else f"must be one of {', '.join(words)}"

    return rule


# short forms


def one(name: str, kind: Kind | Rule) -> Slot:
    return Slot({name: _kind(kind)})


def maybe(name: str, kind: Kind | Rule) -> Slot:
    return Slot({name: _kind(kind)}, least=0)


def many(name: str, kind: Kind | Rule, *, least: int = 1) -> Slot:
    return Slot({name: _kind(kind)}, least=least, most=None)


def _kind(kind: Kind | Rule) -> Kind:
    return kind if isinstance(kind, Kind) else Kind(rule=kind)
