"""All tables of a suite: their columns and keys, and their rows from the run folders of its studies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from harness.errors import ArtifactError
from harness.language import Coded, marked
from harness.record.manifest import EstimatorRecord, StudyRecord
from harness.rng import random_stream
from harness.running.folder import RunFolder
from harness.suite import overall
from harness.suite.findings import TEXTS, suite_findings
from harness.suite.overall import PanelKey, PanelResult, Row, cells_of, gain_rows
from harness.suite.spec import LeftOut, Over, Suite
from harness.suite.standings import standing_rows
from harness.tables.csv_table import as_declared
from harness.tables.decision import ABOVE, BELOW
from harness.tables.findings import FINDINGS
from harness.tables.table import ResultTable
from harness.text.render import with_text


def _table(
    name: str, key: str, columns: str, description: str, measures: tuple[str, ...] = ()
) -> ResultTable:
    """Return a table whose rows begin with the suite, its edition and the form of the run.

    Parameters
    ----------
    key, columns : names, a blank between two
    """
    names = ("suite", "edition", "form", *columns.split())
    return ResultTable(name, names, tuple(key.split()), description, measures=measures)


SUITE_GAIN = _table(
    "suite_gain",
    "study outcome estimator protocol over",
    "study outcome estimator protocol over reference gain conf_low conf_high p_value p_holm inference "
    "decision mse nmse seconds memory n_obs n_entities n_periods status reason",
    "gain of every estimator on every panel over pooled OLS, two-way effects and the best simple rival",
    ("gain", "nmse"),
)
SUITE_SUMMARY = _table(
    "suite_summary",
    "protocol estimator over",
    "protocol estimator over win_rate win_low win_high log_error_ratio conf_low conf_high simultaneous_low "
    "simultaneous_high n_better n_worse n_refused n_panels seconds memory",
    "win rate and mean log error ratio over the panels, resampled by panel and entity, and cost",
    ("win_rate", "log_error_ratio"),
)
SUITE_RANKS = _table(
    "suite_ranks",
    "protocol estimator",
    "protocol estimator average_rank critical_difference is_tied_with_best friedman p_value n_panels",
    "average rank over the panels with Nemenyi's critical difference, and Friedman's test",
    ("average_rank",),
)
SUITE_STANDINGS = _table(
    "suite_standings",
    "protocol subset estimator",
    "protocol subset estimator average_rank rank_low rank_high win_rate win_low win_high log_error_ratio "
    "conf_low conf_high log_absolute_ratio absolute_low absolute_high log_interval_ratio interval_low "
    "interval_high n_refused n_panels",
    "average rank, wins and error ratio to the best simple rival over all panels, without the ten most "
    "influential, and by shape, with intervals over panels and their entities",
    ("average_rank", "log_error_ratio"),
)
SUITE_NETWORK = _table(
    "suite_network",
    "study outcome protocol",
    "study outcome protocol n_obs n_entities n_periods exposure_between gain conf_low conf_high status",
    "the gain over the best simple rival of the network that the suite is about, with each panel's shape",
    ("gain",),
)
SUITE_RECOGNITION = _table(
    "suite_recognition",
    "estimator",
    "estimator share conf_low conf_high n_panels n_without_gain",
    "share of the gain over pooled OLS on random rows that is gone for entities never seen, median of panels",
    ("share",),
)
SUITE_PANELS = _table(
    "suite_panels",
    "study outcome",
    "study outcome title source n_obs n_entities n_periods balanced share_between curvature",
    "the panels: size, share of the outcome's variance between entities, and curvature found",
)
SUITE_EXPLAINED = _table(
    "suite_explained",
    "protocol estimator feature",
    "protocol estimator feature rank_correlation conf_low conf_high n_panels",
    "rank correlation of a flexible estimator's log error ratio over two-way effects with features of panels",
    ("rank_correlation",),
)
SUITE_FINDINGS = _table(
    "suite_findings",
    "key",
    " ".join(("protocol", "over", *FINDINGS.columns)),
    "every sentence of the suite's verdict with its numbers and its decision",
    ("estimate",),
)
SUITE_BUDGETS = _table(
    "suite_budgets",
    "estimator",
    "estimator label use options is_simple n_candidates seconds memory n_fits n_refused",
    "what every estimator was given, and took: options, sets of options compared, fits, seconds, megabytes",
)
SUITE_LEFT_OUT = _table(
    "suite_left_out",
    "study",
    "study reason remedy",
    "the studies that could not be run here, and how to get them",
)

# By name, in the order they are listed in.
SUITE_TABLES: Mapping[str, ResultTable] = {
    table.name: table
    for table in (
        *(SUITE_GAIN, SUITE_SUMMARY, SUITE_RANKS, SUITE_STANDINGS, SUITE_NETWORK, SUITE_RECOGNITION),
        *(SUITE_PANELS, SUITE_EXPLAINED, SUITE_FINDINGS, SUITE_BUDGETS, SUITE_LEFT_OUT),
    )
}


# Forms that a suite is run in.
WHOLE, QUICK = "whole", "quick"

# File of what was run, and of what was run so far while a suite is.
RECORD, BEGUN = "suite.json", "begun.json"


class SuiteRecord(BaseModel):
    """What a suite's folder is of, so that its tables and pages can be made again.

    Attributes
    ----------
    suite : as it was run
    form : whole, or quick
    studies : ids of those that were run, in order
    left_out : those that could not be
    is_simulated : whether the data of all are
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: Suite
    form: str
    studies: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    is_simulated: bool

    def with_study(self, study: str) -> SuiteRecord:
        """Return the record with a study that was left out so far."""
        others = tuple(one for one in self.left_out if one.study != study)
        return self.model_copy(update={"studies": (*self.studies, study), "left_out": others})


