"""Text compared and ordered byte by byte, whatever the language of the database.

SQLite does so by itself. PostgreSQL goes by a language unless told otherwise, in which what begins alike need not
stand together; the index that Django makes for LIKE (`varchar_pattern_ops`) holds it by bytes.
"""

from typing import Any

from django.db.models import BooleanField, F, Func, Value
from django.db.models.expressions import OrderBy


class Compared(Func):
    """Whether the text of a column stands before or after another: `sign` is one of <, <=, >, >=."""

    template = "(%(expressions)s)"
    output_field = BooleanField()

    def __init__(self, column: str, sign: str, text: str) -> None:
        self.sign = sign
        super().__init__(F(column), Value(text), arg_joiner=f" {sign} ")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, arg_joiner=f" ~{self.sign}~ ", **context)


class Ordered(OrderBy):
    """The order of these comparisons."""

    def __init__(self, column: str, *, descending: bool = False) -> None:
        super().__init__(F(column), descending=descending)

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        # Django looks for one of the two words.
        sign = "~>~ /* DESC */" if self.descending else "~<~ /* ASC */"
        return self.as_sql(compiler, connection, template=f"%(expression)s USING {sign}")
