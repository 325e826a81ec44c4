"""Rows of hand-written questions as the ORM's own objects, for what is asked at every request.

To put such a question together, the ORM takes several times as long as the database takes to answer it.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


class Loader(Generic[Row]):
    """Names the columns of a model in a SELECT, and makes its objects of what comes back."""

    def __init__(self, model: type[Row], alias: str) -> None:
        self._model: Final = model
        self._fields: Final = model._meta.concrete_fields
        self._names: Final = [one.attname for one in self._fields]
        #: to stand behind SELECT
        self.columns: Final = ", ".join(f'{alias}."{one.column}"' for one in self._fields)
        self.width: Final = len(self._fields)

    def load(self, values: Sequence[Any]) -> Row:
        """The object of the values of `columns`, in their order."""
        found = list(values)
        for place, expression, convert in self._converters:
            found[place] = convert(found[place], expression, connection)
        return self._model.from_db(connection.alias, self._names, found)

    @cached_property
    def _converters(self) -> list[tuple[int, Any, Callable[..., Any]]]:
        """What the ORM does to values as the driver gives them: little on PostgreSQL, more on SQLite."""
        found = []
        for place, field in enumerate(self._fields):
            column = field.get_col(self._model._meta.db_table)  # of a foreign key: of the type it points at
            for convert in [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]:
                found.append((place, column, convert))
        return found
