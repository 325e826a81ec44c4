"""All settings. Every value comes from the environment (`QUALADMIN_*`); nothing is read anywhere else."""

from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("QUALADMIN_DEBUG", default=False)
SECRET_KEY = env.str("QUALADMIN_SECRET_KEY", default="not-a-secret-until-settings-are-finished")
ALLOWED_HOSTS = env.list("QUALADMIN_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
VAR_DIR = Path(env.str("QUALADMIN_VAR_DIR", default=str(BASE_DIR / "var")))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "django_q",
    "csp",
    "qualadmin.audit",
    "qualadmin.core",
    "qualadmin.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "qualadmin.urls"
WSGI_APPLICATION = "qualadmin.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

SQLITE_OPTIONS = {
    # IMMEDIATE: a read-then-write transaction never fails half way with "database is locked".
    # FULL: the intent to call Amazon must survive a power cut.
    "timeout": 30,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; "
        "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864; PRAGMA cell_size_check=ON"
    ),
}
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("QUALADMIN_DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'qualadmin.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "core.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"

Q_CLUSTER: dict[str, Any] = {
    "name": "qualadmin",
    "orm": "default",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "timeout": 60,
    "retry": 300,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 200,
    "poll": 0.5,
    "guard_cycle": 1,
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"

# Where the emulator listens, for accounts of the environment `emulator`. Amazon's two addresses are
# constants in qualadmin.mturk.client.
EMULATOR_URL = env.str("QUALADMIN_EMULATOR_URL", default="http://127.0.0.1:8400")
# Name of this installation inside every audit entry; fixed for the life of a database.
AUDIT_ORIGIN = env.str("QUALADMIN_AUDIT_ORIGIN", default="localhost/qualadmin")
