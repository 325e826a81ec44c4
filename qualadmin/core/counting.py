"""Counting a part of a table inside another query."""

from django.db.models import IntegerField, Subquery


class CountOf(Subquery):
    """How many rows a query has, as a number inside another query. Slice the query: then no count is ever long."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
