"""Settings of a test run: SQLite in a file by default, PostgreSQL and Redis where the environment names them."""

import os

from qualadmin.settings import *  # noqa: F403
from qualadmin.settings import DATABASES, SQLITE_OPTIONS, env

SECRET_KEY = "tests-only"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
if os.environ.get("QUALADMIN_TEST_DATABASE_URL"):
    DATABASES["default"] = env.db_url("QUALADMIN_TEST_DATABASE_URL")
else:
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": SQLITE_OPTIONS,
        "TEST": {"NAME": None},
    }
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
