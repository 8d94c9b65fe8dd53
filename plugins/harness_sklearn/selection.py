"""Candidates compared on rows they were not fitted on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import plugin


@dataclass(frozen=True, eq=False)
class RowParts:
    """Rows by their use; each part by entity and then by time.

    Attributes
    ----------
    whole : all training rows, which the chosen candidate is fitted on
    train : what candidates are fitted on: all training rows, or those not set aside
    selection : what candidates are compared on
    """

    whole: plugin.Panel
    train: plugin.Panel
    selection: plugin.Panel


def split_to_select(
    panel: plugin.Panel, selection: plugin.Panel | None, *, share: float, rng: plugin.Stream
) -> RowParts:
    """Return training rows and selection rows; with None, a share of the panel's units is set aside for them.

    Parameters
    ----------
    share : in (0, 1)

    Raises
    ------
    EstimationError
        Where there is only one unit to split.
    """
    ordered = panel.take(panel.canonical_order)
    if selection is not None:
        return RowParts(ordered, ordered, selection.take(selection.canonical_order))
    split = plugin.inner_split(ordered, share=share, rng=plugin.stream_or_seeded(rng))
    return RowParts(ordered, ordered.take(split.train), ordered.take(split.selection))


class ComparesOnParts(ABC):
    """What compares candidates on rows set aside, and refuses rows that these cannot be fitted on.

    Attributes
    ----------
    selection_share : share of the units set aside where the protocol names no selection rows
    """

    name: ClassVar[str]
    selection_share: float

    @property
    @abstractmethod
    def need(self) -> tuple[int, str, str]:
        """The least number of training rows, what cannot be done with fewer, and what helps."""

    def parts(self, panel: plugin.Panel, selection: plugin.Panel | None, *, rng: plugin.Stream) -> RowParts:
        """Return training rows and selection rows, the former enough and with variation.

        Raises
        ------
        EstimationError
            Where there is one unit, rows are too few, or outcome or exposure do not vary.
        """
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        least, why, hint = self.need
        require_rows(parts.train.n_obs, least, estimator=self.name, why=why, hint=hint)
        plugin.refuse_constant(parts.train)
        return parts

    def check_rows(
        self, panel: plugin.Panel, *, rng: plugin.Stream = None, selection: plugin.Panel | None = None
    ) -> None:
        """Refuse rows that are too few to be set aside and trained on, or do not vary."""
        self.parts(panel, selection, rng=rng)


def require_rows(n_obs: int, least: int, *, estimator: str, why: str, hint: str) -> None:
    """Refuse training rows that are fewer than an estimator needs.

    Parameters
    ----------
    why : what it cannot do with them, after their number

    Raises
    ------
    EstimationError
    """
    if n_obs < least:
        what = plugin.Coded("{n_obs} training rows {why}", n_obs=n_obs, why=why)
        expected = plugin.Coded("at least {least} training rows", least=least)
        raise plugin.EstimationError(plugin.Problem(where=estimator, what=what, expected=expected, hint=hint))


def rows_in_use(panel: plugin.Panel, weights: plugin.Floats) -> plugin.Ints:
    """Return the rows that some draw of weights, (n_draws, n_obs), uses, by entity and then by time."""
    order = panel.canonical_order
    return order[np.asarray(weights.any(axis=0))[order]]


def refuse_empty_draws(weights: plugin.Floats, *, estimator: str) -> None:
    """Refuse weights, (n_draws, n_obs), of which a draw is all zero.

    Raises
    ------
    EstimationError
        Where a draw trains on no row.
    """
    if not weights.any(axis=1).all():
        what, hint = plugin.marked("a draw has no row of positive weight"), plugin.marked("draw again")
        raise plugin.EstimationError.at(estimator, what, hint=hint)


def shared_selection(panel: plugin.Panel, selection: plugin.DrawSelection) -> plugin.Panel | None:
    """Return the rows that all draws select on, if these are the same."""
    if selection is None or isinstance(selection, plugin.Panel):
        return selection
    is_shared = selection[0].any() and (selection == selection[0]).all()
    return panel.take(np.flatnonzero(selection[0])) if is_shared else None


@dataclass(frozen=True, eq=False)
class Search:
    """What was tried and what was chosen.

    Attributes
    ----------
    settings : by option, its value in every candidate, (n_candidates,); simpler candidates come first
    selection_nmse : (n_candidates,), squared error on the selection rows over the outcome's variance on the
        rows candidates were fitted on
    """

    settings: Mapping[str, Sequence[float]]
    selection_nmse: plugin.Floats

    @property
    def chosen(self) -> int:
        """Position of the candidate with the least error, the first of equals."""
        return int(np.argmin(self.selection_nmse))

    def best(self, option: str) -> float:
        """Return the value of an option in the chosen candidate."""
        return self.settings[option][self.chosen]

    def table(self) -> Mapping[str, Sequence[object]]:
        """Return one row a candidate."""
        is_chosen = np.arange(self.selection_nmse.size) == self.chosen
        return {**self.settings, "selection_nmse": self.selection_nmse.tolist(), "chosen": is_chosen.tolist()}
