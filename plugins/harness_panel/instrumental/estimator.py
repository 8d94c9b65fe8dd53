"""Instruments for the exposure: 2SLS, LIML and GMM of ``linearmodels.iv``, and tests of instruments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import Coded, CoefficientTable, Floats, Note, Panel, Statistic, Stream, marked
from harness_panel import covariance as covariances
from harness_panel.covariance import Classical, PredictionsAlone, Robust, Tested, own_covariance
from harness_panel.diagnostics.effects import Check, Diagnostic, details_of
from harness_panel.estimators.linear import LINEAR
from harness_panel.instrumental.equation import InstrumentedCovariance as Covariance
from harness_panel.instrumental.equation import InstrumentedEquation, Method, projected, residuals_on
from harness_panel.solver.equation import OneByOne
from harness_panel.solver.regression import Dimension, Regression, regress, require_each_once
from harness_panel.solver.within import without_effects
from harness_panel.statistics import LevelledFit, only_predicts

if TYPE_CHECKING:
    from linearmodels.iv.results import IVGMMResults, IVResults


# Partial F below which instruments are called weak (Staiger & Stock 1997).
LEAST_F = 10.0

# Nominal coverage of the confidence sets under weak instruments.
LEVEL = 0.95

# Share of the worst-case bias that the effective F is held against.
BIAS = 0.10


@dataclass(frozen=True)
class Strength:
    """The first stage.

    Attributes
    ----------
    partial_f : of the instruments for errors of equal variance
    partial_r2 : share of the exposure's variation, given regressors and effects, that the instruments explain
    effective_f : of Montiel Olea & Pflueger, by the fit's own covariance; with one instrument its robust F
    effective_df : degrees of freedom of the effective F, K of the notes of `strength_of`
    critical_f : the effective F is above it with probability 0.05 where the worst-case bias is a tenth
    """

    partial_f: float
    partial_r2: float
    effective_f: float
    effective_df: float
    critical_f: float

    @property
    def is_weak(self) -> bool:
        """Whether the partial F is below ten, or the effective F below its critical value."""
        return self.partial_f < LEAST_F or self.effective_f < self.critical_f

    def weak_instruments(self) -> Diagnostic:
        """Test by the effective F that the bias is no small share of the worst case; a small p is good."""
        df, name, effective = self.effective_df, "weak_instruments", self.effective_f
        null = Coded("the bias may be {BIAS} of the worst case or more", BIAS=f"{BIAS:.0%}")
        source = f"effective F {effective:.4g} times its degrees of freedom; Montiel Olea & Pflueger 2013"
        return Diagnostic(name, null, df * effective, "noncentral chi2", (df, df / BIAS), source)


def first_stage(equation: InstrumentedEquation, at: int) -> Diagnostic:
    """Test that the instruments do not move an endogenous variable, given what they do to the others.

    Parameters
    ----------
    at : position among the endogenous variables

    Notes
    -----
    The variable less what two-stage least squares explain of it by the others is regressed on the
    instruments, with a degree of freedom less for each other (Sanderson & Windmeijer 2016).
    """
    basis, others = equation.beyond_exogenous(np.delete(equation.endogenous, at, axis=1))
    residual = residuals_on(equation.endogenous[:, at : at + 1], equation.exogenous)[:, 0]
    residual = residual - others @ np.linalg.lstsq(basis.T @ others, basis.T @ residual, rcond=None)[0]
    n_others, explained = others.shape[1], float(np.sum((basis.T @ residual) ** 2))
    # Endogenous variables are no regressors of the first stage.
    df = (basis.shape[1] - n_others, equation.regression.df_resid + 1 + n_others - basis.shape[1])
    statistic = explained / df[0] / ((float(residual @ residual) - explained) / df[1])
    source = "F for errors of equal variance; below 10 weak (Staiger & Stock 1997)"
    if not n_others:
        null = marked("given regressors and effects, the instruments do not move the exposure")
        return Diagnostic("first_stage", null, statistic, "F", df, source)
    null = marked("given the other endogenous variables, the instruments do not move this one")
    name = f"first_stage ({equation.endogenous_names[at]})"
    return Diagnostic(name, null, statistic, "F", df, f"conditional {source}; Sanderson & Windmeijer 2016")


def strength_of(equation: InstrumentedEquation, covariance: Covariance) -> Strength:
    """Return the strength of an equation's instruments.

    Parameters
    ----------
    covariance : of the effective F

    Notes
    -----
    With Z orthonormal given the other regressors, and V the covariance of the first stage's coefficients p,
    the effective F is p'p / tr(V). Its critical value is that of their "simplified" test: a noncentral
    chi-square of K degrees of freedom over K, K = tr(V)^2 (1 + 2x) / (tr(V'V) + 2x tr(V) max eig(V)) and x
    one over the bias (section 3.2, Patnaik's approximation).
    """
    from scipy import stats

    basis, residual = equation.beyond_exogenous(equation.regressors[:, 0])
    slopes = basis.T @ residual
    residuals = residual - basis @ slopes
    total, explained = float(residual @ residual), float(slopes @ slopes)
    n_instruments = basis.shape[1]
    matrix, _ = own_covariance(equation.regression, covariance, basis, np.eye(n_instruments), residuals)
    trace = float(np.trace(matrix))
    largest, x = float(np.linalg.eigvalsh(matrix)[-1]), 1.0 / BIAS
    size = trace**2 * (1 + 2 * x) / (float(np.sum(matrix**2)) + 2 * x * trace * largest)
    return Strength(
        partial_f=first_stage(equation, 0).statistic,
        partial_r2=explained / total,
        effective_f=explained / trace,
        effective_df=size,
        critical_f=float(stats.ncx2.ppf(0.95, size, x * size) / size),
    )


def reduced_form_of(equation: InstrumentedEquation, covariance: Covariance) -> plugin.ReducedForm:
    """Return what the instruments do to outcome and exposure, the slope in units of both.

    A covariance is a quadratic form of residuals: that of both coefficients together follows from those of
    outcome, exposure and their sum.
    """
    basis, outcome = equation.beyond_exogenous(equation.outcome)
    _, exposure = equation.beyond_exogenous(equation.regressors[:, 0])
    columns = np.column_stack([outcome * equation.lengths[-1], exposure * equation.lengths[0]])
    slopes = basis.T @ columns
    left = columns - basis @ slopes
    unit, regression = np.eye(basis.shape[1]), equation.regression
    (of_outcome, how), (of_exposure, _), (of_sum, _) = (
        own_covariance(regression, covariance, basis, unit, own) for own in (*left.T, left.sum(axis=1))
    )
    both = (of_sum - of_outcome - of_exposure) / 2.0
    return plugin.ReducedForm(slopes[:, 0], slopes[:, 1], of_outcome, both, of_exposure, how.df_resid)


def clusters_of_rows(equation: InstrumentedEquation, covariance: Covariance) -> Floats | None:
    """Return the clusters that GMM weighs moments by, (n_obs, n_sets); None for independent errors."""
    if not covariances.clusters_of(covariance):
        return None
    return np.column_stack(
        [equation.regression.grouping(name).codes for name in covariances.clusters_of(covariance)]
    )


def no_effect(reduced: plugin.ReducedForm, n_endogenous: int) -> Diagnostic:
    """Test that there is no effect, however weak the instruments are (Anderson & Rubin 1949)."""
    null = marked("the exposure has no effect, and the instruments act only through it")
    if n_endogenous > 1:
        null = marked("no endogenous variable has an effect, and the instruments act only through them")
    df = (reduced.outcome.size, reduced.df)
    return Diagnostic(
        "anderson_rubin",
        null,
        reduced.statistic(0.0),
        "F",
        df,
        "Anderson & Rubin 1949, with the fit's errors",
    )


_PARTIAL_R2 = "share of the exposure that the instruments explain"


@dataclass(frozen=True, eq=False, repr=False)
class InstrumentalFit(LevelledFit):
    """A fit by instrumental variables.

    Attributes
    ----------
    equation : what was estimated
    regression : of the equation, by least squares
    model : predicts; one draw
    method, covariance : how
    table : coefficients; None where only predictions were asked for
    strength : of the instruments; None likewise, and where several variables are endogenous
    reduced : form of the equation; None likewise
    """

    title: ClassVar[str] = marked("Instrumental variables")

    equation: InstrumentedEquation
    regression: Regression
    model: plugin.AbsorbingModels
    method: Method
    covariance: Covariance
    table: CoefficientTable | None = None
    strength: Strength | None = None
    reduced: plugin.ReducedForm | None = None

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether the instruments are weak."""
        notes, strength, reduced = self.regression.notes, self.strength, self.reduced
        if reduced is not None and strength is None:
            return (*notes, *self._weak())
        if strength is None or reduced is None or not strength.is_weak:
            return notes
        message = Coded(
            "The instruments are weak: partial F {partial_f}, effective F {effective_f} (required: "
            "{critical_f}). The estimate is biased towards least squares and its interval is too "
            "short; the 95 % Anderson–Rubin confidence set is {confidence_set}.",
            partial_f=f"{strength.partial_f:.3g}",
            effective_f=f"{strength.effective_f:.3g}",
            critical_f=f"{strength.critical_f:.3g}",
            confidence_set=plugin.set_in_words(reduced.confidence_set(LEVEL)),
        )
        return (*notes, Note("W-WEAK", ", ".join(self.regression.panel.instruments), message))

    def _first_stages(self) -> Mapping[str, Check]:
        """Return the first stage of each endogenous variable, of several by name."""
        equation, names = self.equation, self.equation.endogenous_names
        keys = ("first_stage",) if len(names) == 1 else tuple(f"first_stage ({name})" for name in names)
        return {key: partial(first_stage, equation, at) for at, key in enumerate(keys)}

    def _weak(self) -> Iterator[Note]:
        """Yield a note on each of several endogenous variables whose conditional F is below ten."""
        for name, check in zip(self.equation.endogenous_names, self._first_stages().values(), strict=True):
            if (statistic := check().statistic) < LEAST_F:
                words = marked(
                    "The instruments are weak for {name}: conditional F {statistic}, below 10. Its estimate "
                    "is biased towards least squares; the Anderson–Rubin test holds all the same."
                )
                yield Note("W-WEAK", name, Coded(words, name=name, statistic=f"{statistic:.3g}"))

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named.

        Raises
        ------
        EstimationError
            Where only predictions were asked for.
        """
        if self.table is None:
            raise only_predicts()
        return self.table

    def remarks(self) -> Sequence[str]:
        """Return how, and by which instruments."""
        names, instruments = self.equation.endogenous_names, self.regression.panel.instruments
        return (f"{self.method}, {', '.join(names)} instrumented by {', '.join(instruments)}",)

    def statistics(self) -> Sequence[Statistic]:
        """Return what describes the equation and its first stage; nothing of a fit that only predicts."""
        regression, strength, reduced = self.regression, self.strength, self.reduced
        if reduced is None:
            return ()
        counts = (
            Statistic("n_obs", regression.panel.n_obs, "rows of the estimated equation"),
            Statistic("df_resid", regression.df_resid, "rows less coefficients less independent effects"),
            Statistic("n_instruments", len(regression.panel.instruments), "excluded instruments"),
        )
        if strength is None:
            return counts
        source = "Montiel Olea & Pflueger 2013"
        critical = f"for a worst-case bias of a tenth at 5 %, {source}"
        return (
            *counts,
            Statistic("partial_f", strength.partial_f, "of the first stage, for errors of equal variance"),
            Statistic("partial_r2", strength.partial_r2, _PARTIAL_R2),
            Statistic("effective_f", strength.effective_f, f"of the first stage, {source}"),
            Statistic("effective_f_critical", strength.critical_f, critical),
            *self._limits(strength, reduced),
        )

    def _limits(self, strength: Strength, reduced: plugin.ReducedForm) -> Iterator[Statistic]:
        """Yield the ends of 95 % confidence sets of the slope that hold under weak instruments."""
        found = reduced.confidence_set(LEVEL)
        source = f"of the 95 % confidence set {plugin.set_in_words(found)}, Anderson & Rubin 1949"
        for low, high in found or [(np.nan, np.nan)]:
            yield Statistic("anderson_rubin_low", low, source)
            yield Statistic("anderson_rubin_high", high, source)
        if self.method == "2sls" and reduced.outcome.size == 1:
            table = self.coefficients()
            at = table.terms.index(self.regression.panel.exposure)
            half = plugin.tf_critical(strength.effective_f) * table.std_error[at]
            for name, sign in (("tf_low", -1.0), ("tf_high", 1.0)):
                source = "of the 95 % interval tF, Lee, McCrary, Moreira & Porter 2022"
                yield Statistic(name, float(table.estimate[at] + sign * half), source)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the first stage's statistics, and the tests of the instruments."""
        if self.reduced is None:
            return {}
        checks: dict[str, Check] = {
            **self._first_stages(),
            **({"weak_instruments": self.strength.weak_instruments} if self.strength else {}),
            "anderson_rubin": partial(no_effect, self.reduced, len(self.equation.endogenous_names)),
            "overidentification": self.test_overidentification,
            "exogeneity": self.test_exogeneity,
        }
        return details_of(self.statistics(), checks)

    def test_overidentification(self) -> Diagnostic:
        """Test whether all instruments agree: Sargan 1958 for errors of equal variance, else Hansen 1982.

        Raises
        ------
        EstimationError
            Where there are as many instruments as endogenous variables.
        """
        equation = self.equation
        further = equation.instruments.shape[1] - equation.endogenous.shape[1]
        if further == 0:
            what = marked(
                "with one instrument for each endogenous variable there is no overidentifying "
                "restriction to test"
            )
            raise plugin.EstimationError.at("overidentification", what)
        if isinstance(self.covariance, Classical) and self.method != "gmm":
            statistic = float(cast("IVResults", equation.fit(self.method)).sargan.stat)
            source = "Sargan 1958, by linearmodels"
        else:
            clusters = clusters_of_rows(equation, self.covariance)
            statistic = float(cast("IVGMMResults", equation.fit("gmm", clusters=clusters)).j_stat.stat)
            source = f"Hansen's J of two-step GMM, by linearmodels; weights {self.covariance.use}"
        null = marked("all instruments are uncorrelated with the errors")
        return Diagnostic("overidentification", null, statistic, "chi2", (further,), source)

    def test_exogeneity(self) -> Diagnostic:
        """Test whether least squares would do: Durbin, Wu and Hausman by the first stage's residuals.

        The residuals are one more regressor of least squares, and their coefficient is zero if the exposure
        is uncorrelated with the errors (Wooldridge 2010, section 6.2).
        """
        equation, regression = self.equation, self.regression
        panel, weights = regression.panel, regression.weights
        moments = np.column_stack([equation.exogenous, equation.instruments])
        residuals = equation.endogenous - projected(equation.endogenous, moments)
        residuals = without_effects(regression.absorber, residuals / np.sqrt(weights)[:, None], weights)
        extended = replace(
            panel,
            controls=(*panel.controls, *(f"{name}, residual" for name in equation.endogenous_names)),
            X=np.column_stack([panel.X, residuals]),
        )
        augmented = regress(extended, regression.effects, weights=weights)
        own = slice(-residuals.shape[1], None)
        matrix, correction = own_covariance(
            *(augmented, self.covariance),
            *(augmented.basis, augmented.to_coefficients, augmented.within.residuals),
        )
        null = marked("the instrumented variables are uncorrelated with the errors (exogenous)")
        slopes, df = augmented.estimate[own], (residuals.shape[1], correction.df_resid)
        statistic = float(slopes @ np.linalg.solve(matrix[own, own], slopes)) / df[0]
        source = f"Durbin, Wu and Hausman by regression (Wooldridge 2010); errors {correction.kind}"
        return Diagnostic("exogeneity", null, statistic, "F", df, source)


@plugin.checks_options
@dataclass(frozen=True)
class Instrumental(covariances.WithCovariance):
    """Instrumental variables for the exposure, pooled or within entities and periods.

    The instruments are the columns of ``roles.instruments``; regressors that are not endogenous stand for
    themselves. Effects are taken out of everything first, and count in the degrees of freedom, as 2SLS with
    dummies has it; the constant of a pooled equation leaves no mean residual. Predictions are those of the
    structural equation, x b and the levels of the training rows.

    Attributes
    ----------
    method : two-stage least squares, LIML, or two-step GMM, which weighs moments by the covariance's clusters
    effects : keys whose levels have effects; none is a pooled equation with a constant
    endogenous : regressors that are instrumented with the exposure; needs as many instruments
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    """

    name: ClassVar[str] = "instrumental"
    linear_model: ClassVar[plugin.LinearModel | None] = "instrumental"
    identifies: ClassVar[plugin.Identified] = "instruments"
    known_as: ClassVar[tuple[str, ...]] = ("iv", "2sls", "tsls", "ivreg", "ivregress", "xtivreg", "liml")
    provides: ClassVar[frozenset[type]] = LINEAR | {plugin.HasEffects}

    method: Method = "2sls"
    effects: tuple[Dimension, ...] = ()
    endogenous: tuple[str, ...] = ()
    covariance: Covariance = field(default_factory=Tested)

    def __post_init__(self) -> None:
        require_each_once(self.effects)
        if isinstance(self.covariance, Robust) and self.covariance.variant not in ("HC0", "HC1"):
            message = f"covariance: HC0 or HC1 of an instrumented equation; found {self.covariance.variant}"
            raise ValueError(message)

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> InstrumentalFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where there is no instrument, an instrument is a regressor, does not vary or is determined by
            effects and regressors, a regressor follows from the exposure, or least squares refuse the rows.
        """
        equation = InstrumentedEquation.of(panel, self.effects, endogenous=self.endogenous)
        clusters = clusters_of_rows(equation, self.covariance) if self.method == "gmm" else None
        results = equation.fit(self.method, clusters=clusters)
        slopes = equation.slopes_of(results)
        regression, model = equation.regression, equation.model(slopes)
        fit = InstrumentalFit(equation, regression, model, self.method, self.covariance)
        if isinstance(self.covariance, PredictionsAlone):
            return fit
        matrix, correction = equation.covariance(results, self.covariance)
        estimate = slopes[regression.within.kept]
        if regression.has_constant:
            estimate = np.concatenate([[model.intercepts[0] - model.centre @ slopes], estimate])
        table = CoefficientTable(regression.terms, estimate, matrix, correction)
        # Tests that hold for weak instruments have the errors of the coefficients.
        errors = self.covariance
        if isinstance(errors, Tested):
            errors = errors.after(correction.p_common_shocks)
        strength = strength_of(equation, errors) if equation.is_endogenous.sum() == 1 else None
        return replace(fit, table=table, strength=strength, reduced=reduced_form_of(equation, errors))

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> OneByOne:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0, how often a row counts.

        The effect of a level without weight in a draw is that of all its rows, given the draw's slopes. GMM
        weighs the moments of draws as of independent errors.

        Raises
        ------
        EstimationError
            As by `fit`, for any draw.
        """
        models, alike = [], np.ones(panel.n_obs)
        for draw in weights:
            used = np.flatnonzero(draw)
            equation = InstrumentedEquation.of(
                panel.take(used), self.effects, endogenous=self.endogenous, weights=draw[used]
            )
            model = equation.model(equation.slopes_of(equation.fit(self.method)))
            models.append(model.knowing_omitted(panel, panel.observed, weights=draw[None], row_weights=alike))
        return OneByOne(models)
