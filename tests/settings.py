"""Settings of a test run: SQLite in memory, or PostgreSQL and Redis where the environment names them."""

import os
import tempfile
from pathlib import Path

os.environ["QUALADMIN_MODE"] = "test"
for _name in ("QUALADMIN_DATABASE_URL", "QUALADMIN_REDIS_URL", "QUALADMIN_BROKER", "QUALADMIN_HTTPS"):
    os.environ.pop(_name, None)  # a developer's own installation must not leak into the tests

from qualadmin.databases import database_with_options  # noqa: E402
from qualadmin.settings import *  # noqa: E402, F403
from qualadmin.settings import CACHES, DATABASE_ROUTERS, DATABASES, ENV, Q_CLUSTER  # noqa: E402

SECRET_KEY = "tests-only"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
DATABASES.clear()
DATABASES["default"] = database_with_options(
    ENV.database("QUALADMIN_TEST_DATABASE_URL", "sqlite://:memory:", about="database of a test run")
)
DATABASE_ROUTERS.clear()
REDIS_URL = ENV.url("QUALADMIN_TEST_REDIS_URL", about="Redis of a test run", schemes=("redis",))
if REDIS_URL:
    # Messages of a test run stay apart from anything else on that Redis, and those of its workers from each other;
    # the processes a test starts inherit the name, or they would listen to a queue of their own.
    _run = os.environ.setdefault("TESTS_QUEUE", f"qualadmin-tests-{os.getpid()}")
    _queue = f"{_run}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    Q_CLUSTER.pop("orm", None)
    Q_CLUSTER.update(redis=REDIS_URL, name=_queue)
    CACHES["default"] = {
        "BACKEND": "tests.redis_cache.OwnKeysRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": _queue,
    }
else:
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ENV.finish()
INSTALLED_APPS = [*INSTALLED_APPS, "tests.audit.testapp"]  # noqa: F405
# No test writes into a developer's own files; removed when the run or the test ends.
ERASURES_FILE = Path(tempfile.gettempdir()) / f"qualadmin-tests-{os.getpid()}-erasures.txt"
AUDIT_REFUSED_PATH = Path(tempfile.gettempdir()) / f"qualadmin-tests-{os.getpid()}-refused"
# Lets Django empty the tables after a transactional test; no other settings module has it.
AUDIT_GUARDS_OFF_IN_TESTS = True
