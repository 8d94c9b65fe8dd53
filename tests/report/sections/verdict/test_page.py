"""The verdict as the page has it."""

import pytest

from harness.report.write import Reporter
from report.all_sections import SECTIONS
from report.fake_run import wage_run

VERDICT = [section for section in SECTIONS if section.name == "verdict"]
OF_CURVES = ("Slope&#39;s band", "the curve is the effect as the estimator predicts it", "Last columns")


@pytest.mark.parametrize("has_curves", [True, False])
def test_the_note_on_effects_explains_columns_of_curves_only_where_there_are_some(tmp_path, has_curves):
    folder = wage_run(tmp_path)
    if not has_curves:
        folder.write_table("curves", folder.read_table("curves").iloc[:0])
    Reporter(VERDICT).write(folder, ("html",))
    html = (folder.path / "report.html").read_text(encoding="utf-8")
    assert [part in html for part in OF_CURVES] == [has_curves] * len(OF_CURVES)
    ending = "; the curve is" if has_curves else ".</p>"
    assert "the exposure enters alone and linearly" + ending in html


@pytest.mark.parametrize("has_gains", [True, False])
def test_how_to_read_a_gain_is_told_where_there_is_one(tmp_path, has_gains):
    folder = wage_run(tmp_path)
    if not has_gains:
        folder.write_table("gain", folder.read_table("gain").iloc[:0])
    Reporter(VERDICT).write(folder, ("html",))
    html = (folder.path / "report.html").read_text(encoding="utf-8")
    assert ("intervals would exclude zero by chance" in html) == has_gains
