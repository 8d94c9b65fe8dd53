"""Writes the page of the hundred studies: ``python docs/_ext/write_hundred_studies.py [RUN …]``.

A RUN is the folder of ``harness suite suites/hundred_studies.yaml``, whole or cut off (then ``harness suite
report RUN`` first), of these studies or some of them with estimators from outside, of those of tuning in
whole, or of ``suites/six_protocols.yaml``. Its tables, the large one of gains as a grid of errors, are kept
under ``suites/reference``; page, figure and the paragraph of the READMEs are made of those that are kept.

The run that is kept drew each of its studies by itself for its intervals, and its losses by entity are gone:
``python -c "import write_hundred_studies; write_hundred_studies.resample_kept()"`` made its standings again
from its errors, panels drawn.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import markdown
import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from harness.findings.rules.gain_caveat import BASE_RATES, base_rate
from harness.findings.shape import exact_limits
from harness.report.blocks import ReportTable, plain_words
from harness.report.drawing.canvas import house_style, printed
from harness.suite.figures import plot_two_gains
from harness.suite.overall import LogErrors, PanelResult, draw_data_sets, limits, rank_correlation
from harness.suite.page import SAME_AND_NEW, TITLES, SuitePages
from harness.suite.results import QUICK, RECORD, SUITE_TABLES, read_record
from harness.suite.run import NOT_YET
from harness.suite.spec import load_suite
from harness.suite.standings import ALL, WITHOUT_INFLUENTIAL, standing_rows
from harness.text.numbers import count, fixed, interval, p_text, percent, percent_interval

ROOT = Path(__file__).parents[2]
SUITE, OTHER_SUITE = ROOT / "suites" / "hundred_studies.yaml", ROOT / "suites" / "six_protocols.yaml"
REFERENCE = ROOT / "suites" / "reference" / "hundred_studies"
SIX = ROOT / "suites" / "reference" / "six_protocols"
STUDIES, LEFT_OUT = (ROOT / "suites" / "hundred_studies" / f"{name}.csv" for name in ("list", "left_out"))
PAGE, FIGURE = ROOT / "docs" / "hundred_studies.md", ROOT / "docs" / "_static" / "hundred_studies.svg"

# Tables that are kept as they are, and the grid of errors.
KEPT = ("standings", "network", "ranks", "panels", "budgets", "left_out")
ERRORS, ENTRIES, TUNED = "errors.csv", "entries.csv", "tuned.csv"
TEMPLATE = Path(__file__).with_name("hundred_studies.txt")
OPTION = " --quick"
SHORT = " A quick run: fewer restarts, draws and folds than a whole one; it can rank differently."
BOTH_LEVELS = (
    "over panels, all studies of a panel drawn together, and then the entities in them, whose noise so "
    "counts twice: rather too wide"
)
PANELS_ALONE = (
    "over panels, all studies of a panel drawn together; a study's error is as measured, since its losses by "
    "entity are not kept"
)
PARTIAL = (
    "**This is of {n} of {all} studies; the run of the others, which have more rows than most of these, is "
    "not done.**"
)
# The paragraph of both READMEs, by file, between two marks.
START, END = "<!-- hundred studies -->\n", "<!-- end -->"
READMES = {
    "README.md": (
        "[Do networks beat panel econometrics?](docs/hundred_studies.md) In {n} public studies{form}, the "
        "network's error is\nsmaller than that of the best simple rival in {same} for other rows of the same "
        "entities, in {new} for entities not used in\ntraining, in {later} for later periods."
    ),
    "README.zh.md": (
        "[神经网络胜过面板计量吗？](docs/hundred_studies.md)在 {n} 个公开研究中{form}，"
        "神经网络的误差小于最佳简单对照的，\n相同个体的其他行占 {same}，未参与训练的个体占 {new}，"
        "以后的时期占 {later}。"
    ),
}
FORMS = {"README.md": " (run quickly)", "README.zh.md": "（快速运行）"}
PROTOCOLS = ("random_rows", "held_out_entities", "forward")
KNOW_ENTITIES = ("pooled_and_own", "panelnnet")
KNOWN_BEFORE = {
    "n_entities": "Entities",
    "n_periods": "Periods",
    "n_obs": "Rows",
    "exposure_between": "Share of the exposure's variance between entities",
    "share_between": "Share of the outcome's variance between entities",
}
OTHERS = ("in_sample", "as_published", "entities_and_time")
STARTS = {
    "random_rows": "On other rows of the same entities",
    "held_out_entities": "For entities that no model has seen",
    "forward": "For later periods",
    "in_sample": "On the rows that all are fitted to",
    "as_published": "On rows that networks are selected on",
    "entities_and_time": "For new entities in later periods",
}


def keep(run: Path, folder: Path) -> None:
    """Keep the tables of a run that the page is made of, sorted in columns that are read often."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (RECORD, *(f"suite_{one}.csv" for one in KEPT)):
        if (run / name).exists():
            shutil.copyfile(run / name, folder / name)
    gains = pd.read_csv(run / "suite_gain.csv").drop_duplicates(["study", "protocol", "estimator"])
    grid = gains.pivot_table(index=["study", "protocol"], columns="estimator", values="mse", sort=False)
    grid.to_csv(folder / ERRORS, float_format="%.10g")


