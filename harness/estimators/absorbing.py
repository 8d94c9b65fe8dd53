"""Fixed effects of entities, periods and other groups, and models that absorb them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.arrays import Floats, Grouping, Ints, Key, Mask, numbered
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Coded, marked

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class GroupColumn:
    """A column of `Panel.groups`.

    Attributes
    ----------
    name : such as ``industry``; it may coincide with the name of a key
    """

    name: str

    def __str__(self) -> str:
        return self.name


# A key of the panel, or a column that rows are grouped by.
SingleKey = Literal["entity", "time"] | GroupColumn


@dataclass(frozen=True)
class Combination:
    """Interacted keys and columns, such as region by year.

    Attributes
    ----------
    parts : at least two
    """

    parts: tuple[SingleKey, ...]

    def __str__(self) -> str:
        return "^".join(str(part) for part in self.parts)


# Whose levels have effects.
EffectKey = SingleKey | Combination


def effect_named(name: str) -> SingleKey:
    """Return the key named ``entity`` or ``time``, or the column of any other name."""
    if name == "entity":
        return "entity"
    return "time" if name == "time" else GroupColumn(name)


def key_of(panel: Panel, effect: EffectKey) -> Key:
    """Return the category of every row; interactions are labelled as ``north^2001``.

    Raises
    ------
    EstimationError
        If the panel has no such column.
    """
    if effect == "entity":
        return panel.entity
    if effect == "time":
        return panel.time
    if isinstance(effect, Combination):
        return _combined([key_of(panel, part) for part in effect.parts], str(effect))
    carried = {group.name: group for group in panel.groups}
    if str(effect) not in carried:
        what = Coded("the panel has no column {effect} to group rows by", effect=repr(str(effect)))
        expected = Coded("one of {names}", names=", ".join(map(repr, carried))) if carried else ""
        hint = marked("add the column to the panel's groups")
        raise EstimationError.at("absorb", what, expected, hint)
    return carried[str(effect)]


def _combined(keys: Sequence[Key], name: str) -> Key:
    """Return the combinations of levels that rows have."""
    labels, codes = _escaped(keys[0]), keys[0].codes
    for key in keys[1:]:
        pairs, codes = numbered(codes * len(key.labels) + key.codes)
        before, last = np.divmod(pairs, len(key.labels))
        ends = _escaped(key)
        labels = [
            f"{labels[start]}^{ends[end]}" for start, end in zip(before.tolist(), last.tolist(), strict=True)
        ]
    return Key(name, tuple(labels), codes)


def _escaped(key: Key) -> list[str]:
    """Return labels in which no caret is taken for the one between parts."""
    return [label.replace("\\", "\\\\").replace("^", "\\^") for label in key.labels]


@dataclass(frozen=True, eq=False)
class AbsorbedEffects:
    """Fixed effects of one key or column, as deviations from the effect of a category without rows.

    Attributes
    ----------
    effect : the key or column
    labels : (n_levels,), categories with an effect in some draw
    deviations : (n_draws, n_levels), in units of the prediction; zero for a category without rows in the
        draw
    """

    effect: EffectKey
    labels: tuple[str, ...]
    deviations: Floats

    @classmethod
    def stacked(cls, effects: Sequence[AbsorbedEffects]) -> AbsorbedEffects:
        """Return effects of the same categories, stacked over draws."""
        first = effects[0]
        return cls(first.effect, first.labels, np.concatenate([part.deviations for part in effects]))

    def with_levels_of(self, panel: Panel) -> AbsorbedEffects:
        """Return the effects with zeros added for the categories of these rows."""
        key = key_of(panel, self.effect)
        new = np.unique(key.codes[self._codes(panel) < 0]).tolist()
        deviations = np.pad(self.deviations, ((0, 0), (0, len(new))))
        return AbsorbedEffects(self.effect, (*self.labels, *(key.labels[code] for code in new)), deviations)

    def of_rows(self, panel: Panel) -> Floats:
        """Return each row's deviation, (n_draws, n_obs); zero for a category without an effect."""
        codes = self._codes(panel)
        deviations, unknown = self.deviations[:, codes], np.flatnonzero(codes < 0)
        if unknown.size:
            deviations[:, unknown] = 0.0
        return deviations

    def mean(self, panel: Panel) -> Floats:
        """Return the mean deviation over the rows, (n_draws,)."""
        codes = self._codes(panel)
        counts = np.bincount(codes[codes >= 0], minlength=len(self.labels))
        means: Floats = self.deviations @ counts / panel.n_obs
        return means

    def unseen(self, panel: Panel) -> Ints:
        """Return the rows whose category has no effect."""
        return np.flatnonzero(self._codes(panel) < 0)

    def _codes(self, panel: Panel) -> Ints:
        return key_of(panel, self.effect).codes_among(self.labels)


