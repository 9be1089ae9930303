"""Colours that can be told apart, type that is measured as it is drawn, pictures that are the same every time."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cncb_analysis.style import (
    COUNTRY_COLOURS,
    COUNTRY_MARKERS,
    FONT,
    PALETTE_DARK,
    PALETTE_LIGHT,
    baseline,
    css_variables,
    figure_context,
    measure_text,
    new_canvas,
    recolour_svg,
    render_figure,
    wrap_text,
)

PALETTES = {"light": PALETTE_LIGHT, "dark": PALETTE_DARK}
# Machado, Oliveira and Fernandes 2009, table 1, severity 1.0; for linear RGB.
BLINDNESS = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip
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


def to_lab(rgb: np.ndarray) -> np.ndarray:
    matrix = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = matrix @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: np.ndarray, two: np.ndarray) -> float:
    """CIEDE2000, after Sharma, Wu and Dalal 2005."""
    mean_chroma = (math.hypot(*one[1:]) + math.hypot(*two[1:])) / 2
    g = 0.5 * (1 - math.sqrt(mean_chroma**7 / (mean_chroma**7 + 25**7)))
    chroma, hue = [], []
    for _, a, b in (one, two):
        chroma.append(math.hypot((1 + g) * a, b))
        hue.append(math.degrees(math.atan2(b, (1 + g) * a)) % 360)
    turn = hue[1] - hue[0]
    turn = 0.0 if not chroma[0] * chroma[1] else turn - 360 if turn > 180 else turn + 360 if turn < -180 else turn
    d_light, d_chroma = two[0] - one[0], chroma[1] - chroma[0]
    d_hue = 2 * math.sqrt(chroma[0] * chroma[1]) * math.sin(math.radians(turn / 2))
    light, mean = (one[0] + two[0]) / 2, sum(chroma) / 2
    middle = sum(hue) / 2 if abs(hue[0] - hue[1]) <= 180 else (sum(hue) + (360 if sum(hue) < 360 else -360)) / 2
    t = 1 + sum(
        size * math.cos(math.radians(times * middle + shift))
        for size, times, shift in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    )
    s_light = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    s_chroma, s_hue = 1 + 0.045 * mean, 1 + 0.015 * mean * t
    swing = 30 * math.exp(-(((middle - 275) / 25) ** 2))
    rotation = -math.sin(math.radians(2 * swing)) * 2 * math.sqrt(mean**7 / (mean**7 + 25**7))
    parts = d_light / s_light, d_chroma / s_chroma, d_hue / s_hue
    return math.sqrt(sum(part**2 for part in parts) + rotation * parts[1] * parts[2])


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [  # pairs 1, 7, 16 and 25 of the test data of Sharma, Wu and Dalal 2005
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_difference_of_colours_is_the_published_one(one: tuple[float], two: tuple[float], expected: float) -> None:
    assert difference(np.array(one), np.array(two)) == pytest.approx(expected, abs=1e-4)


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
        *(f"country-{c}" for c in COUNTRY_COLOURS),
    ):
        assert contrast(palette[role], palette["ground"]) >= 3.0, role


@pytest.mark.parametrize(
    ("name", "sight", "least"),
    [
        ("light", "normal", 27), ("light", "protan", 16.5), ("light", "deutan", 16.5), ("light", "tritan", 16),
        ("dark", "normal", 26), ("dark", "protan", 16), ("dark", "deutan", 16), ("dark", "tritan", 17),
    ],
)  # fmt: skip
def test_countries_are_told_apart_by_every_eye(name: str, sight: str, least: float) -> None:
    colours = [PALETTES[name][f"country-{country}"] for country in COUNTRY_COLOURS]
    seen = [to_lab(BLINDNESS[sight] @ linear(colour)) for colour in colours]
    assert min(difference(*pair) for pair in itertools.combinations(seen, 2)) >= least


def test_every_role_has_its_own_light_value_and_a_dark_one() -> None:
    assert len(set(PALETTE_LIGHT.values())) == len(PALETTE_LIGHT)
    assert list(PALETTE_DARK) == list(PALETTE_LIGHT)
    assert set(COUNTRY_COLOURS) == set(COUNTRY_MARKERS) == {"AT", "CZ", "HU", "IT", "PL", "SI", "SK"}
    assert len(set(COUNTRY_MARKERS.values())) == 7


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


def test_a_baseline_does_not_depend_on_the_letters() -> None:
    assert baseline(1.0, 10) - 1.0 == pytest.approx(0.345 * 10 / 72)


def test_a_page_picture_names_roles_and_has_ids_of_its_own() -> None:
    figure, ax = new_canvas(2.0)
    ax.plot([0.1, 1.0], [0.2, 0.8], "o", color=PALETTE_LIGHT["data"], clip_on=True)
    ax.text(0.1, 0.5, "25 < 30 & more", fontfamily=FONT, color=PALETTE_LIGHT["grey"], parse_math=False)
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
    for role in PALETTE_LIGHT:
        assert f"--{role}: {PALETTE_LIGHT[role]};" in light
        assert f"--{role}: {PALETTE_DARK[role]};" in dark
    assert css.count("{") == css.count("}")
