"""All settings. Every value comes from the environment (`QUALADMIN_*`); nothing is read anywhere else.

`QUALADMIN_MODE` says what kind of run this is: `live` (the default, for real use: every safeguard on,
nothing guessed), `demo`, `test` or `debug`. `manage.py config` prints what is in force; docs/running.md
explains each.
"""

import os
import socket
from pathlib import Path
from typing import Any

from qualadmin.browser_policy import DIRECTIVES
from qualadmin.databases import database_with_options, shared_cache
from qualadmin.env import Environment
from qualadmin.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = Environment(os.environ)

MODE = ENV.text("QUALADMIN_MODE", "live", about="kind of run", choices=("live", "demo", "test", "debug"))
LIVE = MODE == "live"
DEBUG = MODE == "debug"
VAR_DIR = Path(
    ENV.text(
        "QUALADMIN_VAR_DIR",
        str(BASE_DIR / "var" / "demo" if MODE == "demo" else BASE_DIR / "var"),
        about="folder for the SQLite file, the cache and other state",
    )
)
BACKUP_DIR = Path(
    ENV.text("QUALADMIN_BACKUP_DIR", str(VAR_DIR / "backups"), about="folder for what `manage.py backup` takes")
)
ERASURES_FILE = Path(
    ENV.text(
        "QUALADMIN_ERASURES",
        str(BACKUP_DIR / "erasures.txt"),
        about="list of the workers that were erased, by our numbers, for restores; keep it with the backups",
    )
)
RESTORE_MARK = VAR_DIR / "restore-unfinished"  # there from the first step of a restore to its last

# --- who may talk to us -------------------------------------------------------------------------------------
# A demo without its own key file (for example `QUALADMIN_MODE=demo manage.py audit_verify`) uses the one its
# supervisor made; the readable default never serves anybody real, because `live` requires a key.
_demo_key = VAR_DIR / "secret-key"
SECRET_KEY = ENV.secret(
    "QUALADMIN_SECRET_KEY",
    _demo_key.read_text(encoding="utf-8") if MODE == "demo" and _demo_key.exists() else f"only-for-{MODE}-runs",
    about="50 or more random characters that sign sessions and task messages",
    required=LIVE,
    least=50 if LIVE else 0,
)
METRICS_TOKEN = ENV.secret("QUALADMIN_METRICS_TOKEN", about="lets Prometheus read /metrics from afar", least=32)
PSEUDONYM_KEY = ENV.secret("QUALADMIN_PSEUDONYM_KEY", SECRET_KEY, about="makes the pseudonyms", least=50)
MTURK_KEY = ENV.secret("QUALADMIN_MTURK_KEY", SECRET_KEY, about="makes the secrets of access keys", least=50)
ALLOWED_HOSTS = ENV.words(
    "QUALADMIN_ALLOWED_HOSTS",
    () if LIVE else ("127.0.0.1", "localhost", "[::1]"),
    about="host names under which people open this site",
    missing_ok=not LIVE,
)
HTTPS = ENV.flag("QUALADMIN_HTTPS", LIVE, about="people reach this site by https; off only on one's own machine")
TRUSTED_PROXIES = ENV.number(
    "QUALADMIN_TRUSTED_PROXIES", 0, about="own reverse proxies in front of gunicorn", low=0, high=5
)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host != "*"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # its widgets are found by the renderer below
    "django_htmx",
    "template_partials",
    "django_filters",
    "heroicons",
    "django_q",
    "csp",
    "qualadmin.audit",
    "qualadmin.core",
    "qualadmin.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "qualadmin.web.headers.SecurityHeadersMiddleware",
    "qualadmin.api.middleware.ApiMiddleware",
    "qualadmin.api.amazon.middleware.AmazonMiddleware",
    "qualadmin.web.middleware.RequestMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "qualadmin.web.headers.SessionLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "qualadmin.web.middleware.PersonMiddleware",
]
FORM_RENDERER = "qualadmin.web.forms.base.PageRenderer"
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
                "django.contrib.messages.context_processors.messages",
                "qualadmin.web.context.site",
            ],
        },
    },
]

# --- databases ----------------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": database_with_options(
        ENV.database(
            "QUALADMIN_DATABASE_URL",
            f"sqlite:///{VAR_DIR / 'qualadmin.sqlite3'}",
            about="where everything is kept",
        )
    )
}
ON_SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- queue and cache ----------------------------------------------------------------------------------------
BROKER = ENV.text("QUALADMIN_BROKER", "orm", about="what carries task messages", choices=("orm", "redis"))
REDIS_URL = ENV.url(
    "QUALADMIN_REDIS_URL",
    about="Redis for task messages and the shared cache",
    schemes=("redis", "rediss", "unix"),
)
if BROKER == "redis" and not REDIS_URL:
    ENV.refuse("QUALADMIN_REDIS_URL", "is missing, and QUALADMIN_BROKER=redis needs it")
