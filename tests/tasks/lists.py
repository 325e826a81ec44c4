"""From a list of workers to a confirmed job, the way the pages do it."""

from collections.abc import Iterable

from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.models import Job, Preview, QualificationType, User, Verb
from qualadmin.core.reading import Plan


def worker_ids(count: int, prefix: str = "ADRAIN") -> list[str]:
    """Made-up worker ids, all different."""
    return [f"{prefix}{number:07d}" for number in range(count)]


def make_preview(
    person: User, chosen: QualificationType, lines: Iterable[str], *, verb: Verb = Verb.GRANT, **wishes: object
) -> Preview:
    """Pasted lines, worked out and ready to confirm."""
    actor = person.as_actor()
    preview = start_preview(
        actor=actor,
        account=chosen.account,
        source=Preview.Source.PASTE,
        content="\n".join(lines).encode(),
        verb=verb,
    )
    wanted = Wishes(**{"score": 100 if verb == Verb.GRANT else None, **wishes})  # type: ignore[arg-type]
    return plan_preview(actor=actor, preview=preview, plan=Plan(types={"": str(chosen.pk)}), wishes=wanted)


def make_job(
    person: User, chosen: QualificationType, lines: Iterable[str], *, verb: Verb = Verb.GRANT, **wishes: object
) -> Job:
    """A confirmed job."""
    preview = make_preview(person, chosen, lines, verb=verb, **wishes)
    return confirm_preview(actor=person.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