def count_unseen(effects: Iterable[AbsorbedEffects], panel: Panel) -> int:
    """Return the number of rows with some category that has no effect."""
    rows = [effect.unseen(panel) for effect in effects]
    return int(np.unique(np.concatenate(rows)).size) if rows else 0


@dataclass(frozen=True, eq=False)
class EffectSet(Grouping):
    """The categories of one set of fixed effects, and the category of each row; each has a row.

    Attributes
    ----------
    effect : key, column or interaction
    labels : (n_levels,)
    """

    effect: EffectKey
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the key or column; interactions as ``region^year``."""
        return str(self.effect)

    def take(self, rows: Ints) -> EffectSet:
        """Return the set of these rows, (n_rows,) indices, without categories that have no row."""
        return _present(self.effect, self.labels, self.codes[rows])


def read_effect_set(panel: Panel, effect: EffectKey) -> EffectSet:
    """Return the categories of a panel's rows.

    Raises
    ------
    EstimationError
        If the panel has no such column.
    """
    key = key_of(panel, effect)
    return _present(effect, key.labels, key.codes)


def _present(effect: EffectKey, labels: tuple[str, ...], codes: Ints) -> EffectSet:
    levels, positions = numbered(codes)
    return EffectSet(positions, levels, effect, tuple(labels[level] for level in levels.tolist()))


# Relative error to which effects of levels that share a row are solved.
_EXACT = 1e-14


def with_omitted_levels(
    effects: Sequence[AbsorbedEffects],
    panel: Panel,
    residuals: Floats,
    *,
    weights: Floats,
    row_weights: Floats,
) -> tuple[AbsorbedEffects, ...]:
    """Return effects in which each draw also has the categories it omitted.

    Slopes and effects of a draw stay unchanged. Given these, the omitted categories get the least-squares
    effects of all their rows. A row with two omitted categories, an entity and a period, is shared between
    them by the minimum-norm solution.

    Parameters
    ----------
    effects : one per key or column; their values for omitted categories are replaced
    panel : the rows
    residuals : (n_draws, n_obs), residuals with zero effects for omitted categories
    weights : (n_draws, n_obs), >= 0, how often each draw trained on a row
    row_weights : (n_obs,), >= 0, weights of rows for omitted categories
    """
    omitted = [
        _omitted_levels(levels, panel, weights=weights, counts=row_weights > 0.0) for levels in effects
    ]
    found = [levels.means(residuals, row_weights) for levels in omitted]
    is_shared = np.sum([levels.is_of_row for levels in omitted], axis=0) > 1
    for draw in np.flatnonzero(is_shared.any(axis=1)).tolist():
        own = [np.flatnonzero(levels.is_omitted[draw]) for levels in omitted]
        dummies = [levels.indicator[positions] for levels, positions in zip(omitted, own, strict=True)]
        solved = _together(dummies, residuals[draw], row_weights)
        for values, positions, part in zip(found, own, solved, strict=True):
            values[draw, positions] = part
    return tuple(replace(levels, deviations=own) for levels, own in zip(effects, found, strict=True))


@dataclass(frozen=True, eq=False)
class _Omitted:
    """Levels of one key that draws left out.

    Attributes
    ----------
    deviations : (n_draws, n_levels), of the levels that draws hold
    indicator : (n_levels, n_obs), one where a row is of a level
    is_omitted : (n_draws, n_levels)
    is_of_row : (n_draws, n_obs), whether the level of a row that counts is omitted
    """

    deviations: Floats
    indicator: csr_array
    is_omitted: Mask
    is_of_row: Mask

    def means(self, residuals: Floats, row_weights: Floats) -> Floats:
        """Return deviations, (n_draws, n_levels): mean residuals over rows for levels left out."""
        totals = self.indicator @ row_weights
        sums = np.asarray(self.indicator @ (residuals * row_weights).T).T
        return np.where(self.is_omitted, sums / np.where(totals > 0.0, totals, 1.0), self.deviations)


def _omitted_levels(levels: AbsorbedEffects, panel: Panel, *, weights: Floats, counts: Mask) -> _Omitted:
    from scipy.sparse import csr_array

    deviations, codes = levels.deviations, key_of(panel, levels.effect).codes_among(levels.labels)
    known = np.flatnonzero(codes >= 0)
    indicator = csr_array(
        (np.ones(known.size), (codes[known], known)), shape=(deviations.shape[1], codes.size)
    )
    is_omitted = np.asarray(indicator @ weights.T).T <= 0.0
    return _Omitted(deviations, indicator, is_omitted, (codes >= 0) & counts & is_omitted[:, codes])


def _together(dummies: Sequence[csr_array], residuals: Floats, row_weights: Floats) -> list[Floats]:
    """Return the least of the effects, (n_levels,) a key, that fit residuals, (n_obs,), of one draw best."""
    from scipy import sparse
    from scipy.sparse.linalg import lsqr

    roots = np.sqrt(row_weights)
    columns = sparse.diags_array(roots) @ sparse.vstack(dummies).T
    most_steps = 100 + 10 * columns.shape[1]
    solution = lsqr(columns, roots * residuals, atol=_EXACT, btol=_EXACT, iter_lim=most_steps)[0]
    return np.split(solution, np.cumsum([indicator.shape[0] for indicator in dummies])[:-1])


# Numbers that are held in memory while rows are predicted, or levels are added: 8 MiB.
_AT_A_TIME = 2**20


def means_at(panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
    """Return the mean of every regressor over the rows, (n_points, n_columns), at each point.

    Parameters
    ----------
    columns : regressors that get the same value in all rows
    points : (n_points, n_moved), units of the columns
    """
    means: Floats = panel.X.mean(axis=0)[None].repeat(len(points), axis=0)
    means[:, [panel.columns.index(name) for name in columns]] = points
    return means


@dataclass(frozen=True, eq=False)
class AbsorbingModels:
    """Linear models, one per draw, with the same columns and fixed effects.

    A prediction is ``intercept + (x - centre) @ slopes`` plus the deviation of each category. A category
    without training rows has deviation zero: the mean effect over the rows of that draw.

    Attributes
    ----------
    centre : (n_columns,), units of the columns
    slopes : (n_draws, n_columns), outcome units per unit of the column
    intercepts : (n_draws,), mean prediction at `centre`, outcome units
    effects : one per key or column with effects
    """

    centre: Floats
    slopes: Floats
    intercepts: Floats
    effects: tuple[AbsorbedEffects, ...] = ()

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        predicted = np.empty((len(self.slopes), panel.n_obs))
        height = max(1, _AT_A_TIME // max(1, panel.X.shape[1]))
        for start in range(0, panel.n_obs, height):
            rows = slice(start, start + height)
            predicted[:, rows] = self.slopes @ (panel.X[rows] - self.centre).T
        predicted += self.intercepts[:, None]
        for effects in self.effects:
            predicted += effects.of_rows(panel)
        return predicted

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return self.mean_predictions(panel, means_at(panel, columns, points))

    def mean_predictions(self, panel: Panel, means: Floats) -> Floats:
        """Return mean predictions over rows, (n_draws, n_points), computed at the mean row.

        Parameters
        ----------
        panel : the rows, for their categories
        means : (n_points, n_columns), of the regressors over the rows
        """
        predicted = self.slopes @ (means - self.centre).T + self.intercepts[:, None]
        for effects in self.effects:
            predicted += effects.mean(panel)[:, None]
        return predicted

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a category that has no effect."""
        return count_unseen(self.effects, panel)

    def knowing_omitted(
        self, panel: Panel, outcome: Floats, *, weights: Floats, row_weights: Floats
    ) -> AbsorbingModels:
        """Return models whose draws have effects for omitted categories, by `with_omitted_levels`.

        Parameters
        ----------
        panel : rows with all categories
        outcome : (n_draws, n_obs) or (n_obs,), outcome units
        weights : (n_draws, n_obs), >= 0, how often a row was drawn
        row_weights : (n_obs,), > 0, observation weights
        """
        if not self.effects or weights.all():
            return self
        target, parts = np.broadcast_to(outcome, weights.shape), []
        for draws in np.array_split(np.arange(len(weights)), -(-weights.size // _AT_A_TIME)):
            own = (replace(effects, deviations=effects.deviations[draws]) for effects in self.effects)
            effects = tuple(levels.with_levels_of(panel) for levels in own)
            some = AbsorbingModels(self.centre, self.slopes[draws], self.intercepts[draws], effects)
            residuals = target[draws] - some.predict(panel)
            known = with_omitted_levels(
                effects, panel, residuals, weights=weights[draws], row_weights=row_weights
            )
            parts.append(replace(some, effects=known))
        return stacked(parts)


def stacked(models: Sequence[AbsorbingModels]) -> AbsorbingModels:
    """Return models with one centre and the same categories, stacked over draws."""
    first = models[0]
    slopes = np.concatenate([model.slopes for model in models])
    intercepts = np.concatenate([model.intercepts for model in models])
    of_keys = zip(*(model.effects for model in models), strict=True)
    return AbsorbingModels(first.centre, slopes, intercepts, tuple(map(AbsorbedEffects.stacked, of_keys)))
