"""What a HIT can be made of, and what not: properties, questions, requirements, tokens."""

from __future__ import annotations

from typing import Any

import pytest

from qualadmin.emulator.engine import Engine
from qualadmin.emulator.settings import Settings
from tests.emulator.calls import incoming
from tests.emulator.conftest import Side, create_type
from tests.emulator.documents import TEST
from tests.emulator.hit_forms import DAY, EXTERNAL, HTML, PROPERTIES, Workers, hit_id, new_hit
from tests.emulator.refusals import TURK, refusal

LOCALE = "00000000000000000071"


def hit_type(client: Any, **fields: Any) -> str:
    made: str = client.create_hit_type(**{**PROPERTIES, **fields})["HITTypeId"]
    return made


def test_form_of_a_new_hit(mturk: Any) -> None:
    row = new_hit(mturk, RequesterAnnotation="batch 7")
    created = row.pop("CreationTime")
    assert (row.pop("Expiration") - created).total_seconds() == DAY
    ids = [row.pop(name) for name in ("HITId", "HITTypeId", "HITGroupId")]
    assert all(len(one) == 30 and one.startswith("3") for one in ids)
    assert len(set(ids)) == 3
    assert row == {
        **PROPERTIES,
        "Question": HTML,
        "HITStatus": "Assignable",
        "MaxAssignments": 1,
        "QualificationRequirements": [],
        "HITReviewStatus": "NotReviewed",
        "NumberOfAssignmentsPending": 0,
        "NumberOfAssignmentsAvailable": 1,
        "NumberOfAssignmentsCompleted": 0,
        "RequesterAnnotation": "batch 7",
    }


def test_what_is_not_set_is_not_told(mturk: Any) -> None:
    row = new_hit(mturk, Keywords=None, AutoApprovalDelayInSeconds=None)
    assert row["AutoApprovalDelayInSeconds"] == 30 * DAY
    assert not {"Keywords", "RequesterAnnotation", "HITLayoutId"} & set(row)


@pytest.mark.parametrize(("given", "told"), [("0.5", "0.50"), ("5", "5.00"), ("5.", "5.00"), ("0", "0.00")])
def test_reward_is_told_with_cents(mturk: Any, given: str, told: str) -> None:
    assert new_hit(mturk, Reward=given)["Reward"] == told


@pytest.mark.parametrize("reward", ["-1", "1.234", "$1", "", "1,5"])
def test_reward_must_be_an_amount(mturk: Any, reward: str) -> None:
    assert refusal(hit_id, client=mturk, Reward=reward).kind == "ValidationException"


def test_reward_of_a_thousand_digits_is_none(mturk: Any) -> None:
    assert refusal(hit_id, client=mturk, Reward="9" * 5000).kind == "ParameterValidationError"


def test_same_properties_same_type(mturk: Any) -> None:
    requirements = [
        {"QualificationTypeId": LOCALE, "Comparator": "EqualTo", "LocaleValues": [{"Country": "US"}]},
        {"QualificationTypeId": "00000000000000000040", "Comparator": "GreaterThan", "IntegerValues": [50]},
    ]
    first = hit_type(mturk, QualificationRequirements=requirements)
    assert hit_type(mturk, QualificationRequirements=requirements[::-1], Reward="0.5") == first
    assert new_hit(mturk, QualificationRequirements=requirements)["HITTypeId"] == first
    others = [{"Title": "Other"}, {"Reward": "0.51"}, {"AutoApprovalDelayInSeconds": 0}]
    assert first not in {hit_type(mturk, QualificationRequirements=requirements, **other) for other in others}
    assert hit_type(mturk) != first


def test_types_belong_to_their_requester(amazon: Side, mturk: Any) -> None:
    theirs = hit_type(amazon.client(account="second"))
    assert hit_type(mturk) != theirs
    for one in (theirs, "3NONE"):
        found = refusal(mturk.create_hit_with_hit_type, HITTypeId=one, LifetimeInSeconds=60, Question=HTML)
        assert found.turk_code == f"{TURK}HITTypeDoesNotExist"


def test_hit_of_a_type(mturk: Any) -> None:
    one = hit_type(mturk)
    rows = [
        mturk.create_hit_with_hit_type(HITTypeId=one, LifetimeInSeconds=60, Question=EXTERNAL)["HIT"]
        for _ in range(2)
    ]
    assert rows[0]["HITGroupId"] == rows[1]["HITGroupId"]
    assert {row["HITTypeId"] for row in rows} == {one}
    assert rows[0]["Title"] == PROPERTIES["Title"]


def test_hit_changes_its_type(mturk: Any) -> None:
    row, other = new_hit(mturk), hit_type(mturk, Title="Another", Reward="2")
    mturk.update_hit_type_of_hit(HITId=row["HITId"], HITTypeId=other)
    now = mturk.get_hit(HITId=row["HITId"])["HIT"]
    assert (now["HITTypeId"], now["Title"], now["Reward"]) == (other, "Another", "2.00")
    assert now["HITGroupId"] != row["HITGroupId"]
    found = refusal(mturk.update_hit_type_of_hit, HITId=row["HITId"], HITTypeId="3NONE")
    assert found.turk_code == f"{TURK}HITTypeDoesNotExist"


