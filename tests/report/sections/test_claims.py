"""Published numbers next to those of the run, and the multiverse."""

import dataclasses
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.findings.multiverse import multiverses, published_gains
from harness.findings.run import read_run
from harness.report.blocks import Bullets
from harness.report.drawing.canvas import house_style, printed
from harness.report.figures.multiverse import MOST_LINES, plot_specification_curves
from harness.report.sections.claims import CLAIMS_SECTION, MARKDOWN, claim_table, markdown
from harness.report.sections.multiverse import MULTIVERSE_SECTION, choice_table
from harness.report.sections.published import (
    conclusion_table,
    contradictions,
    differing_estimators,
    holds,
    published_figures,
    published_text,
)
from harness.study.expectations.claim import PublishedConclusion
from harness.tables.claims import CLAIMS
from report.fake_run import blocks_of, cells, said_in, texts, with_study, with_table


def test_every_number_stands_three_times_in_the_order_of_the_spec(run):
    _, curve = figures = published_figures(run)
    assert [figure.source for figure in figures] == ["Table 2", "Figure 4"]
    shown = claim_table(run.manifest.study, figures)
    assert [[own[at].text for at in (1, 4, 5)] for own in cells(shown).values()] == [
        ["0.0010", "0.1591", "–"],
        ["67.8582%", "31.20%", "−14.30%"],
    ]
    level, turn, *_, direction = cells(shown, 1).values()
    assert [level[at].text for at in (1, 4, 5)] == ["1.5", "1.460", "1.430"]
    assert [direction[at].text for at in (4, 5)] == ["82.00%", "–"]
    assert turn[7].text == "the curve of this run has no minimum within its range"
    assert turn[8].text == "this run has no such curve"
    assert (curve.published, curve.counterpart) == ("RAB", "Boosting")
    _, gain = cells(shown).values()
    assert (gain[2].text, gain[3].text, gain[6].words) == ("70.59%", "68.66% to\u00a072.46%", "inconsistent")
    assert [own[6].symbol for own in cells(shown, 1).values()].count("?") == 1
    assert next(iter(cells(shown).values()))[6].symbol == "≠"


def test_how_the_numbers_stand_is_counted_and_contradictions_come_first(run):
    blocks = blocks_of(CLAIMS_SECTION, run)
    assert said_in(blocks)[0] == (
        "The spec declares 6 published numbers: inconsistent 1, inconsistent under assumption 1, differs 2, "
        "reproduced 1, not comparable 1."
    )
    contradiction, assumed = contradictions(run.manifest.study, run.rows(CLAIMS))
    assert (contradiction.assumption, assumed.assumption, assumed.reason) == ("", "one fit", "Two bends")
    assert contradiction.reason.startswith(
        "The errors 0.0010 and 0.0034, allowing for rounding, imply a gain of"
    )
    assert contradiction.claims == "Table 2: Log wage, gain over the reference, 67.8582%"


def test_a_table_of_errors_is_shown_on_training_test_and_all_rows(run):
    table, curve = published_figures(run)
    assert curve.errors is None
    assert [cell.text for cell in table.errors.over[1:]] == [
        "As published (random rows)",
        "Held-out entities",
    ]
    rows = {own[1:3]: own[3:] for own, _ in table.errors.body_rows}
    samples, estimators = ("training rows", "test rows", "all rows"), ("Pooled OLS", "SOM + ANN")
    assert set(rows) == {(sample, label) for sample in samples for label in estimators}
    mse, gain, _, counterpart = rows["test rows", "SOM + ANN"]
    assert (gain, counterpart) == ("31.2%", "−14.3%")
    assert float(mse) == pytest.approx(0.2312 * (1 - 0.312), abs=1e-4)
    assert float(rows["training rows", "Pooled OLS"][0]) == pytest.approx(0.2312 * 0.96, abs=1e-4)


