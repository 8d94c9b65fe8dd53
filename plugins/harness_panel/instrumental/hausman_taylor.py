"""Hausman and Taylor: random effects that some columns are correlated with, without further instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import (
    Coded,
    CoefficientTable,
    EstimationError,
    Floats,
    Grouping,
    Panel,
    Statistic,
    marked,
)
from harness_panel.covariance import PredictionsAlone, Tested, WithCovariance
from harness_panel.diagnostics.effects import details_of
from harness_panel.estimators.linear import LINEAR
from harness_panel.instrumental.equation import InstrumentedCovariance as Covariance
from harness_panel.instrumental.equation import InstrumentedEquation, residuals_on
from harness_panel.instrumental.estimator import InstrumentalFit
from harness_panel.solver import equation as solver
from harness_panel.solver.regression import Regression
from harness_panel.solver.within import Absorber, WithinFit, fit_within, without_effects

# Share of their length that has to be left of instruments, and of what they move.
_NOTHING = 1e-9


def variances(
    bare: Panel, entities: Grouping, endogenous: Sequence[str], *, largest: Floats
) -> solver.VarianceComponents:
    """Return the variances of Hausman & Taylor 1981, section 3, as plm has them.

    What slopes within entities leave of the means of entities is regressed, by two-stage least squares, on
    the columns that never vary, with all exogenous columns as instruments. Of its residuals' variance, times
    the rows of an entity, the idiosyncratic variance is a part and the rest is that of the entities; on
    unbalanced panels the mean number of rows stands for that of an entity.

    Raises
    ------
    EstimationError
        Where the outcome does not vary within entities.
    """
    within = fit_within(bare.X, bare.observed, np.ones(bare.n_obs), Absorber((entities,)), largest=largest)
    n_entities = entities.sizes.size
    rss = float(within.residuals @ within.residuals)
    if within.is_outcome_constant or within.is_outcome_absorbed or bare.n_obs <= n_entities or rss <= 0.0:
        what = marked("the outcome does not vary within entities: the idiosyncratic variance is zero")
        hint = marked("use rows in which the outcome varies over time, or between")
        raise EstimationError.at(marked("random effects"), what, hint=hint)
    of_means = entities.means((bare.observed - bare.X @ within.slopes)[:, None])[entities.codes, 0]
    ones, is_exogenous = np.ones((bare.n_obs, 1)), ~np.isin(bare.columns, list(endogenous))
    fixed = np.column_stack([ones, bare.X[:, sorted({*within.constant, *within.absorbed})]])
    moments = np.column_stack([ones, bare.X[:, is_exogenous]])
    fitted = moments @ np.linalg.lstsq(moments, fixed, rcond=None)[0]
    residuals = of_means - fixed @ np.linalg.lstsq(fitted, of_means, rcond=None)[0]
    idiosyncratic = rss / (bare.n_obs - n_entities)
    surplus = float(residuals @ residuals) / n_entities - idiosyncratic
    entity = max(0.0, surplus * n_entities / bare.n_obs)
    theta = 1.0 - np.sqrt(idiosyncratic / (idiosyncratic + entities.sizes * entity))
    return solver.VarianceComponents(idiosyncratic, entity, theta, is_truncated=surplus < 0)


def instrumented(
    random: solver.RandomEquation, regression: Regression, endogenous: Sequence[str]
) -> InstrumentedEquation:
    """Return a quasi-demeaned equation with the deviations of time-varying columns as its instruments.

    Exogenous columns stand for themselves. With their deviations from entity means they span these means, so
    that deviations of all columns are all the instruments that are wanted; what the exogenous columns
    determine of them, such as periods of a balanced panel, is left out.

    Raises
    ------
    EstimationError
        Where fewer instruments are left than endogenous columns, or they do not move one.
    """
    root, kept = np.sqrt(regression.weights)[:, None], regression.within.kept
    columns = np.column_stack([random.panel.X[:, kept], random.panel.observed])
    scaled = root * (columns - np.average(columns, axis=0, weights=regression.weights))
    lengths = np.linalg.norm(scaled, axis=0)
    scaled /= lengths
    is_endogenous = np.isin(np.array(regression.panel.columns)[kept], list(endogenous))
    varying = solver.varying_columns(random.bare)
    entity = Absorber((Grouping.of(random.bare.entity.codes),))
    deviations = without_effects(entity, random.bare.X[:, varying], np.ones(random.bare.n_obs))
    deviations /= np.linalg.norm(deviations, axis=0)
    remainder = residuals_on(deviations, scaled[:, :-1][:, ~is_endogenous])
    basis, sizes, _ = np.linalg.svd(remainder, full_matrices=False)
    basis = basis[:, sizes > _NOTHING]
    equation = InstrumentedEquation(
        regression, scaled[:, :-1], is_endogenous, scaled[:, -1], basis, lengths=lengths
    )
    shifted = basis.T @ residuals_on(equation.endogenous, equation.exogenous)
    n_endogenous = int(is_endogenous.sum())
    if np.sum(np.linalg.svd(shifted, compute_uv=False) > _NOTHING) < n_endogenous:
        what = Coded(
            marked("no instruments are left that tell {names} from the effects of entities"),
            names=", ".join(equation.endogenous_names),
        )
        hint = marked("an endogenous column that never varies needs an exogenous one that varies over time")
        raise EstimationError.at("endogenous", what, hint=hint)
    return equation


@dataclass(frozen=True, eq=False, repr=False)
class HausmanTaylorFit(InstrumentalFit):
    """A fit by Hausman and Taylor's instruments.

    Attributes
    ----------
    components : variances of the error
    """

    title: ClassVar[str] = marked("Hausman and Taylor")

    components: solver.VarianceComponents = field(kw_only=True)

    def remarks(self) -> Sequence[str]:
        """Return which columns are not independent of the effects of entities."""
        names = ", ".join(self.equation.endogenous_names)
        return (f"{names} instrumented by deviations from entity means",)

    def statistics(self) -> Sequence[Statistic]:
        """Return counts and the variances of the error; nothing of a fit that only predicts."""
        if self.table is None:
            return ()
        source, theta = "Hausman & Taylor 1981", self.components.theta
        share = "share of an entity's mean that is taken out of its rows, mean over entities"
        return (
            Statistic("n_obs", self.regression.panel.n_obs, "rows of the estimated equation"),
            Statistic("df_resid", self.regression.df_resid, "rows less coefficients"),
            Statistic(
                "n_instruments", self.equation.instruments.shape[1], "independent excluded instruments"
            ),
            Statistic("variance_idiosyncratic", self.components.idiosyncratic, source),
            Statistic("variance_entity", self.components.entity, source),
            Statistic("theta_mean", float(theta.mean()), share),
        )

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, the first stages, and the test that the instruments agree."""
        if self.table is None:
            return {}
        checks = {**self._first_stages(), "overidentification": self.test_overidentification}
        return details_of(self.statistics(), checks)


