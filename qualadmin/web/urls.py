"""The site map, in page order.

Names are `noun-list`, `noun-detail`, `noun-verb`; the first word is the section that the navigation marks.
"""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from .views import health, profile, session, styleguide

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("kept-form/", session.kept_form, name="kept-form"),
    path("accounts/use/", session.use_account, name="account-use"),
    path("profile/", profile.profile, name="profile"),
    path("profile/theme/", profile.theme, name="theme"),
    path("profile/password/", profile.password, name="password"),
    path("healthz", health.healthz, name="healthz"),
]
if settings.MODE in {"debug", "test"}:
    urlpatterns += [
        path("styleguide/", styleguide.styleguide, name="styleguide"),
        path("styleguide/list/", styleguide.example_list, name="styleguide-list"),
        path("styleguide/problem/<int:status>/", styleguide.problem, name="styleguide-problem"),
    ]
