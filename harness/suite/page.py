"""The pages of a suite, from its tables alone: the standings, and one for each panel and each estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby
from math import inf, isfinite, nan
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from harness.report.blocks import (
    Bullets,
    Column,
    Given,
    Heading,
    Paragraph,
    Phrase,
    ReportBlock,
    ReportFigure,
    ReportTable,
    SmallPrint,
    TableCell,
    TableColumn,
    Words,
    record_table,
    rich,
    text_column,
)
from harness.report.drawing.canvas import finish, house_style
from harness.report.page import PageSection, render_document
from harness.suite.figures import plot_cost, plot_gains, plot_ranks, plot_two_gains
from harness.suite.findings import OVER_WORDS
from harness.suite.overall import FEATURES
from harness.suite.results import QUICK, RECORD, SUITE_TABLES, SuiteRecord
from harness.suite.spec import OVERS, Over, Suite
from harness.suite.standings import ALL, SUBSET_TITLES
from harness.tables.decision import ABOVE, BELOW
from harness.text.numbers import MISSING, count, fixed, interval, p_text, percent, percent_interval
from harness.text.plain_text import file_slug

# How the cell of a gain looks on which was decided.
LOOKS = {ABOVE: "better", BELOW: "worse"}

# The page of the standings, and the folders of the others.
INDEX, PANELS, ESTIMATORS = "index.html", "panels", "estimators"

# Protocols as they are headed; one that is not here has its id.
TITLES: Mapping[str, str] = {
    "held_out_entities": "Entities not used in training",
    "forward": "Forward in time",
    "entities_and_time": "Entities not used in training, later periods",
    "random_rows": "Random rows",
    "in_sample": "In sample",
    "as_published": "As published (random rows)",
}

Row = Mapping[Any, Any]
Tables = Mapping[str, pd.DataFrame]


def _column(head: str | TableColumn, write: Callable[..., Given], *names: str) -> Column[Row]:
    """Return a column that writes some cells of a row."""
    return head, lambda row: write(*(row[name] for name in names))


def _whole(number: float) -> str:
    return count(int(number))


_share, _limits = partial(percent, decimals=0), partial(interval, decimals=3)
_ratio, _tenths = partial(fixed, decimals=3), partial(fixed, decimals=1)

SUMMARY = (
    _column("Wins", _share, "win_rate"),
    _column("Interval", percent_interval, "win_low", "win_high"),
    _column("Mean log error ratio", _ratio, "log_error_ratio"),
    _column("Interval", _limits, "conf_low", "conf_high"),
    _column("For all at once", _limits, "simultaneous_low", "simultaneous_high"),
    *(_column(name.capitalize(), _whole, f"n_{name}") for name in ("better", "worse", "refused", "panels")),
    _column("Seconds", _ratio, "seconds"),
    _column("MB", _tenths, "memory"),
)
RECOGNITION = (
    _column("Median share", _share, "share"),
    _column("Interval", percent_interval, "conf_low", "conf_high"),
    _column("Panels", _whole, "n_panels"),
    _column("Without a gain", _whole, "n_without_gain"),
)
SHAPE = (
    _column("Rows", _whole, "n_obs"),
    _column("Entities", _whole, "n_entities"),
    _column("Periods", _whole, "n_periods"),
    _column(text_column("Balanced"), lambda balanced: "yes" if balanced else "no", "balanced"),
    _column("Variance between", _share, "share_between"),
    _column("Curvature", percent, "curvature"),
)
BUDGET = (
    _column("Candidates", _whole, "n_candidates"),
    _column("Fits", _whole, "n_fits"),
    _column("Seconds", _tenths, "seconds"),
    _column("MB", _tenths, "memory"),
    _column("Refused", _whole, "n_refused"),
    _column(
        text_column("Options"),
        lambda use, options: TableCell((Phrase(use, "code"), f" {options}"), look="wide"),
        *("use", "options"),
    ),
)

ABOUT_QUICK = " Fewer draws, splits and restarts than the suite asks for; a whole run can rank differently."
ABOUT_STANDINGS = (
    "Wins: panels with the smaller error. Log error ratio: mean over panels; below zero is better. "
    "Intervals over data sets and the entities in them, of flexible estimators for all at once."
)
ABOUT_SUMMARY = (
    "Wins: share of panels with the smaller error; refusing a panel is no win. Log error ratio: log of the "
    "error over the reference's; below zero is better. Intervals resample data sets, all panels of one "
    "together, and entities. Better, worse: panels on which the gain is significant by itself, p-values "
    "adjusted by Holm over all panels and flexible estimators; forward in time a panel needs five new "
    "periods to be tested. The best simple rival is chosen panel by panel on the tested rows, which favours "
    "it. Seconds: median over panels of a fit on one core. MB: median over panels of the memory that a fit "
    "takes at its height beyond what its process has."
)
ABOUT_RECOGNITION = (
    "Median over the panels on which the gain on random rows is significantly above zero, with an exact "
    "interval; above 100% where pooled OLS predicts new entities better."
)
ABOUT_EXPLAINED = (
    "Below zero: the estimator does better, next to two-way effects, on panels with more of it. Intervals "
    "resample data sets, each by itself. What goes together is no cause."
)
ABOUT_BUDGETS = (
    "All estimators are fitted on the same rows of the same splits, and choose what they choose on rows of "
    "the training side alone. Candidates: sets of options that are compared, the same number for all that "
    "are tuned. MB: of the panel where a fit takes most."
)
ABOUT_GAINS = (
    "Error: mean squared error over the variance of the outcome on the training rows. Gain: share of the "
    "reference's squared error that is gone. Beneath it its interval, and where the panel can be tested by "
    "itself the p-value, adjusted by Holm over all panels and flexible estimators. Coloured: significant "
    "after that."
)
# Words for those who do not see the figures, and captions.
CAPTIONS = (
    (
        "The gain of every flexible estimator over two-way effects on every panel.",
        "Gain of every flexible estimator over two-way effects, panel by panel. A gain below −100% is drawn "
        "there; a dot that is missing is a refusal, of the estimator or of two-way effects.",
    ),
    (
        "Average rank of every estimator over the panels, with the critical difference.",
        "Average rank by error, 1 is best; an estimator that refuses a panel is last there. The bar is "
        "Nemenyi's critical difference at {level} from the best; full dots lie within it (Demšar 2006).",
    ),
    (
        "Mean log error ratio over pooled OLS against seconds and megabytes of a fit.",
        "What accuracy costs: mean log error ratio over pooled OLS, below zero is better, with intervals "
        "that resample data sets and entities, against the seconds of a fit on one core and the memory it "
        "takes at its height beyond what its process has.",
    ),
)
TWO_GAINS = (
    "Gain of the network over the best simple rival on random rows against the gain for new entities.",
    "Gain of {network} over {rival}: on random rows, whose entities the training rows have, and for entities "
    "not used in training; a dot a panel. A gain below −100% is drawn there. Full dots: the interval for new "
    "entities lies above zero. On the line both gains are the same.",
)
ABOUT_SHAPES = (
    "Log error ratio to the best simple rival: mean over studies; below zero is better. Ranks and ratios "
    "have intervals over panels, all studies of a panel together, and the entities in them, ratios of "
    "absolute errors and of interval scores, those of 90% prediction intervals (Gneiting and Raftery 2007), "
    "over panels. The ten most influential panels are those whose absence moves the network's mean most."
)
# The protocols of the figure: rows of the same entities, and new entities.
SAME_AND_NEW = ("random_rows", "held_out_entities")
# How an estimator gets its line.
JOIN = (
    "Name a regressor of scikit-learn, `{{use: sklearn, class: sklearn.MODULE.CLASS}}`, or write a "
    "plugin: `harness new-plugin NAME`.",
    "Run the suite with it: `harness suite SUITE.yaml {quick}--estimator NAME --out runs/mine`. Panels, "
    "splits and rivals are the same.",
    "Compare the errors of the others with [these](suite_gain.csv): "
    "`harness suite compare runs/mine suite_gain.csv` says which differ, and how yours stand to them.",
    "Write these pages with its line: `harness suite site runs/mine --out site`. To have it here, propose "
    "the plugin together with the tables of the run.",
)


@dataclass(frozen=True, eq=False)
class SuitePages:
    """What the pages of a suite are made of.

    Attributes
    ----------
    record : of what was run
    tables : those of `harness.suite.results`, by name
    rows : their rows
    up : how a page in a folder begins its links; empty for the page of the standings
    """

    record: SuiteRecord
    tables: Tables
    rows: Mapping[str, Sequence[Row]]
    up: str = ""

    @property
    def suite(self) -> Suite:
        """The suite as it was run."""
        return self.record.suite

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Titles of the protocols, by id."""
        rows = (*self.rows["suite_gain"], *self.rows["suite_network"])
        return {row["protocol"]: TITLES.get(row["protocol"], row["protocol"]) for row in rows}

    def _rows(self, table: str, **wanted: str) -> list[Row]:
        """Return the rows of a table that have these values."""
        return [row for row in self.rows[table] if all(row[key] == value for key, value in wanted.items())]

    def _label(self, estimator: str) -> str:
        return self.suite.labels.get(estimator, estimator)

    def _link(self, text: str, folder: str, name: str) -> TableCell:
        return TableCell(Phrase(text, "a", href=f"{self.up}{folder}/{file_slug(name)}.html"))

    @property
    def _by_estimator(self) -> Column[Row]:
        return _column("Estimator", lambda name: self._link(self._label(name), ESTIMATORS, name), "estimator")

    @property
    def _by_panel(self) -> Column[Row]:
        """The title of a panel, and the outcome where a study has several."""
        panels = self.rows["suite_panels"]
        titles = {(row["study"], row["outcome"]): str(row["title"]) for row in panels}

        def cell(study: str, outcome: str) -> TableCell:
            more = f": {outcome}" * (len(self._rows("suite_panels", study=study)) > 1)
            return self._link(f"{titles.get((study, outcome), study)}{more}", PANELS, study)

        return _column("Panel", cell, "study", "outcome")

    def _document(self, title: str, head: Sequence[ReportBlock], sections: Sequence[PageSection]) -> str:
        home = (Phrase("All results", "a", href=f"{self.up}{INDEX}"), " · ") if self.up else ()
        of = f"suite {self.suite.suite}, edition {self.suite.edition}"
        shown: list[ReportBlock] = [Paragraph((*home, of), "byline soft")]
        for is_so, mark, words in (
            (self.record.is_simulated, "SIMULATED DATA.", " No number here says anything about the world."),
            (self.record.form == QUICK, "QUICK RUN.", ABOUT_QUICK),
        ):
            if is_so:
                shown.append(Paragraph((Phrase(mark, "strong"), words), "banner"))
        return render_document(title, (*shown, *head), sections, language="en")

    def index(self) -> str:
        """Return the page of the standings."""
        n_panels, n_left_out = (len(self.rows[name]) for name in ("suite_panels", "suite_left_out"))
        ranks = {row["protocol"]: row["text"] for row in self._rows("suite_findings", finding="rank")}
        head = [Paragraph(f"{self.suite.description} {count(n_panels)} panels.")]
        head += [Paragraph(f"{self.titles[name]}: {text}", "verdict") for name, text in ranks.items()]
        if n_left_out:
            head.append(Paragraph(f"{n_left_out} of its studies could not be run here.", "know"))
        made = {
            "standings": ("", self._standings()),
            "figures": ("", self._figures()),
            "said": ("What is said", self._findings()),
            "summary": ("All panels together", self._summary()),
            "shapes": ("By shape", self._by_shape()),
            "explained": ("Where flexible estimators gain", self._explained(self.rows["suite_explained"])),
            "panels": ("The panels", self._panels()),
            "budgets": ("What each estimator was given", self._budgets()),
            "join": ("Your own estimator in these tables", self._join()),
            "tables": ("Tables", self._files()),
        }
        sections = [PageSection(name, heading, tuple(blocks)) for name, (heading, blocks) in made.items()]
        return self._document(self.suite.title, head, sections)

    def panel(self, study: str) -> str:
        """Return the page of one study: its panels, and what every estimator predicts on each."""
        panels = self._rows("suite_panels", study=study)
        blocks: list[ReportBlock] = [_table("Shape", panels, _column("Outcome", str, "outcome"), *SHAPE)]
        for outcome in (row["outcome"] for row in panels):
            gains = self._rows("suite_gain", study=study, outcome=outcome)
            gains.sort(key=lambda row: row["nmse"] if isfinite(row["nmse"]) else inf)
            blocks += self._gain_tables(f"{outcome}: ", gains, self._by_estimator)
        blocks.append(self._raw("suite_gain", "suite_panels"))
        head = (Paragraph(f"Data: {panels[0]['source']}"),)
        return self._document(str(panels[0]["title"]), head, [PageSection("gains", "", tuple(blocks))])

    def estimator(self, name: str) -> str:
        """Return the page of one estimator: its standing, every panel, its options and cost."""
        of = f"of {len(self.suite.estimator_ids)}"
        head = [
            Paragraph(f"{self.titles[row['protocol']]}: average rank {fixed(row['average_rank'], 2)} {of}.")
            for row in self._rows("suite_ranks", estimator=name)
        ]

        def over(protocol: str, reference: Over) -> str:
            return f"{self.titles[protocol]}: {OVER_WORDS[reference]}"

        summary, first = (
            self._rows("suite_summary", estimator=name),
            _column("Over", over, "protocol", "over"),
        )
        together = (_table("All panels together", summary, first, *SUMMARY), SmallPrint(ABOUT_SUMMARY))
        findings = self._rows("suite_findings", estimator=name)
        blocks = (
            *(together if summary else ()),
            Bullets(tuple(f"{self.titles[row['protocol']]}: {row['text']}" for row in findings)),
            *self._gain_tables("", self._rows("suite_gain", estimator=name), self._by_panel),
            *self._explained(self._rows("suite_explained", estimator=name)),
            *self._budgets(estimator=name),
            self._raw("suite_gain", "suite_summary", "suite_budgets"),
        )
        return self._document(self._label(name), head, [PageSection("standing", "", blocks)])

    def standings(self, protocol: str) -> ReportTable:
        """Return estimators by average rank, next to two-way effects and to the best simple rival."""
        ranks = sorted(self._rows("suite_ranks", protocol=protocol), key=lambda row: row["average_rank"])
        own, first = self._rows("suite_summary", protocol=protocol), ranks[0]
        difference = f"{fixed(first['critical_difference'], 2)} ({_whole(first['n_panels'])} panels)"
        rows = [{**rank, **_by_over(own, rank["estimator"])} for rank in ranks]
        note = f"* within Nemenyi's critical difference of the best rank, {difference}."
        return record_table(
            self.titles[protocol],
            [("", rows)],
            self._by_estimator,
            _column("Average rank", _rank, "average_rank", "is_tied_with_best"),
            _under("Wins over two-way effects", "two_way", _wins),
            _under("Log error ratio to two-way effects", "two_way", self._log_ratio),
            _under("to the best simple rival", "simple", self._log_ratio),
            notes=(note,),
            is_whole=True,
        )

    def _standings(self) -> Iterator[ReportBlock]:
        for protocol in self.titles:
            table = self.standings(protocol)
            yield replace(table, notes=())
            yield SmallPrint(f"{table.notes[0]} {ABOUT_STANDINGS}")

    def _log_ratio(self, row: Row) -> Given:
        start = "simultaneous" if row["estimator"] in self.suite.flexible else "conf"
        limits = interval(row[f"{start}_low"], row[f"{start}_high"], 2)
        return TableCell(fixed(row["log_error_ratio"], 2), (limits,))

    def _findings(self) -> Iterator[ReportBlock]:
        for protocol, title in self.titles.items():
            yield Heading(title)
            own = self._rows("suite_findings", protocol=protocol)
            yield Bullets(
                tuple(Phrase(row["text"], "strong") if row["is_established"] else row["text"] for row in own)
            )

    def _summary(self) -> Iterator[ReportBlock]:
        for protocol, title in self.titles.items():
            for over in OVERS:
                if own := self._rows("suite_summary", protocol=protocol, over=over):
                    yield _table(f"{title}: over {OVER_WORDS[over]}", own, self._by_estimator, *SUMMARY)
        yield SmallPrint(ABOUT_SUMMARY)
        if shares := self.rows["suite_recognition"]:
            caption = "Recognition: share of the gain on random rows that is gone elsewhere"
            yield _table(caption, shares, self._by_estimator, *RECOGNITION)
            yield SmallPrint(ABOUT_RECOGNITION)

    def rank_intervals(self, protocol: str) -> ReportTable:
        """Return average ranks with their intervals over all panels, best first."""
        rows = self._rows("suite_standings", protocol=protocol, subset=ALL)
        scored = (
            _column("Of interval scores", _ratio, "log_interval_ratio"),
            _column("Interval", _limits, "interval_low", "interval_high"),
        )
        return _table(
            self.titles[protocol],
            sorted(rows, key=lambda row: row["average_rank"]),
            self._by_estimator,
            _column("Average rank", partial(fixed, decimals=2), "average_rank"),
            _column("Interval", partial(interval, decimals=2), "rank_low", "rank_high"),
            _column("Log error ratio", _ratio, "log_error_ratio"),
            _column("Interval", _limits, "conf_low", "conf_high"),
            _column("Of absolute errors", _ratio, "log_absolute_ratio"),
            _column("Interval", _limits, "absolute_low", "absolute_high"),
            *(scored if any(isfinite(row.get("log_interval_ratio", nan)) for row in rows) else ()),
        )

    def by_shape(self, protocol: str) -> ReportTable:
        """Return where the suite's network stands over all panels, without the influential, and by shape."""
        rows = self._rows("suite_standings", protocol=protocol, estimator=self.suite.network)
        return _table(
            f"{self._label(self.suite.network)}: {self.titles[protocol]}",
            sorted(rows, key=lambda row: list(SUBSET_TITLES).index(row["subset"])),
            _column(text_column("Studies"), SUBSET_TITLES.__getitem__, "subset"),
            _column("Number", _whole, "n_panels"),
            _column("Wins", _share, "win_rate"),
            _column("Interval", percent_interval, "win_low", "win_high"),
            _column("Log error ratio", _ratio, "log_error_ratio"),
            _column("Interval", _limits, "conf_low", "conf_high"),
        )

    def _by_shape(self) -> Iterator[ReportBlock]:
        asked = {row["protocol"] for row in self.rows["suite_standings"]}
        for protocol in (name for name in self.titles if name in asked):
            yield self.rank_intervals(protocol)
            if self.suite.network:
                yield self.by_shape(protocol)
        yield SmallPrint(ABOUT_SHAPES if asked else "Fewer than six panels: nothing is said of shapes.")

    def explained(self, found: Sequence[Row]) -> ReportTable:
        """Return rank correlations with features of panels."""
        pairs: dict[tuple[str, str], dict[str, Any]] = {}
        for row in found:
            pair = pairs.setdefault((row["protocol"], row["estimator"]), dict(row))
            pair[row["feature"]] = row
        return _table(
            "Rank correlation of the log error ratio with features",
            pairs.values(),
            self._by_estimator,
            _column(text_column("Protocol"), self.titles.__getitem__, "protocol"),
            *(_under(head, name, _correlation) for name, head in FEATURES.items()),
        )

    def _explained(self, found: Sequence[Row]) -> Iterator[ReportBlock]:
        if found:
            yield self.explained(found)
            yield SmallPrint(ABOUT_EXPLAINED)

    def _panels(self) -> Iterator[ReportBlock]:
        data = _column(text_column("Data"), str, "source")
        yield _table("Panels, their shape and data", self.rows["suite_panels"], self._by_panel, *SHAPE, data)
        left_out: list[Words] = [
            (f"{row['study']}: {row['reason']}; ", Phrase(row["remedy"], "code"))
            for row in self.rows["suite_left_out"]
        ]
        if left_out:
            yield Heading("Left out")
            yield Bullets(tuple(left_out))
        refused = [
            f"{row['study']}, {self.titles[row['protocol']]}, {self._label(row['estimator'])}: "
            f"{row['reason']}"
            for row in self._rows("suite_gain", over="pooled")
            if row["status"] != "ok"
        ]
        yield Heading("Refused")
        yield Bullets(tuple(refused) or ("No estimator refused a panel.",))

    def _budgets(self, **wanted: str) -> Iterator[ReportBlock]:
        own = self._rows("suite_budgets", **wanted)
        yield _table("Options, fits, time and memory", own, self._by_estimator, *BUDGET)
        yield SmallPrint(ABOUT_BUDGETS)

    def _gain_tables(self, start: str, gains: Sequence[Row], first: Column[Row]) -> Iterator[ReportBlock]:
        """Yield the errors and gains of one panel or of one estimator, a table a protocol."""
        for protocol, title in self.titles.items():
            own = [row for row in gains if row["protocol"] == protocol]
            cells = groupby(own, key=lambda row: (row["study"], row["outcome"], row["estimator"]))
            rows = [list(found) for _, found in cells]
            records = [{**found[0], **_by_over(found, found[0]["estimator"])} for found in rows]
            if records:
                yield _table(
                    f"{start}{title}",
                    records,
                    first,
                    _column("Error", _ratio, "nmse"),
                    *(_under(f"Gain over {words}", over, self._gain) for over, words in OVER_WORDS.items()),
                    _column("Seconds", _ratio, "seconds"),
                    _column("MB", _tenths, "memory"),
                )
        yield SmallPrint(ABOUT_GAINS)

    def _gain(self, row: Row) -> Given:
        """Return a gain with its interval and p-value, or why there is none."""
        if row["status"] != "ok":
            return TableCell(MISSING, reason=row["reason"])
        rival = f"over {self._label(row['reference'])}" if row["over"] == "simple" else ""
        more = ", ".join(filter(None, (p_text(row["p_holm"]), rival)))
        limits = percent_interval(row["conf_low"], row["conf_high"])
        look = LOOKS.get(row["decision"], "")
        return TableCell(percent(row["gain"]), tuple(filter(None, (limits, more))), look)

    def _raw(self, *names: str) -> ReportBlock:
        """Return links to tables."""
        links = ((Phrase(f"{name}.csv", "a", href=f"{self.up}{name}.csv"), " ") for name in names)
        return Paragraph(("Rows as they are stored: ", *(part for link in links for part in link)), "soft")

    def _files(self) -> Iterator[ReportBlock]:
        files = {table.file: table.description for table in SUITE_TABLES.values()}
        files[RECORD] = "the suite as it was run"
        yield Bullets(tuple((Phrase(name, "a", href=name), f": {text}") for name, text in files.items()))

    def _join(self) -> Iterator[ReportBlock]:
        """Yield how an estimator gets its line."""
        quick = "--quick " * (self.record.form == QUICK)
        yield Bullets(tuple(rich(step, {"quick": quick}) for step in JOIN))

    def _figures(self) -> Iterator[ReportFigure]:
        labels, level = self.suite.labels, percent(1 - self.suite.level, 0)
        flexible = {name: labels[name] for name in self.suite.flexible}
        gains, summary = self.tables["suite_gain"], self.tables["suite_summary"]
        if not (gains["status"] == "ok").any():
            return
        with house_style():
            drawn: tuple[tuple[str, Figure], ...] = (
                ("suite-gains", plot_gains(gains[gains["over"] == "two_way"], flexible, titles=self.titles)),
                ("suite-ranks", plot_ranks(self.tables["suite_ranks"], labels, self.titles)),
                ("suite-cost", plot_cost(summary[summary["over"] == "pooled"], labels, self.titles)),
            )
            captions = list(CAPTIONS)
            if self.suite.network and set(SAME_AND_NEW) <= set(self.titles):
                titles = {protocol: self.titles[protocol] for protocol in SAME_AND_NEW}
                drawn = (*drawn, ("suite-network", plot_two_gains(self.tables["suite_network"], titles)))
                names = {"network": self._label(self.suite.network), "rival": OVER_WORDS["simple"]}
                captions.append((TWO_GAINS[0], TWO_GAINS[1].format(**names)))
            for (name, figure), (alt, caption) in zip(drawn, captions, strict=True):
                shown = ReportFigure(name, figure, alt=alt, caption=caption.format(level=level))
                yield finish(shown, is_simulated=self.record.is_simulated)


