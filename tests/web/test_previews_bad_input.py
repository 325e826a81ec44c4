"""What people and programs send that is no list: each is refused in words, and nothing changes."""

import uuid
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qualadmin.core.models import Job, Preview, PreviewRow, QualificationType, RequesterAccount
from tests.factories import AccountFactory, TypeFactory
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import GOOD, Someone, everything, text_of, went_on

pytestmark = pytest.mark.django_db

REFUSED_FILES: dict[str, tuple[bytes, str]] = {
    "BI-01 empty": (b"", "No worker IDs found"),
    "BI-01 blank lines": (b"\n  \n\n", "No worker IDs found"),
    "BI-01 only names": (b"WorkerId,Score\n", "No worker IDs found"),
    "BI-03 rows": (b"\n".join(b"A%07dTOOMANY" % n for n in range(100_001)), "100,001 rows"),
    "BI-04 spreadsheet": (b"PK\x03\x04" + b"\0" * 60, ""),
    "BI-04 pdf": (b"%PDF-1.7\n1 0 obj", ""),
    "BI-04 picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, ""),
    "BI-05 broken utf-8": (b"A1GOODWORKER01\nA2\xff\xfeGOOD\n", "Line 2"),
    "BI-06 nul": (b"A1GOODWORKER01\nA2GOOD\0WORKER\n", ""),
    "BI-06 substitute": (b"A1GOODWORKER01\n\x1a\n", ""),
    "BI-07 long line": (b"WorkerId,x\nA1GOODWORKER01," + b"x" * 200_000 + b"\n", ""),
    "BI-09 quote": (b'WorkerId,Score\nA1GOODWORKER01,"5\nA2GOODWORKER02,6\nA3GOODWORKER03,7\n', "line 2"),
}


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_it_refuses_a_file_that_is_no_list_and_says_why(granter: Someone, case: str) -> None:
    content, words = REFUSED_FILES[case]
    before = everything()
    response = granter.upload("list.csv", content)
    assert response.status_code == 422
    assert_valid_page(response)
    text = text_of(response)
    assert "There is a problem" in text
    assert words in text
    # The fault stands at the box that was filled in, not at the empty one below it.
    assert list(response.context["form"].errors) == ["file"]
    assert everything() == before


def test_bi_02_a_file_above_the_limit_is_refused_before_it_is_read(granter: Someone) -> None:
    before = everything()
    response = granter.upload("list.csv", b"A" * (8 * 1024 * 1024 + 1))
    assert response.status_code == 413
    assert "8,388,609 bytes" in text_of(response)
    assert granter.upload("list.csv", b"A" * (9 * 1024 * 1024)).status_code == 413
    assert everything() == before


def test_bi_08_line_ends_blanks_quotes_and_separators_are_understood(
    granter: Someone, wave: QualificationType
) -> None:
    for content in (
        b"WorkerId;Score\rA1GOODWORKER01;5\rA2GOODWORKER02;6",
        b'"WorkerId"\t"Score"\r\n"A1GOODWORKER01"\t"5"\r\n"A2GOODWORKER02"\t"6"\r\n',
        b"WorkerId,Score\nA1GOODWORKER01 ,5\r\nA2GOODWORKER02,6 \n",
    ):
        columns = went_on(granter.upload("list.csv", content))
        assert "separated by" in text_of(granter.get(columns))
        went_on(granter.columns(columns, type=str(wave.pk)))
        preview = Preview.objects.order_by("-created_at")[0]
        assert preview.counts["new"] + preview.counts["proposed"] == 2


def test_bi_10_repeats_are_merged_and_every_count_is_shown(granter: Someone, wave: QualificationType) -> None:
    check = granter.grant(type=wave.pk, list="\n".join([GOOD[0], GOOD[1], GOOD[0], GOOD[0]]))
    text = text_of(granter.get(check))
    assert "Said again in lines 3, 4." in text
    assert "Grant 2 workers" in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("a1b2c3d4e5f6g7", "Read as"),  # BI-11
        ("A1GOOD WORKER01", ""),
        ("A1GOOD\u200bWORKER01", "U+200B"),
        ("А1GOODWORKER01", "U+0410"),  # BI-12: a Cyrillic А
        ("A", ""),  # BI-13
        ("A" * 65, ""),
        ("B123456789012", ""),
        ("me@example.org", ""),
        ("https://example.org/A1", ""),
        ("12345", ""),
        ("1.2E+15", ""),
        ('=HYPERLINK("http://x","y")', ""),
    ],
)
def test_bi_11_to_13_what_is_no_worker_id_is_never_granted(
    granter: Someone, wave: QualificationType, given: str, words: str
) -> None:
    check = granter.grant(type=wave.pk, list=f"{given}\n{GOOD[0]}")
    page = granter.get(check)
    assert_valid_page(page)
    text = text_of(page)
    assert "Grant 1 worker " in text
    assert words in text
    for row in PreviewRow.objects.filter(line=1):
        assert (row.group, row.worker_id) == ("problem", "")
        assert len(row.why) > 10


