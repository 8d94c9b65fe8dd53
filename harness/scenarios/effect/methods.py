"""The ways to allow for what is constant in an entity, and for an exposure that the outcome moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.entity_means import means_by
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import marked
from harness.scenarios.effect.terms import Terms

# How what is constant in an entity is allowed for.
Within = Literal["first_differences", "correlated_random_effects"]

Method = Literal["first_differences", "correlated_random_effects", "instrumented"]

_ASSUMPTIONS: Mapping[tuple[bool, Within], str] = {
    (False, "first_differences"): marked(
        "Given the controls in this period and the one before, changes of the exposure are as good as "
        "random: nothing else that changes over time moves both exposure and outcome, and shocks to the "
        "outcome do not feed back into the exposure."
    ),
    (False, "correlated_random_effects"): marked(
        "Given the controls, their means over the entity's periods and the exposure's own mean, the exposure "
        "is as good as random: what is constant in an entity and moves both is a function of those means."
    ),
    (True, "first_differences"): marked(
        "Given the controls in this period and the one before, changes of the instruments are as good as "
        "random, and they move the outcome through the exposure alone."
    ),
    (True, "correlated_random_effects"): marked(
        "Given the controls and the means over the entity's periods of controls and instruments, the "
        "instruments are as good as random, and they move the outcome through the exposure alone."
    ),
}


def assumption(method: Method, within: Within) -> str:
    """Return what has to hold for an effect to be one, in one sentence."""
    return _ASSUMPTIONS[method == "instrumented", within]


@dataclass(frozen=True, eq=False)
class Arranged:
    """The rows, targets and inputs of the nuisance functions.

    Attributes
    ----------
    panel : rows whose regressors are the inputs; each target takes the outcome's place
    outcome : (n_obs,), the outcome as the method has it
    terms : (n_obs, n_terms), the exposure's terms as the method has them
    instruments : (n_obs, n_instruments), likewise; none unless the exposure is instrumented
    now : (n_obs,), positions among the panel's rows in canonical order that the method's rows are made of
    before : (n_obs,), of what is taken off; None where nothing is
    """

    panel: Panel
    outcome: Floats
    terms: Floats
    instruments: Floats
    now: Ints
    before: Ints | None

    def targeting(self, values: Floats) -> Panel:
        """Return the panel of a nuisance function, whose outcome is the target, (n_obs,)."""
        return replace(self.panel, observed=values)

    def moved(self, levels: Floats) -> Floats:
        """Return levels, (n_levels, ...), as the method has them, (n_obs, ...)."""
        return _moved(levels, self.now, self.before)


def _moved(levels: Floats, now: Ints, before: Ints | None) -> Floats:
    return levels[now] if before is None else levels[now] - levels[before]


def arranged(
    within: Within, panel: Panel, terms: Terms, names: Sequence[str], instruments: Floats | None = None
) -> Arranged:
    """Return what nuisance functions are fitted on.

    Changes from one period to the next, given the controls of both, or levels, given the controls, their
    means by entity and those of the terms: Clarke and Polselli (2025) call the two first-difference exact and
    correlated random effects. Period dummies are inputs of both, so that what moves all entities in a period
    is held fixed too.

    Parameters
    ----------
    terms : of the exposure, at the rows of the panel
    names : regressors that are held fixed; the exposure is among them where its derivative is asked
    instruments : (n_obs, n_instruments), of the exposure's terms; their means by entity, not those of the
        terms, then stand for what is constant in an entity

    Raises
    ------
    EstimationError
        Where no entity has two periods in a row, or nothing is left to hold fixed.
    """
    order = panel.canonical_order
    rows, values = panel.take(order), terms.values[order]
    code, now, before = rows.entity.codes, np.arange(rows.n_obs), None
    exogenous = np.empty((rows.n_obs, 0)) if instruments is None else instruments[order]
    columns = {name: rows.column(name) for name in names}
    if within == "first_differences":
        now = 1 + np.flatnonzero((code[1:] == code[:-1]) & (np.diff(rows.period) == 1))
        before = now - 1
        if now.size == 0:
            raise EstimationError.at(
                "first differences",
                marked("no entity has rows in two periods that follow each other"),
                expected="a panel without gaps",
                hint=marked("ask for correlated_random_effects"),
            )
        earlier = {f"{name}, period before": column[before] for name, column in columns.items()}
        columns = {name: column[now] for name, column in columns.items()} | earlier
    else:
        columns |= {f"{name}, mean of entity": means_by(code, columns[name]) for name in names}
        what, constant = ("instrument", exogenous) if exogenous.shape[1] else ("exposure", values)
        means = enumerate(means_by(code, constant).T, start=1)
        columns |= {f"{what} {at}, mean of entity": mean for at, mean in means}
    inputs = _inputs(rows.take(now), columns)
    outcome, moved, instrument = (_moved(own, now, before) for own in (rows.observed, values, exogenous))
    return Arranged(inputs, outcome, moved, instrument, now, before)


def _inputs(rows: Panel, columns: Mapping[str, Floats]) -> Panel:
    """Return rows whose regressors are some columns, each once, and period dummies.

    Columns of numbers come where the exposure and the moderators were, so that estimators that bend those
    alone bend all of them; dummies come among the controls.
    """
    kept = _distinct(columns)
    present = np.unique(rows.time.codes)[1:]
    is_in = (rows.time.codes[:, None] == present).T.astype(np.float64)
    labels = [f"period {rows.time.labels[code]}" for code in present.tolist()]
    named = {**kept, **dict(zip(labels, is_in, strict=True))}
    if not named:
        raise EstimationError.at(
            "effect",
            marked("nothing is left to hold fixed"),
            expected="controls, or two periods",
            hint=marked("add controls to the roles"),
        )
    names = tuple(named)
    n_numbers = max(1, len(kept))
    return replace(
        rows,
        exposure=names[0],
        levels=(),
        moderators=names[1:n_numbers],
        controls=names[n_numbers:],
        X=np.column_stack(list(named.values())),
        derived=(),
    )


def _distinct(columns: Mapping[str, Floats]) -> Mapping[str, Floats]:
    """Return the columns that vary and equal none before them, such as a mean of what is constant."""
    seen: set[bytes] = set()
    kept = {}
    for name, column in columns.items():
        rounded = np.round((column - column.mean()) / (column.std() or 1.0), 9) + 0.0
        content = rounded.tobytes()
        if np.ptp(column) > 0.0 and content not in seen:
            kept[name] = column
        seen.add(content)
    return kept
