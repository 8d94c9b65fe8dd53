"""Colours of series differ for the three kinds of colour blindness too, and stand out from paper.

Simulated by the matrices of full severity of Machado, Oliveira and Fernandes (2009), in linear RGB; distances
are those of CIE 1976 in L*a*b*, where 2.3 is just noticed (Mahy et al. 1994).
"""

import hashlib
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties, fontManager

from harness.report.drawing import fonts
from harness.report.drawing.fonts import drawable, families, font_notes
from harness.report.drawing.palette import COLOURS, DASHES, STATUS_STYLES, line_style
from harness.tables.gain import GainStatus

BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# Four times what is just noticed.
LEAST = 10.0


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(seen):
    ratios = TO_XYZ @ seen / TO_XYZ.sum(axis=1)
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_first_colours_are_told_apart_by_colour_alone(kind):
    seen = [lab(np.clip(BLINDNESS[kind] @ linear(colour), 0, 1)) for colour in COLOURS]
    distances = [np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)]
    assert min(distances) > LEAST


def test_no_colour_is_lost_on_paper():
    for colour in COLOURS:
        luminance = (TO_XYZ @ linear(colour))[1]
        assert 1.05 / (luminance + 0.05) > 2.0, colour
    assert len(set(DASHES)) == len(DASHES)


def test_many_estimators_have_different_lines():
    assert len({line_style(place) for place in range(42)}) == 42


def test_a_family_without_bold_letters_is_used_without_a_word(caplog):
    """As the one that matplotlib ships is, and some that cover Chinese are."""
    path = fontManager.findfont(FontProperties(family=["DejaVu Sans Display"], weight="bold"))
    assert Path(path).name == "DejaVuSansDisplay.ttf"
    assert caplog.messages == []


def test_a_character_without_a_font_is_replaced_and_reported():
    assert families()[0] == "DejaVu Sans"
    assert drawable("Log wage (µg/m³)") == "Log wage (µg/m³)"
    (note,) = font_notes(["ordinary", "rare \U0001f9ea", "rare \U0001f9ea"])
    assert (note.code, note.where) == ("W-FONT", "rare \U0001f9ea")
    code = hashlib.sha256("\U0001f9ea".encode()).hexdigest()[:4]
    assert f"rare [{code}]" in note.message


def test_a_font_that_came_after_matplotlibs_list_is_found(monkeypatch, tmp_path):
    here = next(font for font in fontManager.ttflist if font.name == "DejaVu Sans Mono")
    new, broken = tmp_path / "new.ttf", tmp_path / "broken.ttf"
    new.write_bytes(Path(here.fname).read_bytes())
    broken.write_bytes(b"no font")
    monkeypatch.setattr(fonts, "CJK", ("DejaVu Sans Mono",))
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(new), str(broken)])
    gone = [
        replace(font, fname=str(tmp_path / "gone.ttf"))
        for font in fontManager.ttflist
        if font.name == here.name
    ]
    others = [font for font in fontManager.ttflist if font.name != here.name]
    monkeypatch.setattr(fontManager, "ttflist", [*others, *gone])
    fonts.families.cache_clear()
    try:
        assert fonts.families() == ("DejaVu Sans", "DejaVu Sans Mono")
    finally:
        fonts.families.cache_clear()


@pytest.mark.parametrize("has_font", [True, False])
def test_chinese_labels_differ_with_and_without_a_font(monkeypatch, has_font):
    names = ["碳排放总量 (万吨)", "碳强度 (万吨/亿元)"]
    latin = frozenset(range(0x20, 0x7F))
    covered = latin | {ord(letter) for letter in "".join(names)} if has_font else latin
    monkeypatch.setattr(fonts, "_covered", lambda: covered)
    shown = [drawable(name) for name in names]
    assert (shown == names) is has_font
    assert shown[0] != shown[1]
    assert not any("?" in label for label in shown)
    assert len(font_notes(names)) == (0 if has_font else 2)


def test_a_mark_is_filled_where_a_gain_has_an_answer_and_a_triangle_where_that_is_better_or_worse():
    decided = {GainStatus.BETTER, GainStatus.WORSE, GainStatus.NOT_BETTER}
    pointed = {GainStatus.BETTER: "^", GainStatus.BETTER_ONCE: "^", GainStatus.WORSE: "v"}
    for status, style in STATUS_STYLES.items():
        if status is not GainStatus.MISSING:
            assert (style.fill == style.colour) == (status in decided), status
            assert style.marker == pointed.get(status, "o"), status
    looks = [(style.marker, style.fill) for style in STATUS_STYLES.values()]
    assert len(set(looks)) == len(looks)
