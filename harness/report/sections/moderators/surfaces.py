"""Surfaces of levels and effects over exposure and moderator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.errors import ArtifactError, Problem
from harness.findings.lines import true_rows
from harness.findings.run import Run
from harness.language import gettext
from harness.tables.conditional import SurfaceKey
from harness.tables.table import NOT_DONE

if TYPE_CHECKING:
    import pandas as pd

KEY = ("scenario", "moderator", "outcome", "estimator")
LAYERS = ("estimate", "conf_low", "conf_high", "effect", "effect_low", "effect_high", "n_obs")


@dataclass(frozen=True, eq=False)
class Surface:
    """One estimator's answer over exposure and moderator.

    Attributes
    ----------
    exposure_at : (n_exposure,), increasing
    moderator_at : (n_moderator,), increasing
    estimate, conf_low, conf_high : (n_exposure, n_moderator), mean predicted outcome and its limits
    effect, effect_low, effect_high : (n_exposure, n_moderator), its derivative along the exposure
    n_obs : (n_exposure, n_moderator), rows near each cell
    supported : (n_exposure, n_moderator), whether the data reach there
    """

    key: SurfaceKey
    exposure_at: Floats
    moderator_at: Floats
    estimate: Floats
    conf_low: Floats
    conf_high: Floats
    effect: Floats
    effect_low: Floats
    effect_high: Floats
    n_obs: Floats
    supported: Mask

    @property
    def level_range(self) -> tuple[float, float]:
        """Lowest and highest level that the data reach; of all cells where they reach none."""
        shown = self.estimate[self.supported] if self.supported.any() else self.estimate
        return float(shown.min()), float(shown.max())


def surfaces(run: Run) -> tuple[Surface, ...]:
    """Return all surfaces of a run."""
    return surfaces_from(run.frame("surfaces"))


def true_levels(run: Run, surface: Surface) -> Floats | None:
    """Return the true levels on the cells of a surface, (n_exposure, n_moderator); None if not known."""
    key, shape = surface.key, surface.estimate.shape
    rows = true_rows(run, key.outcome, key.scenario, "surface")
    if len(rows) != surface.estimate.size:
        return None
    cells = sorted((row.at, row.moderator_at, row.truth) for row in rows)
    return frozen_floats([truth for _, _, truth in cells]).reshape(shape)


def surfaces_from(frame: pd.DataFrame) -> tuple[Surface, ...]:
    """Return the surfaces of the table ``surfaces``, in the order in which they first appear.

    Read column by column, since a study has a row for every cell of dozens of grids.

    Raises
    ------
    ArtifactError
        Where columns are missing, or a surface lacks cells.
    """
    if frame.empty:
        return ()
    wanted = (*KEY, "exposure_at", "moderator_at", *LAYERS, "supported", "status")
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise _unreadable(gettext("the table lacks {join}").format(join=", ".join(missing)))
    done = frame[~frame["status"].isin(NOT_DONE)]
    return tuple(
        _surface(SurfaceKey(*(str(part) for part in key)), rows)
        for key, rows in done.groupby(list(KEY), sort=False)
        if isinstance(key, tuple)
    )


def _surface(key: SurfaceKey, rows: pd.DataFrame) -> Surface:
    rows = rows.sort_values(["exposure_at", "moderator_at"])
    exposure, moderator = (np.unique(rows[name].to_numpy(float)) for name in ("exposure_at", "moderator_at"))
    shape = exposure.size, moderator.size
    if len(rows) != exposure.size * moderator.size:
        raise _unreadable(
            gettext("{estimator} on {outcome} by {moderator}: cells are missing").format(
                estimator=key.estimator, outcome=key.outcome, moderator=key.moderator
            )
        )
    layers = {name: frozen_floats(rows[name].to_numpy(float).reshape(shape)) for name in LAYERS}
    return Surface(
        key=key,
        exposure_at=frozen_floats(exposure),
        moderator_at=frozen_floats(moderator),
        supported=(rows["supported"].astype(str) == "True").to_numpy().reshape(shape),
        **layers,
    )


def _unreadable(what: str) -> ArtifactError:
    return ArtifactError(Problem("surfaces.csv", what, hint="run the study again with this version"))
