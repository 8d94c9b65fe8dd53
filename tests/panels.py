"""Panels for tests, built without the spec, the sources or the schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harness import Panel
from harness.data.panel import Derivation, SplitUnit
from harness.plugin import Key

if TYPE_CHECKING:
    import pandas as pd


def key_from(name: str, values: npt.ArrayLike) -> Key:
    """Return the key of a column of labels, (n_obs,): numbers in numeric order, texts in alphabetic order."""
    levels, codes = np.unique(np.asarray(values), return_inverse=True)
    return Key(name, tuple(str(level) for level in levels.tolist()), codes)


def panel_from_arrays(
    *,
    entity: npt.ArrayLike,
    period: npt.ArrayLike,
    outcome: npt.ArrayLike,
    X: npt.ArrayLike,
    columns: Sequence[str] = (),
    n_moderators: int = 0,
    derived: tuple[Derivation, ...] = (),
    split_unit: SplitUnit = "entity",
) -> Panel:
    """Return a panel of plain arrays, rows in the order given.

    Parameters
    ----------
    entity : (n_obs,), labels of any kind
    period : (n_obs,), whole numbers
    outcome : (n_obs,)
    X : (n_obs, n_columns) or (n_obs,)
    columns : names of the columns of X, the exposure first; ``x0, x1, ...`` where not given
    n_moderators : how many of the columns after the exposure are moderators; the others are controls
    """
    matrix = np.asarray(X, dtype=np.float64)
    matrix = matrix.reshape(len(matrix), -1)
    names = tuple(columns) or tuple(f"x{at}" for at in range(matrix.shape[1]))
    return Panel(
        entity=key_from("entity", entity),
        time=key_from("time", period),
        period=np.asarray(period, dtype=np.int64),
        outcome="outcome",
        observed=np.asarray(outcome, dtype=np.float64),
        exposure=names[0],
        moderators=names[1 : 1 + n_moderators],
        controls=names[1 + n_moderators :],
        X=matrix,
        derived=derived,
        split_unit=split_unit,
    )


def balanced_panel(shape: tuple[int, int], **arrays: Any) -> Panel:
    """Return a panel of so many entities and periods, of plain arrays, rows by entity, then by time."""
    entity, period = (axis.ravel() for axis in np.indices(shape))
    return panel_from_arrays(entity=entity, period=period, **arrays)


def panel_from_frame(
    frame: pd.DataFrame,
    *,
    entity: str,
    time: str,
    outcome: str,
    exposure: str,
    moderators: Sequence[str] = (),
    controls: Sequence[str] = (),
    split_unit: SplitUnit = "entity",
) -> Panel:
    """Return a panel of a table's columns, rows in canonical order: by entity, then by time."""
    ordered = frame.sort_values([entity, time], kind="stable")
    columns = [exposure, *moderators, *controls]
    return Panel(
        entity=key_from(entity, ordered[entity].to_numpy()),
        time=key_from(time, ordered[time].to_numpy()),
        period=ordered[time].to_numpy(dtype=np.int64),
        outcome=outcome,
        observed=ordered[outcome].to_numpy(dtype=np.float64),
        exposure=exposure,
        moderators=tuple(moderators),
        controls=tuple(controls),
        X=ordered[columns].to_numpy(dtype=np.float64),
        split_unit=split_unit,
    )


def simulated_panel(
    rng: np.random.Generator,
    *,
    n_entities: int = 12,
    n_periods: int = 6,
    n_columns: int = 3,
    share: float = 1.0,
) -> Panel:
    """Return a linear panel with entity and period effects that the columns are correlated with.

    Parameters
    ----------
    n_columns : the first is the exposure, the others are controls
    share : in (0, 1]
        Share of the cells that have a row; below one the panel is unbalanced. Every entity keeps two rows.
    """
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    has_row = (rng.random(entity.size) < share) | (period < 2)
    entity, period = entity[has_row], period[has_row]
    entity_effect, period_effect = rng.normal(size=n_entities) * 2.0, rng.normal(size=n_periods)
    X = rng.normal(size=(entity.size, n_columns)) + 0.5 * entity_effect[entity, None]
    noise = 0.5 * rng.normal(size=entity.size)
    outcome = X @ np.arange(1.0, n_columns + 1.0) + entity_effect[entity] + period_effect[period] + noise
    return panel_from_arrays(entity=entity, period=2001 + period, outcome=outcome, X=X)


def labelled(panel: Panel, *, entity: str | None = None, time: str | None = None) -> Panel:
    """Return the panel with one entity label, or one time label, on all its rows."""
    same = np.zeros(panel.n_obs, dtype=np.int64)
    return replace(
        panel,
        entity=panel.entity if entity is None else Key(panel.entity.name, (entity,), same),
        time=panel.time if time is None else Key(panel.time.name, (time,), same),
    )


def small_panel(frame: pd.DataFrame) -> Panel:
    """Return the panel of what a simulation of the family of `SmallPanel` draws."""
    return panel_from_frame(
        frame,
        entity="city",
        time="year",
        outcome="outcome",
        exposure="exposure",
        moderators=("moderator",),
        controls=tuple(name for name in frame if name.startswith("control")),
    )


def wave_panel(*, n_entities: int = 80, n_periods: int = 6, noise: float = 0.1, seed: int = 0) -> Panel:
    """Return a panel whose outcome is a sine of its exposure and a line of its control."""
    rng = np.random.default_rng(seed)
    size = n_entities * n_periods
    x, z = rng.uniform(-2, 2, size=(2, size))
    return balanced_panel(
        (n_entities, n_periods),
        outcome=np.sin(2 * x) + 0.5 * z + noise * rng.normal(size=size),
        X=np.column_stack([x, z]),
    )


def large_panel(share: float, rng: np.random.Generator) -> Panel:
    """Return ten periods of 100,000 entities with effects, ten regressors, and a share of the later rows."""
    entity, period = (axis.ravel() for axis in np.indices((100_000, 10)))
    has_row = (rng.random(entity.size) < share) | (period < 2)
    entity, period = entity[has_row], period[has_row]
    effects = rng.normal(size=100_000)[entity]
    X = rng.normal(size=(entity.size, 10)) + effects[:, None]
    outcome = X @ np.linspace(0.1, 1.0, 10) + effects + rng.normal(size=entity.size)
    return panel_from_arrays(entity=entity, period=period, outcome=outcome, X=X)


def diagnostics_of(fit):
    """Return the tests of a fit by name, each with its columns as attributes and its degrees of freedom."""
    columns = fit.details()["diagnostics"]
    tests = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for test in tests:
        test["df"] = tuple(test[name] for name in ("df1", "df2") if test[name] is not None)
    return {test["test"]: SimpleNamespace(**test) for test in tests}
