"""Lists: the address is the whole state, pages never skip or repeat, and bad addresses are told what is wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from qualadmin.core.models import ConnectionTest, Heartbeat, RequesterAccount
from qualadmin.web.counts import Count, capped_count
from qualadmin.web.filters import Choice, Day, Reference, TextSearch
from qualadmin.web.listing import Column, Listing, Results
from tests.people import Cast

BEATS = Listing(
    columns=[
        Column("name", "Name", "name"),
        Column("beat", "Last beat", "beat_at"),
        Column("pid", "Process", "pid", numeric=True),
        Column("host", "Machine"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("name", "host")),
        Choice("host", "Machine", path="host", choices=(("a", "Machine A"), ("b", "Machine B"))),
        Day("from", "From", path="beat_at"),
        Day("to", "To", path="beat_at", end=True),
    ],
    sort="-beat",
)
START = datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.fixture
def beats(db: None) -> list[Heartbeat]:
    """131 rows; many share a pid, so that only the key tells their order."""
    return Heartbeat.objects.bulk_create(
        Heartbeat(name=f"n{n:03}", beat_at=START + timedelta(hours=n), host="ab"[n % 2], pid=n % 3)
        for n in range(131)
    )


def ask(address: str = "", listing: Listing = BEATS, rows: Any = None) -> Results[Any]:
    request: Any = RequestFactory().get(f"/list/{address}")
    return listing.results(request, Heartbeat.objects.all() if rows is None else rows)


def names(results: Results[Any]) -> list[str]:
    return [row.pk for row in results.rows]


@pytest.mark.parametrize("sort", ["name", "-name", "beat", "-beat", "pid", "-pid"])
def test_pages_show_every_row_once_in_order_forwards_and_back(beats: list[Heartbeat], sort: str) -> None:
    field = {"name": "name", "beat": "beat_at", "pid": "pid"}[sort.lstrip("-")]
    ordered = sorted(beats, key=lambda row: (getattr(row, field), row.pk), reverse=sort.startswith("-"))
    seen, address, pages = [], f"?sort={sort}&size=25", []
    while address:
        page = ask(address)
        pages.append(names(page))
        seen += names(page)
        last, address = page, page.older_url
    assert seen == [row.pk for row in ordered]
    assert [len(page) for page in pages] == [25, 25, 25, 25, 25, 6]
    back = last
    for expected in reversed(pages[:-1]):
        back = ask(back.newer_url)
        assert names(back) == expected
    assert back.newer_url == ""


def test_pages_stay_put_when_rows_arrive_on_top(beats: list[Heartbeat]) -> None:
    first = ask("?size=25")
    Heartbeat.objects.create(name="zzz", beat_at=START + timedelta(days=99))
    assert names(ask(first.older_url)) == [f"n{n:03}" for n in range(105, 80, -1)]


def test_rows_without_a_value_come_last_in_both_directions(cast: Cast) -> None:
    for n in range(60):
        ConnectionTest.objects.create(account=cast.account, milliseconds=None if n % 3 == 0 else n)
    listing = Listing(columns=[Column("ms", "Took", "milliseconds")])
    for sort in ("ms", "-ms"):
        seen: list[Any] = []
        address = f"?sort={sort}&size=25"
        while address:
            page = ask(address, listing, ConnectionTest.objects.all())
            seen += page.rows
            last, address = page, page.older_url
        values = [row.milliseconds for row in seen]
        filled = [value for value in values if value is not None]
        assert len({row.pk for row in seen}) == 60
        assert values == sorted(filled, reverse=sort == "-ms") + [None] * 20
        middle = ask(last.newer_url, listing, ConnectionTest.objects.all())
        assert [row.pk for row in middle.rows] == [row.pk for row in seen[25:50]]


@pytest.mark.parametrize(
    "position", ["after=gone", "before=gone", "after=%00", "after=" + "9" * 40, "before=-1", "after=<script>"]
)
def test_a_position_that_does_not_exist_is_the_first_page(beats: list[Heartbeat], position: str) -> None:
    assert names(ask(f"?{position}")) == names(ask())


@pytest.mark.parametrize("position", ["abc", "0", "-1", "1" + "0" * 30, "1.5", "٣"])
def test_positions_in_a_table_with_numbers(cast: Cast, position: str) -> None:
    row = ConnectionTest.objects.create(account=cast.account)
    listing = Listing(columns=[Column("asked", "Asked", "asked_at")])
    assert ask(f"?after={position}", listing, ConnectionTest.objects.all()).rows == [row]


def test_a_row_outside_the_list_is_no_position(beats: list[Heartbeat]) -> None:
    hidden = Heartbeat.objects.filter(host="a")
    assert names(ask("?after=n101", rows=hidden)) == names(ask(rows=hidden))


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("?page=2", "no filter “page”. It has: q, host, from, to, sort, size, after, before, print"),
        ("?" + "&".join(f"f{n}=1" for n in range(200)), "This list has no filter"),
        ("?sort=host", "can’t be sorted by “host”. It can be: name, beat, pid"),
        ("?sort=pid__x", "can’t be sorted"),
        ("?size=26", "“size” must be one of 25, 50, 100, 250"),
        ("?size=1e3", "“size” must be one of"),
        ("?host=c", "“Machine” has no value “c”. It can be: a, b."),
        ("?host=a&host=b", "“host” was given twice"),
        ("?from=2026-02-30", "“From” must be a day like 2026-11-23"),
        ("?from=0000", "“From” must be a day"),
        ("?to=9999-12-31", "“To” must be a day"),
        ("?to=0001-01-01", "“To” must be a day"),
        ("?from=2026-1-1", "“From” must be a day"),
        ("?from=２０２６-01-01", "“From” must be a day"),
        ("?q=%00", "“Search” holds a character"),
        ("?q=" + "x" * 201, "“Search” takes at most 200"),
    ],
)
def test_bad_addresses_are_told_what_is_wrong(beats: list[Heartbeat], address: str, says: str) -> None:
    with pytest.raises(BadRequest) as refused:
        ask(address)
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "\\", "n_00", "%n%"])
def test_search_means_what_was_typed(beats: list[Heartbeat], text: str) -> None:
    assert ask(f"?q={text.replace('%', '%25')}").rows == []


def test_empty_values_are_no_filters(beats: list[Heartbeat]) -> None:
    page = ask("?q=&host=&from=&sort=")
    assert page.chips == []
    assert page.count_text == "131"
    assert page.address == "?"


def test_filters_are_chips_that_can_be_taken_away(beats: list[Heartbeat]) -> None:
    page = ask("?q=n0&host=a&sort=pid&size=25&after=n003")
    assert [(chip.label, chip.text, chip.without) for chip in page.chips] == [
        ("Search", "n0", "?host=a&sort=pid&size=25"),
        ("Machine", "Machine A", "?q=n0&sort=pid&size=25"),
    ]
    assert page.clear_url == "?sort=pid&size=25"
    assert page.count_text == "50 of 131"


def test_days_are_days_of_the_reader(db: None) -> None:
    """On 29 March 2026 the clocks in Berlin jump from 2 to 3: that day has 23 hours."""
    for hour in range(-30, 30):
        Heartbeat.objects.create(
            name=f"{hour:+}", beat_at=datetime(2026, 3, 29, tzinfo=UTC) + timedelta(hours=hour)
        )
    with timezone.override("Europe/Berlin"):
        page = ask("?from=2026-03-29&to=2026-03-29")
    moments = sorted(row.beat_at for row in page.rows)
    assert len(moments) == 23
    assert moments[0] == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert moments[-1] == datetime(2026, 3, 29, 21, tzinfo=UTC)
    assert page.chips[0].text == "2026-03-29 (Europe/Berlin)"


def test_a_reference_is_seen_or_refused(cast: Cast) -> None:
    def name(key: Any) -> str | None:
        return next((one.name for one in RequesterAccount.objects.filter(pk=key)), None)

    listing = Listing(
        columns=[Column("asked", "Asked", "asked_at")],
        filters=[Reference("account", "Account", path="account_id", name=name)],
    )
    row = ConnectionTest.objects.create(account=cast.account)
    ConnectionTest.objects.create(account=cast.other_account)
    page = ask(f"?account={cast.account.pk}", listing, ConnectionTest.objects.all())
    assert page.rows == [row]
    assert page.chips[0].text == "Practice lab"
    for bad in ("x", "00000000-0000-0000-0000-000000000001"):
        with pytest.raises(BadRequest, match="names nothing that you can see"):
            ask(f"?account={bad}", listing, ConnectionTest.objects.all())


def test_heads_say_how_the_list_is_sorted_and_lead_to_the_other_way(beats: list[Heartbeat]) -> None:
    heads = {head.key: head for head in ask("?sort=pid&q=n0").heads}
    assert (heads["pid"].aria_sort, heads["pid"].url) == ("ascending", "?sort=-pid&q=n0")
    assert (heads["beat"].aria_sort, heads["beat"].url) == ("", "?sort=beat&q=n0")
    assert heads["host"].url == ""


def test_counting_stops_at_the_limit(beats: list[Heartbeat]) -> None:
    assert str(capped_count(Heartbeat.objects.all(), 100)) == "100+"
    assert str(capped_count(Heartbeat.objects.all(), 131)) == "131"
    assert str(Count(10_000, more=True)) == "10,000+"


def test_the_print_view_shows_everything_that_matches(beats: list[Heartbeat]) -> None:
    page = ask("?host=a&print=all")
    assert len(page.rows) == 66
    assert page.older_url == ""
    assert "print" not in page.newer_url


def test_no_page_costs_an_offset_or_a_full_count(beats: list[Heartbeat]) -> None:
    with CaptureQueriesContext(connection) as queries:
        ask("?host=a&after=n100&size=25")
    statements = [query["sql"] for query in queries]
    assert len(statements) == 3, "the row of the position, the page, and two counts that stop, in one"
    assert not any("OFFSET" in statement for statement in statements)
    assert all("LIMIT 10001" in statement for statement in statements if "COUNT(" in statement)