def keep_base_rates(run: Path) -> None:
    """Keep what base rates are counted from: on which studies the network's gain lies above zero."""
    network = pd.read_csv(run / "suite_network.csv")
    network = network[network["status"] == "ok"].assign(above=lambda rows: (rows["conf_low"] > 0).astype(int))
    shapes = network.drop_duplicates("study").set_index("study")[["n_entities", "n_periods"]]
    above = network.pivot_table(index="study", columns="protocol", values="above", sort=False)
    rates = shapes.assign(
        **{name: above[protocol] for name, protocol in zip(("same", "new"), SAME_AND_NEW, strict=True)}
    )
    rates.dropna().astype(int).to_csv(ROOT / "harness" / "findings" / BASE_RATES)


def keep_entries(run: Path, name: str, estimators: Iterable[str]) -> None:
    """Keep where some estimators stand over all panels of a run."""
    standings = pd.read_csv(run / "suite_standings.csv")
    labels = pd.read_csv(run / "suite_budgets.csv").set_index("estimator")["label"]
    rows = standings[standings["estimator"].isin([*estimators]) & (standings["subset"] == ALL)]
    rows.assign(label=rows["estimator"].map(labels)).to_csv(REFERENCE / name, index=False)


def resampled(folder: Path) -> pd.DataFrame:
    """Return the standings of a run whose errors are kept, with intervals over panels alone.

    A panel is one of the list of studies. Means of other losses than squared error are those of the run,
    without intervals, since these losses are not kept by study.
    """
    suite, draws = (record := read_record(folder)).suite, np.random.default_rng(record.suite.seed)
    errors = pd.read_csv(folder / ERRORS).set_index("study")
    shapes = pd.read_csv(folder / "suite_network.csv").drop_duplicates("study").set_index("study")
    panels = pd.read_csv(STUDIES).set_index("study")["panel"]
    before = pd.read_csv(folder / "suite_standings.csv")
    rows = []
    for protocol in before["protocol"].unique():
        grid = errors[errors["protocol"] == protocol]
        observed = np.log(grid[list(suite.estimator_ids)].to_numpy(np.float64))
        codes, _ = pd.factorize(panels.loc[grid.index])
        drawn = np.broadcast_to(observed[:, None], (len(grid), suite.draws, observed.shape[1]))
        results = [
            PanelResult(dict(shapes.loc[study]), str(panels.loc[study]), protocol, None, {})
            for study in grid.index
        ]
        together = LogErrors(suite.estimator_ids, codes, observed, drawn)
        rows += [{"protocol": protocol, **row} for row in standing_rows(suite, results, together, rng=draws)]
    key = ["protocol", "subset", "estimator"]
    others = before[before["subset"] != WITHOUT_INFLUENTIAL].set_index(key)
    made = pd.DataFrame(rows).set_index(key)
    # Errors are kept to seven digits, which makes ties that the run did not have.
    of_run = others[["average_rank", "win_rate", "log_absolute_ratio", "log_interval_ratio"]]
    made = of_run.reindex(made.index).combine_first(made)
    of = {name: before[name].iloc[0] for name in ("suite", "edition", "form")}
    return made.reset_index().assign(**of).reindex(columns=before.columns)


