"""QuestionForm and AnswerKey documents: size, well-formedness, root element and namespace. Not the whole
schema."""

from __future__ import annotations

from xml.parsers import expat

from qualadmin.emulator.errors import invalid_value

MAX_BYTES = 65_535
_NAMESPACE = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/"


class _Refused(Exception):
    """The document has a part no test may have."""


def check_test(xml: str) -> None:
    _check(xml, "QuestionForm", "Test")


def check_answer_key(xml: str) -> None:
    _check(xml, "AnswerKey", "AnswerKey")


def _check(xml: str, root: str, parameter: str) -> None:
    if len(xml.encode(errors="surrogatepass")) > MAX_BYTES:
        raise invalid_value(xml, parameter)
    try:
        namespace, _, name = _root(xml).rpartition(" ")
    except (expat.ExpatError, UnicodeEncodeError, _Refused):
        raise invalid_value(xml, parameter) from None
    if name != root or not (namespace.startswith(_NAMESPACE) and namespace.endswith(f"/{root}.xsd")):
        raise invalid_value(xml, parameter)


def _root(xml: str) -> str:
    """`namespace name` of the root element. A DOCTYPE is refused: it could expand without end."""
    parser = expat.ParserCreate(namespace_separator=" ")
    names: list[str] = []

    def refuse(*_: object) -> None:
        raise _Refused

    def start(name: str, _: object) -> None:
        names.append(name)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.Parse(xml, True)
    return names[0]