CLUSTER_NAME = ENV.text(
    "QUALADMIN_CLUSTER_NAME",
    socket.gethostname()[:60] or "cluster",
    about="name of this machine's task cluster in the list of heartbeats",
    pattern=r"[\w.:-]{1,64}",
)
Q_CLUSTER: dict[str, Any] = {
    "name": "qualadmin",
    "workers": ENV.number("QUALADMIN_TASK_WORKERS", 2, about="task processes of a cluster", low=1, high=16),
    # Delivery is at least once, and what a cluster has fetched waits in memory while the retry clock runs:
    # retry must exceed timeout × (ceil((queue_limit + 1) / workers) + 1). Check qualadmin.E004 holds this.
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
    **({"redis": REDIS_URL} if BROKER == "redis" else {"orm": "default"}),
}
CACHES: dict[str, dict[str, Any]] = {
    "default": shared_cache(REDIS_URL),
    # For what each process may well work out for itself: asking the shared cache would cost more queries.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "qualadmin"},
}
DATABASE_ROUTERS: list[str] = []
if ON_SQLITE and not REDIS_URL:
    DATABASES["cache"] = database_with_options(
        {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "cache.sqlite3")}
    )
    DATABASE_ROUTERS = ["qualadmin.routers.CacheRouter"]

# --- people, sessions, cookies ------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
_validators = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": f"{_validators}UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "full_name", "email")},
    },
    {"NAME": f"{_validators}MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_validators}CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
SESSION_IDLE_SECONDS = 60 * ENV.number(
    "QUALADMIN_SESSION_IDLE_MINUTES", 30, about="sign out after this long without a click", low=5, high=240
)
SESSION_ABSOLUTE_SECONDS = 3600 * ENV.number(
    "QUALADMIN_SESSION_HOURS",
    8,
    about="sign out this long after signing in, whatever happens",
    low=1,
    high=12,
)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# The prefix makes browsers refuse the cookie from a sub-domain or over http; it only works with https.
_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "qualadmin.web.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- headers ------------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
# Machines ask on loopback; programs that speak Amazon's protocol get a refusal they understand, no redirect.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$", r"^mturk(/|$)"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY: dict[str, Any] = {"DIRECTIVES": DIRECTIVES}

# --- limits of what may be sent to us -----------------------------------------------------------------------
UPLOAD_MAX_BYTES = 8 * 1024 * 1024  # 100,000 lines with scores and notes have five
UPLOAD_MAX_ROWS = ENV.number(
    "QUALADMIN_UPLOAD_MAX_ROWS", 100_000, about="most rows of one uploaded file", low=1, high=100_000
)
UNDO_DAYS = ENV.number(
    "QUALADMIN_UNDO_DAYS", 30, about="days after its end in which a job can be undone", low=1, high=3650
)
ANSWERS_DAYS = ENV.number(
    "QUALADMIN_ANSWERS_DAYS",
    30,
    about="days for which workers’ answers are kept after their requests ended",
    low=1,
    high=3650,
)
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES  # a pasted list may be as long as a file
FILE_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5

# --- language, time, static files, logs ---------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "static/"
# Outside real use whitenoise serves the files where they lie, so that nobody must run collectstatic first.
STATIC_ROOT = str(VAR_DIR / "static") if LIVE else None
WHITENOISE_USE_FINDERS = not LIVE
WHITENOISE_AUTOREFRESH = MODE in {"debug", "test"}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if LIVE
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
LOGGING = logging_config(
    ENV.text(
        "QUALADMIN_LOG_LEVEL",
        "INFO",
        about="least level that is logged",
        choices=("INFO", "WARNING", "ERROR"),
    )
)

# --- Amazon and the log -------------------------------------------------------------------------------------
# Where the emulator listens, for accounts of the environment `emulator`. Amazon's two addresses are
# constants in qualadmin.mturk.client.
EMULATOR_URL = ENV.url(
    "QUALADMIN_EMULATOR_URL",
    "http://127.0.0.1:8400",
    about="where accounts of the environment emulator are served",
    schemes=("http",),
)
# --- calling Amazon -----------------------------------------------------------------------------------------
DRAIN_THREADS = ENV.number(
    "QUALADMIN_DRAIN_THREADS", 64, about="calls to Amazon at the same time, per task process", low=1, high=256
)
DRAIN_PROCESSES = ENV.number(
    "QUALADMIN_DRAIN_PROCESSES",
    min(2, os.cpu_count() or 1),
    about="processes that share these calls; one makes as many calls a second as one core allows",
    low=1,
    high=16,
)
DRAIN_SLICE_SECONDS = ENV.number(
    "QUALADMIN_DRAIN_SLICE_SECONDS", 25, about="seconds a drain works before it rings again", low=1, high=25
)
SETTLE_SECONDS = ENV.number(
    "QUALADMIN_SETTLE_SECONDS",
    60,
    about="seconds to wait before looking up a call that got no answer: longer than Amazon may still carry it out",
    low=1,
    high=3600,
)
MTURK_WAIT_SECONDS = ENV.number(
    "QUALADMIN_MTURK_WAIT_SECONDS", 25, about="seconds a call to /mturk/ waits for Amazon", low=1, high=50
)
# --- a second person, and mails to our own people ------------------------------------------------------------
_host = next((name.lstrip(".") for name in ALLOWED_HOSTS if name != "*"), "localhost")
APPROVAL_WORKERS = ENV.number(
    "QUALADMIN_APPROVAL_WORKERS",
    200,
    about="production jobs that reach more workers than this wait for a PI of the study",
    low=0,
    high=100_000,
)
APPROVAL_REVOKES = ENV.number(
    "QUALADMIN_APPROVAL_REVOKES",
    20,
    about="production jobs that take away from more workers than this wait for a PI of the study",
    low=0,
    high=100_000,
)
APPROVAL_REHEARSE = ENV.flag(
    "QUALADMIN_APPROVAL_REHEARSE", False, about="accounts of the emulator ask for approval as production does"
)
SITE_URL = ENV.url(
    "QUALADMIN_SITE_URL",
    f"{'https' if HTTPS else 'http'}://{_host}",
    about="address of this site in the links of mails",
    schemes=("https", "http"),
)
_email = ENV.email("QUALADMIN_EMAIL_URL", about="mail server for mails to our own people; empty: none are sent")
EMAIL_ON = bool(_email) or not LIVE  # elsewhere a mail is only printed into the log of the tasks
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _email else 'console'}.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _email.get("EMAIL_HOST", ""), _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS", False), _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
EMAIL_SUBJECT_PREFIX = ""
DEFAULT_FROM_EMAIL = ENV.text(
    "QUALADMIN_EMAIL_FROM",
    f"qualadmin@{_host}",
    about="sender of mails to our own people",
    pattern=r"[^@\s]+@[^@\s]+",
)
# For tests of what a power cut leaves behind; check E012 refuses it anywhere else.
KILLPOINT = ENV.text("QUALADMIN_KILLPOINT", "", about="moment at which a test kills the process")
# Every audit entry says which program wrote it.
APP_VERSION = "0.1.0"
APP_COMMIT = ENV.text("QUALADMIN_COMMIT", "", about="revision of the program, for the audit log")
# Name of this installation inside every audit entry; fixed for the life of a database.
AUDIT_ORIGIN = ENV.text(
    "QUALADMIN_AUDIT_ORIGIN",
    "localhost/qualadmin",
    about="name of this installation inside every audit entry; never change it later",
    pattern=r"[\w.:/-]{3,100}",
)

