"""The call of `pyfixest.feols`, with names of our own and nothing it raises let through as it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from harness.plugin import EstimationError, Floats, Problem
from harness_fixest.estimate import Request

if TYPE_CHECKING:
    import pandas as pd
    from pyfixest.estimation.models.feols_ import Feols as PyfixestFit

COLLINEAR = 1e-13
"""What is left of a column's variance once effects and the columns before it are taken out; less is none."""

_TOLERANCE = 1e-10
"""Relative error to which effects are taken out; pyfixest's own default is 1e-6."""

_MOST_STEPS = 100_000

_ALL_DROPPED = "All variables are collinear"

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PyfixestAnswer:
    """What pyfixest found.

    Attributes
    ----------
    names : (n_kept,), columns with a slope, as the frame names them
    slopes : (n_kept,)
    covariance : (n_kept, n_kept), as requested
    basis : (n_obs, n_kept), the columns without effects, times the roots of the weights
    outcome : (n_obs,), treated likewise
    left : (n_obs, n_columns), all columns without effects
    """

    names: tuple[str, ...]
    slopes: Floats
    covariance: Floats
    basis: Floats
    outcome: Floats
    left: Floats


def fit_pyfixest(frame: pd.DataFrame, formula: str, request: Request) -> PyfixestAnswer | None:
    """Return what pyfixest finds; None where effects absorb all columns.

    Raises
    ------
    EstimationError
        Where it finds no solution.
    """
    import pyfixest
    from pyfixest.demeaners import MapDemeaner

    def fit() -> PyfixestAnswer:
        found = pyfixest.feols(
            formula,
            frame,
            vcov=_vcov(request),
            weights="w" if "w" in frame else None,
            ssc=pyfixest.ssc(
                k_adj=False,
                k_fixef="none",
                G_adj=request.group_factor != "none",
                G_df="min" if request.group_factor == "none" else request.group_factor,
            ),
            fixef_rm="none",
            collin_tol=COLLINEAR * len(frame),
            drop_intercept="|" not in formula,
            copy_data=False,
            demeaner=MapDemeaner(fixef_tol=_TOLERANCE, fixef_maxiter=_MOST_STEPS),
            context={},
        )
        return _answer(cast("PyfixestFit", found))

    try:
        return guarded(fit)
    except ValueError as error:
        if _ALL_DROPPED in str(error):
            return None
        raise EstimationError(
            Problem(
                where="pyfixest",
                what=" ".join(str(error).split()),
                hint="absorb fewer effects, or use fixed_effects",
            )
        ) from error


def _answer(found: PyfixestFit) -> PyfixestAnswer:
    slopes = found.coef()
    # The covariance, and columns without effects, have no public name.
    return PyfixestAnswer(
        names=tuple(slopes.index),
        slopes=slopes.to_numpy(),
        covariance=np.asarray(found._vcov),
        basis=np.asarray(found._X),
        outcome=np.asarray(found._Y).ravel(),
        left=found._Xd.to_numpy(),
    )


def _vcov(request: Request) -> str | dict[str, str]:
    if request.kind != "CRV1":
        return request.kind
    return {"CRV1": " + ".join(f"c{at}" for at in range(len(request.clusters)))}


def guarded(call: Callable[[], T]) -> T:
    """Return what a call into pyfixest returns, without its warnings.

    Raises
    ------
    EstimationError
        Where its compiled code panics. A panic is a `BaseException`, which would end the whole study. Builds
        of pyfixest that abort the process instead cannot be guarded against here.
    """
    try:
        with warnings.catch_warnings():
            # They are of dropped columns, which a fit tells in its notes, and pandas' of what pyfixest calls.
            warnings.simplefilter("ignore")
            return call()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        what = f"its compiled code gave up: {' '.join(str(error).split())}"
        raise EstimationError(
            Problem(where="pyfixest", what=what, hint="use fixed_effects, or absorb fewer effects")
        ) from error