def resample_kept() -> None:
    """Write the standings that are kept of the hundred studies again, from their errors."""
    resampled(REFERENCE).to_csv(REFERENCE / "suite_standings.csv", index=False)


def order_of_rates(words: str, lowest: pd.Series, highest: pd.Series) -> str:
    """Return whether base rates order studies as it became of them.

    Parameters
    ----------
    words : what the network is better for
    lowest, highest : 1 where it was, else 0, of the studies whose base rates are lowest and highest
    """
    low, high = (percent(third.mean(), 0) for third in (lowest, highest))
    what = (
        f"For {words} a network was better on {low} of the studies with the lowest base rates, on {high} of "
    )
    what += "those with the highest: "
    if highest.mean() == lowest.mean():
        return f"{what}base rates do not order studies there, and say no more than how rare it is."
    is_right = highest.mean() > lowest.mean()
    order = "right" if is_right else "reversed"
    limits = [exact_limits(float(third.sum()), float(len(third))) for third in (lowest, highest)]
    (_, most), (least, _) = limits if is_right else limits[::-1]
    if least <= most:
        return f"{what}the order is {order}, but the intervals overlap, so that chance may have made it."
    return f"{what}the order is {order}."


def multiple(row: Mapping[str, float]) -> str:
    """Return how many times the squared error of the best simple rival an error is, of a mean of logs."""
    return fixed(float(np.exp(row["log_error_ratio"])), 2)


def multiples(row: Mapping[str, float]) -> str:
    """Return the interval of `multiple`."""
    return interval(*(float(np.exp(row[name])) for name in ("conf_low", "conf_high")), 2)


def _in_markdown(shown: ReportTable) -> str:
    grid = markdown.table(shown.heads[-1], [texts for texts, _ in shown.body_rows])
    return "\n\n".join([grid, *(plain_words(note).replace("*", "\\*") for note in shown.notes)])


