"""The page of the hundred studies is what its tables say, and so are the base rates."""

import csv
import re

import pandas as pd
import pytest
import write_hundred_studies as writer

from harness.findings.rules.gain_caveat import public_studies


def test_page_and_readmes_are_made_of_the_tables_that_are_kept():
    shown = writer.HundredStudies(writer.REFERENCE)
    assert writer.PAGE.read_text(encoding="utf-8") == shown.page()
    for name in writer.READMES:
        assert (writer.ROOT / name).read_text(encoding="utf-8") == shown.readme(name)


def test_the_answer_follows_from_the_errors_that_are_kept():
    shown = writer.HundredStudies(writer.REFERENCE)
    errors = pd.read_csv(writer.REFERENCE / writer.ERRORS).set_index(["study", "protocol"])
    for protocol, sentence in zip(writer.PROTOCOLS, shown.answer(), strict=True):
        rows = errors.xs(protocol, level="protocol")
        wins = (rows["mlp"] < rows["best_simple"])[rows["best_simple"].notna()].mean()
        assert f"the smaller error on {100 * wins:.0f}% of {len(rows)} studies" in sentence


def test_refused_studies_are_those_without_an_error():
    shown = writer.HundredStudies(writer.REFERENCE)
    errors = pd.read_csv(writer.REFERENCE / writer.ERRORS).set_index("protocol")
    for protocol in writer.PROTOCOLS:
        missing = errors.loc[protocol].isna().sum()
        text = shown.ranks(protocol).rpartition("in no mean: ")[2].rstrip(".")
        labels = shown.suite.labels
        assert text == ", ".join(f"{labels[name]} {n}" for name, n in missing.items() if n)


def test_standings_that_are_kept_are_those_of_the_errors_with_panels_drawn():
    kept = pd.read_csv(writer.REFERENCE / "suite_standings.csv")
    pd.testing.assert_frame_equal(writer.resampled(writer.REFERENCE), kept, check_dtype=False)


def test_ranks_of_the_run_of_six_protocols_are_those_of_its_standings():
    shown = writer.HundredStudies(writer.SIX)
    *lines, taus, limits, runs = writer.HundredStudies(writer.REFERENCE).six_protocols().splitlines()[2:]
    assert taus.startswith("| Kendall's tau |")
    assert limits.startswith("| Interval | [")
    assert runs == "| Run | whole | whole | whole |" + f" {shown.record.form} |" * 3
    for nth, protocol in enumerate(writer.OTHERS):
        below = shown.ranks(protocol)
        for line in lines:
            _, label, *ranks, _ = (cell.strip() for cell in line.split("|"))
            assert f"| {label} | {ranks[3 + nth]} |" in below


@pytest.mark.parametrize(
    ("lowest", "highest", "reading"),
    [
        ([1, 1, *[0] * 28], [0] * 29, "the order is reversed, but the intervals overlap"),
        ([1] * 20 + [0] * 10, [0] * 30, "the order is reversed."),
        ([0] * 30, [0] * 30, "do not order studies"),
        ([0] * 30, [1, 1, 1, *[0] * 27], "the intervals overlap"),
        ([0] * 30, [1] * 20 + [0] * 10, "the order is right."),
    ],
)
def test_the_order_of_base_rates_is_read_from_what_became(lowest, highest, reading):
    assert reading in writer.order_of_rates("new entities", pd.Series(lowest), pd.Series(highest))


def test_six_protocols_are_ranked_on_the_same_panels():
    page = writer.PAGE.read_text(encoding="utf-8")
    kept = [pd.read_csv(folder / writer.ERRORS) for folder in (writer.REFERENCE, writer.SIX)]
    studies = set(kept[1]["study"])
    assert len(studies) >= 50
    heads, _, *lines = re.search(r"^\|  \|.+?(?=\n\n)", page[page.index("## Six protocols") :], re.M | re.S)[
        0
    ].splitlines()
    assert len(heads.split("|")) == 2 + 1 + 6
    errors = kept[0].query("study in @studies").fillna(float("inf"))
    for index, (_, group) in enumerate(errors.groupby("protocol", sort=False)):
        assert len(group) == len(studies)
        errors_of_all = group.drop(columns=["study", "protocol"])
        ahead, level = (
            getattr(errors_of_all, name)(group["mlp"], axis=0).sum(axis=1) for name in ("lt", "eq")
        )
        (network,) = [line for line in lines if line.startswith("| Network ")]
        assert float(network.split("|")[2 + index]) == pytest.approx(
            (ahead + level / 2 + 0.5).mean(), abs=0.006
        )


def test_the_axes_of_the_figure_leave_room_for_their_labels(tmp_path):
    drawn = tmp_path / "figure.svg"
    writer.HundredStudies(writer.REFERENCE).draw(drawn)
    for path in (drawn, writer.FIGURE):
        x, y, width, height = map(
            float,
            re.search(
                r'<clipPath id="n0"><rect x="(.+?)" y="(.+?)" width="(.+?)" height="(.+?)"', path.read_text()
            ).groups(),
        )
        assert x > 20.0
        assert 0.0 < y + height < 244.8 - 20.0
        assert x + width < 252.0


def test_base_rates_are_of_the_studies_of_the_page():
    with (writer.REFERENCE / "suite_network.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["status"] == "ok"]
    by_protocol = {
        protocol: {
            row["study"]: float(row["conf_low"] or "nan") > 0 for row in rows if row["protocol"] == protocol
        }
        for protocol in writer.SAME_AND_NEW
    }
    both = set.intersection(*map(set, by_protocol.values()))
    studies = public_studies()
    assert len(studies) == len(both)
    for name, above in zip(("same", "new"), by_protocol.values(), strict=True):
        assert sum(one[name] for one in studies) == sum(above[study] for study in both)
