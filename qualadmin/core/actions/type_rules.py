"""What may be said of a type: Amazon's rules where it has any, ours where it keeps silent."""

from typing import Any, Final

from qualadmin.core.errors import ActionError
from qualadmin.core.models import INTEGER_MAX, INTEGER_MIN, QualificationType

from .texts import clean_line, clean_name, clean_text

NAME_LIMIT: Final = 200  # characters; Amazon documents none, so this is our own rule
DESCRIPTION_LIMIT: Final = 2000  # Amazon's
KEYWORDS_LIMIT: Final = 1000  # Amazon's, commas and blanks included
RETRY_LIMIT: Final = 10 * 365 * 86_400  # seconds


def clean_settings(name: str, description: str, keywords: str, status: str) -> dict[str, Any]:
    """What Amazon is told of a type, as it takes it. Raises ActionError naming the field."""
    if status not in QualificationType.Status.values:
        raise ActionError("A type is Active or Inactive.", field="status")
    return {
        "name": clean_name(name, field="name", label="The name", limit=NAME_LIMIT),
        "description": clean_description(description),
        "keywords": clean_line(
            keywords, field="keywords", label="The keywords", limit=KEYWORDS_LIMIT, required=False
        ),
        "status": str(status),
    }


def clean_description(description: str) -> str:
    """The description, of at most DESCRIPTION_LIMIT characters."""
    return clean_text(description, field="description", label="The description", limit=DESCRIPTION_LIMIT)


def clean_lab_name(lab_name: str) -> str:
    """The name inside the lab; it may be empty."""
    return clean_line(
        lab_name, field="lab_name", label="The name inside the lab", limit=NAME_LIMIT, required=False
    )


def clean_auto(auto_granted: bool, value: int | None) -> dict[str, Any]:
    """Whether Amazon grants the type by itself, and with which score: 1 unless another is named."""
    if not auto_granted:
        return {"auto_granted": False, "auto_granted_value": None}
    score = 1 if value is None else value  # Amazon's default
    if not INTEGER_MIN <= score <= INTEGER_MAX:
        raise ActionError(range_text(), field="auto_granted_value")
    return {"auto_granted": True, "auto_granted_value": score}


def clean_delay(seconds: int | None) -> int | None:
    """Seconds until a worker may ask again; None for never."""
    if seconds is None:
        return None
    if not 0 <= seconds <= RETRY_LIMIT:
        raise ActionError("Workers may ask again after at most ten years.", field="retry_delay_seconds")
    return seconds


def clean_scores(default_score: int, min_score: int, max_score: int) -> dict[str, int]:
    """The usual score and its bounds, if they fit together."""
    wanted = {"default_score": default_score, "min_score": min_score, "max_score": max_score}
    for field, value in wanted.items():
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise ActionError(range_text(), field=field)
    if min_score > max_score:
        raise ActionError("The lowest score is above the highest. Nothing was saved.", field="min_score")
    if not min_score <= default_score <= max_score:
        raise ActionError(
            f"The usual score must be from {min_score} to {max_score}. Nothing was saved.", field="default_score"
        )
    return wanted


def range_text() -> str:
    """What is said of a score that Amazon would not take."""
    return f"Scores are whole numbers from {INTEGER_MIN:,} to {INTEGER_MAX:,}. Nothing was saved."
