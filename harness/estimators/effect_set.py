"""The levels of a fit's rows: of a key, of a column, or of a combination of keys and columns."""

from __future__ import annotations

from dataclasses import dataclass

from harness.arrays import Ints, numbered
from harness.data.grouping import Grouping
from harness.data.panel import Panel
from harness.estimators.level_effects import EffectKey, key_of


@dataclass(frozen=True, eq=False)
class EffectSet(Grouping):
    """Levels that have effects, and the level of each row; every level has a row.

    Attributes
    ----------
    effect : whose levels they are
    labels : (n_levels,)
    """

    effect: EffectKey
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """The key or column, or the combination as ``region^year``."""
        return str(self.effect)

    def take(self, rows: Ints) -> EffectSet:
        """Return the set of some rows, (n_rows,) positions, without the levels that these have not."""
        return _present(self.effect, self.labels, self.codes[rows])


def read_effect_set(panel: Panel, effect: EffectKey) -> EffectSet:
    """Return the levels of a panel's rows.

    Raises
    ------
    EstimationError
        Where the panel carries no such column.
    """
    key = key_of(panel, effect)
    return _present(effect, key.labels, key.codes)


def _present(effect: EffectKey, labels: tuple[str, ...], codes: Ints) -> EffectSet:
    levels, positions = numbered(codes)
    return EffectSet(positions, levels, effect, tuple(labels[level] for level in levels.tolist()))
