"""What is promised, and which tests hold it. Run by make promises: writes docs/promises.md from what the tests give."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter, defaultdict
from typing import Any

import pytest

from tests.size import ROOT

PAGE = ROOT / "docs" / "promises.md"
HEAD = """\
# Promises

Written by `make promises`, which runs the tests named here. A case is a test with one set of parameters; where it draws
examples, studies or kills at random (seeded, so the same every time), each of these is one.
[SECURITY.md](../SECURITY.md) says in plain words what is promised.

| promise | test | cases | result |
|---|---|---|---|
"""
PROMISES: dict[str, tuple[str, ...]] = {
    "No name, address or free text of a respondent reaches what leaves": (
        "test_site.py::test_no_contact_of_a_respondent_reaches_an_output",
        "test_canaries.py::test_no_canary_leaves",
        "test_canary.py::test_secret_is_found_in_every_format",
        "test_running.py::test_what_must_not_leave_takes_its_file_away_and_fails_the_run_until_it_is_mended",
        "test_cleaning_rules.py::test_an_identifier_is_never_repeated_in_the_log",
        "test_faults.py::test_restricted_files_are_for_their_owner_alone",
        "test_exports.py::test_segments_leave_with_consent_and_pseudonym_only",
        "test_interviews.py::test_pseudonyms_are_stable_and_do_not_follow_the_order",
        "test_interviews.py::test_the_key_stands_outside_the_study",
    ),
    "Small counts are hidden from those who may not see them, and do not follow from what is shown": (
        "test_disclosure.py::TestComplementary::test_nothing_hidden_follows_from_what_is_shown",
        "test_bounding.py::test_no_small_count_of_a_random_study_is_narrowed_down",
        "test_audit.py::test_own_and_shared_pages_wear_one_mask",
        "test_site_pages.py::test_the_public_is_told_no_small_count_that_was_not_printed_before",
        "test_site_pages.py::TestQuestions::test_what_is_hidden_has_no_number",
        "test_site_pages.py::TestQuestions::test_a_partner_that_is_not_seen_is_no_choice",
        "test_withdrawal.py::test_a_partner_that_withdraws_is_gone_from_the_next_run",
    ),
    "A run asks nothing of the network, nor does a page": (
        "test_faults.py::test_a_run_needs_no_network",
        "test_site.py::test_pages_are_small_and_fetch_nothing",
        "test_browser.py::test_a_page_asks_nothing_of_the_network_and_logs_no_error",
    ),
    "A file that somebody spoilt or forged is refused in words, and what it holds stays text": (
        "test_readers.py::test_any_bytes_give_a_raw_table_or_a_study_error",
        "test_readers_exports.py::test_a_damaged_export_gives_a_raw_table_or_a_study_error",
        "test_hostile.py::test_a_hostile_file_is_refused_in_one_line",
        "test_hostile.py::test_a_million_columns_cost_little_memory",
        "test_hostile.py::test_damaged_files_give_what_they_hold_or_a_study_error",
        "test_readers_exports.py::test_a_workbook_that_unpacks_to_an_absurd_size_is_refused",
        "test_readers_refi.py::test_a_zip_bomb_is_refused_before_it_is_unpacked",
        "test_readers_spss.py::test_a_file_that_ends_or_hangs_its_reader_is_refused",
        "test_readers_structure.py::test_any_bytes_give_a_structure_or_a_study_error",
        "test_report.py::test_hostile_text_stays_text",
        "test_exports.py::test_a_formula_is_made_plain_and_a_negative_number_stays",
    ),
    "Raw files and tables are never changed, every delivered cell is accounted for, and numbers lead back to rows": (
        "test_faults.py::test_a_run_changes_neither_raw_files_nor_tables",
        "test_provenance.py::test_a_drawn_share_leads_to_the_rows_behind_it",
        "test_cleaning_kinds.py::test_no_delivered_cell_vanishes",
        "test_readers.py::test_no_cell_of_a_written_table_is_lost",
    ),
    "A run that ends badly leaves the last site whole, and the next run heals what is left": (
        "test_faults.py::test_a_run_killed_at_any_moment_leaves_a_whole_site_and_the_next_one_heals_it",
        "test_faults.py::test_a_disk_that_takes_nothing_is_one_line_and_the_last_site_stays",
        "test_faults.py::test_what_stops_a_run_is_one_line_and_the_last_site_stays",
        "test_faults.py::test_a_state_that_cannot_be_read_is_made_anew",
        "test_faults.py::test_a_clock_that_jumps_makes_nothing_stale_and_hides_no_change",
        "test_running.py::test_a_signal_ends_the_run_within_two_seconds_and_leaves_no_process",
        "test_running.py::test_a_killed_worker_costs_nothing_but_time",
        "test_kernels.py::test_a_dead_or_endless_cell_is_that_cells_error",
    ),
    "The same files give the same site, byte for byte, and `cncb verify` finds what is otherwise": (
        "test_running.py::test_two_runs_give_the_same_bytes_and_the_manifest_another_time",
        "test_verify.py::test_spoilt_site_ledger_and_statements_are_told_row_by_row_and_nothing_else_differs",
        "test_verify.py::test_a_missing_raw_file_is_told_once_and_not_by_every_page_that_rests_on_it",
    ),
    "A mistake is told in one line, with file, row and remedy": (
        "test_command_line.py::test_a_mistake_is_one_line_and_exit_code_1",
        "test_command_line.py::test_check_lists_every_kind_of_mistake_at_once",
        "test_study.py::test_each_defect_is_listed_where_it_stands",
    ),
    "Equal countries are called different in at most one of twenty families of questions": (
        "test_null.py::test_equal_countries_differ_in_at_most_five_percent_of_families",
    ),
}
# Parameters that say how many trials a test makes.
_TRIALS = ("kills", "trials")


class Results:
    """What pytest tells of each test: how many cases, and what became of them."""

    def __init__(self) -> None:
        self.cases: Counter[str] = Counter()
        self.outcomes: defaultdict[str, set[str]] = defaultdict(set)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Count the examples that Hypothesis drew, the trials that a parameter asks for, or the test itself."""
        report = yield
        name = item.nodeid.removeprefix("tests/").partition("[")[0]
        if report.when == "call" and report.passed:
            told = getattr(item, "callspec", None)
            trials = [told.params[each] for each in _TRIALS if each in told.params] if told else []
            drawn = re.findall(r"(\d+) passing", getattr(item, "hypothesis_statistics", ""))
            self.cases[name] += sum(map(int, drawn)) or (trials or [1])[0]
        if report.failed or report.skipped or report.when == "call":
            reason = f": {report.longrepr[2].removeprefix('Skipped: ')}" if report.skipped else ""
            self.outcomes[name].add("holds" if report.passed else f"{report.outcome}{reason}")
        return report


def render_page(results: Results) -> str:
    """The page, a row a promise and test."""
    rows = [
        f"| {promise if test == tests[0] else ''} | `{test}` | {results.cases[test]:,} "
        f"| {'; '.join(sorted(results.outcomes[test])) or 'not run'} |"
        for promise, tests in PROMISES.items()
        for test in tests
    ]
    return HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Run the named tests and write the page; the exit code is pytest's."""
    os.chdir(ROOT)
    os.environ["PYTHONPATH"] = str(ROOT)  # what tests start is this checkout's
    results = Results()
    names = [f"tests/{test}" for tests in PROMISES.values() for test in tests]
    code = pytest.main(["-q", "-m", "not slow", "-p", "no:cacheprovider", *names], plugins=[results])
    PAGE.write_text(render_page(results), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
