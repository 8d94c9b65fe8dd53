"""The rows of a draw, and those that tell its levels, for random effects and between regressions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.plugin import Floats, Grouping, Key, Panel, numbered


def drawn_rows(panel: Panel, counts: Floats) -> Panel:
    """Return the rows of one draw, (n_obs,) counts.

    An entity that a draw holds k times with all its rows is k entities, of which the first keeps its name.
    Where a draw is of rows, a row that it holds k times is k rows of one entity.
    """
    times = counts.astype(np.int64)
    drawn = panel.take(np.repeat(np.arange(panel.n_obs), times))
    if not _is_of_entities(panel, counts):
        return drawn
    names, n_labels = panel.entity.labels, len(panel.entity.labels)
    copy = np.arange(drawn.n_obs) - np.repeat(np.cumsum(times) - times, times)
    levels, codes = numbered(drawn.entity.codes + copy * n_labels)
    further = (names[level % n_labels] + "\0" * (level // n_labels) for level in levels.tolist())
    return replace(drawn, entity=Key(panel.entity.name, tuple(further), codes))


def level_rows(panel: Panel, counts: Floats) -> Panel:
    """Return the rows that tell the levels of entities: those drawn, once, and all of entities left out."""
    once = np.minimum(counts, 1.0) if _is_of_entities(panel, counts) else counts
    is_left_out = np.bincount(panel.entity.codes, counts)[panel.entity.codes] == 0.0
    times = np.where(is_left_out, 1.0, once).astype(np.int64)
    return panel.take(np.repeat(np.arange(panel.n_obs), times))


def _is_of_entities(panel: Panel, counts: Floats) -> bool:
    """Say whether all rows of an entity are drawn equally often."""
    entity = Grouping.of(panel.entity.codes).codes
    return np.array_equal(counts[np.unique(entity, return_index=True)[1]][entity], counts)
