"""What instruments are refused for."""

from __future__ import annotations

import numpy as np

from harness.plugin import EffectKey, EstimationError, Floats, Panel, Problem, require_dose
from harness_panel.instrumental.left_over import less
from harness_panel.resampling.effect import in_words

_NOTHING = 1e-9
"""Share of a column's length that has to be left of an instrument."""


def refuse_unusable(panel: Panel) -> None:
    """Refuse a panel without instruments, with levels of exposure, or with controls that follow from it.

    Raises
    ------
    EstimationError
        Where the panel is one of these.
    """
    require_dose(panel)
    if panel.Z is None or not panel.instruments:
        raise EstimationError(
            Problem(
                where="instruments",
                what="the panel has no instruments",
                hint="name their columns as roles.instruments",
            )
        )
    follows = [column.into for column in panel.derived if panel.exposure in column.inputs]
    if follows:
        raise EstimationError(
            Problem(
                where=f"control {follows[0]!r}",
                what=f"it follows from the exposure {panel.exposure!r}, and would need instruments as well",
                hint="take it out of the controls; the instrumented effect is that of a straight line",
            )
        )


def refuse_absorbed(panel: Panel, effects: tuple[EffectKey, ...], within: Floats, whole: Floats) -> None:
    """Refuse instruments that do not vary, or not once effects are taken out.

    Parameters
    ----------
    within, whole : (n_instruments,), lengths of the instruments less effects and less their means

    Raises
    ------
    EstimationError
        Where there is such an instrument.
    """
    assert panel.Z is not None  # noqa: S101 - refused before
    largest = np.abs(panel.Z).max(axis=0) * np.sqrt(panel.n_obs)
    for name, left, centred, size in zip(panel.instruments, within, whole, largest, strict=True):
        if centred <= _NOTHING * size:
            raise _refused(name, "it does not vary")
        if left <= _NOTHING * size:
            raise _refused(name, f"{in_words(effects)} effects absorb it")


def refuse_dependent(panel: Panel, exposure: Floats, exogenous: Floats, instruments: Floats) -> None:
    """Refuse instruments that regressors, or instruments before them, determine.

    Parameters
    ----------
    exposure, exogenous, instruments : (n_obs,), (n_obs, n_exogenous) and (n_obs, n_instruments), less effects
        and of length one

    Raises
    ------
    EstimationError
        Where there is such an instrument.
    """
    for at, name in enumerate(panel.instruments):
        if name in panel.columns:
            raise _refused(name, "it is a regressor")
        before = np.column_stack([exogenous, instruments[:, :at]])
        own = instruments[:, at : at + 1]
        if np.linalg.norm(less(own, before)) <= _NOTHING:
            raise _refused(name, "regressors and instruments before it determine it")
        left = less(exposure[:, None], exogenous)
        if np.linalg.norm(less(own, np.column_stack([before, left]))) <= _NOTHING:
            raise _refused(name, f"it is the exposure {panel.exposure!r} itself, up to other regressors")


def _refused(name: str, why: str) -> EstimationError:
    return EstimationError(
        Problem(
            where=f"instrument {name!r}",
            what=f"{why}, so that it says nothing of its own about the exposure",
            hint="take it out of roles.instruments, or absorb fewer effects",
        )
    )
