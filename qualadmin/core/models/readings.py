"""Long lists of Amazon's that are read page by page: how far a reading is, so that another task can go on."""

from django.db import models


class Progress(models.Model):
    """The columns of a row that a task reads for. Whoever holds the lease reads on; when it ran out, anybody may.

    `token` is Amazon's, of the page that comes next. Such tokens may expire: then the list is begun again.
    """

    token = models.CharField(max_length=300, blank=True)
    calls = models.PositiveIntegerField(default=0)  # pages read so far
    tries = models.PositiveSmallIntegerField(default=0)  # without an answer, one after another
    restarts = models.PositiveSmallIntegerField(default=0)  # of this list, since a token was refused
    due_at = models.DateTimeField(null=True, blank=True)  # not before this time
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True)
    failure = models.TextField(blank=True)  # in words, once it was given up

    class Meta:
        abstract = True
