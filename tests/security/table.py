"""Who may open what: every address of the site, stated here and nowhere derived from the code.

The right of a page is declared at its view (`page(Permission…)`). This table says independently what must come of
it for each person; `test_permissions.py` asks for every row as everybody and compares.

Roles: g granter, p PI, m manager, v viewer. `NOBODY` needs no sign-in, `ANYBODY` needs nothing but that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ANYBODY: Final = "anybody"
NOBODY: Final = "nobody"
ALL: Final = "gpmv"
#: Entries that a GET may write: that somebody read or took away, and that somebody was refused.
OF_READING: Final = {
    "audit.viewed", "audit.exported", "job.exported", "message.exported", "system.drift.exported", "access.denied",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What one address answers.

    `who`: the roles that get through. `get` and `post`: the status for them; 0 for 405: not taken.
    A form that is sent empty is 422: it got past the door. `real`: the roles that need the right to act on real
    workers in a production account. `everywhere`: only a role for all accounts counts.
    `thing`: what the address names; `scoped` things outside the person's accounts are 404.
    """

    who: str
    get: int = 0
    post: int = 0
    thing: str = ""
    real: str = ""
    everywhere: bool = False
    send: Mapping[str, str] = field(default_factory=dict)

    @property
    def scoped(self) -> bool:
        return self.thing in {
            "account",
            "type",
            "worker",
            "tag",
            "job",
            "preview",
            "upload",
            "entry",
            "choice",
            "month",
            "mute",
            "erasure",
            "declined",
            "hold",
            "list",
            "request",
            "answers",
            "answer",
            "source",
            "rule",
            "message",
            "written",
            "draft",
            "reading",
        }


