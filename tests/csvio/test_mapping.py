"""Requirements 40 and 41: columns by name, then by content; what is not read is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qualadmin.csvio import (
    InputRefused,
    Mapping,
    Options,
    TypeColumn,
    interpret,
    propose_mapping,
    read_pasted,
    read_table,
    remap,
)

A, B, C = "A1B2C3D4E5F6", "A2B2C3D4E5F6", "A3B2C3D4E5F6"


def proposed(text: str) -> Mapping:
    return propose_mapping(read_table(text.encode()))


@pytest.mark.parametrize("name", ["WorkerId", "worker_id", "Worker ID", "WORKER-ID", "MTurk ID", "worker"])
@pytest.mark.parametrize("score", ["Score", "IntegerValue", "value", "points"])
def test_known_names(name, score):
    found = proposed(f"Note,{score},{name}\nx,5,{A}\n")
    assert (found.worker, found.score, found.ignored) == (2, 1, ("Note",))


def test_unknown_names_are_proposed_by_content():
    found = proposed(f"Wann,Proband,Ergebnis\nMo,{A},5\nDi,{B},6\n")
    assert (found.worker, found.score, found.ignored) == (1, 2, ("Wann",))


def test_no_names_at_all():
    found = proposed(f"5,x,{A}\n6,y,{B}\n7,z,{C}\n")
    assert (found.worker, found.score, found.ignored) == (2, 0, ("column 2",))


def test_several_number_columns_are_left_to_the_person():
    found = proposed(f"Proband,Alter,Ergebnis\n{A},33,5\n{B},41,6\n")
    assert (found.worker, found.score) == (0, None)
    assert any("Alter, Ergebnis" in note for note in found.notes)
    assert found.ignored == ("Alter", "Ergebnis")


def test_ids_under_the_name_of_an_action_are_pointed_out():
    found = proposed(f"Revoke,Note\n{A},x\n{B},y\n")
    assert (found.worker, found.action) == (0, None)
    assert any("under “Revoke”" in note for note in found.notes)


def test_no_worker_column_is_left_to_the_person():
    table = read_table(b"Name,Ort\nJane,Bonn\nJim,Kiel\n")
    found = propose_mapping(table)
    assert found.worker is None
    assert any("Choose the column of the worker IDs" in note for note in found.notes)
    with pytest.raises(InputRefused) as caught:
        interpret(table, found, wanted=Options())
    assert caught.value.code == "no_worker_column"


def test_columns_with_faulty_cells_are_still_found():
    found = proposed(f"Proband;Ergebnis\n{A};5\n{B.lower()};abc\n{C};7\n")
    assert (found.worker, found.score) == (0, 1)


def test_an_edited_batch_file_with_a_score_column():
    text = f"HITId,WorkerId,AssignmentStatus,WorkTimeInSeconds,Score\nH1,{A},Approved,50,7\n"
    table = read_table(text.encode())
    found = propose_mapping(table)
    assert (table.kind, found.worker, found.status, found.score) == ("batch_results", 1, 2, 4)


def test_several_batches_and_titles_in_one_file():
    text = (
        "HITId,Title,RequesterAnnotation,WorkerId,AssignmentStatus\n"
        f"H1,One,BatchId:11;OriginalHitTemplateId:1;,{A},Approved\n"
        f"H2,Two,BatchId:12;,{B},Approved\nH3,Two,,{C},Approved\n"
    )
    found = proposed(text)
    assert (found.batch_ids, found.titles) == (("11", "12"), ("One", "Two"))


def test_worker_file_columns():
    found = proposed(
        f'Worker ID,"CURRENT-A, b","UPDATE-A, b",UPDATE-New,CURRENT BlockStatus,UPDATE BlockStatus\n{A},,,,,\n'
    )
    assert found.type_columns == (TypeColumn("A, b", 1, 2), TypeColumn("New", None, 3))
    assert (found.worker, found.score, found.block) == (0, None, 5)
    assert found.ignored == ("CURRENT BlockStatus",)


def test_a_list_needs_no_choice():
    found = propose_mapping(read_pasted(f"{A}\n{B}"))
    assert (found.worker, found.score, found.ignored, found.notes) == (0, None, (), ())


def test_a_changed_mapping_keeps_the_ignored_columns_true():
    table = read_table(f"Proband,Alter,Ergebnis\n{A},33,5\n{B},41,6\n".encode())
    changed = remap(table, replace(propose_mapping(table), score=2))
    assert changed.ignored == ("Alter",)
    [target] = interpret(table, changed, wanted=Options()).targets
    assert [line.score for line in target.ready] == [5, 6]


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        (Mapping(worker=2), "unknown_column"),
        (Mapping(worker=-1), "unknown_column"),
        (Mapping(worker=0, score=99), "unknown_column"),
        (Mapping(worker=0, score=0), "column_twice"),
        (Mapping(worker=0, type_columns=(TypeColumn("x", 7, 1),)), "unknown_column"),
    ],
)
def test_a_mapping_from_a_form_is_checked(mapping, code):
    table = read_table(f"{A},5\n{B},6\n".encode())
    with pytest.raises(InputRefused) as caught:
        interpret(table, mapping, wanted=Options())
    assert caught.value.code == code