# --- checkpoints of the log ---------------------------------------------------------------------------------
_key = ENV.text(
    "QUALADMIN_AUDIT_KEY_PATH", str(VAR_DIR / "audit-key"), about="the sealer's private key, for its eyes alone"
)
# The public keys lie beside it, oldest first, readable by everybody.
AUDIT_KEY_PATH, AUDIT_PUBLIC_KEYS_PATH = Path(_key), Path(f"{_key}.pub")
_state = ENV.text(
    "QUALADMIN_AUDIT_STATE_PATH", str(VAR_DIR / "audit-seal.json"), about="what the sealer signed last"
)
AUDIT_STATE_PATH = Path(_state)
AUDIT_REFUSED_PATH = VAR_DIR / "audit-refused"  # how often an entry could not be written
AUDIT_PLACES = ENV.words(
    "QUALADMIN_AUDIT_PLACES",
    (str(VAR_DIR / "checkpoints"),) if MODE == "demo" else (),
    about="where checkpoints are published: folders and s3://bucket/prefix, with commas between",
)

# Read by the test run and the launcher, not here; listed so that they do not count as misspelt.
UNKNOWN_SETTINGS = ENV.unknown(
    "QUALADMIN_",
    also_known=(
        "QUALADMIN_NO_BOOTSTRAP",
        "QUALADMIN_REQUIRE",
        "QUALADMIN_REWRITE_BUDGETS",
        "QUALADMIN_CHROMIUM",
        "QUALADMIN_TEST_DATABASE_URL",
        "QUALADMIN_TEST_REDIS_URL",
    ),
)
ENV.finish()
