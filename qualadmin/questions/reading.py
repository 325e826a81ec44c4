"""XML text to a tree that remembers where each element stood.

Made for text from strangers: nothing is fetched, nothing is expanded. A DOCTYPE is refused, for entities are
declared there; size and depth are limited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.entities import name2codepoint
from typing import NamedTuple
from xml.parsers import expat

MAX_BYTES = 65_535
"""Amazon's limit for Test, AnswerKey and Question, in bytes of UTF-8 with all white space."""
MAX_DEPTH = 40


class Fault(NamedTuple):
    """What is wrong with a document, and where: line and column count from 1."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"Line {self.line}, column {self.column}: {self.text}"


class BadDocument(ValueError):
    """A document that cannot be used; `faults` holds at least one, in the order of the document."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__(" ".join(map(str, self.faults)))


@dataclass(slots=True)
class Element:
    name: str
    """Local name; the namespace stands beside it ("" = none)."""
    namespace: str
    attributes: dict[str, str]
    """Attributes with a namespace, like xsi:schemaLocation, are left out."""
    line: int
    column: int
    children: list[Element] = field(default_factory=list)
    text: str = ""
    """All character data directly inside, as it stands."""
    text_line: int = 0
    text_column: int = 0
    """Where the text begins; nowhere without text."""
    words: tuple[int, int] | None = None
    """Line and column of the first text that is not blank."""

    def fault(self, text: str) -> Fault:
        return Fault(self.line, self.column, text)

    def child(self, name: str) -> Element | None:
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> list[Element]:
        return [child for child in self.children if child.name == name]

    def text_of(self, name: str) -> str | None:
        """Text of the first child called so, or None without one."""
        child = self.child(name)
        return None if child is None else child.text


def read(xml: str, *, max_bytes: int = MAX_BYTES) -> Element:
    """The root element. Raises BadDocument."""
    size = len(xml.encode(errors="surrogatepass"))
    if size > max_bytes:
        raise BadDocument([Fault(1, 1, f"The document has {size} bytes; {max_bytes} are allowed.")])
    return _Reader().read(xml)


def read_fragment(xhtml: str, wrapper: str, namespace: str) -> Element:
    """Read markup that has no root, inside an element of ours on the same line. HTML's named characters are known
    in it, comments are not allowed. Raises BadDocument."""
    reader = _Reader(html=True)
    return reader.read(f'<{wrapper} xmlns="{namespace}">{xhtml}</{wrapper}>')


class _Reader:
    def __init__(self, *, html: bool = False) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = False
        self._root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        if html:
            # Without a DOCTYPE an unknown entity is an error; with this it is only skipped, and told to us.
            self._parser.UseForeignDTD(True)
            self._parser.ExternalEntityRefHandler = self._no_external
            self._parser.SkippedEntityHandler = self._entity
            self._parser.CommentHandler = self._refuse_comment

    def read(self, xml: str) -> Element:
        try:
            self._parser.Parse(xml, True)
        except expat.ExpatError as error:
            words = expat.ErrorString(error.code) or "not well-formed"
            raise BadDocument([Fault(error.lineno, error.offset + 1, f"The XML is broken: {words}.")]) from None
        except UnicodeEncodeError as error:
            line, column = _place(xml, error.start)
            raise BadDocument([Fault(line, column, "Half a character stands here.")]) from None
        if self._root is None:  # cannot be: expat reports a document without an element
            raise BadDocument([Fault(1, 1, "There is no element.")])
        return self._root

    def _here(self, text: str) -> BadDocument:
        return BadDocument([Fault(*self._position(), text)])

    def _position(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise self._here(f"Elements stand in each other more than {MAX_DEPTH} deep.")
        namespace, _, local = name.rpartition(" ")
        plain = {key: value for key, value in attributes.items() if " " not in key}
        element = Element(local, namespace, plain, *self._position())
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _data(self, data: str) -> None:
        element, texts = self._open[-1], self._texts[-1]
        if not texts:
            element.text_line, element.text_column = self._position()
        if element.words is None and not data.isspace():
            line, column = self._position()
            element.words = line, column + len(data) - len(data.lstrip())
        texts.append(data)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._here("A DOCTYPE is not allowed.")

    def _refuse_comment(self, _: str) -> None:
        raise self._here("Comments are not allowed in formatted content.")

    @staticmethod
    def _no_external(*_: object) -> int:
        return 1

    def _entity(self, name: str, is_parameter: bool) -> None:
        if is_parameter or name not in name2codepoint:
            raise self._here(f"The character &{name}; is not known.")
        self._data(chr(name2codepoint[name]))


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
