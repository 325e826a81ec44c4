"""What the value of a word names: a person, a type, a job, a worker. What is not there, and what is not the
reader's to see, gets one and the same answer: no such thing, and what is near it among what they do see.
"""

import uuid
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

from django.db.models import Q

from qualadmin.audit.sentences import OUTCOME_WORDS
from qualadmin.audit.words import Word, WordsFault, quoted
from qualadmin.core.actions.workers import find_worker
from qualadmin.core.models import WORKER_ID
from qualadmin.core.permissions import Permission, allowed
from qualadmin.core.pseudonyms import PSEUDONYM

from .audit_filters import EFFECTS, KINDS, Span, environments, numbers_in
from .audit_names import Names
from .audit_names import Person as OnePerson
from .audit_scope import ANY_OF_GROUP, SYSTEM, actions

NEAR: Final = 5
COMPARED: Final = 1_000  # names of the newest types or jobs, to find near ones
#: The path by which people know a row, and the words for it.
ROWS: Final = {"type": ("name", "type"), "job": ("title", "job")}
#: Verbs that people know from Amazon: what a call did is an effect, and an action of that name is another thing.
MISLEADING: Final = {
    "grant": ["effect:granted", "action:job.created", "action:role.granted"],
    "revoke": ["effect:revoked", "action:job.created", "action:role.revoked"],
    "reject": ["effect:rejected", "action:job.created"],
    "accept": ["effect:granted", "action:job.created"],
}


def person(names: Names, word: Word) -> str:
    """By full name, user name, or the beginning of a name, if only one person has it."""
    wanted = word.value.casefold()
    found = (
        [one for one in names.people if one.word.casefold() == wanted]
        or [one for one in names.people if one.username.casefold() == wanted]
        or [one for one in names.people if _begins(one, wanted)]
    )
    if len(found) == 1:
        return found[0].key
    if found:
        raise _several(word, "people", [one.word for one in found])
    known = {
        part.casefold(): one.word for one in names.people for part in (*one.name.split(), one.username, one.name)
    }
    near = [known[one] for one in get_close_matches(wanted, known, n=NEAR)]
    raise _nothing(word, "person", near)


def _begins(one: OnePerson, wanted: str) -> bool:
    return one.name.casefold() == wanted or any(part.startswith(wanted) for part in one.name.casefold().split())


def person_word(names: Names, key: str) -> str:
    """What `person` finds this one by."""
    return next((one.word for one in names.people if one.key == key), key)


def word_of(names: Names, parameter: str, value: str) -> str:
    """What the functions here find this value of the address by."""
    if parameter not in {"type", "job", "worker"}:
        return value
    found = names.of(parameter, uuid.UUID(value))
    return found.word if found else value


def action(word: Word) -> str:
    """An action, a group with or without its `.*`, or a part of one action's name."""
    wanted, known = word.value.casefold(), dict(actions())
    for one in (wanted, wanted.removesuffix(ANY_OF_GROUP).removesuffix("*") + ANY_OF_GROUP):
        if one in known:
            return one
    names = [one for one in known if not one.endswith(ANY_OF_GROUP)]
    parts = [one for one in names if any(part.startswith(wanted) for part in one.split(".")[1:])]
    if wanted in MISLEADING:
        raise word.fault(
            f"“{word.value[:60]}” may mean several things: {', '.join(MISLEADING[wanted])}. Write one of them."
        )
    if len(parts) == 1:
        return parts[0]
    if parts:
        raise _several(word, "actions", parts)
    near = get_close_matches(wanted, names, n=NEAR) or [one for one in names if wanted in one][:NEAR]
    raise _nothing(word, "action", near or [one for one in known if one.endswith(ANY_OF_GROUP)][:NEAR])


def outcome(word: Word) -> str:
    """By the log's word or the one that pages show for it."""
    wanted = word.value.casefold()
    found = next((one for one, shown in OUTCOME_WORDS.items() if wanted in {one, shown}), None)
    if found is None:
        raise _nothing(word, "outcome", list(OUTCOME_WORDS))
    return found


def effect(word: Word) -> str:
    """What a call did: by its word."""
    return _one_of(word, EFFECTS)


def environment(word: Word) -> str:
    """Production, sandbox or emulator."""
    return _one_of(word, environments())


def kind(word: Word) -> str:
    """What kind of actor wrote the entry."""
    return _one_of(word, KINDS)


def hours(word: Word) -> str:
    """A part of the day, as it is written in the address."""
    if Span.parse(word.value) is None:
        raise word.fault(f"“{word.value[:40]}” are no hours. Write them like hours:20-7 or hours:mon-fri@7-20.")
    return word.value.casefold()


