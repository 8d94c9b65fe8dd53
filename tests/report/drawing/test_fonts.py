"""Fonts, lines and labels."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.font_manager import FontProperties, fontManager

from harness.report.drawing import fonts
from harness.report.drawing.fonts import drawable, families, font_notes
from harness.report.drawing.lines import effect_label
from harness.report.drawing.palette import line_style


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


def test_an_effect_is_labelled_with_its_unit(run):
    study = run.manifest.study
    assert effect_label(study, "lwage") == "Effect on Log wage (log dollars an hour per unit)"
    assert effect_label(study, "educ").startswith("Effect on Schooling (years per unit")
    assert effect_label(study, "union") == "Effect on union (change per unit)"
