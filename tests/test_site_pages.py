"""The pages around the notebooks' pages: every question, each country, the methods, the columns."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pandas as pd
import pytest

from cncb_analysis.analysis import SITE, read_page
from cncb_analysis.catalogue import Page
from cncb_analysis.page_country import list_country
from cncb_analysis.page_questions import list_questions, write_data
from cncb_analysis.page_tables import name_rules
from cncb_analysis.report.reference import list_methods, tabulate_checklists, tabulate_dictionary
from cncb_analysis.study import read_study
from tests.test_browser import TAB, look


@pytest.fixture(scope="module")
def page(site: Path) -> Page:
    return read_page(site / "data", SITE, audience="consortium")


def read_numbers(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


class TestQuestions:
    def test_every_question_of_every_step_is_there(self, page: Page) -> None:
        told = {each["id"] for each in list_questions(page)["questions"]}
        for step in ("mapping", "questionnaire", "interviews"):
            asked = {row["variable"] for row in page.estimates.frame.query("step == @step").to_dict("records")}
            for variable in page.study.codebook.asked_in(step):
                if variable.name in asked and not variable.role:
                    assert f"{step}/{variable.battery or variable.name}" in told

    def test_a_number_is_that_of_the_estimates(self, page: Page) -> None:
        data = list_questions(page)
        question = next(each for each in data["questions"] if each["id"] == "questionnaire/cl_type")
        groups = [group["id"] for group in data["groups"]]
        assert groups[:3] == ["all", "AT", "CZ"]
        assert groups[8:] == [partner.id for partner in page.study.partners]
        known = page.view.cells("questionnaire", "cl_type", "share")
        for (option, group), cell in known.items():
            label = page.view.option_label("cl_type", option)
            places = next(row[2] for row in question["rows"] if row[0] == label)
            text, *numbers = data["cells"][places[groups.index(group)]]
            assert text.startswith(page.words.count_of(cell["k"], cell["n"]))
            assert numbers[0] == round(cell["estimate"], 3)

    def test_what_is_hidden_has_no_number(self, page: Page) -> None:
        frame = page.estimates.frame.copy()
        small = frame["k"].between(1, 2)
        frame.loc[small, ["estimate", "low", "high", "k"]] = float("nan")
        frame.loc[small, "mark"] = "hidden"
        hidden = type(page)(page.study, SITE, "", "en", "public", type(page.estimates)(frame), page.tables)
        cells = list_questions(hidden)["cells"]
        assert ["not shown"] in cells
        assert not [cell for cell in cells if re.match(r"[12] of ", cell[0])]

    def test_a_partner_that_is_not_seen_is_no_choice(self, page: Page) -> None:
        frame = page.estimates.frame.query("partner in ['', 'milan']")
        seen = type(page)(page.study, SITE, "", "en", "public", type(page.estimates)(frame), page.tables)
        assert [group["id"] for group in list_questions(seen)["groups"]][8:] == ["milan"]

    def test_data_cannot_leave_their_element(self) -> None:
        hostile = {"a": "</script><script>alert(1)</script>", "b": "<!--"}
        assert "<" not in write_data(hostile)
        assert json.loads(write_data(hostile)) == hostile

    def test_the_policy_knows_the_script(self, site: Path) -> None:
        html = (site / "reports" / "questions.html").read_text(encoding="utf-8")
        script = html.split("<script>")[1].split("</script>")[0]
        assert f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in html
        assert len(read_numbers(html)["groups"]) == 18


def is_small(text: str) -> bool:
    found = re.match(r"(\d+) (?:of|von) (\d+)", text)
    k, n = map(int, found.groups()) if found else (0, 0)
    return 0 < k < 3 or 0 < n - k < 3


def test_the_public_is_told_no_small_count_that_was_not_printed_before(briefs: Path) -> None:
    numbers = read_numbers((briefs / "de" / "questions.html").read_text(encoding="utf-8"))
    small = {place for place, cell in enumerate(numbers["cells"]) if is_small(cell[0])}
    page = read_page(briefs / "data", SITE, language="de", audience="public")
    printed = page.study.table("published").query("exempt != ''")
    known = {
        (page.view.option_label(row["variable"], row["option"]), row["partner"]) for row in printed.to_dict("records")
    }
    told = {
        (label.rpartition(": ")[2], group["id"])
        for question in numbers["questions"]
        for label, _, places in question["rows"]
        for group, place in zip(numbers["groups"], places, strict=True)
        if place in small
    }
    assert told
    assert told <= known


def test_the_public_edition_in_another_language_stays_light(briefs: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in (briefs / "de").rglob("*.html")}
    assert len(sizes) == 19
    assert {name: size for name, size in sizes.items() if size >= 500_000} == {}


@pytest.mark.browser
class TestQuestionsInABrowser:
    def ask(self, browser: Any, site: Path, told: str = "") -> None:
        browser.get("about:blank")
        browser.get((site / "reports" / "questions.html").as_uri() + told)

    def wait(self, browser: Any, script: str, expected: Any) -> None:
        """Look until it is so: a browser tells the page of a changed address when it next has time."""
        ends = monotonic() + 10
        while (seen := look(browser, script)) != expected and monotonic() < ends:
            sleep(0.05)
        assert seen == expected

    def test_the_address_is_the_state(self, browser: Any, site: Path) -> None:
        self.ask(browser, site, "#q=questionnaire%2Fobst&g=all,IT,milan")
        seen = look(browser, """return {
            title: text("#answer h2"), chosen: all("input[name=group]:checked").map(one => one.value),
            heads: all("#answer thead th").map(one => one.textContent),
            dots: all(".lines")[0].querySelectorAll(".dot").length,
            first: all("#answer tbody tr")[0].textContent, select: all("#question")[0].value,
            says: all(".chart")[0].ariaLabel, live: all("#answer")[0].ariaLive, rows: all("#answer tbody tr").length,
        }""")  # fmt: skip
        numbers = read_numbers((site / "reports" / "questions.html").read_text(encoding="utf-8"))
        asked = next(each for each in numbers["questions"] if each["id"] == "questionnaire/obst")
        places = [place for place, group in enumerate(numbers["groups"]) if group["id"] in ("all", "IT", "milan")]
        label, _, cells = asked["rows"][0]
        assert seen["title"] == asked["label"]
        assert seen["select"] == "questionnaire/obst"
        assert seen["chosen"] == ["all", "IT", "milan"]
        assert seen["heads"][1:] == ["All countries", "Italy", "Milan"]
        assert seen["first"] == label + "".join(numbers["cells"][cells[place]][0] for place in places)
        assert (seen["dots"], seen["rows"], seen["live"]) == (3, len(asked["rows"]), "polite")
        assert asked["label"] in seen["says"]

    def test_the_keyboard_asks_the_next_question(self, browser: Any, site: Path) -> None:
        self.ask(browser, site)
        browser.find_element("id", "find").send_keys("stud")
        left = look(browser, "return all('#question option').map(one => one.value)")
        assert 1 < len(left) < 30
        browser.switch_to.active_element.send_keys(TAB)
        assert browser.switch_to.active_element.get_attribute("id") == "question"
        browser.switch_to.active_element.send_keys("\ue015")  # arrow down
        shown = "text('#answer h2') === select.selectedOptions[0].textContent"
        self.wait(browser, f"const select = all('#question')[0]; return [select.value, {shown}]", [left[1], True])
        browser.switch_to.active_element.send_keys(TAB)
        box = browser.switch_to.active_element
        assert box.get_attribute("value") == "all"
        box.send_keys(" ")
        heads = "return all('#answer thead th').slice(1, 3).map(one => one.textContent)"
        self.wait(browser, heads, ["Austria", "Czech Republic"])
        assert "g=AT" in browser.current_url
        browser.back()
        self.wait(browser, heads, ["All countries", "Austria"])

    def test_nothing_chosen_says_so(self, browser: Any, site: Path) -> None:
        self.ask(browser, site, "#g=")
        assert look(browser, "return [all('#answer table').length, text('#answer p:last-child')]") == [
            0,
            "Nothing chosen",
        ]

    def test_the_page_reads_with_scripts_off(self, browser: Any, site: Path) -> None:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.ask(browser, site)
            assert not browser.find_element("id", "ask").is_displayed()
            folds = browser.find_elements("css selector", "details.fold")
            folds[1].find_element("tag name", "summary").click()
            tables = [table for table in folds[1].find_elements("tag name", "table") if table.is_displayed()]
            assert len(tables) > 20
            assert re.search(r"\d+ of 9\d", tables[0].text)
        finally:
            browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


class TestCountry:
    def test_it_counts_what_sets_it_apart(self, page: Page) -> None:
        told = list_country(page, "IT")
        found = page.table("comparisons")
        apart = found[
            found["verdict"].eq("differs") & found["contrast"].str.split("-").map(lambda names: "IT" in names)
        ]
        assert told["brief"][0] == (
            f"{len(apart)} of {len(found)}",
            "questions on which this country differs from another",
        )
        assert len(told["apart"].rows) == len(apart) > 0
        rows = dict(zip((row[0] for row in told["apart"].rows), told["apart"].rows, strict=True))
        # The answer most often given, here and among all.
        most = page.view.cells("mapping", "map_type", "share")
        largest = max((cell["estimate"], cell["k"]) for (_, group), cell in most.items() if group == "IT")
        assert f": {largest[1]:.0f} of 75" in rows[page.view.label("map_type")][1]

    def test_measures_say_whether_it_asks(self, page: Page) -> None:
        support = page.table("joint_support").set_index("action")["AT"]
        rows = list_country(page, "AT")["measures"].rows
        said = {"agreement": "asks for it", "partial": "asks in part", "dissonance": "does not ask"}
        assert [row[1] for row in rows] == [said.get(each, row[1]) for each, row in zip(support, rows, strict=True)]
        assert any(row[1] == "does not ask" for row in rows)

    def test_a_study_without_results_has_nothing_to_tell(self, page: Page) -> None:
        bare = type(page)(page.study, SITE, "", "en", "public", page.estimates, {})
        assert list_country(bare, "IT") == {"brief": [], "apart": None, "findings": None, "measures": None}

    def test_each_country_has_its_partners(self, site: Path) -> None:
        html = (site / "reports" / "country_IT.html").read_text(encoding="utf-8")
        assert {"milan/5_national_workshop.html", "veneto/5_national_workshop_files/deck.pptx"} <= set(
            re.findall(r'href="([^"#]+)', html)
        )
        assert "pecs/" not in html
        assert '<a href="questions.html#g=all,IT">' in html


class TestMethods:
    def test_every_statistic_names_its_source(self) -> None:
        methods = {method.name: method for method in list_methods()}
        assert {"wilson_interval", "kruskal_permutation", "protect_estimates", "moran", "tabulate_votes"} <= set(
            methods
        )
        for method in methods.values():
            assert method.summary, method.name
            assert method.returned.startswith("<p>"), method.name
            assert re.search(r"\d{4}|As <code>|R: <code>", method.references), method.name
        wilson = methods["wilson_interval"]
        assert "z²/2n" in wilson.text
        assert "array" not in wilson.returned

    def test_each_checklist_is_whole(self, page: Page) -> None:
        tables = {table.caption.split(":")[0]: table for table in tabulate_checklists(page)}
        assert {name: len(table.rows) for name, table in tables.items()} == {"GRAMMS": 6, "CROSS": 40, "COREQ": 32}
        assert any(row[1] == "to be said by the study" for row in tables["COREQ"].rows)

    def test_a_study_answers_for_itself(self, page: Page) -> None:
        own = pd.DataFrame([{"checklist": "OURS", "item": "1", "topic": "who", "answer": "we"}])
        study = type(page.study)(**{**vars(page.study), "tables": {**page.study.tables, "checklists": own}})
        other = type(page)(study, SITE, "", "en", "public", page.estimates, {})
        assert [(table.caption, table.rows) for table in tabulate_checklists(other)] == [("OURS", (("1 who", "we"),))]


def test_the_dictionary_holds_every_question_and_column(page: Page) -> None:
    *steps, columns = tabulate_dictionary(page)
    told = {row[0]: row for table in steps for row in table.rows}
    assert set(told) == {each.name for step in page.steps for each in page.study.codebook.asked_in(step)}
    assert told["cl_type"][2] == "one answer"
    assert " · " in told["cl_type"][3]
    assert {"estimates.k", "observations.missing"} <= {row[0] for row in columns.rows}


def test_what_was_changed_is_counted_by_partner(page: Page, site: Path) -> None:
    html = (site / "reports" / "about.html").read_text(encoding="utf-8")
    log = page.table("cleaning").query("partner == 'milan' and fate == 'repaired'")["cells"].sum()
    assert '<th scope="row">Milan</th><td class="text">Italy</td>' in html
    row = re.search(r'<th scope="row">Milan</th>((?:<td>\d+</td>)+)', html)
    assert row
    assert f"<td>{log}</td>" in row[1]


def test_what_was_changed_is_said_in_the_readers_language(site: Path) -> None:
    rules = set[str]()
    for partner in read_study(site / "data").partners:
        page = read_page(site / "data", "questionnaire", partner=partner.id, language="hu", audience="consortium")
        rules |= set(page.table("cleaning")["rule"])
        shown = (page.show_cleaning().html, page.show_bases().html)
        assert [head for html in shown for head in re.findall(r"<th[^>]*>(cells|start|end|rule)</th>", html)] == []
    named = dict(zip(sorted(rules), name_rules(page.view, sorted(rules)), strict=True))
    assert len(named) > 20
    assert [rule for rule, said in named.items() if rule == said] == []
    assert named["means: refused"] == "jelentése: nem kíván válaszolni"
    assert named["correction in row 2, MK"].endswith("2. sorban, MK")
