"""The panel of one outcome: immutable, with counterfactuals that update derived regressors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from harness.arrays import (
    Floats,
    Ints,
    Key,
    SentByFields,
    as_received,
    frozen_floats,
    frozen_ints,
    locked,
    numbered,
)
from harness.data.messages import few, require
from harness.data.name import exposure_columns
from harness.data.neighbours import Contiguity, Links, nearest_links
from harness.language import Coded

if TYPE_CHECKING:
    import pandas as pd


class Derivation(Protocol):
    """A column that follows from other columns of the same row, such as a square."""

    @property
    def into(self) -> str:
        """Column that is computed."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,), from its inputs, (n_obs,) each."""


# What an honest inner split must not cut: nothing, an entity's rows, the order of periods, or both of these.
SplitUnit = Literal["row", "entity", "time", "entity_and_time"]


@dataclass(frozen=True, eq=False)
class Panel(SentByFields):
    """An immutable panel of one outcome.

    Attributes
    ----------
    entity, time : the keys, n_obs rows each
    period : (n_obs,), calendar index of the row's period: a gap counts
    outcome : name of the dependent variable
    observed : (n_obs,), outcome units
    exposure : name of the key regressor
    levels : categories of a categorical exposure, the base first; empty for a continuous one
    moderators, controls : names of the other regressors
    X : (n_obs, n_columns), columns in the order of `columns`; a categorical exposure has a dummy for each
        category but the base
    instruments, Z : names of the excluded instruments and their columns, (n_obs, n_instruments)
    mediators, measures, M : names of mediators and of other measures of the exposure, which are no
        regressors, and their columns, (n_obs, n_mediators + n_measures)
    coordinates : (n_obs, 2), latitude and longitude in degrees; None without
    contiguity : neighbouring entities, from a file; None without
    groups : grouping columns that are not regressors, n_obs rows each
    weights : (n_obs,), > 0, observation weights for weighted estimators; None without
    derived : regressors computed from other regressors; `with_columns` recomputes them
    split_unit : unit that an estimator's inner split keeps together

    Arrays are read-only, finite, float64 or int64, and of equal length.
    """

    entity: Key
    time: Key
    period: Ints
    outcome: str
    observed: Floats
    exposure: str
    moderators: tuple[str, ...]
    controls: tuple[str, ...]
    X: Floats
    levels: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    Z: Floats | None = None
    mediators: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    M: Floats | None = None
    coordinates: Floats | None = None
    contiguity: Contiguity | None = None
    groups: tuple[Key, ...] = ()
    weights: Floats | None = None
    derived: tuple[Derivation, ...] = ()
    split_unit: SplitUnit = "entity"

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", frozen_ints(as_received(self.period)))
        n_obs = self.entity.codes.size
        shapes = {"observed": (n_obs,), "X": (n_obs, len(self.columns)), "Z": (n_obs, len(self.instruments))}
        shapes |= {"coordinates": (n_obs, 2), "weights": (n_obs,)}
        shapes["M"] = (n_obs, len(self.mediators) + len(self.measures))
        for name, shape in shapes.items():
            values = as_received(getattr(self, name))
            if values is not None:
                object.__setattr__(self, name, frozen_floats(values))
                message = Coded(
                    "panel arrays disagree: {name} is {shape}, and not {expected}",
                    name=name,
                    shape=values.shape,
                    expected=shape,
                )
                require(values.shape == shape, message)
        sizes = {self.period.size, *(key.codes.size for key in (self.time, *self.groups))}
        require(sizes == {n_obs}, f"panel arrays disagree: keys and periods are not of {n_obs} rows")

    def __repr__(self) -> str:
        entities = f"{self.n_entities} of {self.entity.name}"
        periods = f"{self.n_periods} of {self.time.name}"
        parts = {"exposure": [self.exposure], "levels": self.levels, "moderators": self.moderators}
        parts |= {"controls": self.controls, "instruments": self.instruments}
        parts |= {"groups": [group.name for group in self.groups]}
        named = (f"{part} {few(names)}" for part, names in parts.items() if names)
        return f"Panel of {self.outcome}: {self.n_obs} rows, {entities}, {periods}\n{'; '.join(named)}"

    @property
    def exposure_columns(self) -> tuple[str, ...]:
        """Columns of X that hold the exposure: itself, or a dummy for each category but the base."""
        return exposure_columns(self.exposure, self.levels)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of X: exposure, moderators, controls."""
        return (*self.exposure_columns, *self.moderators, *self.controls)

    @property
    def keeps_entities(self) -> bool:
        """Whether an inner split keeps the rows of an entity together."""
        return self.split_unit in ("entity", "entity_and_time")

    @property
    def n_obs(self) -> int:
        """Number of rows."""
        return int(self.observed.size)

    @property
    def n_entities(self) -> int:
        """Number of entities with at least one row."""
        return self.entity.n_present

    @property
    def n_periods(self) -> int:
        """Number of periods with at least one row."""
        return self.time.n_present

    @property
    def canonical_order(self) -> Ints:
        """Row indices, (n_obs,), sorted by entity and then by time."""
        return np.lexsort((self.time.codes, self.entity.codes))

    def column(self, name: str) -> Floats:
        """Return one regressor, (n_obs,), in its own unit; category codes for a categorical exposure.

        Raises
        ------
        LookupError
            Where no regressor is called so.
        """
        if self.levels and name == self.exposure:
            return np.asarray(self.X[:, : len(self.levels) - 1] @ np.arange(1.0, len(self.levels)))
        if name not in self.columns:
            message = Coded("no regressor '{name}', only {names}", name=name, names=", ".join(self.columns))
            raise LookupError(message)
        return self.X[:, self.columns.index(name)]

    def frame(self) -> pd.DataFrame:
        """Return the panel as a table, one row an observation, categories by name, weights as ``weights``."""
        import pandas as pd

        keys = {
            key.name: np.array(key.labels, dtype=object)[key.codes]
            for key in (self.entity, self.time, *self.groups)
        }
        others = {name: self.column(name) for name in (*self.moderators, *self.controls)}
        if self.Z is not None:
            others |= dict(zip(self.instruments, self.Z.T, strict=True))
        if self.weights is not None:
            others["weights"] = self.weights
        exposure = self.column(self.exposure)
        if self.levels:
            exposure = np.array(self.levels, dtype=object)[exposure.astype(np.int64)]
        return pd.DataFrame({**keys, self.outcome: self.observed, self.exposure: exposure, **others})

    def further(self, name: str) -> Floats:
        """Return a mediator or another measure of the exposure, (n_obs,), which may be a regressor too.

        Raises
        ------
        LookupError
            Where neither is called so.
        """
        names = (*self.mediators, *self.measures)
        return self.M[:, names.index(name)] if self.M is not None and name in names else self.column(name)

    def regressors(self, names: Sequence[str]) -> Floats:
        """Return some columns of X, (n_obs, n_names), in the order of their names."""
        return self.X[:, [self.columns.index(name) for name in names]]

    def dependents(self, name: str) -> frozenset[str]:
        """Return the columns of X that change with a regressor: its own and those derived from it."""
        changed = set(self.exposure_columns if name == self.exposure else (name,))
        for derivation in self.derived:
            if changed.intersection(derivation.inputs):
                changed.add(derivation.into)
        return frozenset(changed)

    def group(self, name: str) -> Key:
        """Return the group of every row by one of the columns in `groups`.

        Raises
        ------
        LookupError
            Where no protocol, scenario or estimator of the study named the column.
        """
        for group in self.groups:
            if group.name == name:
                return group
        message = Coded(
            "rows are not grouped by the column '{name}': name it in `columns` of a protocol or scenario, or "
            "in `group_columns` of an estimator",
            name=name,
        )
        raise LookupError(message)

    def links(self) -> Links | None:
        """Return the neighbours of each row, by contiguity or else by distance; None without either."""
        if self.contiguity is not None:
            return self.contiguity.links(self.entity, self.period)
        return None if self.coordinates is None else nearest_links(self.coordinates, self.period)

    def with_controls(self, names: Sequence[str]) -> Panel:
        """Return the panel with a subset of its controls, in their original order."""
        controls = tuple(name for name in self.controls if name in names)
        kept = (*self.exposure_columns, *self.moderators, *controls)
        derived = tuple(
            derivation for derivation in self.derived if {derivation.into, *derivation.inputs} <= set(kept)
        )
        return replace(self, controls=controls, X=self.regressors(kept), derived=derived)

    def with_exposure(self, name: str) -> Panel:
        """Return the panel with another regressor as the exposure; the former becomes the first control."""
        if name == self.exposure:
            return self
        others = [other for other in self.columns if other != name]
        moderators = tuple(other for other in self.moderators if other != name)
        controls = tuple(other for other in others if other not in moderators)
        X = self.regressors((name, *moderators, *controls))
        return replace(self, exposure=name, levels=(), moderators=moderators, controls=controls, X=X)

    def take(self, rows: Ints) -> Panel:
        """Return the panel of these rows, (n_rows,) indices, in the order given; itself if they are all."""
        if np.array_equal(rows, np.arange(self.n_obs)):
            return self
        arrays = ("period", "observed", "X", "Z", "M", "coordinates", "weights")
        given: dict[str, Any] = {
            name: locked(values[rows]) for name in arrays if (values := getattr(self, name)) is not None
        }
        return replace(
            self,
            entity=self.entity.take(rows),
            time=self.time.take(rows),
            groups=tuple(group.take(rows) for group in self.groups),
            **given,
        )

    def joined(self, other: Panel) -> Panel:
        """Return these rows followed by those of another panel with the same variables, matched by name.

        Weights, instruments, mediators, measures and coordinates are kept if both panels have them.
        """
        arrays: dict[str, Any] = {"X": np.concatenate([self.X, other.regressors(self.columns)])}
        for name in ("period", "observed", "Z", "M", "coordinates", "weights"):
            own, theirs = getattr(self, name), getattr(other, name)
            arrays[name] = None if own is None or theirs is None else np.concatenate([own, theirs])
        return replace(
            self,
            entity=self.entity.joined(other.entity),
            time=self.time.joined(other.time),
            groups=tuple(group.joined(other.group(group.name)) for group in self.groups),
            instruments=self.instruments if other.Z is not None else (),
            mediators=self.mediators if other.M is not None else (),
            measures=self.measures if other.M is not None else (),
            **arrays,
        )

    def with_column(self, name: str, values: Floats | float) -> Panel:
        """Return the counterfactual panel in which one regressor has other values (see `with_columns`)."""
        return self.with_columns({name: values})

    def with_columns(self, values: Mapping[str, Floats | float]) -> Panel:
        """Return the counterfactual panel in which some regressors have other values.

        Derived regressors are recomputed, except those whose values are given.

        Parameters
        ----------
        values : by regressor, (n_obs,) or one number for all rows, in the regressor's unit; category codes
            for a categorical exposure
        """
        X, values = self.X.copy(), self.by_column(values)
        position = {column: at for at, column in enumerate(self.columns)}
        for name, given in values.items():
            X[:, position[name]] = given
        changed = set(values)
        for derivation in self.derived:
            if derivation.into not in values and changed.intersection(derivation.inputs):
                inputs = {source: X[:, position[source]] for source in derivation.inputs}
                X[:, position[derivation.into]] = derivation.compute(inputs)
                changed.add(derivation.into)
        return replace(self, X=locked(X))

    def by_column(self, values: Mapping[str, Floats | float]) -> Mapping[str, Floats | float]:
        """Return values of regressors by column of X; category codes become dummies."""
        if not self.levels or self.exposure not in values:
            return values
        given = {name: value for name, value in values.items() if name != self.exposure}
        at = np.asarray(values[self.exposure])
        own = {
            name: (at == float(level)).astype(np.float64)
            for level, name in enumerate(self.exposure_columns, start=1)
        }
        return own | given

    def resample(self, entities: Ints) -> Panel:
        """Return the panel of these entities, (n_drawn,) codes, each with all its rows.

        An entity drawn twice appears as two entities; its second copy is labelled ``name#2``.
        """
        order = np.argsort(self.entity.codes, kind="stable")
        ends = np.cumsum(np.bincount(self.entity.codes, minlength=len(self.entity.labels)))
        rows_of = np.split(order, ends[:-1])
        times_seen: dict[int, int] = {}
        labels, codes, rows = [], [], []
        for at, code in enumerate(entities.tolist()):
            times_seen[code] = times_seen.get(code, 0) + 1
            copy = times_seen[code]
            labels.append(self.entity.labels[code] + (f"#{copy}" if copy > 1 else ""))
            rows.append(rows_of[code])
            codes.append(np.full(rows_of[code].size, at))
        entity = Key(self.entity.name, tuple(labels), np.concatenate(codes))
        return replace(self.take(np.concatenate(rows)), entity=entity)


# Share of a column's spread below which it is the mean of its entity but for rounding.
ROUNDING = 1e-9

# Share of the largest eigenvalue below which one is rounding.
LEAST_EIGENVALUE = 1e-10


def means_by(codes: Ints, values: Floats) -> Floats:
    """Return the mean over the rows of the same code, at every row; (n_obs,) or (n_obs, n_columns)."""
    _, position, count = np.unique(codes, return_inverse=True, return_counts=True)
    table = values.reshape(codes.size, -1)
    sums = np.stack([np.bincount(position, weights=column) for column in table.T], axis=1)
    means = (sums / count[:, None])[position]
    return np.asarray(means.reshape(values.shape))


def deviations(columns: Floats, entities: Ints, periods: Ints | None = None) -> Floats:
    """Return columns, (n_obs, n_columns), less their means by entity; where periods are given, by both.

    Period effects solve their normal equations within entities, in unbalanced panels too.

    Parameters
    ----------
    entities, periods : (n_obs,), codes >= 0
    """
    from scipy.sparse import csr_array

    less = columns - means_by(entities, columns)
    if periods is None:
        return less
    (_, row), (_, column) = numbered(entities), numbered(periods)
    counts = csr_array((np.ones(row.size), (row, column)))
    shares = csr_array((1.0 / np.bincount(row)[row], (row, column)))
    gram = np.diag(np.bincount(column)) - (counts.T @ shares).toarray()
    totals = np.stack([np.bincount(column, own) for own in less.T], axis=1)
    effects = np.linalg.pinv(gram, rcond=LEAST_EIGENVALUE, hermitian=True) @ totals
    return np.asarray(less - effects[column] + np.asarray(shares @ effects)[row])


def with_entity_means(panel: Panel, *, known: Ints | None = None) -> Panel:
    """Return the panel with the mean of every regressor by entity among its controls.

    They stand for what is constant in an entity and goes with the regressors (Mundlak 1978), for learners of
    any kind; no outcome goes into them. A mean of the exposure stays what it is where another exposure is
    asked about. What is constant in all entities has no mean of its own.

    Parameters
    ----------
    known : positions of the rows that means are taken over; entities without any have the mean of all their
        rows. All rows where None
    """
    means = means_by(panel.entity.codes, panel.X)
    if known is not None:
        codes = panel.entity.codes[known]
        order, first = np.unique(codes, return_index=True)
        of_known = means_by(codes, panel.X[known])[first]
        position = np.minimum(np.searchsorted(order, panel.entity.codes), order.size - 1)
        is_known = order[position] == panel.entity.codes
        means = np.where(is_known[:, None], of_known[position], means)
    apart = np.abs(panel.X - means).max(axis=0)
    names = [f"{name}, mean of {panel.entity.name}" for name in panel.columns]
    kept = np.flatnonzero(apart > ROUNDING * np.abs(panel.X).max(axis=0))
    return replace(
        panel,
        controls=(*panel.controls, *(names[at] for at in kept.tolist())),
        X=np.column_stack([panel.X, means[:, kept]]),
    )
