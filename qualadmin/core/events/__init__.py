"""Everything that is ever written into the audit log by the domain: the closed vocabulary.

A name is `object.verb` in the past tense. `changes` names the fields that may appear with before and after;
`payload` the free texts kept beside the entry, committed by a salted hash. An unknown name, field or key raises.
In a sentence, {actor} is the person (and for tasks the person they act for), {target} the object's label.
One file for each noun.
"""

from typing import Final

from qualadmin.audit.vocabulary import Event, register

from . import (
    access,
    accounts,
    calls,
    drift,
    hits,
    jobs,
    lists,
    log,
    messages,
    people,
    privacy,
    requests,
    rules,
    service,
    studies,
    types,
    workers,
)

EVENTS: Final[tuple[Event, ...]] = (
    *access.EVENTS,
    *people.EVENTS,
    *accounts.EVENTS,
    *studies.EVENTS,
    *types.EVENTS,
    *jobs.EVENTS,
    *hits.EVENTS,
    *calls.EVENTS,
    *drift.EVENTS,
    *requests.EVENTS,
    *workers.EVENTS,
    *lists.EVENTS,
    *messages.EVENTS,
    *rules.EVENTS,
    *privacy.EVENTS,
    *log.EVENTS,
    *service.EVENTS,
)

register(*EVENTS)
