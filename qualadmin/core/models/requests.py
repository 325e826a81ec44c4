"""What a worker answered in the test of a request, and the lab's own key to score it.

Answers are personal data: kept only for a while after the request ended.
"""

from typing import ClassVar

from django.db import models

from qualadmin.audit.models import AuditedModel

from .people import User
from .qualifications import QualificationRequest, QualificationType


class AskedTest(models.Model):
    """A test as it was when workers took it, kept once for all who took the same one."""

    unaudited_reason: ClassVar[str] = (
        "A copy of what Amazon lists, forgotten when no answers to it are kept any more."
    )

    type = models.ForeignKey(
        QualificationType, on_delete=models.PROTECT, related_name="asked_tests", db_index=False
    )
    sha256 = models.CharField(max_length=64)
    text = models.TextField()  # QuestionForm, as Amazon gave it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "sha256"], name="asked_test_once")]

    def __str__(self) -> str:
        return f"test of {self.type}"


class RequestAnswers(models.Model):
    """What one worker answered. Reached by worker through the request."""

    unaudited_reason: ClassVar[str] = "A copy of what Amazon lists. That some were forgotten is an entry."

    request = models.OneToOneField(
        QualificationRequest, on_delete=models.PROTECT, primary_key=True, related_name="answers"
    )
    test = models.ForeignKey(AskedTest, on_delete=models.PROTECT, null=True, related_name="answers")
    text = models.TextField(blank=True)  # QuestionFormAnswers, as Amazon gave it

    def __str__(self) -> str:
        return f"answers of {self.request}"


class ScoringKey(AuditedModel):
    """The lab's own AnswerKey of a type. Amazon never gets it: it would answer the requests itself."""

    type = models.OneToOneField(
        QualificationType, on_delete=models.PROTECT, primary_key=True, related_name="scoring_key"
    )
    text = models.TextField(max_length=65_535, blank=True)  # empty: taken away again
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"key of {self.type}"
