"""Colours that can be told apart, type that is measured as it is drawn, pictures that are the same every time."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cncb_analysis.style import (
    FONT,
    css_variables,
    figure_context,
    measure_text,
    new_canvas,
    read_palette,
    recolour_svg,
    render_figure,
    wrap_text,
)

LIGHT, DARK = read_palette(), read_palette("dark")
PALETTES = {"light": LIGHT, "dark": DARK}
ALPHABETS = {
    "en": "Quick brown fox’s “jump” & 100 %",
    "it": "àèéìòù Perché città",
    "de": "ÄÖÜäöüß Österreich",
    "pl": "ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż",
    "cs": "ČĎĚŇŘŠŤŮÝŽ čďěňřšťůýž",
    "sk": "ĽĹŔÔ ľĺŕô ďťň",
    "sl": "ČŠŽ čšž",
    "hu": "ŐŰÁÉÍÓÖÚÜ őűáéíóöúü",
    "signs": "◐ ● ○ ▲ ✕ − ≥ ≤ – • ·",
}


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    """WCAG 2.2 contrast ratio."""
    high, low = sorted((float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", list(PALETTES))
def test_text_can_be_read(name: str) -> None:
    palette = PALETTES[name]
    for role in ("ink", "grey", "faint", "data", "against", "done", "partial", "failed"):
        assert contrast(palette[role], palette["ground"]) >= 4.5, role
    for role in ("ink", "grey", "faint"):
        assert contrast(palette[role], palette["band"]) >= 4.5, role
    assert contrast(palette["partial"], palette["banner"]) >= 4.5
    for fill in ("data", "ink", "against", "step-4", "step-5"):
        assert contrast(palette["on-deep"], palette[fill]) >= 4.5, fill
    for fill in ("tint", "against-tint", "step-1", "step-2", "step-3"):
        assert contrast(palette["on-pale"], palette[fill]) >= 4.5, fill


@pytest.mark.parametrize("name", list(PALETTES))
def test_marks_stand_out_from_the_ground(name: str) -> None:
    palette = PALETTES[name]
    for role in (
        "data",
        "against",
        "ink",
        "faint",
        "low-2",
        "high-2",
        "low",
        "high",
    ):
        assert contrast(palette[role], palette["ground"]) >= 3.0, role


def test_every_role_has_its_own_light_value_and_a_dark_one() -> None:
    assert len(set(LIGHT.values())) == len(LIGHT)
    assert list(DARK) == list(LIGHT)


@pytest.mark.parametrize("name", list(ALPHABETS))
def test_every_letter_is_in_the_font(name: str) -> None:
    figure, ax = new_canvas(4.0)
    for place, (weight, style) in enumerate((("normal", "normal"), ("bold", "normal"), ("normal", "italic"))):
        look: dict[str, Any] = {"fontweight": weight, "fontstyle": style, "fontfamily": FONT}
        ax.text(0.1, 0.2 + 0.3 * place, ALPHABETS[name], parse_math=False, **look)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for form in ("svg", "png", "pdf"):
            assert len(render_figure(figure, form)) > 500


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_the_same_figure_gives_the_same_bytes_without_date_or_version(form: str) -> None:
    def make() -> bytes:
        figure, ax = new_canvas(2.0)
        ax.plot([0.1, 1.0], [0.2, 0.8], "o-", clip_on=True)
        ax.text(0.1, 0.5, "Ő", fontfamily=FONT)
        return render_figure(figure, form)

    first = make()
    assert first == make()
    for trace in (b"matplotlib", b"Matplotlib", b"CreationDate", b"<dc:date"):
        assert trace not in first, trace


def test_a_users_own_settings_do_not_show() -> None:
    import matplotlib as mpl

    def make() -> bytes:
        figure, _ = new_canvas(2.0)
        return render_figure(figure, "png")

    plain = make()
    with mpl.rc_context({"figure.facecolor": "black", "svg.fonttype": "path", "font.family": "DejaVu Serif"}):
        assert make() == plain
        with figure_context():
            assert mpl.rcParams["font.family"] == [FONT]


@pytest.mark.parametrize("dpi", [72, 160, 300])
def test_a_text_is_as_wide_as_it_is_measured(dpi: int) -> None:
    figure, ax = new_canvas(6.0)
    figure.set_dpi(dpi)
    with figure_context():
        text = ax.text(
            0.1, 0.5, "Nemzetköziesedésben jártas munkatárs", fontfamily=FONT, fontsize=8.5, parse_math=False
        )
        FigureCanvasAgg(figure).draw()
        drawn = text.get_window_extent().width / dpi
    assert drawn == pytest.approx(measure_text(text.get_text(), 8.5), abs=1.5 / dpi)


@given(st.lists(st.text("abcőűÖ", min_size=1, max_size=12), min_size=1, max_size=12), st.floats(0.5, 3.0))
def test_lines_keep_every_letter_and_fit(words: list[str], width: float) -> None:
    lines = wrap_text(" ".join(words), width, 8.5)
    assert "".join(lines).replace("-", "").replace(" ", "") == "".join(words)
    assert all(measure_text(line, 8.5) <= width for line in lines)


def test_lines_are_balanced_and_a_long_word_is_broken() -> None:
    assert wrap_text("Most clusters have a written strategy now", 2.2, 8.5) == [
        "Most clusters have a",
        "written strategy now",
    ]
    assert wrap_text("Internationalisierungserfahrung", 1.2, 8.5)[0].endswith("-")
    assert wrap_text("", 1.0, 8.5) == [""]


def test_a_page_picture_names_roles_and_has_ids_of_its_own() -> None:
    figure, ax = new_canvas(2.0)
    ax.plot([0.1, 1.0], [0.2, 0.8], "o", color=LIGHT["data"], clip_on=True)
    ax.text(0.1, 0.5, "25 < 30 & more", fontfamily=FONT, color=LIGHT["grey"], parse_math=False)
    svg = recolour_svg(render_figure(figure).decode(), "one")
    assert svg.startswith("<svg")
    assert "var(--data)" in svg
    assert "var(--grey)" in svg
    assert "var(--ground)" in svg
    assert "var(--font)" in svg
    assert "DejaVu" not in svg
    assert "<metadata" not in svg
    assert "<style" not in svg
    assert 'id="one-figure_1"' in svg
    assert "url(#one-p" in svg
    assert "25 &lt; 30 &amp; more" in svg


def test_css_gives_every_role_in_light_and_dark_but_dark_never_on_paper() -> None:
    css = css_variables()
    light, dark = css.split("@media screen and (prefers-color-scheme: dark)")
    for role in LIGHT:
        assert f"--{role}: {LIGHT[role]};" in light
        assert f"--{role}: {DARK[role]};" in dark
    assert css.count("{") == css.count("}")
