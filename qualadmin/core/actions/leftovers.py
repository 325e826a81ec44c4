"""Working data that nobody came back for."""

from datetime import datetime

from django.db import transaction

from qualadmin.core.models import Preview, PreviewRow


def drop_old_previews(*, before: datetime) -> int:
    """Empty lists made before then that were never confirmed, and the uploaded bytes of those that were.

    They hold worker ids, so they stay no longer than they are of use. The previews of jobs keep their rows: these
    are what was shown. Returns how many lists were given up.
    """
    old = Preview.objects.filter(created_at__lt=before)
    stale = old.filter(state__in=[Preview.State.UPLOADED, Preview.State.READY])
    given_up = 0
    for preview_id in list(stale.values_list("pk", flat=True)):
        with transaction.atomic():
            moved = stale.filter(pk=preview_id).update(state=Preview.State.DISCARDED, content=None)
            if moved:  # not confirmed meanwhile
                PreviewRow.objects.filter(preview=preview_id).delete()
                given_up += 1
    old.exclude(content=None).update(content=None)
    return given_up