class HundredStudies:
    """What the page says, from the tables that are kept.

    Parameters
    ----------
    folder : of the tables
    """

    def __init__(self, folder: Path) -> None:
        self.record = read_record(folder)
        self.suite = self.record.suite
        empty = {name: pd.DataFrame(columns=list(one.columns)) for name, one in SUITE_TABLES.items()}
        there = {name: path for name in empty if (path := folder / f"{name}.csv").exists()}
        tables = empty | {name: pd.read_csv(path) for name, path in there.items()}
        self.pages = SuitePages(
            self.record, tables, {name: one.to_dict("records") for name, one in tables.items()}
        )

    @cached_property
    def standings(self) -> pd.DataFrame:
        """Where every estimator stands."""
        return self.pages.tables["suite_standings"]

    def _of(self, protocol: str, subset: str = ALL, estimator: str = "") -> Mapping[str, float]:
        own = self.standings
        chosen = (own["protocol"] == protocol) & (own["subset"] == subset)
        (row,) = own[chosen & (own["estimator"] == (estimator or self.suite.network))].to_dict("records")
        return {str(name): cell for name, cell in row.items()}

    def _sentence(self, protocol: str, subset: str, estimator: str = "") -> str:
        """Return what an estimator's error, by default the network's, is to the best simple rival's."""
        row = self._of(protocol, subset, estimator)
        name = "it" if estimator else "the network"
        numbers = (
            f"{multiple(row)} times the squared error {multiples(row)}; "
            f"the smaller error on {percent(row['win_rate'], 0)} of {count(int(row['n_panels']))} studies"
        )
        if row["conf_high"] < 0:
            return f"{name} predicts better than the best simple rival ({numbers})"
        if row["conf_low"] > 0:
            return f"{name} predicts worse than the best simple rival ({numbers})"
        return f"{name} is not significantly different from the best simple rival ({numbers})"

    def side(self, protocol: str, subset: str, estimator: str = "") -> int:
        """Return -1 where an estimator is better over some panels, 1 where worse, else 0."""
        row = self._of(protocol, subset, estimator)
        return int(row["conf_low"] > 0) - int(row["conf_high"] < 0)

    def answer(self, protocols: Sequence[str] = PROTOCOLS) -> Iterator[str]:
        """Yield the sentences, one a protocol."""
        for protocol in protocols:
            yield f"{STARTS[protocol]}, {self._sentence(protocol, ALL)}."

    def named_next(self, protocols: Sequence[str] = PROTOCOLS) -> str:
        """Return the same of RAB, the network that was named next to the one of the answer."""
        of = [f"{STARTS[name].lower()}, {self._sentence(name, ALL, 'rab')}" for name in protocols]
        start, rest = "RAB, an ensemble of such networks, was named next to it: ", "; ".join(of)
        return f"{start}{rest}. {self.without_influential(protocols, 'rab')}"

    def knowing_entities(self) -> str:
        """Return what networks that know entities leave of the network's gap for the same entities."""
        rows = pd.read_csv(REFERENCE / ENTRIES).query("protocol == 'random_rows'").set_index("estimator")
        gaps = [f"{multiple(rows.loc[one])} ({rows.loc[one, 'label']})" for one in KNOW_ENTITIES]
        own = rows.loc[self.suite.network]
        return (
            f"on {count(int(own['n_panels']))} studies, run quickly, its squared error on random rows is "
            f"{multiple(own)} times the rival's, that of networks with effects of entities "
            f"{' and '.join(gaps)}"
        )

    def entered(self) -> str:
        """Return which studies entries from outside were run on: those with the fewest rows."""
        shapes = self.pages.tables["suite_network"].drop_duplicates("study")
        n_entered = int(pd.read_csv(REFERENCE / ENTRIES)["n_panels"].max())
        most = shapes["n_obs"].nsmallest(n_entered).max()
        return f"the {count(n_entered)} with the fewest rows, {count(int(most))} at most"

    def goes_with(self) -> str:
        """Return rank correlations of the network's log error ratio with what is known before a fit.

        Intervals draw panels, all studies of one together.
        """
        errors = pd.read_csv(REFERENCE / ERRORS).set_index("study")
        tables, studies = self.pages.tables, pd.read_csv(STUDIES, index_col="study")
        shapes = tables["suite_network"].drop_duplicates("study").set_index("study")
        outcomes = tables["suite_panels"].drop_duplicates("study").set_index("study")["share_between"]
        shapes = shapes.assign(share_between=outcomes)
        rng = np.random.default_rng(self.suite.seed)
        lines = {head: [head] for head in KNOWN_BEFORE.values()}
        for protocol in PROTOCOLS:
            grid = errors[errors["protocol"] == protocol]
            ratios = np.log(grid[self.suite.network] / grid[str(self.suite.rival)]).dropna()
            panels, _ = pd.factorize(studies.loc[ratios.index, "panel"])
            drawn = [one[one >= 0] for one in draw_data_sets(panels, self.suite.draws, rng)]
            for name, head in KNOWN_BEFORE.items():
                pair = ratios.to_numpy(), shapes.loc[ratios.index, name].to_numpy()
                draws = np.array([rank_correlation(*(values[rows] for values in pair)) for rows in drawn])
                shown = fixed(float(rank_correlation(*pair)), 2)
                lines[head].append(f"{shown} {interval(*limits(draws, self.suite.level), 2)}")
        return markdown.table(["", *(TITLES[name] for name in PROTOCOLS)], [*lines.values()])

    def levels(self) -> str:
        """Return what intervals are over: panels and their entities, or panels alone."""
        return PANELS_ALONE if self.standings["absolute_low"].isna().all() else BOTH_LEVELS

    def without_influential(self, protocols: Sequence[str] = PROTOCOLS, estimator: str = "") -> str:
        """Return what becomes of the answer without the ten panels that move it most."""
        subset = WITHOUT_INFLUENTIAL
        if not (self.standings["subset"] == subset).any():
            return "With fewer than sixteen panels the answer was not tried without the most influential."
        sides = [[self.side(name, one, estimator) for one in (ALL, subset)] for name in protocols]
        same = [name for name, (before, after) in zip(protocols, sides, strict=True) if before == after]
        changed = [name for name in protocols if name not in same]
        start = "Without the ten panels that move the network's mean most, each protocol's own ten, "
        if not changed:
            return f"{start}all three sentences stand."
        others = "; ".join(
            f"{TITLES[name].lower()}: {self._sentence(name, subset, estimator)}" for name in changed
        )
        return f"{start}{len(same)} of the three sentences stand. {others[0].upper()}{others[1:]}."

    def ranks(self, protocol: str) -> str:
        """Return the standings under a protocol, with Friedman's test and Nemenyi's critical difference."""
        own = self.pages.tables["suite_ranks"]
        row = own[own["protocol"] == protocol].iloc[0]
        tests = (
            f"Friedman's test of equal ranks: {p_text(row['p_value'])}; Nemenyi's critical difference of "
            f"average ranks {fixed(row['critical_difference'], 2)}."
        )
        standings = self.standings[
            (self.standings["protocol"] == protocol) & (self.standings["subset"] == ALL)
        ]
        refusals = [
            f"{self.suite.labels[row['estimator']]} {count(int(row['n_refused']))}"
            for row in standings.to_dict("records")
            if row["n_refused"] > 0
        ]
        if refusals:
            tests += f" Refused studies, last in ranks and in no mean: {', '.join(refusals)}."
        return f"{_in_markdown(self.pages.rank_intervals(protocol))}\n\n{tests}"

    def base_rates(self) -> str:
        """Return the shares that base rates say of studies that were left out of them, next to what became.

        A study's share is that of the others of its shape, those of its panel left out as well; studies are
        put in three classes by it.
        """
        rates = pd.read_csv(ROOT / "harness" / "findings" / BASE_RATES, index_col="study").astype(float)
        panels = pd.read_csv(STUDIES, index_col="study")["panel"].loc[rates.index]
        lines, texts = [], []
        for name, words in (("same", "the same entities"), ("new", "new entities")):
            pairs = []
            for study, one in rates.iterrows():
                others = rates[panels != panels[study]].to_dict("records")
                rate = base_rate(int(one["n_entities"]), int(one["n_periods"]), others)
                if rate is not None:
                    n_above = {"same": rate.n_same, "new": rate.n_new}[name]
                    pairs.append((n_above / rate.n_studies, one[name]))
            compared = pd.DataFrame(pairs, columns=["share", "became"]).sort_values("share", kind="stable")
            thirds = [compared.iloc[part] for part in np.array_split(np.arange(len(compared)), 3)]
            for third, title in zip(thirds, ("lowest third", "middle third", "highest third"), strict=True):
                if len(third):
                    limits = exact_limits(float(third["became"].sum()), float(len(third)))
                    lines.append(
                        [
                            *(words, title, count(len(third))),
                            percent(third["share"].mean(), 0),
                            percent(third["became"].mean(), 0),
                            percent_interval(*limits),
                        ]
                    )
            if all(map(len, thirds)):
                texts.append(order_of_rates(words, thirds[0]["became"], thirds[-1]["became"]))
        if not lines:
            return "Too few studies of any shape for a base rate."
        heads = [
            "network better for",
            "by what the others say",
            "studies",
            "the others say",
            "became",
            "interval",
        ]
        return f"{markdown.table(heads, lines)}\n\n{' '.join(texts)}"

    def not_run(self) -> str:
        """Return which studies of six protocols were not run, for want of hours, and their rows."""
        chosen = {Path(one.spec).stem.replace("_", "-") for one in load_suite(OTHER_SUITE).suite.studies}
        rows = self.pages.tables["suite_panels"].drop_duplicates("study").set_index("study")["n_obs"]
        rows = rows[rows.index.isin(chosen - set(HundredStudies(SIX).record.studies))]
        shown = ", ".join(f"{study} ({count(int(n_rows))} rows)" for study, n_rows in rows.items())
        return f"Not run, since each takes more than an hour of one core: {shown}. " * bool(shown)

    def six_protocols(self) -> str:
        """Return average ranks under six protocols on the same studies, and how alike their orders are.

        Kendall's tau-b is of the average ranks under a protocol with those for new entities, its interval
        over panels, of which each has one study here.
        """
        other = HundredStudies(SIX)
        errors = pd.read_csv(REFERENCE / ERRORS, index_col=["study", "protocol"])
        ranks = errors.rank(axis=1, na_option="bottom")
        studies = list(other.record.studies)
        average = {name: ranks.xs(name, level="protocol").loc[studies].mean() for name in PROTOCOLS}
        table = other.standings[other.standings["subset"] == ALL].set_index("estimator")
        average |= {name: table[table["protocol"] == name]["average_rank"] for name in OTHERS}
        labels, among = self.suite.labels, average[SAME_AND_NEW[1]]
        order = among.sort_values(kind="stable").index
        lines = [[labels[one], *(fixed(column[one], 2) for column in average.values())] for one in order]
        taus = (kendalltau(column[order], among[order]).statistic for column in average.values())
        lines.append(["Kendall's tau", *(fixed(tau, 2) for tau in taus)])
        others = pd.read_csv(SIX / ERRORS, index_col=["study", "protocol"]).rank(axis=1, na_option="bottom")
        grids = [
            (ranks if name in PROTOCOLS else others).xs(name, level="protocol").loc[studies, order].to_numpy()
            for name in average
        ]
        rng = np.random.default_rng(self.suite.seed)
        drawn = rng.integers(len(studies), size=(self.suite.draws, len(studies)))
        means = dict(zip(average, (grid[drawn].mean(axis=1) for grid in grids), strict=True))
        cells = []
        for name, own in means.items():
            pairs = zip(own, means[SAME_AND_NEW[1]], strict=True)
            shown = limits(np.array([kendalltau(*pair).statistic for pair in pairs]), self.suite.level)
            cells.append("" if name == SAME_AND_NEW[1] else interval(*shown, 2))
        lines.append(["Interval", *cells])
        lines.append(["Run", *[self.record.form] * len(PROTOCOLS), *[other.record.form] * len(OTHERS)])
        return markdown.table(["", *(TITLES[name] for name in average)], lines)

    def entries(self, name: str) -> str:
        """Return where estimators of a table that is kept stand next to the best simple rival."""
        lines = [
            [
                TITLES[row["protocol"]],
                row["label"],
                count(int(row["n_panels"])),
                percent(row["win_rate"], 0),
                fixed(row["log_error_ratio"], 2),
                interval(row["conf_low"], row["conf_high"], 2),
            ]
            for row in pd.read_csv(REFERENCE / name).to_dict("records")
        ]
        heads = ["", "estimator", "studies", "wins", "log error ratio", "interval"]
        return markdown.table(heads, lines)

    def cost(self) -> str:
        """Return what each estimator took."""
        rows = self.pages.tables["suite_budgets"]
        cells = [
            [
                row["label"],
                count(int(row["n_fits"])),
                count(round(row["seconds"])),
                count(int(row["n_refused"])),
            ]
            for row in rows.to_dict("records")
        ]
        total = ["all", count(int(rows["n_fits"].sum())), count(round(rows["seconds"].sum())), ""]
        return markdown.table(["estimator", "fits", "seconds", "refused"], [*cells, total])

    def page(self) -> str:
        """Return the page."""
        is_quick = self.record.form == QUICK
        partial = (
            f"{PARTIAL.format(n=n_done, all=n_all)} "
            if (n_done := len(self.record.studies)) < (n_all := len(load_suite(SUITE).suite.studies))
            else ""
        )
        left_out = [f"{one.study}, {one.reason}" for one in self.record.left_out if one.reason != NOT_YET[0]]
        links = {ERRORS: "mean squared errors of every estimator", ENTRIES: ENTRIES, TUNED: TUNED} | {
            f"suite_{one}.csv": f"suite_{one}.csv" for one in KEPT
        }
        kept = [
            f"[{text}](../suites/reference/hundred_studies/{name})"
            for name, text in links.items()
            if (REFERENCE / name).exists()
        ]
        tables = ", ".join(kept) + "." + f" Left out: {'; '.join(left_out)}." * bool(left_out)
        other = HundredStudies(SIX)
        titles = {name: f"### {TITLES[name]}" for name in PROTOCOLS}
        ranks = [f"{titles[name]}\n\n{self.ranks(name)}" for name in PROTOCOLS]
        shapes = [
            f"{titles[name]}: the network\n\n{_in_markdown(self.pages.by_shape(name))}" for name in PROTOCOLS
        ]
        return TEMPLATE.read_text(encoding="utf-8").format(
            answer=f"{partial}{' '.join(self.answer())}",
            robust=f"{self.without_influential()}{SHORT * is_quick}",
            next=self.named_next(),
            knowing=self.knowing_entities(),
            entered=self.entered(),
            goes_with=self.goes_with(),
            n_studies=count(len(self.record.studies)),
            n_panels=count(int((chosen := pd.read_csv(STUDIES))["panel"].nunique())),
            n_second=count(int(chosen["second_of"].notna().sum())),
            n_left_out=count(len(pd.read_csv(LEFT_OUT))),
            n_cells=count(len(PROTOCOLS) * len(self.record.studies)),
            over=self.levels(),
            form=OPTION * is_quick,
            six_form=OPTION * (is_six_quick := other.record.form == QUICK),
            six_short=", which were run quickly" * is_six_quick,
            standings="\n\n".join(ranks),
            shapes="\n\n".join(shapes),
            base_rates=self.base_rates(),
            n_six=count(len(other.record.studies)),
            six=self.six_protocols(),
            six_over=other.levels(),
            six_answers=" ".join([*other.answer(OTHERS), other.without_influential(OTHERS)]),
            six_next=other.named_next(OTHERS),
            not_run=self.not_run(),
            others="\n\n".join(f"### {TITLES[name]}\n\n{other.ranks(name)}" for name in OTHERS),
            entries=self.entries(ENTRIES),
            tuned=self.entries(TUNED),
            cost=self.cost(),
            tables=tables,
        )

    def readme(self, name: str) -> str:
        """Return a README, by its file, with the paragraph on these studies."""
        before, _, rest = (ROOT / name).read_text(encoding="utf-8").partition(START)
        shares = {
            key: percent(self._of(protocol)["win_rate"], 0)
            for key, protocol in zip(("same", "new", "later"), PROTOCOLS, strict=True)
        }
        form = FORMS[name] * (self.record.form == QUICK)
        words = READMES[name].format(n=count(len(self.record.studies)), form=form, **shares)
        return f"{before}{START}{words}\n{END}{rest.partition(END)[2]}"

    def draw(self, path: Path) -> None:
        """Draw the figure."""
        with house_style():
            titles = {protocol: TITLES[protocol] for protocol in SAME_AND_NEW}
            figure = plot_two_gains(self.pages.tables["suite_network"], titles)
            path.write_text(printed(figure).svg, encoding="utf-8")


def main() -> None:
    """Keep the tables of the runs that are named, and write page and figure."""
    for run in map(Path, sys.argv[1:]):
        record = read_record(run)
        suite = record.suite
        others = set(suite.estimator_ids) - set(load_suite(SUITE).suite.estimator_ids)
        if suite.suite == load_suite(OTHER_SUITE).suite.suite:
            keep(run, SIX)
        elif others and record.form != QUICK:
            keep_entries(run, TUNED, suite.flexible)
        elif others:
            keep_entries(run, ENTRIES, {*others, suite.network})
        else:
            keep(run, REFERENCE)
            keep_base_rates(run)
    found = HundredStudies(REFERENCE)
    PAGE.write_text(found.page(), encoding="utf-8")
    found.draw(FIGURE)
    for name in READMES:
        (ROOT / name).write_text(found.readme(name), encoding="utf-8")


if __name__ == "__main__":
    main()