@pytest.mark.parametrize("change", ["foreign", "inactive", "system", "gone", "unknown", "nonsense"])
def test_bi_15_a_type_that_cannot_be_given_is_refused(
    granter: Someone, account: RequesterAccount, other_account: RequesterAccount, change: str
) -> None:
    makes: dict[str, Any] = {
        "foreign": lambda: TypeFactory(account=other_account).pk,
        "inactive": lambda: TypeFactory(account=account, status="Inactive").pk,
        "system": lambda: TypeFactory(account=account, is_requestable=False).pk,
        "gone": lambda: TypeFactory(account=account, state="gone").pk,
        "unknown": uuid.uuid4,
        "nonsense": lambda: "1 OR 1=1",
    }
    chosen = makes[change]()
    before = everything()
    for path, answers in (("/grant/", {}), ("/revoke/", {"how": "silent"})):
        if (change, path) == ("inactive", "/revoke/"):
            continue  # an inactive type can still be taken away
        response = granter.send(path, type=chosen, list=GOOD[0], **answers)
        assert response.status_code == 422
        assert "hoose" in text_of(response)
    assert everything() == before


@pytest.mark.parametrize(
    "score", ["-1", "1.5", "1e3", "٣", str(2**31), "NaN", "101", "1_0", "0x10", "1 0", "9" * 99]
)
def test_bi_16_a_score_is_a_whole_number_in_range(granter: Someone, wave: QualificationType, score: str) -> None:
    before = everything()
    response = granter.send("/grant/", type=wave.pk, list=GOOD[0], score=score)
    assert response.status_code == 422
    assert_valid_page(response)
    assert everything() == before


def test_bi_16_scores_of_a_file_are_judged_the_same_way(granter: Someone, wave: QualificationType) -> None:
    bad = ["-1", "1.5", "1e3", "٣", str(2**31), "NaN", "", "101"]
    lines = "\n".join(f"A{n}SCOREWORKER,{score}" for n, score in enumerate(bad))
    columns = went_on(granter.upload("s.csv", f"WorkerId,Score\n{lines}\nA9GOODWORKER,7\n".encode()))
    went_on(granter.columns(columns, type=str(wave.pk)))
    assert Preview.objects.get().counts["problem"] == len(bad)
    assert Preview.objects.get().counts["new"] == 1


