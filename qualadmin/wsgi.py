"""Entry point for gunicorn."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from qualadmin.env import ConfigurationError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualadmin.settings")
try:
    application = get_wsgi_application()
except ConfigurationError as error:
    sys.stderr.write(error.text() + "\n")
    sys.exit(3)  # gunicorn's own code for "the worker cannot boot": it stops instead of trying for ever
