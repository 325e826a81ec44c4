"""The product's own settings, with Django's admin beside it."""

from typing import Any

from qualadmin.settings import *  # noqa: F403
from qualadmin.settings import INSTALLED_APPS, TEMPLATES

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
ROOT_URLCONF = "benchmarks.admin.urls"
_options: dict[str, Any] = TEMPLATES[0]["OPTIONS"]
_options["context_processors"] = [
    *_options["context_processors"],
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
