"""Files of SQLite are only there on SQLite."""

from django.db import connection

collect_ignore = [] if connection.vendor == "sqlite" else ["test_sqlite.py"]
