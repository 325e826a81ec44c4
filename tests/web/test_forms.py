"""Fields, faults and what no text field takes. BI-20, BI-38, BI-40."""

from typing import Any

import pytest
from django import forms
from django.core.exceptions import BadRequest
from django.http import HttpResponse, QueryDict

from qualadmin.core.errors import ActionError
from qualadmin.web.forms.base import PageForm, counted_text, ids_box, looks_like_credential
from tests.web.html import assert_valid_fragment


class Example(PageForm):
    name = forms.CharField(help_text="As it is known.")
    score = forms.IntegerField(max_value=100)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    sure = forms.BooleanField(label="I am sure")
    types = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], required=False)
    workers = forms.CharField(widget=ids_box(), required=False)
    why = forms.CharField(widget=counted_text("why", 200), required=False)


GOOD = {"name": "Wave 3", "score": "50", "kind": "a", "sure": "on"}


def filled(**changes: str) -> Example:
    return Example({**GOOD, **changes})


def test_it_renders_valid_html_empty_filled_and_with_faults() -> None:
    for form in (Example(), filled(), filled(name="", score="101", kind="x", sure="")):
        assert_valid_fragment(HttpResponse(str(form)))


def test_every_fault_stands_in_the_summary_and_at_its_field() -> None:
    text = str(Example({}))
    for fault, target in (
        ("Name: nothing was entered.", "id_name"),
        ("Score: nothing was entered.", "id_score"),
        ("Kind: nothing was chosen.", "id_kind_0"),
        ("“I am sure” must be ticked.", "id_sure"),
    ):
        assert text.count(fault) == 2
        assert f'<a href="#{target}">{fault}</a>' in text
    assert 'aria-invalid="true"' in text
    assert 'aria-describedby="id_name_helptext id_name_error"' in text


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "{% now %}", "${jndi:ldap://x}"],
)
def test_text_is_shown_as_text(text: str) -> None:
    rendered = str(filled(name=text, score="x"))
    assert "<script>alert" not in rendered
    assert "<img" not in rendered
    assert "49" not in rendered


def test_control_characters_do_not_break_the_page() -> None:
    assert_valid_fragment(HttpResponse(str(filled(name="a\0b\x1b[31mc\x85d", score="x"))))


def test_a_single_value_that_came_twice_is_refused_and_a_list_is_not() -> None:
    with pytest.raises(BadRequest, match="“score” was given twice"):
        Example(QueryDict("name=a&score=1&score=100&kind=a&sure=on")).is_valid()
    form = Example(QueryDict("name=a&score=1&kind=a&sure=on&types=a&types=b"))
    assert form.is_valid()
    assert form.cleaned_data["types"] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("AKIAIOSFODNN7EXAMPLE", True),
        ("key ASIAIOSFODNN7EXAMPLE.", True),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", True),
        ("secret=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", False),  # 40 characters after "=" may be padding
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", False),
        ("A2EXAMPLE00001, A2EXAMPLE00002", False),
        ("a perfectly ordinary reason of some length for it", False),
    ],
)
def test_it_knows_credentials_by_their_shape(text: str, found: bool) -> None:
    assert looks_like_credential(text) is found


def test_a_credential_is_refused_in_any_text_field_and_not_shown_to_the_action() -> None:
    form = filled(name="AKIAIOSFODNN7EXAMPLE")
    assert not form.is_valid()
    assert "looks like a credential" in str(form.errors["name"])
    assert "name" not in form.cleaned_data


def test_what_an_action_refuses_stands_where_it_belongs() -> None:
    for field, place in (("name", "name"), ("nothing", "__all__"), (None, "__all__")):
        form: Any = filled()
        assert form.is_valid()
        form.refuse(ActionError("That is taken.", field=field))
        assert form.errors[place] == ["That is taken."]
