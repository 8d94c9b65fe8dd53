"""Surfaces of levels and effects over exposure and moderator, what is true of them, and changes of sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.errors import ArtifactError, Problem
from harness.findings.lines import ConditionalEffect, conditional_effects, true_rows
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.tables.conditional import THRESHOLDS, SurfaceKey, ThresholdRow
from harness.tables.table import NOT_DONE
from harness.text.numbers import estimate, percent

if TYPE_CHECKING:
    import pandas as pd

KEY = ("scenario", "moderator", "outcome", "estimator")
LAYERS = ("estimate", "conf_low", "conf_high", "effect", "effect_low", "effect_high", "n_obs")

# Kind of a threshold's row that says: the effect does not change its sign.
NONE = "none"
SIGNS = {"negative_to_positive": marked("from − to +"), "positive_to_negative": marked("from + to −")}


@dataclass(frozen=True, eq=False)
class Surface:
    """One estimator's answer over exposure and moderator.

    Attributes
    ----------
    exposure_at : (n_exposure,), increasing
    moderator_at : (n_moderator,), increasing
    supported : (n_exposure, n_moderator), whether the data reach there
    estimate, conf_low, conf_high : (n_exposure, n_moderator), mean predicted outcome and its limits
    effect, effect_low, effect_high : (n_exposure, n_moderator), its derivative along the exposure
    n_obs : (n_exposure, n_moderator), rows near each cell
    """

    exposure_at: Floats
    moderator_at: Floats
    supported: Mask
    estimate: Floats
    conf_low: Floats
    conf_high: Floats
    effect: Floats
    effect_low: Floats
    effect_high: Floats
    n_obs: Floats

    @property
    def level_range(self) -> tuple[float, float]:
        """Lowest and highest level that the data reach; of all cells where they reach none."""
        shown = self.estimate[self.supported] if self.supported.any() else self.estimate
        return float(shown.min()), float(shown.max())


def surfaces(run: Run) -> Mapping[SurfaceKey, Surface]:
    """Return all surfaces of a run, in the order in which they first appear in their table.

    Read column by column, since a study has a row for every cell of dozens of grids.

    Raises
    ------
    ArtifactError
        Where columns are missing, or a surface lacks cells.
    """
    frame = run.frame("surfaces")
    if frame.empty:
        return {}
    wanted = (*KEY, "exposure_at", "moderator_at", *LAYERS, "supported", "status")
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise _unreadable(gettext("the table lacks {join}").format(join=", ".join(missing)))
    done = frame[~frame["status"].isin(NOT_DONE)]
    keyed = ((SurfaceKey(*map(str, key)), rows) for key, rows in done.groupby(list(KEY), sort=False))
    return {key: _surface(key, rows.sort_values(["exposure_at", "moderator_at"])) for key, rows in keyed}


def _surface(key: SurfaceKey, rows: pd.DataFrame) -> Surface:
    exposure, moderator = (np.unique(rows[name].to_numpy(float)) for name in ("exposure_at", "moderator_at"))
    shape = exposure.size, moderator.size
    if len(rows) != exposure.size * moderator.size:
        words = gettext("{estimator} on {outcome} by {moderator}: cells are missing")
        raise _unreadable(words.format(estimator=key.estimator, outcome=key.outcome, moderator=key.moderator))
    return Surface(
        exposure_at=frozen_floats(exposure),
        moderator_at=frozen_floats(moderator),
        supported=(rows["supported"].astype(str) == "True").to_numpy().reshape(shape),
        **{name: frozen_floats(rows[name].to_numpy(float).reshape(shape)) for name in LAYERS},
    )


def _unreadable(what: str) -> ArtifactError:
    return ArtifactError(Problem("surfaces.csv", what, hint="run the study again with this version"))


def true_levels(run: Run, key: SurfaceKey) -> Floats | None:
    """Return the true levels on the cells of a surface, (n_exposure, n_moderator); None if not known."""
    shape = run.view(surfaces)[key].estimate.shape
    rows = true_rows(run, key.outcome, key.scenario, "surface")
    if len(rows) != shape[0] * shape[1]:
        return None
    cells = sorted((row.at, row.moderator_at, row.truth) for row in rows)
    return frozen_floats([truth for _, _, truth in cells]).reshape(shape)


def effect_along(run: Run, key: SurfaceKey) -> ConditionalEffect | None:
    """Return the effect along a moderator; None where an estimator has none."""
    return next((effect for effect in run.view(conditional_effects) if effect.key == key), None)


def thresholds_of(run: Run, key: SurfaceKey) -> tuple[ThresholdRow, ...]:
    """Return where one conditional effect changes its sign; a row of kind ``none`` says nowhere."""
    return tuple(row for row in run.rows(THRESHOLDS) if row.is_done and row.key == key)


def threshold_text(row: ThresholdRow) -> str:
    """Return a change of sign in words, with its interval and the share of draws that have it."""
    if row.kind == NONE:
        return gettext("no change of sign")
    at, limits = estimate(row.at, row.conf_low, row.conf_high)
    return gettext("{at} {limits}, {signs}, in {share_of_draws} of draws").format(
        at=at,
        limits=limits,
        signs=gettext(SIGNS.get(row.kind, row.kind)),
        share_of_draws=percent(row.share_of_draws, 0),
    )
