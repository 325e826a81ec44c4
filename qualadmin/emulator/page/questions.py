"""A QuestionForm as a form, and what came back as answers.

Formatted content comes from strangers: of its markup only a few plain elements pass, without attributes. Pictures,
sounds and programs lie on other sites and are named, not loaded.
"""

from __future__ import annotations

from qualadmin.emulator.page.html import Child, Html, fragment, tag
from qualadmin.questions.plain import plain_markup
from qualadmin.questions.question_form import Content, FreeTextAnswer, Question, QuestionForm, SelectionAnswer

_MANY = ("checkbox", "multichooser")


def render(form: QuestionForm, sent: dict[str, list[str]], complaints: dict[str, str]) -> Html:
    """All parts in order. Fields are called `q0`, `q1`, …; `complaints` are by question identifier."""
    parts: list[Html] = []
    number = 0
    for part in form.parts:
        if isinstance(part, Question):
            parts.append(_question(part, number, sent, complaints.get(part.identifier)))
            number += 1
        else:
            parts.append(tag("div", map(_content, part), class_="overview"))
    return fragment(parts)


def _question(question: Question, number: int, sent: dict[str, list[str]], complaint: str | None) -> Html:
    mark = tag("span", " (must be answered)", class_="hint") if question.is_required else None
    name = f"q{number}"
    legend = tag("legend", question.display_name or f"Question {number + 1}", mark)
    fault = tag("p", complaint, class_="fault", id=f"{name}-fault") if complaint else None
    box: Child
    if isinstance(question.answer, FreeTextAnswer):
        box = _text(question.answer, name, sent.get(name), "Your answer", faulty=complaint is not None)
    else:
        box = _selections(question.answer, name, sent)
    return tag("fieldset", legend, map(_content, question.content), fault, box, class_="question")


def _text(answer: FreeTextAnswer, name: str, sent: list[str] | None, label: str, *, faulty: bool = False) -> Html:
    value = sent[0] if sent else answer.default
    described = f"{name}-fault" if faulty else None
    if answer.lines > 1:
        # The first line break inside a textarea is dropped by browsers, so one more is put in front.
        box = tag(
            "textarea", "\n", value, id=name, name=name, rows=min(answer.lines, 20), aria_describedby=described
        )
    else:
        mode = "numeric" if answer.is_numeric else None
        box = tag("input", id=name, name=name, value=value, inputmode=mode, aria_describedby=described)
    limits = _limits(answer)
    hint = tag("span", limits, class_="hint") if limits else None
    return tag("div", tag("label", label, for_=name), box, hint, class_="field")


def _limits(answer: FreeTextAnswer) -> str:
    texts = [
        f"At least {answer.min_value}." if answer.min_value is not None else "",
        f"At most {answer.max_value}." if answer.max_value is not None else "",
        f"At least {answer.min_length} characters." if answer.min_length else "",
        f"At most {answer.max_length} characters." if answer.max_length else "",
    ]
    return " ".join(filter(None, texts))


def _selections(answer: SelectionAnswer, name: str, sent: dict[str, list[str]]) -> Html:
    several = answer.most > 1 or answer.style in _MANY
    chosen = sent.get(name, [])
    rows = [
        tag(
            "label",
            tag(
                "input",
                type="checkbox" if several else "radio",
                name=name,
                value=selection.identifier,
                checked=selection.identifier in chosen,
            ),
            tag("span", _content(selection.content, inline=True)),
            class_="check",
        )
        for selection in answer.selections
    ]
    hint = None
    if several:
        count = str(answer.most) if answer.least == answer.most else f"{answer.least} to {answer.most}"
        hint = tag("p", f"Choose {count}.", class_="hint")
    other = (
        _text(answer.other, f"{name}-other", sent.get(f"{name}-other"), "Something else") if answer.other else None
    )
    return fragment(hint, rows, other)


def _content(content: Content, *, inline: bool = False) -> Html:
    if content.kind == "title":
        return tag("h2", content.text)
    if content.kind == "list":
        return tag("ul", (tag("li", item) for item in content.items))
    if content.kind == "formatted":
        plain = formatted(content.text)
        return plain if inline else tag("div", plain, class_="scroll formatted")
    if content.kind == "text":
        return tag("span", content.text) if inline else tag("p", content.text, class_="text")
    named = f"{content.media or content.kind}, not loaded: {content.text or 'without a description'} "
    return tag("span" if inline else "p", named, tag("code", content.address), class_="media")


def formatted(xhtml: str) -> Html:
    """Strangers' XHTML with its plain elements only; everything else becomes text or goes."""
    return Html(plain_markup(xhtml))
