"""Known truths are found."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats
from harness.conformance.case import Case
from harness.conformance.check import SOUND, Rules, Skipped, Violation
from harness.conformance.panels import SEED, linear_panel
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.draws import FittedDraws, HasDraws
from harness.estimators.guard import in_one_line
from harness.estimators.protocol import Fitted
from harness.evaluation.resample import draw_weights
from harness.rng import random_stream
from harness.scenarios.draws import fit_draws, require_few_refused
from harness.scenarios.partial_dependence import mean_predictions

RULES = Rules(needs=SOUND)

EFFECT = 1.0
"""True effect, outcome units per unit of the exposure; the noise has a standard deviation of 0.4."""

SHARE = 0.5
"""How far, as a share of the truth, an effect may be off; a smoother flattens what it smooths."""

N_PANELS, N_COVERED, N_DRAWS = 8, 5, 20
"""Bands that cover 0.9 of the time cover fewer than 5 of 8 panels once in 200 times."""


@RULES.add()
def effect(case: Case) -> str:
    """Check that the effect of the exposure on a simulated panel is found.

    Compare the mean predictions at the quartiles of the exposure with the truth.
    """
    panel = case.prepared(linear_panel(EFFECT, label="effect"))
    found = float(_effect(case.fitted(panel), panel))
    if found == 0.0:
        raise Skipped("its predictions do not depend on the exposure")
    if abs(found - EFFECT) > SHARE * EFFECT:
        raise Violation(f"the effect is {EFFECT:g}, and {found:.3g} was found")
    return f"{found:.3g} found where {EFFECT:g} is true"


@RULES.add(needs=(*SOUND, "new_levels", "zero_weights", "own_draws"), is_slow=True)
def bands(case: Case) -> str:
    """Check that bands of the effect cover its true value, zero.

    Resample entities of several panels without any effect, by the way a study would.
    """
    covered = 0
    for at in range(N_PANELS):
        drawn = linear_panel(0.0, label=f"bands:{at}", n_entities=40, n_periods=5)
        panel = case.prepared(drawn)
        effects = _drawn_effects(case, panel)
        if not effects.any():
            raise Skipped("its predictions do not depend on the exposure")
        low, high = np.quantile(effects, [0.025, 0.975])
        covered += int(low <= 0.0 <= high)
    if covered < N_COVERED:
        raise Violation(f"95 % bands cover the truth on {covered} of {N_PANELS} panels")
    return f"the truth is covered on {covered} of {N_PANELS} panels"


def _drawn_effects(case: Case, panel: Panel) -> Floats:
    """Return the effect in each draw, (n_draws,).

    Raises
    ------
    Skipped
        Where the draws refuse these rows: what a draw left out is new to it.
    """
    try:
        return _effect(_draws(case, panel), panel)
    except EstimationError as error:
        raise Skipped(f"refused: {in_one_line(error.problems[0])}") from error


def _draws(case: Case, panel: Panel) -> FittedDraws:
    """Return the draws a fit carries, or those that the core would make."""
    fit = case.fitted(panel)
    if isinstance(fit, HasDraws):
        return fit.draws
    weights = draw_weights(panel, N_DRAWS, unit="entity", rng=random_stream(SEED, "bands"))
    rngs = random_stream(SEED, "draws").spawn(len(weights))
    draws = fit_draws(case.estimator, panel, weights=weights, rngs=rngs)
    require_few_refused(draws, len(weights))
    return draws


def _effect(model: Fitted | FittedDraws, panel: Panel) -> Floats:
    """Return the change of the mean prediction between the quartiles of the exposure, per unit of it."""
    quartiles = np.quantile(panel.column(panel.exposure), [0.25, 0.75])
    means = mean_predictions(model, panel, columns=(panel.exposure,), points=quartiles[:, None])
    return np.asarray(np.diff(means, axis=-1)[..., 0] / np.diff(quartiles)[0])