def test_bi_18_a_reason_has_a_limit_and_may_be_asked_for(
    granter: Someone, cast: Cast, wave: QualificationType
) -> None:
    response = granter.send("/grant/", type=wave.pk, list=GOOD[0], reason="x" * 2_001)
    assert response.status_code == 422
    assert "2,001 characters; 2,000 are allowed" in text_of(response)
    went_on(granter.send("/grant/", type=wave.pk, list=GOOD[0], reason="🙂" * 2_000))
    went_on(granter.send("/grant/", type=wave.pk, list=GOOD[0], reason=""))
    before = everything()
    strict = AccountFactory(name="Strict lab", reason_required=True)
    granter.use(strict)
    response = granter.send("/grant/", type=TypeFactory(account=strict).pk, list=GOOD[0], reason="  ")
    assert response.status_code == 422
    assert "Say why, for the audit log." in text_of(response)
    assert everything() == before


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${jndi:ldap://x}", "%0d%0aX: y"],
)
def test_bi_20_what_somebody_types_is_shown_as_text(granter: Someone, cast: Cast, text: str) -> None:
    chosen = TypeFactory(account=cast.account, name=text)
    check = granter.grant(type=chosen.pk, list=f"{text}\n{GOOD[0]}", reason=text)
    job = went_on(granter.confirm(check))
    for path in (check, job, "/jobs/"):
        page = granter.get(path)
        if "{{" not in text:  # what looks like a template is text as well, but a fault to the checker
            assert_valid_page(page)
        assert text in unescape(page.content.decode())
        assert "<script>alert" not in page.content.decode()
        assert "<img src=x" not in page.content.decode()


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "\\", "\x00"])
def test_bi_21_filters_take_nothing_but_their_own_values(granter: Someone, text: str) -> None:
    for path in ("/jobs/", "/requests/"):
        for key in ("state", "kind", "by", "study", "type"):
            response = granter.client.get(path, {key: text})
            assert response.status_code == 400
            assert "Nothing was done" in text_of(response) or "has no" in text_of(response)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "con", "x" * 300 + ".csv", "a\"; filename*=UTF-8''b.csv", "<b>bold</b>.csv", "‮txt.csv"],
)
def test_bi_22_a_file_name_is_only_shown(granter: Someone, wave: QualificationType, name: str) -> None:
    columns = went_on(granter.upload(name, GOOD[0].encode()))
    page = granter.get(columns)
    assert_valid_page(page)
    assert "<b>bold" not in page.content.decode()
    shown = Preview.objects.get().file_name
    assert len(shown) <= 80
    assert "/" not in shown
    assert "‮" not in shown
    check = went_on(granter.columns(columns, type=str(wave.pk)))
    problems = granter.get(f"{check}problems.csv")
    assert problems.headers["Content-Disposition"] == 'attachment; filename="qualadmin-problems.csv"'


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", '=HYPERLINK("x")', "\"=cmd|'/c calc'!A0"]
)
def test_bi_24_to_28_no_export_holds_a_formula(granter: Someone, cast: Cast, text: str) -> None:
    chosen = TypeFactory(account=cast.account, name=text)
    check = granter.grant(type=chosen.pk, list=GOOD[0])
    job = went_on(granter.confirm(check))
    lines = b"".join(granter.get(f"{job}results.csv").streaming_content).decode("utf-8-sig")
    cell = lines.splitlines()[1].split(',"', 3)[2]
    assert cell.startswith("'")


@pytest.mark.parametrize(
    "position", ["0", "-1", "1" + "0" * 30, "abc", "3f0c3a52-6e0b-4d5c-9a55-0d3b1f9f0e11", "\x00"]
)
@pytest.mark.parametrize("key", ["after", "before"])
def test_bi_30_a_page_position_without_meaning_gives_the_first_page(
    granter: Someone, wave: QualificationType, key: str, position: str
) -> None:
    check = granter.grant(type=wave.pk, list="\n".join(GOOD))
    job = went_on(granter.confirm(check))
    for path in (check, job, "/jobs/", "/requests/"):
        response = granter.client.get(path, {key: position})
        assert response.status_code in {200, 400}
        if response.status_code == 200 and path in (check, job):
            assert len(response.context["results"].rows) == 3


@pytest.mark.parametrize("query", ["colour=red", "&".join(f"f{n}=1" for n in range(200)), "size=7", "sort=worker"])
def test_bi_31_an_unknown_filter_is_named(granter: Someone, wave: QualificationType, query: str) -> None:
    check = granter.grant(type=wave.pk, list=GOOD[0])
    for path in (check, "/jobs/", "/requests/", went_on(granter.confirm(check))):
        response = granter.get(f"{path}?{query}")
        assert response.status_code == 400
        assert_valid_page(response)
    assert granter.get(f"/jobs/?q={'x' * 9000}").status_code == 414


@pytest.mark.parametrize("day", ["2026-02-30", "0000", "9999-12-31", "tomorrow", "2026-11-23T10:00"])
def test_bi_32_a_day_that_is_none_is_refused_by_name(granter: Someone, day: str) -> None:
    for key in ("from", "to"):
        response = granter.client.get("/jobs/", {key: day})
        assert response.status_code == 400
        assert "2026-11-23" in text_of(response)


def test_bi_33_and_34_what_is_foreign_or_malformed_is_not_found(
    cast: Cast, granter: Someone, wave: QualificationType
) -> None:
    check = granter.grant(type=wave.pk, list=GOOD[0])
    job = went_on(granter.confirm(check))
    outsider = Someone(Client(), cast.outsider, cast.other_account)
    before = everything()
    fields = outsider.hidden("/grant/")
    for path in (check, job, f"{job}progress/", f"{job}results.csv", f"{job}stop/"):
        assert outsider.get(path).status_code == 404
    for path in (
        check,
        f"{check}discard/",
        f"{check}corrections/",
        f"{job}stop/",
        f"{job}resume/",
        f"{job}retry/",
    ):
        assert outsider.client.post(path, fields).status_code == 404
    for path in ("/jobs/1/", "/jobs/abc/", f"/jobs/{'9' * 40}/", "/previews/%00/"):
        assert granter.get(path).status_code == 404
    assert everything() == before


