"""The site map of the whole project."""

from django.urls import include, path

from qualadmin.api.reference import reference

urlpatterns = [
    path("api/", include("qualadmin.api.urls")),
    path("help/api/", reference, name="help-api"),
    path("", include("qualadmin.web.urls")),
]

handler400 = "qualadmin.web.views.errors.bad_request"
handler403 = "qualadmin.web.views.errors.forbidden"
handler404 = "qualadmin.web.views.errors.not_found"
handler500 = "qualadmin.web.views.errors.server_error"
