"""All tables of a suite, from the run folders of its studies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from harness.record.study import EstimatorRecord
from harness.rng import random_stream
from harness.running.csv_table import as_declared
from harness.suite.explained import curvature_of, explained_rows
from harness.suite.findings import established, finding_rows
from harness.suite.gains import OVERS, Over, Row, gain_rows
from harness.suite.overall import Comparison, LogErrors, comparison, log_errors
from harness.suite.panels import PanelPlace, PanelResult
from harness.suite.ranks import Ranking, ranking
from harness.suite.spec import Suite
from harness.suite.studies import LeftOut
from harness.suite.tables import (
    SUITE_BUDGETS,
    SUITE_EXPLAINED,
    SUITE_FINDINGS,
    SUITE_GAIN,
    SUITE_LEFT_OUT,
    SUITE_PANELS,
    SUITE_RANKS,
    SUITE_SUMMARY,
)
from harness.tables.table import ResultTable

WHOLE, QUICK = "whole", "quick"
"""Forms that a suite is run in."""


@dataclass(frozen=True, eq=False)
class ProtocolResults:
    """What one protocol found on all panels that were asked it.

    Attributes
    ----------
    results : a panel each
    gains : of the protocol, as `harness.suite.findings.established` returns them
    """

    suite: Suite
    protocol: str
    results: Sequence[PanelResult]
    gains: pd.DataFrame

    def _stream(self, *labels: str) -> np.random.Generator:
        return random_stream(self.suite.seed, "suite", self.suite.suite, self.protocol, *labels)

    @cached_property
    def ranked(self) -> Ranking:
        """How the estimators rank."""
        return ranking(self.results, self.suite.estimator_ids, level=self.suite.level)

    @cached_property
    def errors(self) -> LogErrors:
        """Errors of all panels, and over draws of their entities."""
        suite = self.suite
        return log_errors(self.results, suite.estimator_ids, n_draws=suite.draws, rng=self._stream("errors"))

    @cached_property
    def compared(self) -> Mapping[tuple[str, Over], Comparison]:
        """Every estimator against its references, by estimator and what it is compared with."""
        suite = self.suite
        found: dict[tuple[str, Over], Comparison] = {}
        for estimator in suite.estimator_ids:
            for over in OVERS:
                references = self._references(over)
                if references == (estimator,) or (over == "simple" and estimator in suite.simple):
                    continue
                one = comparison(
                    self.errors,
                    estimator,
                    references,
                    level=suite.level,
                    n_at_once=max(1, len(suite.flexible)),
                    rng=self._stream(over),
                )
                if one is not None:
                    found[estimator, over] = one
        return found

    def _references(self, over: Over) -> tuple[str, ...]:
        suite = self.suite
        if over == "simple":
            return suite.simple
        return (suite.pooled,) if over == "pooled" else (suite.two_way,)

    def summary_rows(self) -> Iterator[Row]:
        """Yield win rates, error ratios, established gains and cost."""
        for (estimator, over), found in self.compared.items():
            own = self.gains[(self.gains["estimator"] == estimator) & (self.gains["over"] == over)]
            spent = [one.seconds[estimator] for one in self.results if estimator in one.seconds]
            taken = [one.memory[estimator] for one in self.results if estimator in one.memory]
            yield {
                "protocol": self.protocol,
                "estimator": estimator,
                "over": over,
                "win_rate": found.win_rate.estimate,
                "win_low": found.win_rate.low,
                "win_high": found.win_rate.high,
                "log_error_ratio": found.log_error_ratio.estimate,
                "conf_low": found.log_error_ratio.low,
                "conf_high": found.log_error_ratio.high,
                "simultaneous_low": found.simultaneous.low,
                "simultaneous_high": found.simultaneous.high,
                "n_better": int(own["is_better"].sum()),
                "n_worse": int(own["is_worse"].sum()),
                "n_refused": found.n_refused,
                "n_panels": found.n_panels,
                "seconds": float(np.median(spent)) if spent else float("nan"),
                "memory": float(np.median(taken)) if taken else float("nan"),
            }

    def rank_rows(self) -> Iterator[Row]:
        """Yield average ranks, with the test and the critical difference."""
        ranked = self.ranked
        statistic, p_value = ranked.friedman
        tied = ranked.tied_with_best
        for name, average in zip(ranked.estimators, ranked.average, strict=True):
            yield {
                "protocol": self.protocol,
                "estimator": name,
                "average_rank": float(average),
                "critical_difference": ranked.critical_difference,
                "is_tied_with_best": name in tied,
                "friedman": statistic,
                "p_value": p_value,
                "n_panels": ranked.n_panels,
            }

    def finding_rows(self) -> Iterator[Row]:
        """Yield the sentences of the verdict."""
        for row in finding_rows(self.suite, self.ranked, self.compared, self.gains):
            yield {"protocol": self.protocol, **row}

    def explained_rows(self, curvature: Mapping[PanelPlace, float]) -> Iterator[Row]:
        """Yield what the error ratios of flexible estimators go together with."""
        rng = self._stream("explained")
        for row in explained_rows(self.suite, self.results, self.errors, curvature, rng=rng):
            yield {"protocol": self.protocol, **row}


@dataclass(frozen=True, eq=False)
class SuiteResults:
    """What the studies of a suite found.

    Attributes
    ----------
    suite : as it was run
    form : whole, or quick
    results : of every panel under every protocol
    estimators : as the studies recorded them
    left_out : studies that could not be run here
    """

    suite: Suite
    form: str
    results: Sequence[PanelResult]
    estimators: Sequence[EstimatorRecord]
    left_out: Sequence[LeftOut]

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return all tables by name, with the suite, its edition and the form of the run in each row."""
        gains = established(self.suite, gain_rows(self.suite, self.results))
        curvature = curvature_of(self.suite, self.results)
        each = list(self._by_protocol(gains))
        rows: dict[ResultTable, list[Row]] = {
            SUITE_SUMMARY: [row for one in each for row in one.summary_rows()],
            SUITE_RANKS: [row for one in each for row in one.rank_rows()],
            SUITE_PANELS: list(self._panel_rows(curvature)),
            SUITE_EXPLAINED: [row for one in each for row in one.explained_rows(curvature)],
            SUITE_FINDINGS: [row for one in each for row in one.finding_rows()],
            SUITE_BUDGETS: list(self._budget_rows()),
            SUITE_LEFT_OUT: [vars(one) for one in self.left_out],
        }
        parts = {SUITE_GAIN: gains} | {table: pd.DataFrame(own) for table, own in rows.items()}
        of = {"suite": self.suite.suite, "edition": self.suite.edition, "form": self.form}
        return {table.name: as_declared(table, [part.assign(**of)]) for table, part in parts.items()}

    def _by_protocol(self, gains: pd.DataFrame) -> Iterator[ProtocolResults]:
        for protocol in dict.fromkeys(result.protocol for result in self.results):
            own = [result for result in self.results if result.protocol == protocol]
            yield ProtocolResults(self.suite, protocol, own, gains[gains["protocol"] == protocol])

    def _panel_rows(self, curvature: Mapping[PanelPlace, float]) -> Iterator[Row]:
        shapes = {result.place: result.shape for result in self.results}
        for place, shape in shapes.items():
            own = {name: value for name, value in vars(shape).items() if name != "place"}
            yield {"study": place.study, "outcome": place.outcome, **own, "curvature": curvature[place]}

    def _budget_rows(self) -> Iterator[Row]:
        for record in self.estimators:
            name = record.id
            fits = {at: one.n_fits.get(name, 0) for at, one in enumerate(self.results)}
            spent = [one.seconds.get(name, 0.0) * fits[at] for at, one in enumerate(self.results)]
            given = {key: value for key, value in record.options.items() if key != "use"}
            yield {
                "estimator": name,
                "label": record.label,
                "use": record.use,
                "options": json.dumps(given, sort_keys=True),
                "is_simple": name in self.suite.simple,
                "n_candidates": record.n_candidates,
                "seconds": sum(spent),
                "memory": self._most_memory(name),
                "n_fits": sum(fits.values()),
                "n_refused": sum(not one.has(name) for one in self.results),
            }

    def _most_memory(self, estimator: str) -> float:
        """Return the megabytes of a fit on the panel where it takes most; of each panel the least counts."""
        least: dict[PanelPlace, float] = {}
        for one in self.results:
            if estimator in one.memory:
                known = least.get(one.place, float("inf"))
                least[one.place] = min(known, one.memory[estimator])
        return max(least.values(), default=float("nan"))