def test_bi_35_extra_fields_change_nothing(granter: Someone, cast: Cast, wave: QualificationType) -> None:
    check = granter.grant(
        type=wave.pk, list=GOOD[0], state="confirmed", created_by=cast.pi.pk, account="x", verb="revoke"
    )
    preview = Preview.objects.get()
    assert (preview.state, preview.created_by, preview.account, preview.verb) == (
        "ready",
        cast.granter,
        cast.account,
        "grant",
    )
    went_on(
        granter.confirm(
            check, state="finished", total="1000", notify="on", approved_by="1", environment="production"
        )
    )
    job = Job.objects.get()
    assert (job.state, job.total, job.notify, job.account) == ("running", 1, False, cast.account)


def test_bi_38_a_field_given_twice_is_refused(granter: Someone, wave: QualificationType) -> None:
    fields = granter.hidden("/grant/") | {"type": str(wave.pk), "list": GOOD[0]}
    before = everything()
    for doubled in (
        {"score": ["1", "100"]},
        {"type": [str(wave.pk), str(wave.pk)]},
        {"guard_account": ["a", "b"]},
    ):
        response = granter.client.post("/grant/", fields | doubled)
        assert response.status_code == 400
    assert everything() == before
    check = granter.grant(type=wave.pk, list=GOOD[0])
    digest = Preview.objects.get().rows_sha256
    assert granter.client.post(check, granter.hidden(check) | {"rows_sha256": [digest, digest]}).status_code == 400
    assert Job.objects.count() == 0


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"])
def test_bi_40_a_credential_in_a_text_field_is_not_stored(
    granter: Someone, wave: QualificationType, key: str
) -> None:
    before = everything()
    for path, answers in (
        ("/grant/", {"reason": f"key {key}"}),
        ("/revoke/", {"how": "reason", "revoke_reason": key}),
    ):
        response = granter.send(path, type=wave.pk, list=GOOD[0], **answers)
        assert response.status_code == 422
        assert "credential" in text_of(response)
    assert everything() == before


@pytest.mark.parametrize("method", ["get", "head", "options", "trace", "put", "patch", "delete"])
def test_bi_42_other_methods_are_not_taken(granter: Someone, wave: QualificationType, method: str) -> None:
    check = granter.grant(type=wave.pk, list=GOOD[0])
    job = went_on(granter.confirm(check))
    before = everything()
    for path in (f"{check}discard/", f"{check}corrections/", f"{job}resume/", f"{job}retry/"):
        assert getattr(granter.client, method)(path).status_code == 405
    if method not in {"get", "head"}:
        for path in ("/grant/", "/bulk/", check, job, "/jobs/", f"{job}stop/"):
            assert getattr(granter.client, method)(path).status_code == 405
    assert everything() == before


def test_bi_51_too_many_fields_or_files_are_refused(granter: Someone) -> None:
    fields: dict[str, Any] = granter.hidden("/bulk/")
    before = everything()
    assert granter.client.post("/bulk/", fields | {f"f{n}": "1" for n in range(2_001)}).status_code == 400
    files = {f"file{n}": SimpleUploadedFile(f"{n}.csv", b"A1GOODWORKER01") for n in range(101)}
    assert granter.client.post("/bulk/", fields | files).status_code == 400
    assert everything() == before


def test_a_file_and_a_pasted_list_together_are_refused(granter: Someone) -> None:
    both = {"file": SimpleUploadedFile("a.csv", b"A1GOODWORKER01"), "list": GOOD[1], "verb": "grant"}
    for answers, words in ((both, "not both"), ({"verb": "grant"}, "Choose a file"), ({"list": GOOD[0]}, "")):
        response = granter.send("/bulk/", **answers)
        assert response.status_code == 422
        assert words in text_of(response)


@pytest.mark.parametrize("digest", ["", "0" * 64, "x" * 64, "0" * 63, "' OR 1=1"])
def test_a_confirmation_of_other_lines_than_those_shown_is_refused(
    granter: Someone, wave: QualificationType, digest: str
) -> None:
    check = granter.grant(type=wave.pk, list=GOOD[0])
    response = granter.confirm(check, rows_sha256=digest)
    assert response.status_code in {409, 422}
    assert_valid_page(response)
    assert Job.objects.count() == 0