TABLE: Final[dict[str, Row]] = {
    # the door
    "sign-in": Row(NOBODY, get=200, post=422),
    "healthz": Row(NOBODY, get=200),
    "readyz": Row(NOBODY, get=503),  # no task cluster beats
    "metrics": Row(NOBODY, get=200),  # the tests ask from the machine itself
    "sign-out": Row(ANYBODY, post=302),
    "kept-form": Row(ANYBODY, get=302, post=302),
    "account-use": Row(ANYBODY, post=302, thing="choice"),
    "help": Row(ANYBODY, get=200),
    "help-api": Row(ANYBODY, get=200),
    "profile": Row(ANYBODY, get=200, post=422),
    "theme": Row(ANYBODY, post=302, send={"theme": "dark"}),
    "password": Row(ANYBODY, get=200, post=422),
    "sessions": Row(ANYBODY, post=302),
    "key-list": Row(ANYBODY, get=200, post=422),
    "key-revoke": Row(ANYBODY, get=200, post=302, thing="key"),
    "token-list": Row(ANYBODY, get=200, post=422),
    "token-revoke": Row(ANYBODY, get=200, post=302, thing="token"),
    # the main job
    "grant": Row("g", get=200, post=422, real="g"),
    "grant-revoke": Row("g", get=200, post=422, real="g"),
    "bulk": Row("g", get=200, post=422, real="g"),
    "bulk-sample": Row("g", get=200, real="g"),
    "bulk-columns": Row("g", get=200, post=422, thing="upload", real="g"),
    "preview-check": Row("g", get=200, post=422, thing="preview", real="g"),
    "preview-corrections": Row("g", post=422, thing="preview", real="g"),
    "preview-discard": Row("g", post=302, thing="preview", real="g"),
    "preview-problems": Row("g", get=200, thing="preview", real="g"),
    "job-list": Row(ALL, get=200),
    "job-detail": Row(ALL, get=200, thing="job"),
    "job-progress": Row(ALL, get=302, thing="job"),  # 302: asked for as a page, it leads to the job
    "job-pause": Row("gpm", post=302, thing="job", real="g"),
    "job-stop": Row("gpm", get=200, post=302, thing="job", real="g"),
    "job-resume": Row("g", post=302, thing="job", real="g"),
    "job-retry": Row("g", post=302, thing="job", real="g"),
    "job-decide": Row("p", get=302, post=422, thing="job", real="p"),
    "job-withdraw": Row("g", get=409, post=409, thing="job", real="g"),  # the job of the stage does not wait
    "job-again": Row("g", post=302, thing="job", real="g", send={"verb": "grant"}),
    "job-undo": Row("g", get=409, post=409, thing="job", real="g"),  # of a job that has not ended
    "job-results": Row("gpm", get=200, thing="job"),
    "approval-list": Row("pm", get=200),
    "request-list": Row(ALL, get=200),
    "hit-list": Row("gm", get=200),
    "hit-refresh": Row("gm", post=302),
    "hit-ask": Row("gm", post=302),  # nothing is ticked: back to the list
    "hit-reading": Row("gm", get=200, thing="reading"),
    "hit-select": Row("g", post=302, thing="reading", real="g", send={"verb": "grant"}),
    "drift-list": Row(ALL, get=200),
    "drift-compare": Row("gm", post=302),
    "drift-decide": Row("gm", post=302, send={"verb": "take_over"}),  # nothing is ticked: back to the list
    "request-detail": Row("g", get=200, post=422, thing="request", real="g", send={"verb": "accept"}),
    "request-select": Row("g", post=302, real="g", send={"verb": "accept", "matching": "on"}),
    "request-many": Row("g", get=200, post=422, thing="answers", real="g"),
    "request-answered": Row("g", get=302, real="g"),  # a part of pages only
    "request-take-back": Row("g", post=302, thing="answer", real="g"),
    "request-key": Row("g", get=200, post=302, thing="type", real="g"),
    "request-refresh": Row("gm", post=302),
    # everything else
    "dashboard": Row(ANYBODY, get=200),
    "find": Row(ALL, post=200, send={"q": "wave"}),
    "type-list": Row(ALL, get=200),
    "type-create": Row("m", get=200, post=422, real="m"),
    "type-import": Row("gm", get=200, post=302),
    "type-detail": Row(ALL, get=200, thing="type"),
    "type-settings": Row("m", get=200, post=422, thing="type", real="m"),
    "type-select": Row("g", post=302, thing="type", real="g", send={"verb": "revoke", "matching": "on"}),
    "type-sync": Row("gm", post=302, thing="type"),
    "type-hits": Row("gm", post=302, thing="type"),
    "type-change": Row("m", get=200, post=422, thing="type", real="m"),
    "type-status": Row("m", get=200, post=302, thing="type", real="m"),
    "type-delete": Row("m", get=200, thing="type", real="m"),
    "type-delete-name": Row("m", get=200, post=422, thing="type", real="m"),
    "type-test": Row(ALL, get=200, post=200, thing="type"),  # a POST tries the test out and keeps nothing
    "type-test-change": Row("m", post=302, thing="type", real="m"),
    "type-draft": Row("m", get=200, post=200, thing="draft", real="m"),
    "type-draft-edit": Row("m", get=200, post=422, thing="draft", real="m", send={"do": "keep"}),
    "type-draft-xml": Row("m", get=200, post=422, thing="draft", real="m"),
    "type-draft-use": Row("m", get=200, post=400, thing="draft", real="m"),
    "worker-list": Row(ALL, get=200),
    "worker-find": Row("gpm", post=422),
    # An empty selection: the page to find workers comes back with what is wrong.
    "worker-select": Row("g", post=422, real="g", send={"worker_id": "AZZZ", "verb": "grant"}),
    "worker-look-up": Row("gm", post=422),
    "worker-reveal": Row("pm", get=200, post=422),
    "worker-detail": Row("gpm", get=200, thing="worker"),
    "worker-check": Row("gm", post=302, thing="worker"),
    "worker-tag": Row("gp", post=422, thing="worker"),
    "worker-tag-remove": Row("gp", post=302, thing="tag"),
    "worker-note": Row("gp", post=422, thing="worker"),
    "list-list": Row(ALL, get=200),
    "list-add": Row("g", get=200, post=422, real="g"),
    "list-detail": Row(ALL, get=200, thing="list"),
    "list-edit": Row("g", get=200, post=422, thing="list", real="g"),
    "list-archive": Row("g", get=200, post=302, thing="list", real="g"),
    "list-workers": Row("g", get=200, post=422, thing="list", real="g"),
    "list-follow": Row("g", get=200, post=422, thing="list", real="g"),
    "list-hits": Row("g", get=200, post=422, thing="list", real="g"),
    "list-read": Row("g", post=302, thing="list", real="g"),
    "list-drop": Row("g", get=200, post=302, thing="source", real="g"),
    "rule-list": Row(ALL, get=200),
    "rule-add": Row("g", get=200, post=422, real="g"),
    "rule-detail": Row(ALL, get=200, thing="rule"),
    "rule-run": Row("g", post=302, thing="rule", real="g"),
    "rule-start": Row("g", post=302, thing="rule", real="g"),
    "rule-pause": Row("g", post=409, thing="rule", real="g"),  # it is a draft
    "rule-resume": Row("g", get=200, post=409, thing="rule", real="g"),
    "rule-end": Row("g", get=200, post=302, thing="rule", real="g"),
    "message-list": Row(ALL, get=200),
    "message-add": Row("g", get=200, post=422, real="g"),
    "message-detail": Row(ALL, get=200, thing="message"),
    "message-progress": Row(ALL, get=302, thing="message"),
    "message-write": Row("g", get=200, post=422, thing="written", real="g"),
    "message-check": Row("g", get=200, post=400, thing="written", real="g"),
    "message-discard": Row("g", get=200, post=302, thing="written", real="g"),
    "message-decide": Row("p", get=302, post=422, thing="message", real="p"),
    "message-withdraw": Row("g", get=409, post=409, thing="written", real="g"),  # it is a draft
    "message-stop": Row("gpm", get=200, post=409, thing="written", real="g"),
    "message-retry": Row("g", post=409, thing="written", real="g"),
    "message-results": Row("gpm", get=200, thing="message"),
    "end-list": Row(ALL, get=200),
    "end-now": Row("g", post=302, real="g"),  # nothing is over: said on the list
    "worker-erase": Row("gpm", get=200, post=422, thing="worker"),
    "worker-hold": Row("pm", get=200, post=422, thing="worker"),
    "erasure-detail": Row("gpm", get=200, thing="erasure"),
    "erasure-decide": Row("pm", post=422, thing="erasure"),
    "erasure-withdraw": Row("gpm", post=409, thing="declined"),  # it was decided on
    "hold-release": Row("pm", post=302, thing="hold"),
    "study-hold": Row("pm", get=200, post=422, thing="study", everywhere=True),
    "study-list": Row(ALL, get=200),
    "study-add": Row("m", get=200, post=422, everywhere=True),
    "study-detail": Row(ALL, get=200, thing="study"),
    "study-edit": Row("m", get=200, post=422, thing="study", everywhere=True),
    "study-pi-add": Row("m", post=422, thing="study", everywhere=True),
    "study-pi-remove": Row("m", get=200, post=302, thing="investigator", everywhere=True),
    "audit-list": Row(ALL, get=200, post=302),
    "audit-export": Row("pm", get=200),
    "audit-export-roles": Row("pm", get=200),
    "audit-export-json": Row("pm", get=200),
    "audit-bundle": Row("pm", get=200),
    "audit-bundle-ids": Row("pm", get=200),
    "audit-receipt": Row("pm", get=200),
    "audit-verify": Row("pm", post=302),
    "audit-months": Row("pm", get=200),
    "audit-month": Row("pm", get=200, thing="month"),
    "oversight": Row("pm", get=200, post=422),
    "oversight-unmute": Row("pm", post=302, thing="mute"),
    "audit-detail": Row(ALL, get=200, thing="entry"),
    # nothing was restored: there is nothing to compare or to open
    "restoration": Row("pm", get=200),
    "restoration-compare": Row("pm", post=409),
    "restoration-open": Row("pm", post=409),
    "restoration-export": Row("pm", get=200),
    # accounts and people: for the installation as a whole
    "account-list": Row(ALL, get=200),
    "account-add": Row("m", get=200, post=422, everywhere=True),
    "account-detail": Row(ALL, get=200, thing="account"),
    "account-edit": Row("m", get=200, post=422, thing="account", everywhere=True),
    "account-test": Row("m", post=302, thing="account", everywhere=True),
    "account-enable": Row("m", get=200, post=302, thing="account", everywhere=True),
    "account-disable": Row("m", get=200, post=302, thing="account", everywhere=True),
    "account-pause": Row("m", get=200, post=422, thing="account", everywhere=True),
    "account-resume": Row("m", post=302, thing="account", everywhere=True),
    "account-archive": Row("m", get=200, post=302, thing="account", everywhere=True),
    "person-list": Row("m", get=200, everywhere=True),
    "person-invite": Row("m", get=200, post=422, everywhere=True),
    "person-detail": Row("m", get=200, post=422, thing="person", everywhere=True),
    "person-edit": Row("m", get=200, post=422, thing="person", everywhere=True),
    "person-password": Row("m", get=200, post=422, thing="person", everywhere=True),
    "person-deactivate": Row("m", get=200, post=302, thing="person", everywhere=True),
    "person-activate": Row("m", post=302, thing="person", everywhere=True),
    "service": Row("m", get=200, everywhere=True),
    "person-role-end": Row("m", get=200, post=302, thing="role", everywhere=True),
    # only where `QUALADMIN_MODE` is debug or test
    "styleguide": Row(ANYBODY, get=200, post=422),
    "styleguide-list": Row(ANYBODY, get=200),
    "styleguide-problem": Row(ANYBODY, get=403, thing="status"),
}