def test_what_two_estimators_and_two_protocols_do_otherwise_is_told(run):
    table, curve = published_figures(run)
    assert curve.estimators == (
        "RAB (as published) and Boosting (corrected) differ in method, `rab` against `boosting`.",
    )
    (told,) = table.protocols
    published, other = told.split(" (as published); ")
    assert published.startswith("As published (random rows): A random 10% of the rows is held out")
    assert "models are selected on the test rows" in published
    assert "models are selected on the test rows" not in other
    (question,) = curve.left_open
    assert question.question == "What a resample draws."
    assert table.left_open == ()


def test_options_of_nested_estimators_are_compared_by_their_paths(run):
    study = run.manifest.study
    claim = dataclasses.replace(
        next(row for row in run.rows(CLAIMS) if row.estimator == "rab" and row.counterpart_estimator),
        counterpart_estimator="own",
    )
    rab = next(entry for entry in study.estimators if entry.id == "rab")
    options = {"unit": "row", "base": {"use": "som_ann", "clusters": 4}}
    other = {"unit": "entity", "base": {"use": "mlp"}}
    changed = dataclasses.replace(
        study,
        estimators=(
            dataclasses.replace(rab, options=options),
            dataclasses.replace(rab, id="own", label="RAB of men", options=other),
        ),
    )
    assert differing_estimators(changed, [claim]) == (
        "RAB (as published) and RAB of men (corrected) differ in `unit`, `row` against `entity`; "
        "`base.use`, `som_ann` against `mlp`; `base.clusters`, `4` only as published.",
    )


def test_markdown_has_every_number_and_nothing_that_is_read_as_markup(run, hostile):
    text = markdown(run.manifest.study, published_figures(run))
    assert "| gain over the reference | Log wage | 67.8582% | 31.20% | −14.30% |" in text
    assert "- What a resample draws. Here: single rows; whole men beside it" in text
    (file,) = CLAIMS_SECTION.files(run, "markdown")
    assert (file.path, file.content) == (MARKDOWN, text)
    assert list(CLAIMS_SECTION.files(run, "latex")) == []
    other = read_run(hostile)
    text = markdown(other.manifest.study, published_figures(other))
    assert "<svg" not in text
    assert "<script" not in text


@pytest.mark.parametrize(
    ("quantity", "published", "digits", "text"),
    [
        ("mse", 0.001, 4, "0.0010"),
        ("level", 920.0, -1, "920"),
        ("gain", 0.6558, 4, "65.58%"),
        ("direction", 1.0, None, "100%"),
        ("median", 2.294, None, "2.294"),
    ],
)
def test_a_published_number_keeps_its_digits(run, quantity, published, digits, text):
    row = dataclasses.replace(run.rows(CLAIMS)[0], quantity=quantity, published=published, digits=digits)
    assert published_text(row) == text


def test_a_row_counts_the_claims_that_hold_among_those_with_a_number(run):
    concluded = (
        PublishedConclusion(text="It should be taxed.", source="Section 5"),
        PublishedConclusion(text="It bends.", source="Abstract", sources=("Figure 4",)),
        PublishedConclusion(text="It rises.", sources=("Figure 4",), quantities=("direction",)),
        PublishedConclusion(
            text="It is accurate.", sources=("Table 2",), quantities=("gain",), outcomes=("lwage",)
        ),
        PublishedConclusion(text="Nothing.", sources=("Table 2",), outcomes=("hours",)),
    )
    rows = conclusion_table(with_study(run, conclusions=concluded)).texts[1:]
    # 1.46 rounds to 1.5 and 82 of 100 do not reach all; 1.43 would be 1.4; two have no number
    assert [texts[1:] for texts in rows] == [
        ("4", "1 of 2 82.00%", "0 of 1"),
        ("1", "0 of 1 82.00%", "–"),
        ("1", "0 of 1 31.20%", "0 of 1 −14.30%"),
        ("0", "–", "–"),
        ("", "", ""),
        ("0", "–", "–"),
    ]
    assert [rows[at][0] for at in (0, -2, -1)] == [
        "It bends. Abstract",
        "Nothing in this study bears on these",
        "It should be taxed. Section 5",
    ]


