"""QuestionForm: the questions of a qualification test or a HIT.

The schema is that of 2005-10-01, as Amazon's own libraries carried it, with what the API reference says since:
Overview and Question in any order, AnswerFormatRegex, formatted content in selections, and, from 2017-11-06 on
and in both versions, neither FileUploadAnswer nor Application.
"""

from __future__ import annotations

from dataclasses import dataclass

from qualadmin.questions import formatted
from qualadmin.questions.reading import BadDocument, Element, Fault, read
from qualadmin.questions.schema import (
    INT_MAX,
    Kind,
    Slot,
    anything,
    boolean,
    integer,
    many,
    maybe,
    nothing,
    one,
    one_of,
    some_text,
    validate,
    web_address,
)

_SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"
NAMESPACE = f"{_SCHEMAS}/2017-11-06/QuestionForm.xsd"
NAMESPACES = frozenset({NAMESPACE, f"{_SCHEMAS}/2005-10-01/QuestionForm.xsd"})
INVALID_INPUT = "Invalid input supplied."
"""What Amazon shows for an answer that breaks a pattern without a text of its own."""
STYLES = ("radiobutton", "checkbox", "list", "dropdown", "combobox", "multichooser")


@dataclass(frozen=True, slots=True)
class Content:
    """A piece to show. Kind: title, text, list, formatted, binary, embedded. `text` is the alternative text of
    binaries, XHTML of Amazon's subset for formatted."""

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    address: str = ""
    media: str = ""
    """image, audio, video; of an embedded one any type of a MIME type."""
    width: str = ""
    height: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression of JavaScript that the worker's browser checks; nothing here runs it."""

    regex: str
    error_text: str = INVALID_INPUT
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class FreeTextAnswer:
    is_numeric: bool = False
    min_value: int | None = None
    max_value: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    patterns: tuple[Pattern, ...] = ()
    default: str = ""
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Selection:
    identifier: str
    content: Content


@dataclass(frozen=True, slots=True)
class SelectionAnswer:
    """How many may be chosen (both 1 unless the document says otherwise), and from what."""

    least: int
    most: int
    style: str | None
    selections: tuple[Selection, ...]
    other: FreeTextAnswer | None = None


@dataclass(frozen=True, slots=True)
class Question:
    identifier: str
    display_name: str | None
    is_required: bool
    content: tuple[Content, ...]
    answer: FreeTextAnswer | SelectionAnswer
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class QuestionForm:
    parts: tuple[tuple[Content, ...] | Question, ...]
    """Overviews (what they show) and questions, in the order of the document."""

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(part for part in self.parts if isinstance(part, Question))


def read_question_form(xml: str) -> QuestionForm:
    """Check and read. Raises BadDocument with all faults that can be told at once."""
    root = read(xml)
    validate(root, "QuestionForm", NAMESPACES, _QUESTION_FORM)
    faults = _rules(root)
    if faults:
        raise BadDocument(faults)
    parts = (_contents(part) if part.name == "Overview" else _question(part) for part in root.children)
    return QuestionForm(tuple(parts))


# the schema

