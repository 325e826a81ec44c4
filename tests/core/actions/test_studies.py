"""Studies and their PIs."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from qualadmin.core.actions.studies import (
    add_investigator,
    add_study,
    remove_investigator,
    update_study,
)
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import Study, StudyInvestigator
from tests.entries import new_entries
from tests.factories import RoleFactory, UserFactory
from tests.people import Cast


def test_a_new_study_has_a_stream_of_its_own(cast: Cast) -> None:
    with new_entries() as entries:
        study = add_study(actor=cast.actor("manager"), title=" Colour words ", protocol_number="IRB-1")

    assert (study.title, study.slug) == ("Colour words", "colour-words")
    assert entries.only.action == "study.created"
    assert entries.only.stream == "study:colour-words"
    assert entries.only.changes == {
        "title": [None, "Colour words"],
        "protocol_number": [None, "IRB-1"],
        "slug": [None, "colour-words"],
        "retention_years": [None, 6],
    }


def test_two_studies_of_one_title_have_two_slugs(cast: Cast) -> None:
    first = add_study(actor=cast.actor("manager"), title="Colour words")
    second = add_study(actor=cast.actor("manager"), title="Colour words")

    assert (first.slug, second.slug) == ("colour-words", "colour-words-2")


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", "t" * 201), ("title", "nul\x00"), ("protocol_number", "p" * 61)],
)
def test_it_refuses_a_study_with_a_bad_field(cast: Cast, field: str, value: str) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as error:
        add_study(actor=cast.actor("manager"), **{"title": "Fine", field: value})

    assert error.value.field == field
    assert entries == []


def test_it_records_what_changed_about_a_study_and_nothing_else(cast: Cast) -> None:
    wish = {"title": cast.study.title, "protocol_number": cast.study.protocol_number}

    with new_entries() as entries:
        update_study(actor=cast.actor("manager"), study=cast.study, **wish, is_open=False)
        update_study(actor=cast.actor("manager"), study=cast.study, **wish, is_open=False)

    assert cast.study.is_open is False
    assert entries.only.action == "study.updated"
    closed_at = cast.study.closed_at
    assert closed_at is not None
    assert entries.only.changes == {"is_open": [True, False], "closed_at": [None, closed_at.isoformat()]}


def test_what_belongs_to_a_study_is_kept_for_years_once_it_is_closed(cast: Cast) -> None:
    wish = {"title": cast.study.title, "protocol_number": cast.study.protocol_number}
    assert (cast.study.retention_years, cast.study.kept_until) == (6, None)

    with time_machine.travel(datetime(2028, 2, 29, 12, tzinfo=UTC)):
        update_study(actor=cast.actor("manager"), study=cast.study, **wish, is_open=False)
    assert cast.study.kept_until == date(2034, 3, 1)
    update_study(actor=cast.actor("manager"), study=cast.study, **wish, is_open=False, retention_years=3)
    assert cast.study.kept_until == date(2031, 3, 1)
    update_study(actor=cast.actor("manager"), study=cast.study, **wish, is_open=True)
    assert (cast.study.closed_at, cast.study.kept_until) == (None, None)


@pytest.mark.parametrize("years", [2, 0, -1, 101])
def test_no_study_is_kept_for_less_than_three_years(cast: Cast, years: int) -> None:
    with pytest.raises(ActionError, match="3 to 100 years") as error:
        update_study(
            actor=cast.actor("manager"), study=cast.study, title="Any", protocol_number="", retention_years=years
        )
    assert error.value.field == "retention_years"
    with pytest.raises(ActionError, match="3 to 100 years"):
        add_study(actor=cast.actor("manager"), title="Any", retention_years=years)


def test_a_pi_sees_the_study_from_the_naming_to_the_removal(cast: Cast) -> None:
    person = UserFactory()
    RoleFactory(user=person, role="pi")

    with new_entries() as entries:
        first = add_investigator(actor=cast.actor("manager"), study=cast.study, user=person)
        assert add_investigator(actor=cast.actor("manager"), study=cast.study, user=person) == first
    assert entries.only.action == "study.investigator.added"
    assert entries.only.changes == {"investigator": [None, str(person.pk)]}
    assert person.as_actor().study_ids == {str(cast.study.pk)}

    with new_entries() as entries:
        remove_investigator(actor=cast.actor("manager"), study=cast.study, user=person)
        remove_investigator(actor=cast.actor("manager"), study=cast.study, user=person)
    assert entries.only.action == "study.investigator.removed"
    assert person.as_actor().study_ids == frozenset()


def test_a_pi_must_hold_the_role_and_nobody_names_oneself(cast: Cast) -> None:
    RoleFactory(user=cast.manager, role="pi")

    with new_entries() as entries:
        for user in (cast.granter, cast.manager):
            with pytest.raises(ActionError) as error:
                add_investigator(actor=cast.actor("manager"), study=cast.study, user=user)
            assert error.value.field == "user"

    assert entries == []
    assert StudyInvestigator.objects.filter(study=cast.study).count() == 1


@pytest.mark.parametrize("name", ["granter", "pi", "viewer", "outsider"])
def test_only_managers_touch_studies(cast: Cast, name: str) -> None:
    actor = cast.actor(name)

    with new_entries() as entries:
        for attempt in (
            lambda: add_study(actor=actor, title="Mine"),
            lambda: update_study(actor=actor, study=cast.study, title="Mine", protocol_number=""),
            lambda: add_investigator(actor=actor, study=cast.study, user=cast.pi),
            lambda: remove_investigator(actor=actor, study=cast.study, user=cast.pi),
        ):
            with pytest.raises(NotAllowed):
                attempt()

    assert entries == []
    assert Study.objects.count() == 1
