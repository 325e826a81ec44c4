"""What can go wrong around a job, by id, and which tests hold what must happen then.

`test_faults.py` holds that each id has tests that exist, or a reason why it has none here, and that
every test that carries an id in its name is listed under it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Fault:
    """`tests` are names as pytest has them, below tests/. `elsewhere`: why there is none, or not all."""

    text: str
    tests: tuple[str, ...] = ()
    elsewhere: str = ""


_CRASH: Final = "tasks/test_crash.py::test_"
_CLUSTER: Final = "tasks/test_cluster.py::test_"
_CALLS: Final = "tasks/test_faults.py::test_"
_RACES: Final = "tasks/test_races.py::test_"
_BREAKER: Final = "tasks/test_breaker.py::test_"
_UNCLEAR: Final = _CALLS + "f14_to_f22_unclear_answers_are_looked_up"
_NO_ANSWER: Final = _CALLS + "f14_f15_an_answer_that_never_comes"
_WRITING: Final = _CRASH + "k5_k6_k7_around_writing_the_answer_down"
_SEAL: Final = "audit/test_seal.py::test_"
_SEALED: Final = "tasks/test_sealer_killed.py::test_"
_SEALER: Final = "tasks/test_sealer.py::test_"

FAULTS: Final[dict[str, Fault]] = {
    "F-01": Fault("killed while a job is confirmed, before the commit", (
        _CRASH + "k0_f01_killed_before_a_job_is_committed_and_nothing_was_asked_for",)),
    "F-02": Fault("killed after that commit, before the page", (
        _CRASH + "k1_f02_killed_after_the_commit_and_the_same_form_leads_to_the_same_job",)),
    "F-03": Fault("a drain killed after the claim", (_CRASH + "k3_after_the_claim_before_the_call",)),
    "F-04": Fault("a drain killed with its call at Amazon", (_CRASH + "k4_after_the_call_before_the_answer",)),
    "F-05": Fault("a drain killed with the answer in hand", (_WRITING,)),
    "F-06": Fault("a drain killed while writing the answer down", (_WRITING,)),
    "F-07": Fault("a drain killed before its message is acknowledged", (_WRITING,)),
    "F-08": Fault("the whole cluster killed again and again", (
        _CLUSTER + "f08_kill_9_in_the_middle_of_a_job_at_random_moments", _CRASH + "killed_again_and_again")),
    "F-09": Fault("idle task processes killed", (
        _CLUSTER + "f09_idle_task_processes_killed_are_noticed_and_work_goes_on",)),
    "F-10": Fault("the cluster's own processes killed", (
        _CLUSTER + "f10_any_process_of_the_cluster_killed_and_work_goes_on",
        _CLUSTER + "a_dead_cluster_leaves_no_process_behind")),
    "F-11": Fault("a process that sleeps longer than its lease", (
        _CRASH + "f11_a_process_that_sleeps_through_its_lease_changes_nothing_when_it_wakes",
        "tasks/test_postgres.py::"
        "test_f11_a_process_frozen_inside_a_transaction_holds_up_the_account_until_the_server_ends_it")),
    "F-12": Fault("no memory left", (_CRASH + "f12_without_memory_nothing_is_lost",)),
    "F-13": Fault("SIGTERM under load", (
        _CLUSTER + "f13_sigterm_under_load_leaves_nothing_in_hand",
        _CLUSTER + "f13_sigterm_with_calls_that_hang_leaves_nothing_in_hand")),
    "F-14": Fault("no answer, done", (_NO_ANSWER, _UNCLEAR)),
    "F-15": Fault("no answer, not done", (_NO_ANSWER, _UNCLEAR)),
    "F-16": Fault("no answer, done after we gave up", (_NO_ANSWER,)),
    "F-17": Fault("no answer, done after we looked", (
        _CALLS + "f17_carried_out_long_after_we_looked_repeats_the_same_value_at_most_once",)),
    "F-18": Fault("the connection breaks", (_UNCLEAR,)),
    "F-19": Fault("Amazon cannot be reached", (
        _CALLS + "f19_an_amazon_that_cannot_be_reached_opens_the_breaker_and_leaves_nothing_unclear",)),
    "F-20": Fault("HTTP 500 and 503", (_UNCLEAR,)),
    "F-21": Fault("throttled", (
        _CALLS + "f21_throttled_is_put_back_and_sent_again",
        "mturk/test_pacing.py::test_a_moved_limit_is_learned_again_within_minutes")),
    "F-22": Fault("200 with something else in it", (_UNCLEAR,)),
    "F-23": Fault("a refusal", (_CALLS + "f23_a_refusal_is_final_and_others_go_on",)),
    "F-24": Fault("credentials refused", (
        _CALLS + "f24_refused_credentials_pause_the_account_and_lose_nothing",
        _CALLS + "f24_credentials_refused_while_looking_pause_the_account_and_count_no_look",
        _BREAKER + "refused_credentials_pause_the_account")),
    "F-25": Fault("credentials of another account", tuple("tasks/test_authority.py::test_f25_" + name for name in (
        "credentials_of_another_account_send_nothing_and_read_nothing",
        "without_an_answer_nothing_is_sent_and_the_account_is_not_blamed",
        "a_type_waits_until_the_credentials_are_right_again",
        "the_right_account_is_asked_about_once_in_ten_minutes",
        "a_connection_test_that_finds_another_account_ends_the_trust",
        "the_emulator_has_nobody_to_ask",
        "no_task_gets_at_amazon_past_the_check"))),
    "F-26": Fault("SQLite's lock held", tuple("tasks/test_locked_sqlite.py::test_f26_" + one for one in (
        "five_seconds_are_waited_for",
        "longer_and_the_page_says_so_and_keeps_the_form",
        "longer_and_the_drain_goes_on_afterwards"))),
    "F-27": Fault("a message delivered again because it could not be acknowledged", (
        _WRITING, _RACES + "f27_a_message_delivered_again_after_its_work_calls_nobody")),
    "F-28": Fault("disk full", (
        "tasks/test_full_disk_sqlite.py::test_f28_a_full_disk_refuses_a_job_whole",
        "tasks/test_full_disk_sqlite.py::test_f28_a_full_disk_in_a_drain_loses_no_outcome",
        "backup/test_backup.py::test_f28_a_full_disk_leaves_no_half_copy"),
        elsewhere="exports are streamed and leave no file; the sealer's state file is " + _SEALER),
    "F-29": Fault("a database that is none", (
        "run/test_schema.py::test_f29_a_damaged_database_stops_the_start_and_is_left_as_it_is",
        "run/test_schema.py::test_f29_a_missing_database_stops_the_start_and_none_is_made")),
    "F-30": Fault("an entry that can't be written", (
        "audit/test_record.py::test_t_a03_a_refused_entry_takes_its_change_with_it",
        "web/test_refused_entries.py::test_t_a03_nothing_is_changed_and_the_page_says_so",
        "web/test_refused_entries.py::test_t_a03_programs_are_told_so")),
    "F-31": Fault("rights lost while a job waits", (
        "core/actions/test_claims.py::test_f31_who_lost_the_right_loses_what_was_not_sent_yet",
        "core/actions/test_claims.py::test_f31_a_job_with_nothing_in_hand_ends_when_its_rest_is_cancelled",
        "core/actions/test_approvals.py::test_f31_who_approved_must_still_be_able_to",
        "core/actions/test_approvals.py::test_f31_who_asked_must_still_be_able_to")),
    "F-32": Fault("a clock that jumps", (
        "mturk/test_pacing.py::test_f32_a_clock_set_back_by_an_hour_stops_nobody",
        "core/actions/test_breaker.py::test_f32_a_clock_set_back_does_not_keep_it_open")),
    "F-33": Fault("the same message several times at once", (
        _RACES + "f33_the_same_doorbell_five_times_at_once", _RACES + "f33_the_same_look_three_times_at_once")),
    "F-34": Fault("messages lost", (_CLUSTER + "f34_messages_that_vanish_are_rung_again",)),
    "F-35": Fault("messages that make no sense", (
        _CLUSTER + "f35_messages_that_make_no_sense_are_dropped_and_others_run",)),
    "F-36": Fault("the same form several times", (
        _RACES + "f36_five_clicks_at_once_make_one_job",
        _RACES + "f36_a_large_list_confirmed_and_prepared_by_several_at_once",
        "core/actions/test_jobs.py::test_f36_a_second_click_gets_the_same_job",
        "web/test_once.py::test_while_the_first_is_at_work_the_second_is_told_so")),
    "F-37": Fault("two people with the same workers", (_RACES + "f37_two_granters_with_the_same_workers",)),
    "F-38": Fault("two people decide at once", (
        _RACES + "of_several_who_move_a_job_at_once_one_does_it",
        "core/actions/test_approval_races.py::test_f38_exactly_one_decision_wins",
        "web/test_approvals.py::test_f38_the_slower_one_gets_a_409_page")),
    "F-39": Fault("the sealer killed, doubled, without its state", (
        _SEAL + "f39_killed_at_any_step_there_are_never_two_notes_of_one_size",
        _SEAL + "f39_two_at_once_are_one",
        _SEAL + "f39_a_lost_memory_signs_nothing_and_asks_for_the_newest_note",
        _SEALER + "f39_a_lost_memory_is_made_anew_from_a_published_note")),
    "F-40": Fault("no place to publish", (
        _SEALER + "f40_a_place_out_of_reach_is_tried_again_and_told_of_after_half_an_hour",)),
    "F-41": Fault("PostgreSQL ends all connections", (
        "tasks/test_postgres.py::test_f41_a_server_that_ends_all_connections",)),
    "F-42": Fault("deadlocks", ("tasks/test_postgres.py::test_f42_no_deadlock_between_drains_looks_and_sweeps",)),
    "F-43": Fault("tables of another version", (
        "run/test_schema.py::test_f43_tables_that_are_too_old_stop_the_start",
        "run/test_schema.py::test_f43_tables_of_a_newer_version_stop_the_start")),
    "F-44": Fault("a backup under load", (
        "backup/test_backup.py::test_f44_a_backup_is_whole_and_of_one_moment_while_others_write",)),
    "F-45": Fault("nobody reads the log stream", (
        "run/test_log_stream.py::test_f45_a_log_that_nobody_reads_holds_up_nobody",
        "run/test_log_stream.py::test_f45_a_page_is_answered_while_nobody_reads_the_log")),
    "F-46": Fault("no cache", (
        "web/test_no_cache.py::test_f46_nobody_signs_in",
        "web/test_no_cache.py::test_f46_pages_open",
        "web/test_no_cache.py::test_f46_a_reading_of_the_log_is_noted_all_the_same",
        "web/test_once.py::test_an_outcome_that_cannot_be_noted_is_still_the_outcome")),
    "F-47": Fault("no identity provider", elsewhere="there is none (docs/decisions/own-sign-in.md)"),
    "F-48": Fault("the browser goes away during an export", (
        "web/test_audit_bundle.py::test_f48_a_reader_who_leaves_is_written_down_and_the_file_is_gone",)),
    "F-49": Fault("Amazon cut off under load", (
        _BREAKER + "f49_amazon_cut_off_under_load_and_back_again",
        _BREAKER + "after_the_rest_one_question_goes_out_before_anything_else")),
    "F-50": Fault("an hour of all that", elsewhere="takes too long for a test; F-08 is its short form"),
    "K0": Fault("before the job's commit", (
        _CRASH + "k0_f01_killed_before_a_job_is_committed_and_nothing_was_asked_for",)),
    "K1": Fault("before the message is taken", (
        _CRASH + "k1_f02_killed_after_the_commit_and_the_same_form_leads_to_the_same_job",
        _CRASH + "k1_while_a_large_job_is_prepared")),
    "K2": Fault("in the claim", (_CRASH + "k2_inside_the_claim",)),
    "K3": Fault("after the claim", (_CRASH + "k3_after_the_claim_before_the_call",)),
    "K4": Fault("during the call", (_CRASH + "k4_after_the_call_before_the_answer",)),
    "K5": Fault("after the answer", (_WRITING,)),
    "K6": Fault("while writing it down", (_WRITING,)),
    "K7": Fault("before the message is acknowledged", (_WRITING,)),
    "K8": Fault("while reading back", (_CRASH + "k8_while_reading_back",)),
    "K9": Fault("in the sealer", (
        _SEAL + "f39_killed_at_any_step_there_are_never_two_notes_of_one_size",
        _SEALED + "k9_k10_killed_anywhere_in_a_round_the_next_one_goes_on",
        _SEALED + "k9_killed_while_the_key_is_replaced_both_sign_once_and_the_new_one_alone_from_then_on")),
    "K10": Fault("while publishing", (
        _SEALER + "k10_killed_between_publishing_and_noting_it_is_published_again_without_effect",
        _SEALED + "k9_k10_killed_anywhere_in_a_round_the_next_one_goes_on")),
    "K11": Fault("while erasing a person", elsewhere="part of erasing people"),
    "K12": Fault("power lost", elsewhere="synchronous=FULL, held by check E005; no test cuts the power"),
    "K13": Fault("an old backup restored", (
        "tasks/test_restore.py::"
        "test_k13_an_older_backup_opens_read_only_shows_what_differs_and_two_persons_open_it",)),
}  # fmt: skip