_MIME = Kind((one("Type", one_of("image", "audio", "video")), maybe("SubType", anything)))
_EMBEDDED_MIME = Kind((one("Type", some_text), maybe("SubType", anything)))
_PARAMETER = Kind((one("Name", anything), one("Value", anything)))
_BINARY = Kind((one("MimeType", _MIME), one("DataURL", web_address), one("AltText", anything)))
_EMBEDDED = Kind(
    (
        one("EmbeddedMimeType", _EMBEDDED_MIME),
        one("DataURL", web_address),
        one("AltText", anything),
        one("Width", anything),
        one("Height", anything),
        many("ApplicationParameter", _PARAMETER, least=0),
    )
)
_RETIRED = Kind(retired="has not been allowed in a QuestionForm since December 12th, 2017.")
_TEXT = Kind(rule=anything)
_CONTENT = Kind(
    (
        Slot(
            {
                "Title": _TEXT,
                "Text": _TEXT,
                "List": Kind((many("ListItem", anything),)),
                "FormattedContent": _TEXT,
                "Binary": _BINARY,
                "EmbeddedBinary": _EMBEDDED,
                "Application": _RETIRED,
            },
            most=None,
        ),
    )
)
_LENGTHS = {"minLength": integer(0, INT_MAX), "maxLength": integer(1, INT_MAX)}
_REGEX = {"regex": some_text, "errorText": anything, "flags": one_of("i")}
_CONSTRAINTS = Kind(
    (
        maybe("IsNumeric", Kind(rule=nothing, attributes={"minValue": integer(), "maxValue": integer()})),
        maybe("Length", Kind(rule=nothing, attributes=_LENGTHS)),
        many("AnswerFormatRegex", Kind(rule=nothing, attributes=_REGEX, needed=("regex",)), least=0),
    )
)
_FREE_TEXT = Kind(
    (
        maybe("Constraints", _CONSTRAINTS),
        maybe("DefaultText", anything),
        maybe("NumberOfLinesSuggestion", integer(1, INT_MAX)),
    )
)
_SELECTION = Kind(
    (
        one("SelectionIdentifier", some_text),
        Slot({"Text": _TEXT, "FormattedContent": _TEXT, "Binary": _BINARY}),
    )
)
_SELECTION_ANSWER = Kind(
    (
        maybe("MinSelectionCount", integer(0, INT_MAX)),
        maybe("MaxSelectionCount", integer(1, INT_MAX)),
        maybe("StyleSuggestion", one_of(*STYLES)),
        one("Selections", Kind((many("Selection", _SELECTION), maybe("OtherSelection", _FREE_TEXT)))),
    )
)
_ANSWER = Kind(
    (Slot({"FreeTextAnswer": _FREE_TEXT, "SelectionAnswer": _SELECTION_ANSWER, "FileUploadAnswer": _RETIRED}),)
)
_QUESTION = Kind(
    (
        one("QuestionIdentifier", some_text),
        maybe("DisplayName", anything),
        maybe("IsRequired", boolean),
        one("QuestionContent", _CONTENT),
        one("AnswerSpecification", _ANSWER),
    )
)
_QUESTION_FORM = Kind((Slot({"Overview": _CONTENT, "Question": _QUESTION}, most=None),))


# rules a schema cannot say


def _rules(root: Element) -> list[Fault]:
    questions = root.all("Question")
    faults = [] if questions else [root.fault("QuestionForm lacks Question.")]
    faults += _repeated(questions, "QuestionIdentifier")
    for question in questions:
        specification = _need(question, "AnswerSpecification").children[0]
        if specification.name == "SelectionAnswer":
            faults += _selection_rules(specification)
        else:
            faults += _free_text_rules(specification)
    for element in _walk(root):
        if element.name == "FormattedContent":
            faults += formatted.faults(element)
    return faults


def _selection_rules(answer: Element) -> list[Fault]:
    selections = _need(answer, "Selections")
    count = len(selections.all("Selection"))
    faults = _repeated(selections.all("Selection"), "SelectionIdentifier")
    least, most = _number(answer, "MinSelectionCount", 1), _number(answer, "MaxSelectionCount", 1)
    for name, value in (("MinSelectionCount", least), ("MaxSelectionCount", most)):
        element = answer.child(name)
        if element is not None and value > count:
            faults.append(element.fault(f"{name} is {value}, but there are {count} selections."))
    if least > most:
        faults.append(answer.fault(f"MinSelectionCount ({least}) is above MaxSelectionCount ({most})."))
    other = selections.child("OtherSelection")
    return faults + (_free_text_rules(other) if other is not None else [])


def _free_text_rules(answer: Element) -> list[Fault]:
    constraints = answer.child("Constraints")
    faults = []
    for name, low, high in (("IsNumeric", "minValue", "maxValue"), ("Length", "minLength", "maxLength")):
        element = constraints.child(name) if constraints is not None else None
        if element is None or not {low, high} <= element.attributes.keys():
            continue
        if int(element.attributes[low]) > int(element.attributes[high]):
            faults.append(element.fault(f"{low} of {name} is above its {high}."))
    return faults


