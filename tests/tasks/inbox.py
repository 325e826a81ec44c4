"""Answering a worker's request, for a process of tests.tasks.processes: Django is loaded when it is called."""


def accept(user_id: int, request_id: str) -> int:
    """Accept a request with the score 80, as the inbox does. The id of the change; may die right after it."""
    from uuid import UUID

    from qualadmin.core.actions.previews import Wishes
    from qualadmin.core.actions.requests import answer_request
    from qualadmin.core.killpoints import reached
    from qualadmin.core.models import User, Verb

    actor = User.objects.get(pk=user_id).as_actor()
    change = answer_request(actor=actor, request_id=UUID(request_id), verb=Verb.ACCEPT, wishes=Wishes(score=80))
    reached("answered")
    return change.pk
