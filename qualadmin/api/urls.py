"""The site map below /api/v1/: one path for each operation."""

from typing import Final

from django.urls import path

from .operation import Operation
from .operations import grants
from .views import view_of

app_name = "api"
OPERATIONS: Final[tuple[Operation, ...]] = (*grants.OPERATIONS,)

urlpatterns = [path(f"v1/{one.name}", view_of(one), name=one.name) for one in OPERATIONS]
