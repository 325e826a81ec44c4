"""Failures that are expected. Their text is for the person at the screen; anything else is a bug."""


class ActionError(Exception):
    """Something was asked that can't be done. `str(error)` says what, what did not happen and what to do.

    `field` names the form field at fault, where there is one. `code` is for tests and for programs.
    """

    status = 422

    def __init__(self, message: str, *, field: str | None = None, code: str = "refused") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


class NotAllowed(ActionError):
    """The person sees the object but may not do this to it (HTTP 403)."""

    status = 403

    def __init__(self, message: str, *, code: str = "not_allowed") -> None:
        super().__init__(message, code=code)


class NotVisible(ActionError):
    """The object is outside the person's scope: to them it does not exist (HTTP 404)."""

    status = 404

    def __init__(self, message: str = "There is no such page, or it is not yours to see.") -> None:
        super().__init__(message, code="not_visible")


class Conflict(ActionError):
    """Somebody else was faster, or the page was out of date (HTTP 409). Nothing was done."""

    status = 409

    def __init__(self, message: str, *, code: str = "conflict") -> None:
        super().__init__(message, code=code)