def _repeated(elements: list[Element], name: str) -> list[Fault]:
    seen: set[str] = set()
    faults = []
    for element in elements:
        holder = _need(element, name)
        identifier = holder.text.strip()
        if identifier in seen:
            faults.append(holder.fault(f"The {name} {identifier} stands for something else already."))
        seen.add(identifier)
    return faults


def _walk(element: Element) -> list[Element]:
    return [element, *(below for child in element.children for below in _walk(child))]


# from elements to values; only for what has been checked


def _need(element: Element, name: str) -> Element:
    found = element.child(name)
    if found is None:
        raise LookupError(f"{element.name} without {name} got past the schema")
    return found


def _number(element: Element, name: str, default: int) -> int:
    text = element.text_of(name)
    return default if text is None else int(text)


def _question(element: Element) -> Question:
    answer = _need(element, "AnswerSpecification").children[0]
    return Question(
        identifier=_need(element, "QuestionIdentifier").text.strip(),
        display_name=element.text_of("DisplayName"),
        is_required=(element.text_of("IsRequired") or "").strip() in {"true", "1"},
        content=_contents(_need(element, "QuestionContent")),
        answer=_free_text(answer) if answer.name == "FreeTextAnswer" else _selection_answer(answer),
        line=element.line,
        column=element.column,
    )


def _contents(element: Element) -> tuple[Content, ...]:
    return tuple(map(_content, element.children))


def _content(element: Element) -> Content:
    if element.name == "List":
        return Content("list", items=tuple(item.text for item in element.children))
    if element.name in {"Binary", "EmbeddedBinary"}:
        return Content(
            "binary" if element.name == "Binary" else "embedded",
            text=element.text_of("AltText") or "",
            address=_need(element, "DataURL").text.strip(),
            media=_need(element.children[0], "Type").text.strip(),
            width=element.text_of("Width") or "",
            height=element.text_of("Height") or "",
        )
    kinds = {"Title": "title", "Text": "text", "FormattedContent": "formatted"}
    return Content(kinds[element.name], text=element.text)


def _selection_answer(element: Element) -> SelectionAnswer:
    selections = _need(element, "Selections")
    other = selections.child("OtherSelection")
    style = element.text_of("StyleSuggestion")
    return SelectionAnswer(
        least=_number(element, "MinSelectionCount", 1),
        most=_number(element, "MaxSelectionCount", 1),
        style=None if style is None else style.strip(),
        selections=tuple(
            Selection(_need(row, "SelectionIdentifier").text.strip(), _content(row.children[1]))
            for row in selections.all("Selection")
        ),
        other=None if other is None else _free_text(other),
    )


def _free_text(element: Element) -> FreeTextAnswer:
    constraints = element.child("Constraints")
    numeric = constraints.child("IsNumeric") if constraints is not None else None
    length = constraints.child("Length") if constraints is not None else None
    patterns = constraints.all("AnswerFormatRegex") if constraints is not None else []
    return FreeTextAnswer(
        is_numeric=numeric is not None,
        min_value=_limit(numeric, "minValue"),
        max_value=_limit(numeric, "maxValue"),
        min_length=_limit(length, "minLength"),
        max_length=_limit(length, "maxLength"),
        patterns=tuple(_pattern(row.attributes) for row in patterns),
        default=element.text_of("DefaultText") or "",
        lines=_number(element, "NumberOfLinesSuggestion", 1),
    )


def _limit(element: Element | None, name: str) -> int | None:
    value = None if element is None else element.attributes.get(name)
    return None if value is None else int(value)


def _pattern(attributes: dict[str, str]) -> Pattern:
    error_text = attributes.get("errorText", INVALID_INPUT)
    return Pattern(attributes["regex"], error_text, attributes.get("flags", "").strip() == "i")