def suite_pages(record: SuiteRecord, tables: Tables) -> Mapping[str, str]:
    """Return all pages by the name of their file; every name in them is escaped.

    Parameters
    ----------
    tables : those of `harness.suite.results`, by name
    """
    own = SuitePages(record, tables, {name: table.to_dict("records") for name, table in tables.items()})
    below, studies = replace(own, up="../"), dict.fromkeys(tables["suite_panels"]["study"])
    return {
        INDEX: own.index(),
        **{f"{PANELS}/{file_slug(name)}.html": below.panel(name) for name in studies},
        **{
            f"{ESTIMATORS}/{file_slug(name)}.html": below.estimator(name)
            for name in record.suite.estimator_ids
        },
    }


def _table(caption: str, rows: Iterable[Row], *columns: Column[Row]) -> ReportTable:
    return record_table(caption, [("", rows)], *columns, is_whole=True)


def _rank(rank: float, is_tied: object) -> str:
    return f"{fixed(rank, 2)}{'*' * bool(is_tied)}"


def _by_over(rows: Sequence[Row], estimator: str) -> Row:
    """Return the rows of an estimator by what they are over."""
    return {row["over"]: row for row in rows if row["estimator"] == estimator}


def _under(head: str, key: str, write: Callable[[Row], Given]) -> Column[Row]:
    """Return a column that writes a row within the row, where it is there."""
    return head, lambda row: write(row[key]) if key in row else ""


def _wins(row: Row) -> Given:
    share = f"{percent(row['win_rate'], 0)} of {_whole(row['n_panels'])}"
    return TableCell(share, (percent_interval(row["win_low"], row["win_high"]),))


def _correlation(row: Row) -> Given:
    limits = interval(row["conf_low"], row["conf_high"], 2)
    return TableCell(fixed(row["rank_correlation"], 2), (limits,))
