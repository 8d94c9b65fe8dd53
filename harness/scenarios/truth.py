"""The truth behind simulated data, asked as estimators are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.data.simulate.simulation import HasTruth
from harness.errors import EstimationError
from harness.estimators.protocol import Fitted

if TYPE_CHECKING:
    import pandas as pd

    from harness.study.spec.study import Study

# Rows of the table ``truth`` without outcome and scenario: kind and truth, and at, moderator_at or group.
Truths = Sequence[Mapping[str, str | float]]


@runtime_checkable
class CanTellTruth(Protocol):
    """A scenario that knows what the truth answers to it."""

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return what a fit answers that predicts the true expected outcome of every row."""


@dataclass(frozen=True, eq=False)
class TrueFit:
    """Predicts the true expected outcome of rows of a simulated panel, whatever their exposure is set to.

    Moderators that the simulation knows are taken from the rows as well; all else is as it was drawn.
    """

    simulation: HasTruth

    def predict(self, panel: Panel) -> Floats:
        """Return the true expected outcome, (n_obs,), outcome units."""
        import pandas as pd

        keys = {
            key.name: pd.Categorical.from_codes(key.codes, pd.Index(key.labels, dtype=object))
            for key in (panel.entity, panel.time)
        }
        known = [name for name in self.simulation.moderators if name in panel.columns]
        return self.simulation.expected(
            pd.DataFrame(keys),
            outcome=panel.outcome,
            exposure=panel.column(panel.exposure),
            moderators={name: panel.column(name) for name in known},
        )


def true_fit(simulation: object, panel: Panel) -> TrueFit | None:
    """Return the truth behind a panel; None where its outcome or continuous exposure is not known."""
    if not isinstance(simulation, HasTruth) or panel.levels:
        return None
    is_known = panel.outcome in simulation.outcomes and panel.exposure == simulation.exposure
    return TrueFit(simulation) if is_known else None


def on_grid(kind: str, at: Floats, truth: Floats) -> Truths:
    """Return a row for each point of a curve that has a truth."""
    pairs = zip(at.tolist(), truth.tolist(), strict=True)
    return [{"kind": kind, "at": place, "truth": value} for place, value in pairs if np.isfinite(value)]


def truth_errors(answers: pd.DataFrame, truth: pd.DataFrame, *, columns: Sequence[str]) -> pd.DataFrame:
    """Return how far each estimator's answers are from the truth, and how often their intervals hold it.

    Parameters
    ----------
    answers : kind, estimate and pointwise limits, where the data support them, with outcome, estimator and
        scenario
    truth : the table ``truth``
    columns : that tell the points of one kind apart

    Returns
    -------
    A row for each outcome, estimator, scenario and kind: `rmse`, `coverage` of the pointwise intervals,
    `n_points` and `n_found`, the points they are over.
    """
    shared = ["outcome", "scenario", "kind", *columns]
    both = answers.merge(truth[[*shared, "truth"]], on=shared)
    error = both["estimate"] - both["truth"]
    is_held = (both["conf_low"] <= both["truth"]) & (both["truth"] <= both["conf_high"])
    both = both.assign(square=error**2, is_held=is_held.astype(float))
    found = both.groupby(["outcome", "estimator", "scenario", "kind"], sort=False)
    means = found.agg(square=("square", "mean"), coverage=("is_held", "mean"), n_points=("truth", "size"))
    means["rmse"] = np.sqrt(means.pop("square"))
    return means.assign(n_found=means["n_points"]).reset_index()