def test_rounding_tolerance_and_bounds_say_what_holds(run):
    level = next(row for row in run.rows(CLAIMS) if row.quantity == "level")
    assert [holds(level, value) for value in (1.449, 1.45, 1.55, 1.551)] == [False, True, True, False]
    assert holds(replace(level, tolerance=0.1), 1.64)
    assert [holds(replace(level, bound="least"), value) for value in (1.4, 9.0)] == [False, True]
    assert [holds(replace(level, bound="most"), value) for value in (1.6, -9.0)] == [False, True]
    statement = replace(level, published=1.0, digits=None)
    assert [holds(statement, share) for share in (0.999, 1.0)] == [False, True]


@pytest.fixture(scope="module")
def varied(run):
    """A run of three sizes and two references, of which one combination failed."""
    gains = np.array([0.3, -0.1, 0.05, -0.2, 0.1, 0.0, np.nan])
    sizes = ["0.5", "1", "2"]
    options = [("size", size) for size in sizes] + [("seed", "1")] * 3
    changes = pd.DataFrame(options, columns=["option", "value"])
    constants = {"list": "multiverse", "position": 0, "target": "estimator", "label": "", "scenario": ""}
    changes = changes.assign(key=sizes * 2, **constants)
    table = pd.DataFrame(
        {
            "outcome": "y",
            "list": "multiverse",
            "variation": [*sizes * 2, "2"],
            "estimator": "ann",
            "reference": ["ols"] * 3 + ["fe"] * 4,
            "protocol": "forward",
            "sample": "test",
            "quantity": "gain",
            "estimate": gains,
            "conf_low": gains - 0.04,
            "conf_high": gains + 0.04,
            "decision": ["above", "below", "above", "below", "above", "open", "untested"],
            "status": ["ok"] * 6 + ["failed"],
            "reason": "",
        }
    )
    return with_table(with_table(run, "variations", lambda _: changes), "variation_gains", lambda _: table)


def test_combinations_stand_in_the_order_of_their_gains_with_their_levels(varied):
    (one,) = varied.view(multiverses)
    assert one.estimator == "ann"
    assert one.numbers("estimate").tolist() == [-0.2, -0.1, 0.0, 0.05, 0.1, 0.3]
    assert one.choices == {"reference": ("ols", "fe"), "size": ("0.5", "1", "2")}
    chosen = [(row.reference, levels["size"]) for row, levels in one.combinations]
    assert chosen == [("fe", "0.5"), ("ols", "1"), ("fe", "2"), ("ols", "2"), ("fe", "1"), ("ols", "0.5")]


def test_gains_and_intervals_are_counted(varied):
    (one,) = varied.view(multiverses)
    tally = one.tally()
    assert [tally[name] for name in ("n", "n_positive", "n_above", "n_below")] == [6, 3, 3, 2]
    assert [tally[name] for name in ("lowest", "median", "highest")] == pytest.approx([-0.2, 0.025, 0.3])
    kept = one.with_levels("reference", ["fe"])
    assert kept.numbers("estimate").tolist() == [-0.2, 0.0, 0.1]
    assert len(one.with_levels("protocol", ["forward"]).combinations) == 6


def test_choices_that_move_most_come_first(run, wage):
    table = choice_table(run, "lwage")
    stored = wage.read_table("multiverse_choices")
    shares = stored.groupby("choice")["share_of_variance"].first().sort_values(ascending=False)
    headings = ["Protocol", "Reference", "Clusters", "Rows compared on", "Random seed"]
    assert [group.heading for group in table.groups] == headings
    assert table.groups[0].end == (f"{100 * shares.iloc[0]:.1f}%",)
    assert list(texts(table, 1)) == ["Pooled OLS", "Fixed effects"]
    means = wage.read_table("variation_gains").groupby("sample")["estimate"].mean()
    assert [(name, own[1]) for name, own in texts(table, 3).items()] == [
        ("test rows", _percent(means["test"])),
        ("all rows", _percent(means["all"])),
    ]


def details(run):
    """Return the sentences of the appendix."""
    return [block for block in blocks_of(MULTIVERSE_SECTION, run) if isinstance(block, Bullets)][1].points