def protocol_rows(
    suite: Suite,
    protocol: str,
    results: Sequence[PanelResult],
    gains: pd.DataFrame,
    curvature: Mapping[PanelKey, float],
    study: StudyRecord,
) -> Mapping[ResultTable, Sequence[Row]]:
    """Return what one protocol found over all panels that were asked it, as rows of tables.

    Parameters
    ----------
    results : a panel each
    gains : of the protocol, as `harness.suite.overall.gain_rows` returns them
    study : one of the suite's, which has the labels of its estimators
    """

    def stream(*labels: str) -> np.random.Generator:
        return random_stream(suite.seed, "suite", suite.suite, protocol, *labels)

    ranked = overall.ranking(results, suite.estimator_ids, level=suite.level)
    errors = overall.log_errors(results, suite.estimator_ids, n_draws=suite.draws, rng=stream("errors"))
    n_at_once = max(1, len(suite.flexible))
    compared: dict[tuple[str, Over], overall.Comparison] = {}
    for estimator, over, references in suite.comparisons():
        found = overall.comparison(
            errors, estimator, references, level=suite.level, n_at_once=n_at_once, rng=stream(over)
        )
        if found is not None:
            compared[estimator, over] = found
    summary, ranks = list(_summary_rows(compared, results, gains)), list(_rank_rows(ranked))
    findings = suite_findings(suite, protocol, ranks=ranks, summary=summary, gains=gains.to_dict("records"))
    rows: Mapping[ResultTable, Iterable[Row]] = {
        SUITE_SUMMARY: summary,
        SUITE_RANKS: ranks,
        SUITE_STANDINGS: standing_rows(suite, results, errors, rng=stream("standings")),
        SUITE_EXPLAINED: overall.explained_rows(suite, results, errors, curvature, rng=stream("explained")),
        SUITE_FINDINGS: [{"over": over, **vars(with_text(row, study, TEXTS))} for over, row in findings],
    }
    return {table: [{"protocol": protocol, **row} for row in own] for table, own in rows.items()}


def _summary_rows(
    compared: Mapping[tuple[str, Over], overall.Comparison],
    results: Sequence[PanelResult],
    gains: pd.DataFrame,
) -> Iterator[Row]:
    """Yield win rates, error ratios, established gains and cost."""
    cost = cells_of(results).groupby("estimator")[["seconds", "memory"]].median()
    for (estimator, over), found in compared.items():
        own = gains[(gains["estimator"] == estimator) & (gains["over"] == over)]
        yield {
            **vars(found),
            "estimator": estimator,
            "over": over,
            "n_better": int((own["decision"] == ABOVE).sum()),
            "n_worse": int((own["decision"] == BELOW).sum()),
            **cost.loc[estimator],
        }


def _rank_rows(ranked: overall.Ranking) -> Iterator[Row]:
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
            "n_panels": len(ranked.ranks),
        }