@plugin.checks_options
@dataclass(frozen=True)
class HausmanTaylor(WithCovariance):
    """Random effects that some columns are correlated with (Hausman & Taylor 1981).

    Columns that never vary, such as schooling, keep a slope even if they are endogenous: correlated with the
    effects of entities, not with the rest of the error. Rows are quasi-demeaned as by random effects; the
    instruments are deviations from entity means of all columns that vary, entity means of the exogenous ones
    of them, and exogenous columns that never vary. There must be as many exogenous columns that vary as
    endogenous ones that do not. Equal to plm's ``random.method = "ht"``, ``inst.method = "baltagi"`` on
    balanced panels. Predictions are x b and the predicted effect of the entity.

    Attributes
    ----------
    endogenous : regressors correlated with the effects of entities; none named is the exposure, with what
        follows from it
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    """

    name: ClassVar[str] = "hausman_taylor"
    identifies: ClassVar[plugin.Identified] = "instruments"
    known_as: ClassVar[tuple[str, ...]] = ("ht", "xthtaylor")
    provides: ClassVar[frozenset[type]] = LINEAR | {plugin.HasEffects}

    endogenous: tuple[str, ...] = ()
    covariance: Covariance = field(default_factory=Tested)

    def fit(
        self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None
    ) -> HausmanTaylorFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where a column named as endogenous is no regressor, the instruments do not tell endogenous columns
            from effects, the outcome does not vary within entities, or least squares refuse the rows.
        """
        names = self._names(panel)
        random = self._random(*solver.Centring.at_means(panel), names)
        equation = instrumented(random, random.regression(), names)
        regression, results = equation.regression, equation.fit("2sls")
        within = replace(regression.within, slopes=equation.slopes_of(results))
        model = random.random_model(within, random.bare)
        fit = HausmanTaylorFit(
            *(equation, regression, model, "2sls", self.covariance), components=random.components
        )
        if isinstance(self.covariance, PredictionsAlone):
            return fit
        matrix, correction = equation.covariance(results, self.covariance)
        constant = within.level_at(np.zeros(within.centre.size))
        estimate = np.concatenate([[constant], within.slopes[within.kept]])
        return replace(fit, table=CoefficientTable(regression.terms, estimate, matrix, correction))

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> plugin.AbsorbingModels:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0.

        An entity drawn k times with all its rows is k entities.

        Raises
        ------
        EstimationError
            As by `fit`, for any draw.
        """
        (bare, centring), names = solver.Centring.at_means(panel), self._names(panel)
        models = []
        for draw in weights:
            random = self._random(solver.drawn_rows(bare, draw), centring, names)
            models.append(random.random_model(self._slopes(random, names), solver.level_rows(bare, draw)))
        return plugin.stacked(models)

    def _slopes(self, random: solver.RandomEquation, names: Sequence[str]) -> WithinFit:
        equation = instrumented(random, random.regression(), names)
        return replace(equation.regression.within, slopes=equation.slopes_of(equation.fit("2sls")))

    def _names(self, panel: Panel) -> tuple[str, ...]:
        """Return the endogenous columns."""
        for name in self.endogenous:
            if name not in panel.columns:
                what = Coded("{name} is not a regressor", name=repr(name))
                raise EstimationError.at(
                    "endogenous", what, Coded("some of {names}", names=", ".join(map(repr, panel.columns)))
                )
        follows = (column.into for column in panel.derived if panel.exposure in column.inputs)
        return self.endogenous or (*panel.exposure_columns, *follows)

    def _random(self, bare: Panel, centring: solver.Centring, names: Sequence[str]) -> solver.RandomEquation:
        return solver.RandomEquation.of(bare, centring, components=partial(variances, endogenous=names))
