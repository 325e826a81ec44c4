"""What all forms share: our templates, and refusals that belong to every text field."""

import re
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import BadRequest, ValidationError
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.http import QueryDict

from qualadmin.core.errors import ActionError

_DJANGO_REQUIRED: Final = forms.Field.default_error_messages["required"]
_AWS_KEY_ID: Final = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")
_NOT_IN_HTML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FORTY: Final = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
CREDENTIAL_TEXT: Final = (
    "This looks like a credential of Amazon. Nothing was kept. Credentials never go into a form; "
    "ask the person who runs this service."
)


def looks_like_credential(text: str) -> bool:
    """Whether `text` holds an AWS access key id, or 40 characters shaped like a secret key.

    A digest in hexadecimal is no secret: those have one letter case only.
    """
    if _AWS_KEY_ID.search(text):
        return True
    return any(
        re.search("[a-z]", hit) and re.search("[A-Z]", hit) and re.search("[0-9]", hit)
        for hit in _FORTY.findall(text)
    )


class PageField(BoundField):
    """A field as pages show it."""

    def value(self) -> Any:
        """What was typed, without the characters that no HTML page may hold; the faults are shown beside it."""
        value = super().value()
        return _NOT_IN_HTML.sub("", value) if isinstance(value, str) else value

    @property
    def focus_id(self) -> str:
        """The id of the first control: where a link from the error summary must lead."""
        if not self.use_fieldset:
            return str(self.id_for_label or self.auto_id)
        return f"{self.auto_id}_0"

    @property
    def counter_id(self) -> str:
        """The id of the line that counts while somebody types, or ""."""
        attrs = self.field.widget.attrs
        return str(attrs.get("data-count-ids") or attrs.get("data-count-characters") or "")


class PageRenderer(TemplatesSetting):
    """Renders `{{ form }}` as error summary and fields."""

    form_template_name = "components/_fields.html"
    field_template_name = "components/_field.html"
    bound_field_class = PageField


class PageForm(forms.Form):
    """The base of every form. Converts and checks; never saves.

    Fields that are not declared are ignored. A field that takes one value and came twice is refused (BadRequest),
    because two programs may then disagree on which one counts.
    """

    required_css_class = ""
    use_required_attribute = False  # our own texts name the fault better than a browser's bubble
    #: Fields that are passwords or lists of worker ids, where a credential's shape may occur by chance.
    credential_exempt: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if field.error_messages.get("required") == _DJANGO_REQUIRED:
                field.error_messages["required"] = _missing(
                    field.label or name.replace("_", " ").capitalize(), field
                )

    def full_clean(self) -> None:
        self._refuse_doubles()
        super().full_clean()

    def _refuse_doubles(self) -> None:
        if not isinstance(self.data, QueryDict):
            return
        for name, field in self.fields.items():
            key = self.add_prefix(name)
            if len(self.data.getlist(key)) > 1 and not _takes_many(field):
                raise BadRequest(f"The field “{field.label or name}” was given twice. Nothing was done.")

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]  # not in the stubs
        for name, value in list(self.cleaned_data.items()):
            if name in self.credential_exempt or not isinstance(value, str):
                continue
            if looks_like_credential(value):
                self.add_error(name, ValidationError(CREDENTIAL_TEXT, code="credential"))

    def refuse(self, error: ActionError) -> None:
        """Show what an action refused, at the field it names, or above the form."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


def _missing(label: object, field: forms.Field) -> str:
    """The text for an empty field. It names the field: in the summary it stands without its surroundings."""
    if isinstance(field, forms.BooleanField):
        return f"“{label}” must be ticked."
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return f"{label}: nothing was chosen."
    if isinstance(field, forms.FileField):
        return f"{label}: no file was chosen."
    return f"{label}: nothing was entered."


def _takes_many(field: forms.Field) -> bool:
    return isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField | forms.MultiValueField)


def ids_box(name: str = "worker-ids", rows: int = 8) -> forms.Textarea:
    """A box for worker ids with a live count below it."""
    return forms.Textarea(
        attrs={
            "class": "ids",
            "rows": rows,
            "spellcheck": "false",
            "autocomplete": "off",
            "autocapitalize": "characters",
            "data-count-ids": f"{name}-count",
        }
    )


def counted_text(name: str, limit: int, rows: int = 3) -> forms.Textarea:
    """A box that says how many of `limit` characters are left. The limit itself is the field's to check."""
    return forms.Textarea(attrs={"rows": rows, "data-count-characters": f"{name}-count", "data-limit": limit})
