"""Django's admin as one writes it in an afternoon: columns and filters like our pages, 50 rows each."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import path

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Change, Job, Qualification, QualificationRequest, QualificationType, Worker
from qualadmin.urls import urlpatterns as product


class Site(admin.AdminSite):
    """Whoever has signed in may look."""

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated


class Look(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list to look at."""

    list_per_page = 50

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def look(**options: Any) -> type[Look]:
    return type("Look", (Look,), options)


site = Site(name="admin")
site.register(
    AuditEntry,
    look(
        list_display=("seq", "recorded_at", "action", "outcome", "actor_label", "stream", "job"),
        list_filter=("action", "outcome"),
        search_fields=("actor_label", "action"),
        ordering=("-seq",),
    ),
)
site.register(
    Worker, look(list_display=("worker_id", "created_at"), search_fields=("worker_id",), ordering=("worker_id",))
)
site.register(
    Change,
    look(
        list_display=("id", "worker", "type", "verb", "value", "state", "job", "finished_at"),
        list_filter=("state", "verb"),
        list_select_related=("worker", "type", "job"),
        raw_id_fields=("worker",),
    ),
)
site.register(
    Job,
    look(
        list_display=("title", "kind", "state", "total", "done", "failed", "created_by", "created_at"),
        list_filter=("state", "kind"),
        list_select_related=("created_by",),
    ),
)
site.register(
    QualificationType, look(list_display=("name", "state", "status", "account"), search_fields=("name",))
)
site.register(
    Qualification,
    look(
        list_display=("worker", "type", "status", "value", "grant_time"),
        list_filter=("type", "status"),
        list_select_related=("worker", "type"),
    ),
)
site.register(
    QualificationRequest,
    look(
        list_display=("worker", "type", "state", "submitted_at"),
        list_filter=("state",),
        list_select_related=("worker", "type"),
    ),
)
urlpatterns = [path("admin/", site.urls), *product]