RANGES = [
    ("LifetimeInSeconds", 30, 31_536_000),
    ("AssignmentDurationInSeconds", 30, 31_536_000),
    ("AutoApprovalDelayInSeconds", 0, 2_592_000),
    ("MaxAssignments", 1, 1_000_000_000),
]


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_ranges(mturk: Any, name: str, low: int, high: int) -> None:
    for value in (low, high):
        assert hit_id(mturk, **{name: value})
    for value in (low - 1, high + 1):
        found = refusal(hit_id, client=mturk, **{name: value})
        assert found.kind == "ParameterValidationError"
        assert found.message.startswith(
            f"The value {value} is invalid for {name}. Valid values range from {low} to "
        )


@pytest.mark.parametrize(
    ("name", "most"), [("Title", 128), ("Description", 2000), ("Keywords", 1000), ("RequesterAnnotation", 255)]
)
def test_lengths(mturk: Any, name: str, most: int) -> None:
    assert hit_id(mturk, **{name: "x" * most})
    found = refusal(hit_id, client=mturk, **{name: "x" * (most + 1)})
    assert (found.kind, f"maximum length of {most}" in found.message) == ("ParameterValidationError", True)


def test_every_kind_of_question(mturk: Any) -> None:
    for question in (HTML, EXTERNAL, TEST):
        assert new_hit(mturk, Question=question)["Question"] == question


@pytest.mark.parametrize(
    "question",
    [
        "no xml",
        "<p>hello</p>",
        HTML.replace("HTMLQuestion.xsd", "OtherQuestion.xsd"),
        HTML.replace("<FrameHeight>0</FrameHeight>", ""),
        EXTERNAL.replace("https://study.example/colours", "javascript:alert(1)"),
        EXTERNAL.replace("600", "high"),
        "<!DOCTYPE x [<!ENTITY a 'b'>]>" + HTML,
        TEST.replace("<QuestionIdentifier>colour</QuestionIdentifier>", ""),
    ],
)
def test_bad_questions(mturk: Any, question: str) -> None:
    found = refusal(hit_id, client=mturk, Question=question)
    assert found.kind == "ParameterValidationError"
    assert found.message.startswith("There was an error parsing the XML question or answer data in your request.")
    assert mturk.list_hits()["HITs"] == []