def place_errors(found: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return how far the places that each estimator finds are from the true ones, kind by kind.

    True places and found ones of a kind go in pairs, so that the distances add up to the least.

    Parameters
    ----------
    found : kind, at and limits of each place, with outcome, estimator and scenario; a row of kind ``none``
        says that an estimator has none
    truth : kind and `place`, with outcome and scenario

    Returns
    -------
    A row for each outcome, estimator, scenario and kind that is true or found: `rmse` over the pairs,
    `coverage`, the share of the `n_points` true places that are in a pair whose interval holds them, and
    `n_found`.
    """
    import pandas as pd

    rows = []
    for key, own in found.groupby(["outcome", "estimator", "scenario"], sort=False):
        outcome, estimator, scenario = key if isinstance(key, tuple) else (key,)
        true = truth[(truth["outcome"] == outcome) & (truth["scenario"] == scenario)]
        kinds = dict.fromkeys([*true["kind"], *own["kind"]])
        place = {"outcome": outcome, "estimator": estimator, "scenario": scenario}
        rows += [
            place | {"kind": kind} | _pairs(own[own["kind"] == kind], true.loc[true["kind"] == kind, "place"])
            for kind in kinds
            if kind != "none"
        ]
    return pd.DataFrame(rows)


def _pairs(found: pd.DataFrame, places: pd.Series[float]) -> dict[str, float]:
    from scipy.optimize import linear_sum_assignment

    at, low, high = (found[name].to_numpy(float) for name in ("at", "conf_low", "conf_high"))
    true = places.to_numpy(float)
    own, theirs = linear_sum_assignment(np.abs(at[:, None] - true[None, :]))
    error = at[own] - true[theirs]
    is_held = (low[own] <= true[theirs]) & (true[theirs] <= high[own])
    return {
        "rmse": float(np.sqrt(np.square(error).mean())) if error.size else np.nan,
        "coverage": float(is_held.sum() / true.size) if true.size else np.nan,
        "n_points": true.size,
        "n_found": at.size,
    }


# Kinds of places of a curve; those of a conditional effect are thresholds.
TURNS = ("minimum", "maximum")


def truth_parts(study: Study, panels: Mapping[str, Panel]) -> Iterator[pd.DataFrame]:
    """Yield the truth for every outcome and scenario; nothing where data are not simulated.

    Nothing of a scenario that refuses the panel either: the rows of its answers have the reason.

    Parameters
    ----------
    panels : all rows, by outcome
    """
    import pandas as pd

    for outcome, panel in panels.items():
        fit = true_fit(study.data.simulate, panel)
        if fit is None:
            continue
        for entry in study.scenarios:
            if isinstance(entry.scenario, CanTellTruth):
                with suppress(EstimationError):
                    rows = pd.DataFrame([dict(row) for row in entry.scenario.truth(fit, panel)])
                    yield rows.assign(outcome=outcome, scenario=entry.id)


def error_parts(read_table: Callable[[str], pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield the errors of every kind of answer that has a truth, from the tables of a run by name."""
    truth = read_table("truth")
    for rows, columns in _answers(read_table):
        yield truth_errors(rows, truth, columns=columns)
    turns, changes = read_table("turning_points"), read_table("thresholds")
    if len(turns):
        yield place_errors(_done(turns), truth[truth["kind"].isin(TURNS)].assign(place=truth["at"]))
    if len(changes):
        own = truth[truth["kind"] == "threshold"].assign(place=truth["moderator_at"])
        found = changes.assign(kind=changes["kind"].where(changes["kind"] == "none", "threshold"))
        yield place_errors(_done(found), own)


# Rows with an estimate and its pointwise limits, and the columns that tell those of a kind apart.
_Answers: TypeAlias = "tuple[pd.DataFrame, tuple[str, ...]]"

_OF_MEDIANS = {"median": "estimate", "median_low": "conf_low", "median_high": "conf_high"}

# Answers that have a truth: their table, their kind where the table has none, the columns that tell them
# apart, and what is called otherwise in the table.
_ANSWERS: tuple[tuple[str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("curves", "", ("at",), {}),
    ("heterogeneity", "effect", ("group",), {"effect": "estimate"}),
    ("heterogeneity", "median", ("group",), _OF_MEDIANS),
    ("conditional_effects", "conditional_effect", ("moderator_at",), {"effect": "estimate"}),
    ("surfaces", "surface", ("at", "moderator_at"), {"exposure_at": "at"}),
)

# What the rows that are compared with a truth hold, where a table has such a column.
_COMPARED = {"band": "pointwise", "supported": "True", "mode": "pooled"}


def _answers(read_table: Callable[[str], pd.DataFrame]) -> Iterator[_Answers]:
    """Yield the answers of every kind that has a truth."""
    for name, kind, columns, renamed in _ANSWERS:
        rows = _compared(read_table(name))
        if len(rows):
            rows = rows.drop(columns=list(renamed.values()), errors="ignore").rename(columns=renamed)
            yield rows.assign(kind=kind) if kind else rows, columns
    contrasts = _compared(read_table("contrasts"))
    if len(contrasts):
        yield from _contrasts(contrasts)


def _compared(rows: pd.DataFrame) -> pd.DataFrame:
    for column, held in _COMPARED.items():
        if column in rows:
            rows = rows[rows[column].astype(str) == held]
    return rows


def _contrasts(rows: pd.DataFrame) -> Iterator[_Answers]:
    """Yield the contrasts with the least value: of all rows, of groups, at moderator values."""
    least = rows[rows["exposure_from"] == rows["exposure_from"].min()]
    own = least.rename(columns={"exposure_to": "at"}).assign(kind="contrast")
    of_group, at_moderator = own["group"].notna(), own["moderator_at"].notna()
    for chosen, columns in (
        (~of_group & ~at_moderator, ("at",)),
        (of_group, ("at", "group")),
        (at_moderator, ("at", "moderator_at")),
    ):
        if chosen.any():
            yield own[chosen], columns


def _done(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["status"] == "ok"]
