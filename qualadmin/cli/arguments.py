"""The words of the command line and what each takes."""

import math
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any, Final, NoReturn

from django.core.management.base import CommandParser

from .printing import Code
from .reading import CONTROL

LIMIT: Final = 100
PATIENCE: Final = 3600.0  # seconds that --wait waits


class Words(CommandParser):
    """Refuses what it does not understand with the code for that, however it was started."""

    def error(self, message: str) -> NoReturn:
        self.print_usage()
        self.exit(Code.USAGE, f"{message}. Nothing was done.\n")


def add_words(parser: ArgumentParser) -> None:
    """All words."""
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD", parser_class=Words)
    _change(words.add_parser("grant", help="give workers a type, or change their score"), grant=True)
    _change(words.add_parser("revoke", help="take a type away from workers"), grant=False)
    one = _word(words.add_parser("types", help="list types"))
    one.add_argument("query", nargs="?", default="", help="a part of the name")
    _listed(one)
    one = _word(words.add_parser("workers", help="list who holds a type, as last seen at Amazon"))
    _type(one, required=True)
    one.add_argument("--status", choices=("Granted", "Revoked"), default="Granted")
    _listed(one)
    _jobs(_word(words.add_parser("jobs", help="list jobs, or look after one")))
    _requests(_word(words.add_parser("requests", help="list requests that wait, or answer one")))
    one = _word(words.add_parser("audit", help="search, export or verify the audit log"))
    one.add_argument("search", nargs="?", default="", help="in the words of the page, such as action:job.created")
    what = one.add_mutually_exclusive_group()
    what.add_argument("--verify", action="store_true", help="recompute the whole log")
    what.add_argument("--export", choices=("csv", "json", "bundle"), help="write a file instead")
    one.add_argument("--out", metavar="FILE", help="a file that does not exist yet")
    _listed(one)


def _word(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("--as", dest="person", required=True, metavar="USERNAME", help="who does this")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    return parser


def _listed(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=_count, default=LIMIT, metavar="N", help="how many at most; 0: all")


def _type(parser: ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--type", required=required, default="", help="Amazon's id of a type, or its name")
    parser.add_argument("--account", default="", metavar="SLUG", help="where several have such a type")


def _waits(parser: ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="until Amazon answered everything")
    parser.add_argument(
        "--timeout", type=_seconds, default=PATIENCE, metavar="SECONDS", help="how long --wait waits at most"
    )


def _why(parser: ArgumentParser) -> None:
    parser.add_argument("--reason", default="", help="why, for the audit log; no worker reads it")
    parser.add_argument("--study", default="", help="short name or id; needed in production")


def _change(parser: ArgumentParser, *, grant: bool) -> None:
    _word(parser)
    _type(parser, required=True)
    _why(parser)
    parser.add_argument("worker", nargs="*", metavar="WORKER", help="worker IDs; others see them: better a file")
    parser.add_argument("--file", metavar="FILE", help="CSV or list; - for standard input")
    parser.add_argument("--worker-column", metavar="NAME", help="the column of the worker IDs, if not found")
    parser.add_argument(
        "--status", action="append", metavar="NAME", help="of a batch file: which assignments count"
    )
    if grant:
        parser.add_argument("--score", type=int, metavar="N", help="for all; left out: the usual one of the type")
        parser.add_argument("--score-column", metavar="NAME", help="the column of the scores; empty for none")
        parser.add_argument("--notify", action="store_true", help="have Amazon e-mail the workers")
    else:
        parser.add_argument("--reason-for-worker", default="", metavar="TEXT", help="Amazon e-mails this to each")
    parser.add_argument("--dry-run", action="store_true", help="only show what would happen")
    parser.add_argument("--skip-problems", action="store_true", help="leave out lines that cannot be done")
    parser.add_argument("--count", type=int, metavar="N", help="the number of changes, asked for by large jobs")
    _approved(parser)
    _waits(parser)


def _approved(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--ask-for-approval", action="store_true", help="let it wait for a second person where one must approve it"
    )


def _jobs(parser: ArgumentParser) -> None:
    parser.add_argument("job", nargs="?", help="the id of one")
    deeds = parser.add_mutually_exclusive_group()
    for name in CONTROL:
        deeds.add_argument(f"--{name}", dest="action", action="store_const", const=name)
    _listed(parser)
    _waits(parser)


def _requests(parser: ArgumentParser) -> None:
    parser.add_argument("request", nargs="?", help="the id of one")
    answers = parser.add_mutually_exclusive_group()
    answers.add_argument("--accept", dest="answer", action="store_const", const="accept")
    answers.add_argument("--reject", dest="answer", action="store_const", const="reject")
    parser.add_argument("--score", type=int, metavar="N", help="to accept it with")
    parser.add_argument("--reason-for-worker", default="", metavar="TEXT", help="why it is rejected")
    _type(parser, required=False)
    _why(parser)
    _approved(parser)
    _listed(parser)
    _waits(parser)


def misunderstood(options: dict[str, Any]) -> str:
    """What cannot be meant, though each word by itself is known; empty where all is well.

    A script whose variable turned out empty must not be taken to ask for something else.
    """
    match options["word"]:
        case "grant" | "revoke" if bool(options["worker"]) == bool(options["file"]):
            return "Give worker IDs, or --file with a path or - for standard input"
        case "jobs" if not options["job"] and (options["job"] == "" or options["action"] or options["wait"]):
            return "Name the job"
        case "requests":
            return _misunderstood_answer(options)
        case "audit" if bool(options["export"]) != bool(options["out"]):
            return "--export and --out belong together"
    return ""


def _misunderstood_answer(options: dict[str, Any]) -> str:
    if not options["request"]:
        named = options["request"] == "" or options["answer"] or options["wait"]
        return "Name the request" if named else ""
    match options["answer"]:
        case None:
            return "Say --accept or --reject"
        case "accept" if options["reason_for_worker"]:
            return "--reason-for-worker belongs to --reject"
        case "reject" if options["score"] is not None:
            return "--score belongs to --accept"
    return ""


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < math.inf:
        raise ArgumentTypeError(f"{text!r} is no number of seconds")
    return number
