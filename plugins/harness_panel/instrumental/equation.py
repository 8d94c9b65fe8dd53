"""A panel's columns without effects: exposure, exogenous, instruments; and their fit by linearmodels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import Coded, EffectKey, EstimationError, Floats, Mask, Panel, Problem, marked
from harness_panel.covariance import (
    Classical,
    Clustered,
    CommonShocks,
    Conley,
    Robust,
    Tested,
    own_covariance,
)
from harness_panel.solver.regression import Regression, in_words, regress
from harness_panel.solver.within import without_effects

if TYPE_CHECKING:
    from linearmodels.iv.results import IVGMMResults, IVResults


def projected(target: Floats, columns: Floats) -> Floats:
    """Return the projection of a target, (n_obs, n), on columns, (n_obs, n_columns)."""
    basis = np.linalg.qr(columns)[0]
    return np.asarray(basis @ (basis.T @ target))


def residuals_on(target: Floats, columns: Floats) -> Floats:
    """Return residuals of a target, (n_obs, n), on columns, (n_obs, n_columns), projected twice."""
    if not columns.shape[1]:
        return target
    residual: Floats = target - projected(target, columns)
    return residual - projected(residual, columns)


# Share of a column's length that has to be left of an instrument.
_NOTHING = 1e-9


def usable_instruments(panel: Panel, endogenous: tuple[str, ...]) -> Floats:
    """Return the instruments, (n_obs, n_instruments), or refuse what cannot have any.

    Raises
    ------
    EstimationError
        Where there are fewer than endogenous columns, one of these is not a regressor, the exposure has
        levels, or a control follows from it.
    """
    plugin.require_continuous(panel)
    if panel.Z is None or not panel.instruments:
        hint = marked("name their columns as roles.instruments")
        raise EstimationError(Problem("instruments", marked("the panel has no instruments"), hint=hint))
    for name in endogenous:
        if name not in panel.columns:
            what = Coded("{name} is not a regressor", name=repr(name))
            raise EstimationError.at(
                "endogenous", what, Coded("some of {names}", names=", ".join(map(repr, panel.columns[1:])))
            )
    counts = {"n_instruments": len(panel.instruments), "n_endogenous": 1 + len(endogenous)}
    if counts["n_instruments"] < counts["n_endogenous"]:
        words = marked("{n_instruments} instruments are too few for {n_endogenous} endogenous variables")
        hint = marked("name as many columns as roles.instruments")
        raise EstimationError.at("instruments", Coded(words, **counts), hint=hint)
    follows = [
        column.into
        for column in panel.derived
        if panel.exposure in column.inputs and column.into not in endogenous
    ]
    if follows:
        words = marked("it is a function of the exposure {exposure} and would need instruments too")
        what = Coded(words, exposure=repr(panel.exposure))
        hint = marked("drop it from the controls, or name it as `endogenous`")
        raise EstimationError(Problem(Coded("control {name}", name=repr(follows[0])), what, hint=hint))
    return panel.Z


def refuse_absorbed(
    panel: Panel, effects: tuple[EffectKey, ...], *, sizes: Floats, within: Floats, whole: Floats
) -> None:
    """Refuse instruments that do not vary, or not once effects are taken out.

    Parameters
    ----------
    sizes, within, whole : (n_instruments,), greatest possible lengths of the instruments, and their lengths
        less effects and less their means

    Raises
    ------
    EstimationError
        Where there is such an instrument.
    """
    for name, residual, centred, size in zip(panel.instruments, within, whole, sizes, strict=True):
        if centred <= _NOTHING * size:
            raise _refused(name, "it does not vary")
        if residual <= _NOTHING * size:
            raise _refused(name, f"{in_words(effects)} effects absorb it")


def refuse_dependent(
    panel: Panel, endogenous: Mapping[str, Floats], exogenous: Floats, instruments: Floats
) -> None:
    """Refuse instruments that regressors, or instruments before them, determine.

    Parameters
    ----------
    endogenous : (n_obs,), by name
    exogenous, instruments : (n_obs, n_exogenous) and (n_obs, n_instruments), less effects and of length one

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
        if np.linalg.norm(residuals_on(own, before)) <= _NOTHING:
            raise _refused(name, "regressors and instruments before it determine it")
        for other, column in endogenous.items():
            residual = residuals_on(column[:, None], exogenous)
            if np.linalg.norm(residuals_on(own, np.column_stack([before, residual]))) <= _NOTHING:
                raise _refused(name, f"it is {other!r} itself, up to other regressors")


