"""`manage.py qualadmin …` in process."""

import io
from types import SimpleNamespace
from typing import Any

from qualadmin.cli.arguments import Words, add_words
from qualadmin.cli.printing import Printer
from qualadmin.cli.running import run


class Terminal(io.StringIO):
    """Somebody looks on."""

    def isatty(self) -> bool:
        return True


def options_of(*words: str, person: str = "granter") -> dict[str, Any]:
    """What was typed, understood. Exits as the command does where it is not."""
    parser = Words()
    add_words(parser)
    return vars(parser.parse_args([words[0], "--as", person, *words[1:]]))


def command(*words: str, person: str = "granter") -> SimpleNamespace:
    """What `manage.py qualadmin …` ends with and prints."""
    options = options_of(*words, person=person)
    out, err = io.StringIO(), Terminal()
    code = run(options, Printer(out, err, options["json"]))
    return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())
