"""The site map of the whole project."""

from django.urls import include, path

urlpatterns = [path("", include("qualadmin.web.urls"))]