def suite_tables(
    suite: Suite,
    results: Sequence[PanelResult],
    study: StudyRecord,
    *,
    form: str,
    left_out: Sequence[LeftOut],
    recognised: pd.DataFrame,
) -> Mapping[str, pd.DataFrame]:
    """Return all tables by name, with the suite, its edition and the form of the run in each row.

    Parameters
    ----------
    suite : as it was run
    results : of every panel under every protocol
    study : one of those that were run; all have the same estimators
    form : whole, or quick
    left_out : studies that could not be run here
    recognised : the tables ``recognition`` of all panels, one below the other
    """
    gains, curvature = gain_rows(suite, results), overall.curvature_of(suite, results)
    shapes = {result.key: result.shape for result in results}
    rows: dict[ResultTable, list[Row]] = {
        SUITE_PANELS: [{**own, "curvature": curvature[key]} for key, own in shapes.items()],
        SUITE_BUDGETS: list(_budget_rows(suite, cells_of(results), study.estimators)),
        SUITE_LEFT_OUT: [vars(one) for one in left_out],
        SUITE_RECOGNITION: list(recognition_rows(recognised, level=suite.level)),
        SUITE_NETWORK: list(_network_rows(suite, gains, shapes)),
    }
    for protocol in dict.fromkeys(result.protocol for result in results):
        own = [result for result in results if result.protocol == protocol]
        of_protocol = gains[gains["protocol"] == protocol]
        for table, more in protocol_rows(suite, protocol, own, of_protocol, curvature, study).items():
            rows.setdefault(table, []).extend(more)
    parts = {SUITE_GAIN: gains} | {table: pd.DataFrame(own) for table, own in rows.items()}
    of = {"suite": suite.suite, "edition": suite.edition, "form": form}
    tables = {name: as_declared(table, [parts[table].assign(**of)]) for name, table in SUITE_TABLES.items()}
    for name, table in SUITE_TABLES.items():
        table.require_unique(tables[name])
    return tables


def _network_rows(suite: Suite, gains: pd.DataFrame, shapes: Mapping[PanelKey, Row]) -> Iterator[Row]:
    """Yield the gains of the suite's network over the best simple rival, each with its panel's shape."""
    of_network = (gains["estimator"] == suite.network) & (gains["over"] == "simple")
    for row in gains[of_network].to_dict("records"):
        yield {
            **{str(name): cell for name, cell in row.items()},
            "exposure_between": shapes[row["study"], row["outcome"]]["exposure_between"],
        }


def recognition_rows(recognised: pd.DataFrame, *, level: float) -> Iterator[Row]:
    """Yield the median share over the panels on which it is defined, with an exact interval of the median.

    Its limits are order statistics (David and Nagaraja 2003, section 7.1), infinite for few panels.

    Parameters
    ----------
    recognised : the tables ``recognition`` of all panels
    level : in (0, 1), nominal coverage
    """
    from scipy.stats import binom

    for estimator, own in recognised.groupby("estimator", sort=False) if len(recognised) else ():
        shares = np.sort(own["estimate"].dropna().to_numpy(np.float64))
        row: dict[str, object] = {"estimator": estimator, "n_panels": shares.size}
        if shares.size:
            rank = int(binom.ppf((1.0 - level) / 2.0, shares.size, 0.5))
            limits = (shares[rank - 1], shares[-rank]) if rank else (-np.inf, np.inf)
            row |= {"share": np.median(shares), "conf_low": limits[0], "conf_high": limits[1]}
        yield row | {"n_without_gain": len(own) - shares.size}


def _budget_rows(suite: Suite, cells: pd.DataFrame, estimators: Sequence[EstimatorRecord]) -> Iterator[Row]:
    for record in estimators:
        own = cells[cells["estimator"] == record.id]
        given = {key: value for key, value in record.options.items() if key != "use"}
        yield {
            "estimator": record.id,
            "label": record.label,
            "use": record.use,
            "options": json.dumps(given, sort_keys=True),
            "is_simple": record.id in suite.simple,
            "n_candidates": record.n_candidates,
            "seconds": sum(own["seconds"] * own["n_fits"]),
            # Megabytes of a fit on the panel where it takes most; of each panel the least counts.
            "memory": own.groupby(["study", "outcome"])["memory"].min().max(),
            "n_fits": own["n_fits"].sum(),
            "n_refused": (own["status"] != "ok").sum(),
        }


OF = ("suite", "edition", "form")
CELL = ("study", "outcome", "protocol", "estimator")


@dataclass(frozen=True, eq=False)
class SuiteDifference:
    """What differs between two runs of a suite.

    Attributes
    ----------
    n_cells : errors that both have, of one estimator on one panel under one protocol each
    differing : those that differ: study, outcome, protocol, estimator, nmse, nmse_reference
    absent : panels, or estimators, of the reference that the run does not have
    standings : of the estimators that the reference does not have, next to those of both, on the panels where
        both predict: estimator, against, protocol, n_less, n_panels, log_error_ratio
    """

    n_cells: int
    differing: pd.DataFrame
    absent: tuple[str, ...]
    standings: pd.DataFrame

    def lines(self) -> Iterator[str]:
        """Yield the difference in words."""
        n_differ = len(self.differing)
        yield f"{self.n_cells} errors of both; {n_differ or 'none'} of them differ"
        for row in self.differing.head(10).itertuples():
            cell = f"{row.study} · {row.outcome} · {row.protocol} · {row.estimator}"
            yield f"  {cell}: nmse {row.nmse:.6g}, in the reference {row.nmse_reference:.6g}"
        if n_differ > 10:
            yield f"  and {n_differ - 10} more"
        if self.absent:
            yield f"of the reference alone: {', '.join(self.absent)}"
        for one in self.standings.itertuples():
            yield (
                f"{one.estimator} next to {one.against}, {one.protocol}: the smaller error on {one.n_less} "
                f"of {one.n_panels} panels, mean log error ratio {one.log_error_ratio:+.3f}"
            )


