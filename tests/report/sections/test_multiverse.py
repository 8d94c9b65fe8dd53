"""The multiverse in words and in a table, against counts made from the table itself."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.report.blocks import Bullets
from harness.report.drawing.canvas import house_style, printed
from harness.report.figures.multiverse import MOST_LINES, plot_specification_curves
from harness.report.sections.multiverse import (
    MULTIVERSE_SECTION,
    choice_table,
    joint_sentences,
    tally_sentences,
)
from harness.report.sections.multiverse_rows import honest, multiverses, published_gains
from harness.tables.claims import CLAIMS
from report.changed_run import with_table
from report.shown_blocks import blocks_of, texts


def frame():
    gains = [0.3, -0.1, 0.05, -0.2, 0.1, 0.0]
    return pd.DataFrame(
        {
            "outcome": ["y"] * 6,
            "estimator": ["ann"] * 6,
            "universe": [f"ann (size {size}, seed 1)" for size in (0.5, 1.0, 2.0) * 2],
            "reference": ["ols"] * 3 + ["fe"] * 3,
            "protocol": ["forward"] * 6,
            "sample": ["test"] * 6,
            "gain": gains,
            "conf_low": np.array(gains) - 0.04,
            "conf_high": np.array(gains) + 0.04,
            "size": [0.5, 1.0, 2.0] * 2,
            "seed": [1] * 6,
        }
    )


def test_combinations_stand_in_the_order_of_their_gains_with_their_levels(run):
    (one,) = with_table(run, "multiverse", lambda _: frame()).view(multiverses)
    assert one.estimator == "ann"
    assert one.gain.tolist() == [-0.2, -0.1, 0.0, 0.05, 0.1, 0.3]
    assert one.choices == {"reference": ("ols", "fe"), "size": ("0.5", "1", "2")}
    assert list(one.rows["reference"]) == ["fe", "ols", "fe", "ols", "fe", "ols"]
    assert list(one.rows["size"]) == ["0.5", "1", "2", "2", "1", "0.5"]


def test_gains_and_intervals_are_counted(run):
    (one,) = with_table(run, "multiverse", lambda _: frame()).view(multiverses)
    tally = one.tally()
    assert [tally[name] for name in ("n", "n_positive", "n_above", "n_below")] == [6, 3, 3, 2]
    assert [tally[name] for name in ("lowest", "median", "highest")] == pytest.approx([-0.2, 0.025, 0.3])
    kept = one.with_levels("reference", ["fe"])
    assert kept.gain.tolist() == [-0.2, 0.0, 0.1]
    assert one.with_levels("protocol", ["forward"]).gain.size == 6


def test_choices_that_move_most_come_first(run, wage):
    table = choice_table(run, "lwage")
    stored = wage.read_table("multiverse_choices")
    shares = stored.groupby("choice")["share_of_variance"].first().sort_values(ascending=False)
    headings = ["Protocol", "Reference", "Clusters", "Rows compared on", "Random seed"]
    assert [group.heading for group in table.groups] == headings
    assert table.groups[0].end == (f"{100 * shares.iloc[0]:.1f}%",)
    assert list(texts(table, 1)) == ["Pooled OLS", "Fixed effects"]
    means = wage.read_table("multiverse").groupby("sample")["gain"].mean()
    assert [(name, own[1]) for name, own in texts(table, 3).items()] == [
        ("test rows", _percent(means["test"])),
        ("all rows", _percent(means["all"])),
    ]


def details(run):
    """Return the sentences of the appendix."""
    return [block for block in blocks_of(MULTIVERSE_SECTION, run) if isinstance(block, Bullets)][1].points


@pytest.fixture(scope="module")
def table(wage):
    return wage.read_table("multiverse")


def test_the_sentences_have_the_counts_of_the_table(run, table):
    (one,) = run.view(multiverses)
    gain = table["gain"]
    apart = table[table["protocol"].isin(["held_out_entities", "forward"]) & (table["sample"] == "test")]
    assert len(table) == 2 * 4 * 2 * 2 * 3
    first, second = tally_sentences(run.manifest.study, one)
    positive, above = (gain > 0).sum(), (table["conf_low"] > 0).sum()
    assert first == (
        f"SOM + ANN gains in {positive} of 96 combinations, significantly in {above}; median gain "
        f"{_whole(gain.median())}, range {_whole(gain.min())} to {_whole(gain.max())}."
    )
    assert second.startswith(f"Of the {len(apart)} on test rows not used to fit or select, ")
    assert f" {(apart['gain'] > 0).sum()} gain, {(apart['conf_low'] > 0).sum()} significantly." in second
    points = next(
        block for block in blocks_of(MULTIVERSE_SECTION, run)[1:] if isinstance(block, Bullets)
    ).points
    published, strongest = points
    assert published == "The published gain of 67.9% (Table 2) lies above the gains of all 96 combinations."
    means = table.groupby("reference")["gain"].mean()
    assert means["ols"] - means["fe"] == pytest.approx(0.35)
    share = _shares(table)["protocol"]
    assert share == max(_shares(table).values())
    means = table.groupby("protocol")["gain"].mean()
    assert "“Protocol”" in strongest
    assert re.findall(r"(\S+%) (?:of|with “(.+?)”)", strongest) == [
        (f"{100 * share:.0f}%", ""),
        (_percent(means.min()), "Held-out entities"),
        (_percent(means.max()), "In sample"),
    ]


def _whole(value):
    return f"{100 * value:.0f}%".replace("-", "−")


def _percent(value):
    return f"{100 * value:.1f}%".replace("-", "−")


def _shares(table):
    total = table["gain"].var(ddof=0)
    choices = ("reference", "protocol", "sample", "clusters", "seed")
    return {one: table.groupby(one)["gain"].transform("mean").var(ddof=0) / total for one in choices}


def test_a_published_gain_within_the_range_is_placed(run):
    (one,) = run.view(multiverses)
    (claim,) = published_gains(run.rows(CLAIMS), one)
    assert claim.published == 0.678582
    assert honest(run.manifest.study, one).gain.size == 24
    lowered = with_table(run, "claims", lambda frame: frame.assign(published=float(np.median(one.gain))))
    points = next(
        block for block in blocks_of(MULTIVERSE_SECTION, lowered)[1:] if isinstance(block, Bullets)
    ).points
    assert points[0].endswith("lies above the gains of 48 of 96 combinations (50%).")


def test_all_combinations_together_are_said_for_protocols_apart_from_fitting(run):
    def tests(p_median):
        rows = [("median_gain", 0.12, p_median), ("share_of_dominant_sign", 0.9, 0.2)]
        rows += [("share_significant", 0.4, 0.03)]
        one = pd.DataFrame(rows, columns=["statistic", "value", "p_value"])
        one = one.assign(outcome="lwage", estimator="ann", n_specifications=8, n_entities=545, status="ok")
        protocols = ("held_out_entities", "in_sample")
        return pd.concat([one.assign(protocol=name, reason="") for name in protocols])

    (said,) = joint_sentences(with_table(run, "multiverse_tests", lambda _: tests(0.01)), "lwage")
    start = "Under “Held-out entities” the gains of all 8 combinations together are significantly different"
    assert said.startswith(start)
    numbers = "12.0% (p = 0.010), 90.0% (p = 0.200) of one sign, 40.0% (p = 0.030) of one sign"
    assert numbers in said.replace("\xa0", " ")
    (open_,) = joint_sentences(with_table(run, "multiverse_tests", lambda _: tests(0.2)), "lwage")
    assert "are not significantly different from zero" in open_
    assert not list(joint_sentences(run, "lwage"))


def plotted(run, multiverse):
    published = published_gains(run.rows(CLAIMS), multiverse)
    with house_style():
        return plot_specification_curves(run.manifest.study, [multiverse], [published])


def test_gains_are_sorted_above_the_choices_behind_them(run):
    (multiverse,) = run.view(multiverses)
    curve, grid = plotted(run, multiverse).axes
    (dots,) = [line for line in curve.lines if line.get_marker() == "o"]
    assert dots.get_xdata().tolist() == list(range(1, 97))
    assert dots.get_ydata() == pytest.approx(100 * multiverse.gain)
    published = next(line for line in curve.lines if line.get_color() == "#7a1f5c")
    assert published.get_ydata()[0] == 67.8582
    drawn = [segment for lines in curve.collections for segment in lines.get_segments()]
    ends = {int(segment[0, 0]): segment[:, 1] for segment in drawn}
    assert ends[96] == pytest.approx([100 * limit[-1] for limit in multiverse.limits])
    names = [label.get_text() for label in grid.get_yticklabels()]
    assert names[:4] == ["Reference", "Pooled OLS", "Fixed effects", "Protocol"]
    line = names.index("Fixed effects")
    marked = {
        int(segment[0, 0])
        for lines in grid.collections
        for segment in lines.get_segments()
        if segment[:, 1].mean() == pytest.approx(line)
    }
    assert marked == set(np.flatnonzero(multiverse.taken("reference", ["fe"])) + 1)


def test_losses_beyond_the_axis_are_triangles_at_its_edge(run):
    (multiverse,) = run.view(multiverses)
    rows = multiverse.rows.copy()
    for name in ("gain", "conf_low", "conf_high"):
        rows.iloc[:3, rows.columns.get_loc(name)] -= [30.0, 20.0, 10.0]
    curve, _ = plotted(run, replace(multiverse, rows=rows)).axes
    start, _ = curve.get_ylim()
    assert start == -150.0
    (triangles,) = [line for line in curve.lines if line.get_marker() == "v"]
    assert triangles.get_xdata().tolist() == [1, 2, 3]
    assert triangles.get_ydata() == pytest.approx(start)


def test_outcomes_stand_next_to_one_another_and_many_combinations_stay_a_small_file(run):
    (multiverse,) = run.view(multiverses)
    n, rng = 4 * MOST_LINES, np.random.default_rng(5)
    gain = np.sort(rng.normal(0.1, 0.2, n))
    rows = pd.DataFrame({"gain": gain, "conf_low": gain - 0.05, "conf_high": gain + 0.05})
    rows["size"] = rng.choice(["2", "4", "8"], n)
    many = replace(multiverse, rows=rows, choices={"size": ("2", "4", "8")})
    with house_style():
        figure = plot_specification_curves(run.manifest.study, [many, replace(many, outcome="y")], [(), ()])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Log wage", "y", "", ""]
    assert len(printed(figure).svg) < 1_200_000
