"""The pages in a real browser with the network off: nothing fetched, nothing wrong, readable and printable."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from cncb_analysis.shown import _slim_svg
from cncb_analysis.style import read_palette
from tests.drawing import draw_inline
from tests.toy_charts import TOYS, say, toy

pytestmark = pytest.mark.browser
KINDS = (
    "index.html", "about.html", "questions.html", "country_IT.html", "method.html", "dictionary.html",
    "milan/1_mapping.html", "milan/2_questionnaire.html", "milan/3_interviews.html", "milan/4_workshops.html",
    "milan/5_national_workshop.html", "6_comparison.html", "7_joint_support.html",
)  # fmt: skip
NOTEBOOKS = tuple(name for name in KINDS if name.split("/")[-1][0] in "1234567")


def open_page(browser: Any, page: Path) -> list[str]:
    """Open a page from disk; return what it asked of the network."""
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(page.resolve().as_uri())
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith(("file:", "data:"))]


@pytest.mark.parametrize("name", KINDS)
def test_a_page_asks_nothing_of_the_network_and_logs_no_error(browser: Any, site: Path, name: str) -> None:
    assert open_page(browser, site / "reports" / name) == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert browser.find_elements("tag name", "h1")[0].text.strip()
    assert len(browser.find_elements("tag name", "h1")) == 1
    assert browser.find_element("tag name", "html").get_attribute("lang") == "en"


TAB, ENTER = "\ue004", "\ue007"
LOOK = """
const all = (where, inside = document) => [...inside.querySelectorAll(where)];
const text = (where, inside = document) => inside.querySelector(where)?.textContent.trim() ?? "";
const after = (one, where) => {
    while ((one = one.nextElementSibling)) if (one.matches(where)) return one;
    return null;
};
const count = (...tags) => tags.map(tag => all(tag).length);
const bytes = link => Uint8Array.from(atob(link.href.split("base64,")[1]), one => one.charCodeAt(0));
const decode = link => new TextDecoder().decode(bytes(link));
"""


def look(browser: Any, script: str) -> Any:
    return browser.execute_script(LOOK + script)


@pytest.mark.parametrize("name", KINDS)
def test_a_page_has_the_frame_of_every_page(browser: Any, site: Path, name: str) -> None:
    open_page(browser, site / "reports" / name)
    seen = look(browser, """return {
        titled: document.title.startsWith(text("h1")) && document.title.length > text("h1").length,
        landmarks: count("body > header", "body > main", "body > footer"),
        unnamed: all("nav:not([aria-label])").length,
        policy: text("title") && document.querySelector("meta[http-equiv=Content-Security-Policy]").content,
        scripts: all("script:not([type]), link, iframe, object, embed, base").length, fonts: document.fonts.size,
        handlers: all("*").filter(one => one.getAttributeNames().some(key => key.startsWith("on"))).length,
        open: all("details[open]").length, told: text("footer .note").length > 10,
        synthetic: text(".banner").startsWith("Synthetic data."),
    }""")  # fmt: skip
    policy = seen.pop("policy").split("; ")
    assert policy[0] == "default-src 'none'"
    # The page that answers questions runs its own script, of which the policy knows every byte, and no other.
    own = [rule for rule in policy if rule.startswith("script-src")]
    assert len(own) == (name == "questions.html")
    assert all(re.fullmatch(r"script-src( 'sha256-[\w+/]{43}=')+", rule) for rule in own)
    policy = [rule for rule in policy if rule not in own]
    assert set(policy[1:]) == {"img-src data:", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'"}
    assert seen == {
        "titled": True, "landmarks": [1, 1, 1], "unnamed": 0, "scripts": len(own), "fonts": 0, "handlers": 0, "open": 0,
        "told": True, "synthetic": True,
    }  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_the_first_key_leads_past_the_top(browser: Any, site: Path, name: str) -> None:
    open_page(browser, site / "reports" / name)
    browser.find_element("tag name", "body").send_keys(TAB)
    found = "const one = document.activeElement; return [one.className, one.getBoundingClientRect().left >= 0, %s]"
    assert browser.execute_script(found % "one.getAttribute('href')") == ["skip", True, "#main"]
    browser.switch_to.active_element.send_keys(ENTER)
    assert browser.current_url.endswith("#main")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_s_page_is_brief_first_and_folds_the_rest(browser: Any, site: Path, name: str) -> None:
    open_page(browser, site / "reports" / name)
    seen = look(browser, """
        const links = all("nav.contents a"), place = one => one ? one.getBoundingClientRect().top : Infinity;
        return {
            lost: links.filter(one => !document.getElementById(one.hash.slice(1))).length, contents: links.length,
            brief: all(".brief > li").length, first: place(all(".brief")[0]) < place(all("figure")[0]),
            folds: all("details.fold > summary h2").length, code: all("details.code").length > 2,
            late: all("main > .prose, main > figure").every(one => place(one) <= place(all("details.fold").at(-1))),
            facts: all(".facts dt").map(one => one.textContent.toLowerCase()),
            foot: Object.fromEntries(all(".provenance div").map(one => [text("dt", one), text("dd", one)])),
        }""")  # fmt: skip
    assert seen["contents"] > 3
    assert seen["lost"] == 0
    assert 1 <= seen["brief"] <= 3
    assert seen["first"] and seen["late"] and seen["code"]
    assert seen["folds"] >= 3
    assert {"place", "base", "fieldwork"} <= set(seen["facts"])
    foot = seen["foot"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", foot["version of the package"])
    assert re.search(r"\d|\.csv \([0-9a-f]{8}\)", foot["files read"])
    assert "@" in foot["Whom to ask for deletion"]
    assert foot["Synthetic data"].startswith("Synthetic example")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_figure_travels_with_all_that_belongs_to_it(browser: Any, site: Path, name: str) -> None:
    open_page(browser, site / "reports" / name)
    figures = look(browser, """return all("figure").map(one => { const tools = after(one, ".tools"); return {
        heading: text("h3", one), subtitle: text(".subtitle", one), caption: text("figcaption", one),
        named: text("svg > title", one), said: text("svg > desc", one), role: all("svg[role=img]", one).length,
        data: decode(all("a[download]", tools)[0]), rows: all("tbody tr", after(tools, "details")).length,
    }})""")  # fmt: skip
    assert figures
    assert len({one["said"] for one in figures}) == len(figures), "a description of its own each"
    for one in figures:
        assert one["heading"] == one["named"] != one["said"]
        assert one["role"] == 1
        assert one["subtitle"] and one["rows"]
        assert re.match(r"Figure \d+\.", one["caption"])
        assert "Synthetic data" in one["caption"]
        assert re.search(r"Source: .+, 2011", one["caption"]), one["caption"]
        assert one["data"].startswith("section,row,row_label,column"), one["data"][:80]
        # How many were asked stands in the words around it or beside each row of it.
        assert re.search(r"\bn\b|\d", one["subtitle"] + one["caption"] + one["data"].split("\n", 1)[1])


@pytest.mark.parametrize("name", KINDS)
def test_a_table_names_its_columns_rows_and_source(browser: Any, site: Path, name: str) -> None:
    open_page(browser, site / "reports" / name)
    tables = look(browser, """return all("table").map(one => ({
        caption: text("caption", one), bare: all("thead th:not([scope=col])", one).length,
        empty: all("th", one).filter(head => !head.textContent.trim()).length,
        rows: all("tbody tr", one).length === all("tbody th[scope=row]", one).length,
        note: (after(one.closest(".scroll") ?? one, ".note") ?? {}).textContent ?? "",
    }))""")  # fmt: skip
    for one in tables:
        assert one["caption"], one
        assert (one["bare"], one["empty"], one["rows"]) == (0, 0, True), one["caption"]
    # What is looked up is no result.
    bare = [one["caption"] for one in tables if "Source" not in one["note"]]
    if name not in ("method.html", "dictionary.html"):
        assert bare == []


def test_a_page_in_another_language_is_so_throughout(browser: Any, briefs: Path) -> None:
    open_page(browser, briefs / "de" / "6_comparison.html")
    script = """return [document.documentElement.lang, text(".skip"), all("nav.top")[0].ariaLabel,
        text(".banner strong"), text("figcaption strong").split(" ")[0]]"""
    frame = ["de", "Zum Inhalt springen", "Hauptnavigation", "Synthetische Daten.", "Abbildung"]
    assert look(browser, script) == frame
    cells = look(browser, "return all('td').map(one => one.textContent)")
    assert any(re.search(r"\d,\d", cell) for cell in cells)
    assert [cell for cell in cells if re.search(r"\d\.\d(?!\d\d)", cell)] == []


@pytest.mark.parametrize("name", KINDS)
def test_every_picture_says_what_it_shows(browser: Any, site: Path, name: str) -> None:
    open_page(browser, site / "reports" / name)
    pictures = browser.find_elements("css selector", "figure svg, figure img")
    titles = [browser.execute_script("return arguments[0].closest('figure').innerText", one) for one in pictures]
    for picture, title in zip(pictures, titles, strict=True):
        said = picture.get_attribute("aria-label") or picture.get_attribute("alt")
        labelled = picture.get_attribute("aria-labelledby")
        if not said and labelled:
            said = " ".join(
                browser.execute_script("return document.getElementById(arguments[0]).textContent", part)
                for part in labelled.split()
            )
        assert said, title[:80]
        assert len(said) > 20, said
        assert "No description" not in said
    if name.split("/")[-1][0] in "1234567":
        assert pictures, f"{name} shows no figure"


@pytest.mark.parametrize("name", KINDS)
def test_a_narrow_screen_needs_no_sideways_scrolling(browser: Any, site: Path, name: str) -> None:
    size = {"width": 320, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        open_page(browser, site / "reports" / name)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("name", KINDS)
def test_a_page_prints(browser: Any, site: Path, name: str) -> None:
    open_page(browser, site / "reports" / name)
    printed = base64.b64decode(
        browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.7})["data"]
    )
    assert printed.startswith(b"%PDF")
    assert len(printed) > 10_000


def print_page(browser: Any) -> int:
    """Pages of A4 that the open page prints on."""
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(pdf)))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", ["6_comparison.html", "7_joint_support.html"])
def test_the_brief_of_the_pages_of_all_prints_on_two_sheets(
    browser: Any, briefs: Path, name: str, language: str
) -> None:
    open_page(browser, briefs / language / name)
    assert 1 <= print_page(browser) <= 2
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    # No wider than the sheet: the browser would shrink all of it until it fits.
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 680, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 680
        hidden = browser.execute_script("return [...document.querySelectorAll('.rest')].map(e => e.offsetHeight)")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert hidden and not any(hidden)
    browser.find_element("css selector", "input.whole").click()
    assert print_page(browser) > 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_schemes(browser: Any, site: Path, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    open_page(browser, site / "reports" / "milan" / "2_questionnaire.html")
    ground, ink = (
        [
            int(part)
            for part in browser.execute_script(f"return getComputedStyle(document.body).{name}")
            .strip("rgba()")
            .split(",")[:3]
        ]
        for name in ("backgroundColor", "color")
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert contrast(ground, ink) >= 7
    assert (sum(ground) > 600) == (scheme == "light")


def test_pictures_look_as_before_they_were_made_shorter(browser: Any, tmp_path: Path) -> None:
    """All toys, drawn twice by the browser: with two decimals as matplotlib wrote them, and as a page has them."""
    page, shots = tmp_path / "pictures.html", []
    size = {"width": 1000, "height": 6500, "deviceScaleFactor": 1, "mobile": False}
    drawn = {
        name: draw_inline(name.split()[0], toy(name), say(), prefix=f"x{place}") for place, name in enumerate(TOYS)
    }
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for shorten in (False, True):
            html = ""
            for place, (start, _, rest) in enumerate(svg.partition(">") for svg in drawn.values()):
                told = _slim_svg(rest, f"figure-{place}") if shorten else re.sub(r"(\.\d\d)\d+", r"\1", rest)
                html += f'<figure id="figure-{place}">{start}>{told}</figure>'
            roles = "".join(f"--{role}: {colour};" for role, colour in read_palette().items())
            style = f"<style>:root {{ {roles} --font: sans-serif }}</style>"
            page.write_text(f'<!DOCTYPE html><meta charset="utf-8">{style}{html}', encoding="utf-8")
            open_page(browser, page)
            assert 5000 < browser.execute_script("return document.body.scrollHeight") < size["height"]
            shots.append(imread(io.BytesIO(browser.get_screenshot_as_png())))
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    before, after = shots
    assert min(before[:400].std(), before[4500:5000].std()) > 0.01, "the pictures stand in the shot"
    assert abs(before - after).max() < 0.25


def contrast(one: list[int], other: list[int]) -> float:
    """WCAG 2.2 contrast ratio of two sRGB colours."""

    def luminance(colour: list[int]) -> float:
        parts = [value / 255 for value in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