def _refused(name: str, why: str) -> EstimationError:
    what = Coded("{why}: it has no information of its own about the exposure", why=why)
    hint = marked("drop it from roles.instruments, or absorb fewer effects")
    return EstimationError.at(Coded("instrument {name}", name=repr(name)), what, hint=hint)


# Covariances of instrumented equations; HC2 and HC3 are not among them.
InstrumentedCovariance = Annotated[
    Classical | Robust | Clustered | Conley | CommonShocks | Tested, Field(discriminator="use")
]


# Two-stage least squares, limited information maximum likelihood, two-step GMM.
Method = Literal["2sls", "liml", "gmm"]


@dataclass(frozen=True, eq=False)
class InstrumentedEquation:
    """An equation whose first regressor, the exposure, has instruments, and others may need them too.

    All columns are less effects, or a constant, times the roots of the weights, and of length one.

    Attributes
    ----------
    regression : by least squares, which says what columns are kept and takes effects out
    regressors : (n_obs, n_kept), in the order of the terms, the exposure first
    is_endogenous : (n_kept,), which of them are instrumented
    outcome : (n_obs,)
    instruments : (n_obs, n_instruments)
    lengths : (n_kept + 1,), of the regressors and the outcome before they were scaled
    """

    regression: Regression
    regressors: Floats
    is_endogenous: Mask
    outcome: Floats
    instruments: Floats
    lengths: Floats

    @classmethod
    def of(
        cls,
        panel: Panel,
        effects: tuple[EffectKey, ...],
        *,
        endogenous: tuple[str, ...] = (),
        weights: Floats | None = None,
    ) -> InstrumentedEquation:
        """Return the equation of a panel; without effects it has a constant.

        Parameters
        ----------
        endogenous : columns that are instrumented with the exposure
        weights : (n_obs,), > 0; None counts all rows alike

        Raises
        ------
        EstimationError
            Where there is no instrument, an instrument is of no use, a regressor follows from the exposure,
            or least squares refuse the panel.
        """
        instruments = usable_instruments(panel, endogenous)
        regression = regress(panel, effects, weights=weights)
        kept = regression.within.kept
        root = np.sqrt(regression.weights)[:, None]
        columns = np.column_stack([panel.X[:, kept], panel.observed, instruments])
        centred = columns - np.average(columns, axis=0, weights=regression.weights)
        whole = np.linalg.norm(root * centred, axis=0)
        within = root * without_effects(regression.absorber, centred, regression.weights)
        lengths = np.linalg.norm(within, axis=0)
        size, sizes = len(kept), np.abs(instruments).max(axis=0) * np.sqrt(panel.n_obs)
        refuse_absorbed(panel, effects, sizes=sizes, within=lengths[size + 1 :], whole=whole[size + 1 :])
        scaled = within / lengths
        equation = cls(
            regression,
            regressors=scaled[:, :size],
            is_endogenous=np.isin([panel.columns[at] for at in kept], (panel.exposure, *endogenous)),
            outcome=scaled[:, size],
            instruments=scaled[:, size + 1 :],
            lengths=lengths[: size + 1],
        )
        named = dict(zip(equation.endogenous_names, equation.endogenous.T, strict=True))
        refuse_dependent(panel, named, equation.exogenous, equation.instruments)
        return equation

    @property
    def exogenous(self) -> Floats:
        """Regressors that stand for themselves, (n_obs, n_exogenous)."""
        return self.regressors[:, ~self.is_endogenous]

    @property
    def endogenous(self) -> Floats:
        """Instrumented regressors, (n_obs, n_endogenous), the exposure first."""
        return self.regressors[:, self.is_endogenous]

    @property
    def endogenous_names(self) -> tuple[str, ...]:
        """Names of the instrumented regressors, the exposure first."""
        names = np.array(self.regression.panel.columns)[self.regression.within.kept]
        return tuple(names[self.is_endogenous].tolist())

    @property
    def to_units(self) -> Floats:
        """Takes coefficients of scaled columns to those of columns as they are, (n_kept,)."""
        return np.asarray(self.lengths[-1] / self.lengths[:-1])

    def fit(self, method: Method, *, clusters: Floats | None = None) -> IVResults | IVGMMResults:
        """Return the results of ``IV2SLS``, ``IVLIML`` or ``IVGMM`` of two steps on the scaled columns.

        Parameters
        ----------
        clusters : (n_obs, n_sets), whose dependence GMM weighs moments by; None takes errors as independent
        """
        from linearmodels import iv

        exogenous = self.exogenous if self.exogenous.shape[1] else None
        data = (self.outcome, exogenous, self.endogenous, self.instruments)
        if method != "gmm":
            model = iv.IV2SLS if method == "2sls" else iv.IVLIML
            return cast("IVResults", model(*data).fit(cov_type="unadjusted"))
        weighting = {} if clusters is None else {"clusters": clusters}
        kind = "robust" if clusters is None else "clustered"
        return cast("IVGMMResults", iv.IVGMM(*data, weight_type=kind, **weighting).fit(iter_limit=2))

    def slopes_of(self, results: IVResults | IVGMMResults) -> Floats:
        """Return linearmodels' coefficients of all columns, (n_columns,); zero for dropped ones."""
        slopes = np.zeros(self.regression.panel.X.shape[1])
        slopes[self.regression.within.kept] = self._in_order(results) * self.to_units
        return slopes

    def covariance(
        self, results: IVResults | IVGMMResults, covariance: InstrumentedCovariance
    ) -> tuple[Floats, plugin.Correction]:
        """Return the covariance of the coefficients in the order of the terms, and how it was computed.

        With M the fitted regressors of the first stage, or those that GMM weighs, M = QR, and A what solves
        A'(y - X b) = 0, the sandwich is that of scores of Q between (A'X)^{-1} R' and its transpose.

        Raises
        ------
        EstimationError
            Where these rows cannot carry the covariance.
        """
        from linearmodels.iv.results import IVGMMResults

        moments = np.column_stack([self.exogenous, self.instruments])
        if isinstance(results, IVGMMResults):
            fitted = moments @ np.asarray(results.weight_matrix) @ (moments.T @ self.regressors)
            taken = fitted
        else:
            fitted, kappa = projected(self.regressors, moments), float(getattr(results, "kappa", 1.0))
            taken = (1.0 - kappa) * self.regressors + kappa * fitted
        basis, triangle = np.linalg.qr(fitted)
        inverse = np.linalg.inv(taken.T @ self.regressors)
        is_classical = isinstance(covariance, Classical) and not isinstance(results, IVGMMResults)
        # Errors of equal variance leave the inverse itself, which for LIML is no sandwich.
        bread = np.linalg.cholesky(inverse) if is_classical else inverse @ triangle.T
        slopes = (self.to_units / self.lengths[-1])[:, None] * bread
        residuals = self.residuals(results) * self.lengths[-1]
        if not self.regression.has_constant:
            return own_covariance(self.regression, covariance, basis, slopes, residuals)
        weights, panel = self.regression.weights, self.regression.panel
        kept = self.regression.within.kept
        centre = np.average(panel.X[:, kept], axis=0, weights=weights)
        first = np.concatenate([[weights.sum() ** -0.5], -centre @ slopes])
        whole = np.vstack([first, np.column_stack([np.zeros(len(slopes)), slopes])])
        root = np.sqrt(weights)
        both = np.column_stack([root / np.linalg.norm(root), basis])
        return own_covariance(self.regression, covariance, both, whole, residuals)

    def beyond_exogenous(self, column: Floats) -> tuple[Floats, Floats]:
        """Return an orthonormal basis of the instruments, and a column, both given the exogenous columns."""
        basis = np.linalg.qr(residuals_on(self.instruments, self.exogenous))[0]
        return np.asarray(basis), residuals_on(column, self.exogenous)

    def residuals(self, results: IVResults | IVGMMResults) -> Floats:
        """Return structural residuals, (n_obs,), over the outcome's length."""
        return np.asarray(self.outcome - self.regressors @ self._in_order(results))

    def model(self, slopes: Floats) -> plugin.AbsorbingModels:
        """Return what coefficients, (n_columns,), predict, with the levels that they leave, as one draw."""
        return self.regression.models(slopes[None], self.regression.weights[:, None])

    def _in_order(self, results: IVResults | IVGMMResults) -> Floats:
        """Return linearmodels' coefficients, the endogenous last, in the order of the terms."""
        params = np.empty(self.is_endogenous.size)
        params[np.argsort(self.is_endogenous, kind="stable")] = np.asarray(results.params)
        return params
