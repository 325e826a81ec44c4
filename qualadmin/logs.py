"""Logs: one JSON object a line on stderr, without secrets and without worker IDs."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

MASK = "[removed]"
SECRETS = re.compile(
    r"""
    \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                                     # AWS access key ids
    | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)                                 # user:password inside an address
    | (?i:authorization)\s*[:=]\s*[^\n]+                              # signed request headers
    | (?i:x-amz-security-token|aws_secret_access_key|aws_session_token|secret_key|password|csrftoken|
       csrfmiddlewaretoken|sessionid)["']?\s*[:=]\s*["']?[^\s"'&;,]+
    | \bA[A-Z0-9]{11,63}\b                                            # the shape of Amazon's worker IDs
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """`text` with everything that looks like a credential, a session or a worker ID taken out."""
    return SECRETS.sub(MASK, text)


class JsonFormatter(logging.Formatter):
    """Formats a record, with its traceback, as one JSON line, redacted after everything else is put in."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its newline."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "pid": record.process,
            "text": redact(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def logging_config(level: str) -> dict[str, Any]:
    """Django's LOGGING. Libraries that print signed requests at DEBUG stay at WARNING whatever `level` is."""
    quiet = {"level": "WARNING", "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"class": "qualadmin.log_stream.StderrHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # Anybody can send any host name: a refusal is an entry of the audit log, not a traceback for each.
            "django.security.DisallowedHost": {"level": "CRITICAL", "propagate": True},
            # django-q adds a plain handler of its own unless its logger has one.
            "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            **dict.fromkeys(("botocore", "boto3", "urllib3", "s3transfer", "werkzeug"), quiet),
        },
    }
