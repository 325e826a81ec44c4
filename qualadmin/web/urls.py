"""The site map, in page order.

Names are `noun-list`, `noun-detail`, `noun-verb`; the first word is the section that the navigation marks.
"""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from .views import grants, health, jobs, previews, profile, requests, session, styleguide

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("kept-form/", session.kept_form, name="kept-form"),
    path("accounts/use/", session.use_account, name="account-use"),
    path("profile/", profile.profile, name="profile"),
    path("profile/theme/", profile.theme, name="theme"),
    path("profile/password/", profile.password, name="password"),
    path("healthz", health.healthz, name="healthz"),
    # the main job: from worker ids to a job
    path("grant/", grants.grant, name="grant"),
    path("revoke/", grants.revoke, name="grant-revoke"),
    path("bulk/", previews.bulk, name="bulk"),
    path("bulk/sample.csv", previews.sample, name="bulk-sample"),
    path("previews/<uuid:preview_id>/columns/", previews.columns, name="bulk-columns"),
    path("previews/<uuid:preview_id>/", previews.check, name="preview-check"),
    path("previews/<uuid:preview_id>/corrections/", previews.corrections, name="preview-corrections"),
    path("previews/<uuid:preview_id>/discard/", previews.discard, name="preview-discard"),
    path("previews/<uuid:preview_id>/problems.csv", previews.problems, name="preview-problems"),
    path("jobs/", jobs.job_list, name="job-list"),
    path("jobs/<uuid:job_id>/", jobs.job_detail, name="job-detail"),
    path("jobs/<uuid:job_id>/progress/", jobs.job_progress, name="job-progress"),
    path("jobs/<uuid:job_id>/stop/", jobs.job_stop, name="job-stop"),
    path("jobs/<uuid:job_id>/resume/", jobs.job_resume, name="job-resume"),
    path("jobs/<uuid:job_id>/retry/", jobs.job_retry, name="job-retry"),
    path("jobs/<uuid:job_id>/results.csv", jobs.job_results, name="job-results"),
    path("requests/", requests.request_list, name="request-list"),
]
if settings.MODE in {"debug", "test"}:
    urlpatterns += [
        path("styleguide/", styleguide.styleguide, name="styleguide"),
        path("styleguide/list/", styleguide.example_list, name="styleguide-list"),
        path("styleguide/problem/<int:status>/", styleguide.problem, name="styleguide-problem"),
    ]