@pytest.fixture(scope="module")
def table(wage):
    gains = wage.read_table("variation_gains")
    changes = wage.read_table("variations")
    changes = changes.pivot_table(index="key", columns="option", values="value", aggfunc="first")
    return gains.merge(changes, left_on="variation", right_index=True).rename(columns={"estimate": "gain"})


def test_the_sentences_have_the_counts_of_the_table(run, table):
    gain = table["gain"]
    apart = table[table["protocol"].isin(["held_out_entities", "forward"]) & (table["sample"] == "test")]
    assert len(table) == 2 * 4 * 2 * 2 * 3
    tally, (published, strongest) = (
        block.points for block in blocks_of(MULTIVERSE_SECTION, run) if isinstance(block, Bullets)
    )
    positive, above = (gain > 0).sum(), (table["conf_low"] > 0).sum()
    (sentence,) = tally
    assert sentence.startswith(
        f"Log wage: SOM + ANN gains in {positive} of 96 combinations, significantly in {above}; median gain "
        f"{_whole(gain.median())}, range {_whole(gain.min())} to {_whole(gain.max())}. "
        f"Of the {len(apart)} honest comparisons, {(apart['conf_low'] > 0).sum()} show a significant gain."
    )
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


def moved(row, by):
    numbers = {name: getattr(row, name) + by for name in ("estimate", "conf_low", "conf_high")}
    return replace(row, **numbers)


def plotted(run, multiverse):
    published = published_gains(run.rows(CLAIMS), multiverse)
    with house_style():
        return plot_specification_curves(run.manifest.study, [multiverse], [published])


def test_gains_are_sorted_above_the_choices_behind_them(run):
    (multiverse,) = run.view(multiverses)
    curve, grid = plotted(run, multiverse).axes
    (dots,) = [line for line in curve.lines if line.get_marker() == "o"]
    assert dots.get_xdata().tolist() == list(range(1, 97))
    assert dots.get_ydata() == pytest.approx(100 * multiverse.numbers("estimate"))
    published = next(line for line in curve.lines if line.get_color() == "#7a1f5c")
    assert published.get_ydata()[0] == 67.8582
    drawn = [segment for lines in curve.collections for segment in lines.get_segments()]
    ends = {int(segment[0, 0]): segment[:, 1] for segment in drawn}
    highest, _ = multiverse.combinations[-1]
    assert ends[96] == pytest.approx([100 * highest.conf_low, 100 * highest.conf_high])
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
    lowered = [
        (moved(row, -loss), own)
        for (row, own), loss in zip(multiverse.combinations[:3], (30.0, 20.0, 10.0), strict=True)
    ]
    combinations = (*lowered, *multiverse.combinations[3:])
    curve, _ = plotted(run, replace(multiverse, combinations=combinations)).axes
    start, _ = curve.get_ylim()
    assert start == -150.0
    (triangles,) = [line for line in curve.lines if line.get_marker() == "v"]
    assert triangles.get_xdata().tolist() == [1, 2, 3]
    assert triangles.get_ydata() == pytest.approx(start)


def test_outcomes_stand_next_to_one_another_and_many_combinations_stay_a_small_file(run):
    (multiverse,) = run.view(multiverses)
    n, rng = 4 * MOST_LINES, np.random.default_rng(5)
    gain = np.sort(rng.normal(0.1, 0.2, n))
    row, _ = multiverse.combinations[0]
    zero = replace(row, estimate=0.0, conf_low=-0.05, conf_high=0.05)
    sizes = rng.choice(["2", "4", "8"], n)
    combinations = tuple((moved(zero, by), {"size": size}) for by, size in zip(gain, sizes, strict=True))
    many = replace(multiverse, combinations=combinations, choices={"size": ("2", "4", "8")})
    with house_style():
        figure = plot_specification_curves(run.manifest.study, [many, replace(many, outcome="y")], [(), ()])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Log wage", "y", "", ""]
    assert len(printed(figure).svg) < 1_200_000
