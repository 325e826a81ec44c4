"""The site map, in page order.

Names are `noun-list`, `noun-detail`, `noun-verb`; the first word is the section that the navigation marks.
"""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import IntConverter, StringConverter

from .views import (
    accounts,
    approvals,
    audit,
    audit_bundle,
    audit_months,
    dashboard,
    grants,
    health,
    help,
    jobs,
    lists,
    oversight,
    people,
    previews,
    profile,
    pseudonyms,
    requests,
    restorations,
    rules,
    search,
    service,
    session,
    studies,
    styleguide,
    tokens,
    types,
    undo,
    workers,
)


class Key(IntConverter):
    """A number that a column can hold. Anything longer is no page, and no database is asked about it."""

    regex = "[0-9]{1,18}"


class MonthText(StringConverter):
    """A month like 2026-10."""

    regex = "[0-9]{4}-[0-9]{2}"


register_converter(Key, "key")
register_converter(MonthText, "month")

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("kept-form/", session.kept_form, name="kept-form"),
    path("accounts/use/", session.use_account, name="account-use"),
    path("profile/", profile.profile, name="profile"),
    path("profile/theme/", profile.theme, name="theme"),
    path("profile/password/", profile.password, name="password"),
    path("help/", help.help_page, name="help"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("service/", service.service, name="service"),
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
    path("jobs/<uuid:job_id>/pause/", jobs.job_pause, name="job-pause"),
    path("jobs/<uuid:job_id>/stop/", jobs.job_stop, name="job-stop"),
    path("jobs/<uuid:job_id>/resume/", jobs.job_resume, name="job-resume"),
    path("jobs/<uuid:job_id>/retry/", jobs.job_retry, name="job-retry"),
    path("jobs/<uuid:job_id>/decide/", approvals.job_decide, name="job-decide"),
    path("jobs/<uuid:job_id>/withdraw/", approvals.job_withdraw, name="job-withdraw"),
    path("jobs/<uuid:job_id>/undo/", undo.job_undo, name="job-undo"),
    path("jobs/<uuid:job_id>/again/", undo.job_again, name="job-again"),
    path("jobs/<uuid:job_id>/results.csv", jobs.job_results, name="job-results"),
    path("approvals/", approvals.approval_list, name="approval-list"),
    path("requests/", requests.request_list, name="request-list"),
    # looking after everything else, and looking into the log
    path("", dashboard.dashboard, name="dashboard"),
    path("find/", search.find, name="find"),
    path("types/", types.type_list, name="type-list"),
    path("types/create/", types.type_create, name="type-create"),
    path("types/import/", types.type_import, name="type-import"),
    path("types/<uuid:pk>/", types.type_detail, name="type-detail"),
    path("types/<uuid:pk>/settings/", types.type_settings, name="type-settings"),
    path("types/<uuid:pk>/select/", types.type_select, name="type-select"),
    path("types/<uuid:pk>/sync/", types.type_sync, name="type-sync"),
    path("workers/", workers.worker_list, name="worker-list"),
    path("workers/find/", workers.worker_find, name="worker-find"),
    path("workers/pseudonym/", pseudonyms.worker_reveal, name="worker-reveal"),
    path("workers/look-up/", workers.worker_look_up, name="worker-look-up"),
    path("workers/<uuid:pk>/", workers.worker_detail, name="worker-detail"),
    path("workers/<uuid:pk>/check/", workers.worker_check, name="worker-check"),
    path("workers/<uuid:pk>/notes/", workers.worker_note, name="worker-note"),
    path("lists/", lists.list_list, name="list-list"),
    path("lists/add/", lists.list_add, name="list-add"),
    path("lists/<uuid:pk>/", lists.list_detail, name="list-detail"),
    path("lists/<uuid:pk>/edit/", lists.list_edit, name="list-edit"),
    path("lists/<uuid:pk>/archive/", lists.list_archive, name="list-archive"),
    path("lists/<uuid:pk>/workers/", lists.list_workers, name="list-workers"),
    path("lists/<uuid:pk>/follow/", lists.list_follow, name="list-follow"),
    path("lists/<uuid:pk>/read/", lists.list_read, name="list-read"),
    path("lists/<uuid:pk>/sources/<key:source>/drop/", lists.list_drop, name="list-drop"),
    path("rules/", rules.rule_list, name="rule-list"),
    path("rules/add/", rules.rule_add, name="rule-add"),
    path("rules/<uuid:pk>/", rules.rule_detail, name="rule-detail"),
    path("rules/<uuid:pk>/run/", rules.rule_run, name="rule-run"),
    path("rules/<uuid:pk>/start/", rules.rule_start, name="rule-start"),
    path("rules/<uuid:pk>/pause/", rules.rule_pause, name="rule-pause"),
    path("rules/<uuid:pk>/resume/", rules.rule_resume, name="rule-resume"),
    path("rules/<uuid:pk>/end/", rules.rule_end, name="rule-end"),
    path("studies/", studies.study_list, name="study-list"),
    path("studies/add/", studies.study_add, name="study-add"),
    path("studies/<uuid:pk>/", studies.study_detail, name="study-detail"),
    path("studies/<uuid:pk>/edit/", studies.study_edit, name="study-edit"),
    path("studies/<uuid:pk>/pis/", studies.study_pi_add, name="study-pi-add"),
    path("studies/<uuid:pk>/pis/<key:person>/remove/", studies.study_pi_remove, name="study-pi-remove"),
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export.csv", audit.audit_export, {"extension": "csv"}, name="audit-export"),
    path(
        "audit/export-roles.csv",
        audit.audit_export,
        {"extension": "csv", "names": False},
        name="audit-export-roles",
    ),
    path("audit/export.json", audit.audit_export, {"extension": "json"}, name="audit-export-json"),
    path("audit/bundle.zip", audit_bundle.audit_bundle, {"worker_ids": False}, name="audit-bundle"),
    path("audit/bundle-with-ids.zip", audit_bundle.audit_bundle, {"worker_ids": True}, name="audit-bundle-ids"),
    path("audit/receipt.json", audit.audit_receipt, name="audit-receipt"),
    path("audit/verify/", audit.audit_verify, name="audit-verify"),
    path("audit/months/", audit_months.month_list, name="audit-months"),
    path("audit/months/<uuid:study_id>/<month:month>/", audit_months.month_detail, name="audit-month"),
    path("audit/<key:seq>/", audit.audit_detail, name="audit-detail"),
    path("oversight/", oversight.oversight, name="oversight"),
    path("oversight/<key:pk>/unmute/", oversight.oversight_unmute, name="oversight-unmute"),
    path("restored/", restorations.restoration, name="restoration"),
    path("restored/compare/", restorations.restoration_compare, name="restoration-compare"),
    path("restored/open/", restorations.restoration_open, name="restoration-open"),
    path("restored/differences.csv", restorations.restoration_export, name="restoration-export"),
    path("accounts/", accounts.account_list, name="account-list"),
    path("accounts/add/", accounts.account_add, name="account-add"),
    path("accounts/<uuid:pk>/", accounts.account_detail, name="account-detail"),
    path("accounts/<uuid:pk>/edit/", accounts.account_edit, name="account-edit"),
    path("accounts/<uuid:pk>/test/", accounts.account_test, name="account-test"),
    path("accounts/<uuid:pk>/enable/", accounts.account_enable, name="account-enable"),
    path("accounts/<uuid:pk>/disable/", accounts.account_disable, name="account-disable"),
    path("accounts/<uuid:pk>/pause/", accounts.account_pause, name="account-pause"),
    path("accounts/<uuid:pk>/resume/", accounts.account_resume, name="account-resume"),
    path("accounts/<uuid:pk>/archive/", accounts.account_archive, name="account-archive"),
    path("people/", people.person_list, name="person-list"),
    path("people/invite/", people.person_invite, name="person-invite"),
    path("people/<key:pk>/", people.person_detail, name="person-detail"),
    path("people/<key:pk>/edit/", people.person_edit, name="person-edit"),
    path("people/<key:pk>/password/", people.person_password, name="person-password"),
    path("people/<key:pk>/deactivate/", people.person_deactivate, name="person-deactivate"),
    path("people/<key:pk>/activate/", people.person_activate, name="person-activate"),
    path("people/<key:pk>/roles/<key:assignment>/end/", people.person_role_end, name="person-role-end"),
    path("profile/sessions/", profile.sessions, name="sessions"),
    path("profile/tokens/", tokens.token_list, name="token-list"),
    path("profile/tokens/<uuid:pk>/revoke/", tokens.token_revoke, name="token-revoke"),
]
if settings.MODE in {"debug", "test"}:
    urlpatterns += [
        path("styleguide/", styleguide.styleguide, name="styleguide"),
        path("styleguide/list/", styleguide.example_list, name="styleguide-list"),
        path("styleguide/problem/<int:status>/", styleguide.problem, name="styleguide-problem"),
    ]