def numbers(word: Word) -> str:
    """A span of entries, as it is written in the address."""
    if numbers_in(word.value) is None:
        raise word.fault(f"“{word.value[:40]}” is no span of entries. Write it like entries:1200..1450.")
    return word.value


def _one_of(word: Word, choices: Sequence[tuple[str, str]]) -> str:
    wanted = word.value.casefold()
    if wanted not in dict(choices):
        raise _nothing(word, word.key, [name for name, _ in choices])
    return wanted


def stream(names: Names, word: Word) -> str:
    """A study or account by its short name or title, or the installation."""
    wanted = word.value.casefold()
    if word.key == "stream":
        choices = {name: name.removeprefix(f"{word.key}:") for name, _ in names.streams if name == SYSTEM}
    else:
        prefix = f"{word.key}:"
        choices = {name: name.removeprefix(prefix) for name, _ in names.streams if name.startswith(prefix)}
    found = [name for name, slug in choices.items() if slug == wanted] or [
        name for name, title in names.streams if name in choices and _title(title) == wanted
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise _several(word, f"{word.key}s", [choices[one] for one in found])
    titles = {_title(title): choices[name] for name, title in names.streams if name in choices}
    known = titles | {slug: slug for slug in choices.values()}
    near = [known[one] for one in get_close_matches(wanted, known, n=NEAR)]
    raise _nothing(word, word.key, near or list(choices.values())[:NEAR])


def _title(label: str) -> str:
    """`Study: Sleep` without its kind, for comparing."""
    return label.partition(": ")[2].casefold()


def row(names: Names, word: Word) -> str:
    """A type by name or Amazon's id, a job by title, either by our number."""
    path, noun = ROWS[word.key]
    rows: Any = names.types() if word.key == "type" else names.jobs()
    matches = Q(**{f"{path}__iexact": word.value})
    if word.key == "type":
        matches |= Q(mturk_id=word.value)
    if (key := _uuid(word.value)) is not None:
        matches |= Q(pk=key)
    found = list(rows.filter(matches).order_by().values_list("pk", path)[: NEAR + 1])
    exact = [one for one in found if one[1] == word.value]
    if len(exact) == 1 or len(found) == 1:
        return str((exact or found)[0][0])
    if found:
        raise _several(word, f"{noun}s", [word_of(names, word.key, str(pk)) for pk, _ in found])
    raise _nothing(word, noun, _near_rows(rows, path, word.value))


def _near_rows(rows: Any, path: str, wanted: str) -> list[str]:
    known = list(dict.fromkeys(rows.order_by("-created_at").values_list(path, flat=True)[:COMPARED]))
    lower = {one.casefold(): one for one in known}
    inside = [one for one in known if wanted.casefold() in one.casefold()]
    inside.sort(key=lambda one: not one.casefold().startswith(wanted.casefold()))
    return [*inside, *(lower[one] for one in get_close_matches(wanted.casefold(), lower, n=NEAR))][:NEAR]


def worker(names: Names, word: Word) -> str:
    """By worker id, for who may look workers up, or by our number. Nothing near is offered: ids are private."""
    wanted = word.value.upper()
    if WORKER_ID.fullmatch(wanted) and allowed(names.actor, Permission.FIND_WORKERS):
        found = find_worker(actor=names.actor, text=wanted)
        keys = [found.pk] if found else []
    else:
        if PSEUDONYM.fullmatch(wanted):
            raise word.fault(
                f"“{word.value}” is a pseudonym. It belongs to one study or account and is not searched for here. "
                "PIs and managers can find out whose it is: open Workers, then “Whose pseudonym?”."
            )
        key = _uuid(word.value)
        keys = list(names.workers().filter(pk=key).values_list("pk", flat=True)) if key else []
    if len(keys) != 1:
        raise word.fault(f"No worker “{word.value[:70]}” is known here, so the log says nothing about them.")
    return str(keys[0])


def request(word: Word) -> str:
    """The number of a request, as entries carry it."""
    if len(word.value) > 100 or not word.value.isprintable() or "," in word.value:
        raise word.fault(f"“{word.value[:60]}” is no number of a request.")
    return word.value


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


def _nothing(word: Word, noun: str, near: Sequence[str]) -> WordsFault:
    hint = f" Near it: {_listed(word.key, near)}." if near else ""
    return word.fault(f"There is no {noun} “{word.value[:60]}” that you can see.{hint}")


def _several(word: Word, nouns: str, choices: Sequence[str]) -> WordsFault:
    more = f" and {len(choices) - NEAR} more" if len(choices) > NEAR else ""
    which = _listed(word.key, choices)
    return word.fault(f"“{word.value[:60]}” may mean several {nouns}: {which}{more}. Write one of them.")


def _listed(key: str, values: Iterable[str]) -> str:
    return ", ".join(f"{key}:{quoted(one)}" for one in list(dict.fromkeys(values))[:NEAR])
