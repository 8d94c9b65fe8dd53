"""The published numbers of the city study: all are claimed, and the checks find what disagrees."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.installed import installed
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.moderated_claim import SOURCES
from harness.study.spec.document import read_document
from harness.study.spec.load import load_study

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "../shared/reference/paper_claims.yaml"
OUTCOMES = {"total": "co2", "intensity": "co2_intensity", "percap": "co2_pc"}


@pytest.fixture(scope="module")
def claims():
    study = load_study(ROOT / "specs/digital_carbon.yaml", catalogs=installed().catalogs).study
    return claims_table(study, {name: pd.DataFrame() for name in SOURCES})


def test_the_intervals_of_the_gains_are_those_of_the_printed_errors(claims):
    gains = claims[claims["source"].eq("Table 2") & claims["quantity"].eq("gain")].set_index("outcome")
    low, high = gains["recomputed_low"], gains["recomputed_high"]
    assert [low["co2_pc"], high["co2_pc"]] == pytest.approx([0.56563, 0.56577], abs=1e-5)
    assert [low["co2_intensity"], high["co2_intensity"]] == pytest.approx([0.6866, 0.7246], abs=1e-4)
    assert gains["recomputed"]["co2"] == pytest.approx(0.655763, abs=5e-7)


def test_levels_and_thresholds_are_not_of_one_unit_system(claims):
    thresholds = claims[claims["check"] == "units"]
    assert thresholds["published"].tolist() == [3.7, 7.5]
    assert set(thresholds["status"]) == {"inconsistent under assumption"}
    told = thresholds["reason"].iloc[0]
    assert "implies a GDP per head of 19.4 to 19.7, beyond 2 times the published values" in told


def test_the_rounding_of_the_gain_in_intensity_is_the_only_error(claims):
    errors = claims[claims["status"] == "inconsistent"]
    assert set(errors["quantity"]) == {"gain"}
    assert set(errors["outcome"]) == {"co2_intensity"}
    assert set(errors["assumption"]) == {""}


def printed_numbers(published):
    """Yield (source, outcome, value) of table 2 and figures 4 to 8."""
    for short, outcome in OUTCOMES.items():
        row = published["table2"][short]
        yield "Table 2", outcome, row["mse_traditional"]
        yield "Table 2", outcome, row["mse_ann"]
        yield "Table 2", outcome, round(row["accuracy_pct"] / 100, 6)
        yield "Section 2.1", outcome, round(published["table2"]["abstract_rounding"][short] / 100, 4)
        for figure in ("fig5_city_size", "fig6_admin_rank", "fig7_pilot_zone"):
            for group in published[figure].values():
                if isinstance(group, dict):
                    yield f"Figure {figure[3]}", outcome, group[short]
        yield from _of_figure_4(outcome, published["fig4"][short])
    for one in published["fig8_gdp_per_capita"]["thresholds"]:
        yield "Figure 8", OUTCOMES[one["outcome"]], one["at"]


def _of_figure_4(outcome, figure):
    for point in figure["points"]:
        if point["D"] == 0.872:  # told in the text below the figure
            yield "Section 2.1", outcome, point["D"]
        elif "note" in point:  # the curve turns or bends here
            yield "Figure 4", outcome, point["D"]
        if point["value"] is not None:
            yield "Figure 4", outcome, point["value"]
    for statement in figure.get("statements", ()):
        if "reduction" in statement:
            yield "Figure 4", outcome, -statement["reduction"]
        else:
            yield "Figure 4", outcome, statement.get("mean_at_least", statement.get("kink_D"))


def test_every_number_of_table_2_and_of_figures_4_to_8_is_claimed(claims):
    if not PUBLISHED.is_file():
        pytest.skip("the extracted numbers of the publication are not at hand")
    expected = set(printed_numbers(read_document(PUBLISHED).data))
    claimed = set(zip(claims["source"], claims["outcome"], claims["published"], strict=True))
    assert expected - claimed == set()
    assert len(expected) == 51
