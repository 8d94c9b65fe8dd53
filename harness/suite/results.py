"""All tables of a suite, from the run folders of its studies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.record.study import EstimatorRecord
from harness.rng import random_stream
from harness.running.csv_table import as_declared
from harness.suite.findings import established, finding_rows
from harness.suite.overall import (
    Comparison,
    Ranking,
    comparison,
    curvature_of,
    explained_rows,
    log_errors,
    ranking,
)
from harness.suite.panels import PanelKey, PanelResult, Row, gain_rows
from harness.suite.spec import Over, Suite
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
    SUITE_TABLES,
)
from harness.tables.table import ResultTable

# Forms that a suite is run in.
WHOLE, QUICK = "whole", "quick"


def protocol_rows(
    suite: Suite,
    protocol: str,
    results: Sequence[PanelResult],
    gains: pd.DataFrame,
    curvature: Mapping[PanelKey, float],
) -> Mapping[ResultTable, Sequence[Row]]:
    """Return what one protocol found over all panels that were asked it, as rows of tables.

    Parameters
    ----------
    results : a panel each
    gains : of the protocol, as `harness.suite.findings.established` returns them
    """

    def stream(*labels: str) -> np.random.Generator:
        return random_stream(suite.seed, "suite", suite.suite, protocol, *labels)

    ranked = ranking(results, suite.estimator_ids, level=suite.level)
    errors = log_errors(results, suite.estimator_ids, n_draws=suite.draws, rng=stream("errors"))
    n_at_once = max(1, len(suite.flexible))
    compared: dict[tuple[str, Over], Comparison] = {}
    for estimator, over, references in suite.comparisons():
        found = comparison(
            errors, estimator, references, level=suite.level, n_at_once=n_at_once, rng=stream(over)
        )
        if found is not None:
            compared[estimator, over] = found
    rows: Mapping[ResultTable, Iterable[Row]] = {
        SUITE_SUMMARY: _summary_rows(compared, results, gains),
        SUITE_RANKS: _rank_rows(ranked),
        SUITE_EXPLAINED: explained_rows(suite, results, errors, curvature, rng=stream("explained")),
        SUITE_FINDINGS: finding_rows(suite, ranked, compared, gains),
    }
    return {table: [{"protocol": protocol, **row} for row in own] for table, own in rows.items()}


def _summary_rows(
    compared: Mapping[tuple[str, Over], Comparison], results: Sequence[PanelResult], gains: pd.DataFrame
) -> Iterator[Row]:
    """Yield win rates, error ratios, established gains and cost."""
    for (estimator, over), found in compared.items():
        own = gains[(gains["estimator"] == estimator) & (gains["over"] == over)]
        spent = [one.seconds[estimator] for one in results if estimator in one.seconds]
        taken = [one.memory[estimator] for one in results if estimator in one.memory]
        yield {
            **vars(found),
            "estimator": estimator,
            "over": over,
            "n_better": int(own["is_better"].sum()),
            "n_worse": int(own["is_worse"].sum()),
            "seconds": float(np.median(spent)) if spent else float("nan"),
            "memory": float(np.median(taken)) if taken else float("nan"),
        }


def _rank_rows(ranked: Ranking) -> Iterator[Row]:
    """Yield average ranks, with the test and the critical difference."""
    (statistic, p_value), tied = ranked.friedman, ranked.tied_with_best
    for name, average in zip(ranked.estimators, ranked.average, strict=True):
        yield {
            "estimator": name,
            "average_rank": float(average),
            "critical_difference": ranked.critical_difference,
            "is_tied_with_best": name in tied,
            "friedman": statistic,
            "p_value": p_value,
            "n_panels": ranked.n_panels,
        }


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
        shapes = {result.place: result.shape for result in self.results}
        rows: dict[ResultTable, list[Row]] = {
            SUITE_PANELS: [vars(own) | {"curvature": curvature[key]} for key, own in shapes.items()],
            SUITE_BUDGETS: list(self._budget_rows()),
            SUITE_LEFT_OUT: [vars(one) for one in self.left_out],
        }
        for protocol in dict.fromkeys(result.protocol for result in self.results):
            own = [result for result in self.results if result.protocol == protocol]
            of_protocol = gains[gains["protocol"] == protocol]
            for table, more in protocol_rows(self.suite, protocol, own, of_protocol, curvature).items():
                rows.setdefault(table, []).extend(more)
        parts = {SUITE_GAIN: gains} | {table: pd.DataFrame(own) for table, own in rows.items()}
        of = {"suite": self.suite.suite, "edition": self.suite.edition, "form": self.form}
        return {name: as_declared(table, [parts[table].assign(**of)]) for name, table in SUITE_TABLES.items()}

    def _budget_rows(self) -> Iterator[Row]:
        for record in self.estimators:
            name = record.id
            given = {key: value for key, value in record.options.items() if key != "use"}
            # Megabytes of a fit on the panel where it takes most; of each panel the least counts.
            least: dict[PanelKey, float] = {}
            for one in self.results:
                if name in one.memory:
                    least[one.place] = min(least.get(one.place, float("inf")), one.memory[name])
            yield {
                "estimator": name,
                "label": record.label,
                "use": record.use,
                "options": json.dumps(given, sort_keys=True),
                "is_simple": name in self.suite.simple,
                "n_candidates": record.n_candidates,
                "seconds": sum(
                    [one.seconds.get(name, 0.0) * one.n_fits.get(name, 0) for one in self.results]
                ),
                "memory": max(least.values(), default=float("nan")),
                "n_fits": sum(one.n_fits.get(name, 0) for one in self.results),
                "n_refused": sum(not one.has(name) for one in self.results),
            }
