"""Entry point for gunicorn. What is wrong with the settings or the database stops the start, with a text."""

import os
import sys

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError

from qualadmin import schema, service_lock
from qualadmin.env import ConfigurationError

GUNICORN_CANNOT_BOOT = 3  # with this code gunicorn stops instead of starting its worker over and over


def stop_if_wrong() -> None:
    """Django checks for commands only, but pages on a database without guards must not start either."""
    errors = [str(message) for message in run_checks(databases=["default"]) if message.is_serious()]
    if errors:
        raise SystemCheckError("\n".join(errors))


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualadmin.settings")
try:
    application = get_wsgi_application()
    service_lock.hold(settings.VAR_DIR)
    schema.require()
    stop_if_wrong()
except (ConfigurationError, SystemCheckError, DatabaseError, service_lock.InUse, schema.NotReady) as error:
    sys.stderr.write(f"The pages cannot start. {error}\n")
    sys.exit(GUNICORN_CANNOT_BOOT)