def test_question_has_a_greatest_size(mturk: Any) -> None:
    room = 65_535 - len(HTML)
    assert hit_id(mturk, Question=HTML.replace("<p>", "<p>" + "x" * room))
    for filling in ("x" * (room + 1), "é" * (room // 2 + 1)):
        found = refusal(hit_id, client=mturk, Question=HTML.replace("<p>", "<p>" + filling))
        assert found.kind == "ParameterValidationError"


def test_question_or_layout(amazon: Side, mturk: Any) -> None:
    html = "<p>Which colour is ${word} in ${place}?</p>"
    account = amazon.account_name()
    layout = amazon.control("POST", "layouts", {"account": account, "html": html})["layout_id"]
    values = [{"Name": "word", "Value": "<rouge>"}, {"Name": "place", "Value": "Paris"}]
    row = new_hit(mturk, Question=None, HITLayoutId=layout, HITLayoutParameters=values)
    assert row["HITLayoutId"] == layout
    assert "Which colour is <rouge> in Paris?" in row["Question"]
    for fields in (
        {"Question": None},
        {"HITLayoutId": layout, "HITLayoutParameters": values},
        {"Question": None, "HITLayoutId": layout, "HITLayoutParameters": values[:1]},
        {"Question": None, "HITLayoutId": "3NONE", "HITLayoutParameters": values},
        {"HITLayoutParameters": values},
    ):
        assert refusal(hit_id, client=mturk, **fields).kind == "ParameterValidationError"


def test_requirements_come_back_in_full(mturk: Any, type_id: str) -> None:
    given = [
        {"QualificationTypeId": type_id, "Comparator": "In", "IntegerValues": [1, 2]},
        {"QualificationTypeId": type_id, "Comparator": "Exists", "RequiredToPreview": True},
        {"QualificationTypeId": LOCALE, "Comparator": "EqualTo", "LocaleValues": [{"Country": "US"}]},
        {
            "QualificationTypeId": type_id,
            "Comparator": "DoesNotExist",
            "ActionsGuarded": "DiscoverPreviewAndAccept",
        },
    ]
    told = new_hit(mturk, QualificationRequirements=given)["QualificationRequirements"]
    guarded = [(row.pop("RequiredToPreview"), row.pop("ActionsGuarded")) for row in told]
    assert guarded == [
        (False, "Accept"),
        (True, "PreviewAndAccept"),
        (False, "Accept"),
        (True, "DiscoverPreviewAndAccept"),
    ]
    given[1].pop("RequiredToPreview")
    given[3].pop("ActionsGuarded")
    assert told == given


@pytest.mark.parametrize(
    "change",
    [
        {"Comparator": "EqualTo"},
        {"Comparator": "EqualTo", "IntegerValues": [1, 2]},
        {"Comparator": "Exists", "IntegerValues": [1]},
        {"Comparator": "In", "IntegerValues": list(range(16))},
        {"Comparator": "EqualTo", "LocaleValues": [{"Country": "US"}]},
        {"Comparator": "Exists", "ActionsGuarded": "Accept", "RequiredToPreview": False},
        {"QualificationTypeId": LOCALE, "Comparator": "EqualTo", "IntegerValues": [1]},
        {"QualificationTypeId": LOCALE, "Comparator": "LessThan", "LocaleValues": [{"Country": "US"}]},
        {"QualificationTypeId": LOCALE, "Comparator": "In", "LocaleValues": [{"Country": "US"}] * 31},
        {
            "QualificationTypeId": LOCALE,
            "Comparator": "EqualTo",
            "LocaleValues": [{"Country": "US"}, {"Country": "DE"}],
        },
    ],
)
def test_bad_requirements(mturk: Any, type_id: str, change: dict[str, Any]) -> None:
    requirement = {"QualificationTypeId": type_id, **change}
    for call in (hit_id, hit_type):
        found = refusal(call, client=mturk, QualificationRequirements=[requirement])
        assert found.kind == "ParameterValidationError"


def test_requirements_need_a_type_in_use(mturk: Any, type_id: str) -> None:
    def require(one: str, times: int = 1) -> Any:
        rows = [{"QualificationTypeId": one, "Comparator": "Exists"}] * times
        return refusal(hit_id, client=mturk, QualificationRequirements=rows)

    assert require("3NONE").message.startswith("QualificationType [3NONE] does not exist. (")
    assert require(type_id, 11).kind == "ParameterValidationError"
    mturk.update_qualification_type(QualificationTypeId=type_id, QualificationTypeStatus="Inactive")
    assert require(type_id).turk_code == f"{TURK}InvalidQualificationTypeState"
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    assert require(type_id).turk_code == f"{TURK}InvalidQualificationTypeState"


def test_47_deleting_a_qualification_type_waits_for_its_hits(amazon: Side, mturk: Any) -> None:
    type_id = create_type(mturk, "Held")
    requirements = [{"QualificationTypeId": type_id, "Comparator": "Exists"}]
    row = new_hit(mturk, QualificationRequirements=requirements)
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    fields = {"HITTypeId": row["HITTypeId"], "LifetimeInSeconds": 60, "Question": HTML}
    assert refusal(mturk.create_hit_with_hit_type, **fields).turk_code == f"{TURK}HITTypeDoesNotExist"
    amazon.control("POST", "clock", {"advance_seconds": 3 * DAY})
    assert refusal(create_type, client=mturk, name="Held").turk_code == f"{TURK}QualificationTypeAlreadyExists"
    mturk.delete_hit(HITId=row["HITId"])
    assert create_type(mturk, "Held") != type_id


def test_token_makes_one_hit_a_day(amazon: Side, mturk: Any) -> None:
    first = hit_id(mturk, UniqueRequestToken="monday")
    found = refusal(hit_id, client=mturk, UniqueRequestToken="monday", Title="Other")
    assert found.turk_code == f"{TURK}HitAlreadyExists"
    assert first in found.message
    one = hit_type(mturk)
    fields = {"HITTypeId": one, "LifetimeInSeconds": 60, "Question": HTML}
    found = refusal(mturk.create_hit_with_hit_type, UniqueRequestToken="monday", **fields)
    assert found.turk_code == f"{TURK}HitAlreadyExists"
    assert hit_id(amazon.client(account="second"), UniqueRequestToken="monday")
    Workers(amazon).advance(DAY + 1)
    assert hit_id(mturk, UniqueRequestToken="monday") != first


def test_token_extends_once(mturk: Any) -> None:
    hit = hit_id(mturk)
    fields = {"HITId": hit, "NumberOfAdditionalAssignments": 1, "UniqueRequestToken": "more"}
    mturk.create_additional_assignments_for_hit(**fields)
    found = refusal(mturk.create_additional_assignments_for_hit, **fields)
    assert found.message.startswith('The idempotency token "more" has already been processed.')
    assert mturk.get_hit(HITId=hit)["HIT"]["MaxAssignments"] == 2


def test_refused_hit_leaves_nothing(amazon: Side, mturk: Any) -> None:
    refusal(hit_id, client=mturk, Question="no xml", Title="Never seen", UniqueRequestToken="again")
    assert hit_id(mturk, UniqueRequestToken="again")
    assert [row["Title"] for row in amazon.control("POST", "hits", {})["hits"]] == [PROPERTIES["Title"]]


@pytest.mark.parametrize("change", [{"Question": "no xml"}, {"Reward": "900"}])
def test_refused_hit_leaves_no_type_behind(change: dict[str, str]) -> None:
    engine = Engine("production", Settings(signatures="ignored"))
    fields = {**PROPERTIES, "LifetimeInSeconds": 60, "Question": HTML, **change}
    assert engine.execute(engine.receive(incoming("CreateHIT", fields))).status == 400
    assert engine.world.hits.types == {}