def read_record(path: Path) -> SuiteRecord:
    """Return what the folder of a suite is of.

    Raises
    ------
    ArtifactError
        Where `path` is not the folder of a suite with a study that was run.
    """
    try:
        folder = RunFolder(path)
        return SuiteRecord.model_validate_json(folder.read_bytes(BEGUN) or folder.read_bytes(RECORD))
    except ValueError as error:
        what = Coded(
            "is not the folder of a suite with a study that was run: it has no readable {record}",
            record=RECORD,
        )
        raise ArtifactError.at(
            str(path), what, hint=marked("name a folder that harness suite wrote")
        ) from error


# Tables without rows where nothing is to be said.
MAY_BE_EMPTY = (SUITE_STANDINGS, SUITE_NETWORK, SUITE_RECOGNITION, SUITE_EXPLAINED, SUITE_LEFT_OUT)


def read_suite_table(path: Path, table: ResultTable) -> pd.DataFrame:
    """Return a table of a suite from its folder, or from a file of it.

    Raises
    ------
    ArtifactError
        Where it lacks columns, or has no rows and is none of `MAY_BE_EMPTY`.
    """
    folder, name = (path, table.name) if path.is_dir() else (path.parent, path.stem)
    found = RunFolder(folder).read_table(name)
    if missing := [column for column in table.columns if column not in found and len(found)]:
        what: str = Coded("lacks the columns {missing}", missing=", ".join(missing))
    elif len(found) or table in MAY_BE_EMPTY:
        return found.reindex(columns=list(table.columns))
    else:
        what = marked("is not there, or has no rows")
    hint = Coded("name the folder of a suite, or a file like {file}", file=table.file)
    raise ArtifactError.at(str(folder / f"{name}.csv"), what, hint=hint)


def compare_gains(own: pd.DataFrame, reference: pd.DataFrame, *, rtol: float) -> SuiteDifference:
    """Return what differs between two runs of one edition of a suite.

    Parameters
    ----------
    own, reference : tables ``suite_gain``
    rtol : share of the larger error by which two may differ

    Raises
    ------
    ArtifactError
        Where they are of different suites, editions or forms, whose numbers are no matter of comparison.
    """
    for name in OF:
        first, second = (str(table[name].iloc[0]) for table in (own, reference))
        if first != second:
            what = Coded(
                "the run has the {name} '{first}', the reference '{second}'",
                name=name,
                first=first,
                second=second,
            )
            raise ArtifactError.at(SUITE_GAIN.file, what, hint=marked("compare runs of the same"))
    cells, known = _errors(own), _errors(reference)
    both = cells.merge(known, on=list(CELL), suffixes=("", "_reference"))
    far = np.abs(both["nmse"] - both["nmse_reference"]) > rtol * both[["nmse", "nmse_reference"]].max(axis=1)
    absent = [
        str(name)
        for key in ("study", "estimator")
        for name in known[key].unique()
        if name not in set(cells[key])
    ]
    differing, standings = both[far].reset_index(drop=True), pd.DataFrame(_standings(cells, known))
    return SuiteDifference(len(both), differing, tuple(absent), standings)


def _errors(gains: pd.DataFrame) -> pd.DataFrame:
    """Return the error of every estimator on every panel under every protocol, once."""
    there = gains[gains["nmse"].notna()]
    return there.drop_duplicates(list(CELL))[[*CELL, "nmse"]].reset_index(drop=True)


def _standings(cells: pd.DataFrame, known: pd.DataFrame) -> Iterator[Row]:
    theirs, ours = (dict(list(one.groupby("estimator", sort=False))) for one in (known, cells))
    shared = [name for name in theirs if name in ours]
    for name, against in product((name for name in ours if name not in theirs), shared):
        pair = ours[name].merge(ours[against], on=list(CELL[:3]), suffixes=("", "_other"))
        for protocol, own in pair.groupby("protocol", sort=False):
            ratios = np.log(own["nmse"] / own["nmse_other"])
            counts = {"n_less": int((ratios < 0).sum()), "n_panels": len(own)}
            names = {"estimator": name, "against": against, "protocol": protocol}
            yield {**names, **counts, "log_error_ratio": float(ratios.mean())}
