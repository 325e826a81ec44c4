"""Question documents to build tests from."""

from __future__ import annotations

_SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"
NEW = f"{_SCHEMAS}/2017-11-06/QuestionForm.xsd"
OLD = f"{_SCHEMAS}/2005-10-01/QuestionForm.xsd"
KEY = f"{_SCHEMAS}/2005-10-01/AnswerKey.xsd"
ANSWERS = f"{_SCHEMAS}/2005-10-01/QuestionFormAnswers.xsd"


def form(*parts: str, namespace: str = NEW) -> str:
    return f'<QuestionForm xmlns="{namespace}">\n' + "\n".join(parts) + "\n</QuestionForm>"


def question(identifier: str = "q", answer: str = "<FreeTextAnswer/>", content: str = "<Text>?</Text>") -> str:
    return (
        f"<Question><QuestionIdentifier>{identifier}</QuestionIdentifier>"
        f"<QuestionContent>{content}</QuestionContent>"
        f"<AnswerSpecification>{answer}</AnswerSpecification></Question>"
    )


def selections(*identifiers: str, before: str = "", after: str = "") -> str:
    rows = "".join(
        f"<Selection><SelectionIdentifier>{name}</SelectionIdentifier><Text>{name}</Text></Selection>"
        for name in identifiers
    )
    return f"<SelectionAnswer>{before}<Selections>{rows}{after}</Selections></SelectionAnswer>"


def key(*questions: str, mapping: str = "") -> str:
    if mapping:
        mapping = f"<QualificationValueMapping>{mapping}</QualificationValueMapping>"
    return f'<AnswerKey xmlns="{KEY}">\n' + "\n".join(questions) + f"\n{mapping}</AnswerKey>"


def scored(identifier: str, *options: tuple[str, int], default: int | None = None) -> str:
    """A question of a key; an option is its selections with blanks between them, and the score."""
    rows = "".join(
        "<AnswerOption>"
        + "".join(f"<SelectionIdentifier>{name}</SelectionIdentifier>" for name in names.split())
        + f"<AnswerScore>{score}</AnswerScore></AnswerOption>"
        for names, score in options
    )
    tail = "" if default is None else f"<DefaultScore>{default}</DefaultScore>"
    return f"<Question><QuestionIdentifier>{identifier}</QuestionIdentifier>{rows}{tail}</Question>"
