"""Scenario ``specifications``: the coefficient of the exposure under the columns that a paper prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import attempt
from harness.estimators.protocol import Estimator, HasCoefficients, HasDetails, linear_model_of
from harness.language import Coded, marked
from harness.rng import random_stream
from harness.scenarios import panel_variations
from harness.scenarios import scenario as scenarios
from harness.scenarios.panel_variations import without
from harness.study.variation import REGRESSIONS, ROBUST_REGRESSIONS, Change, Variation, change_rows, listed
from harness.tables.effects import AGREEMENT
from harness.tables.table import ResultTable
from harness.tables.variations import VARIATION_EFFECTS, VARIATIONS

SpecificationCheck = Literal["lag", "winsorised", "log_outcome", "periods", "common_factors"]
CHECKS: tuple[SpecificationCheck, ...] = ("lag", "winsorised", "log_outcome", "periods")

ALL_CONTROLS = marked("all controls")

# Numbers of a coefficient, in the order of an array's columns; limits are at `level`.
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "r_squared")

# Draws of one task.
BLOCK = 10


@dataclass(frozen=True, eq=False)
class SpecificationFit(scenarios.Part):
    """A regression under one specification."""

    subject: scenarios.Subject
    specification: Variation
    level: float

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return the coefficients of the exposure, (n_terms, n_numbers), in the order of `NUMBERS`.

        Raises
        ------
        EstimationError
            Where the rows do not allow the specification, or there is no coefficient.
        """
        return coefficients_of(
            self.subject, panel_variations.varied(self.subject.panel, self.specification), level=self.level
        )


def coefficients_of(subject: scenarios.Subject, panel: Panel, *, level: float) -> Floats:
    """Return the coefficients of the exposure on some rows, (n_terms, n_numbers).

    Raises
    ------
    EstimationError
        Where the estimator refuses the rows or has no coefficient of the exposure.
    """
    fit = subject.estimator.fit(panel, rng=subject.stream)
    if not isinstance(fit, HasCoefficients):
        raise EstimationError.at(subject.name, marked("no coefficients"))
    table = fit.coefficients()
    missing = [term for term in panel.exposure_columns if term not in table.terms]
    if missing:
        raise EstimationError.at(subject.name, Coded("no coefficient of {term}", term=missing[0]))
    at = [table.terms.index(term) for term in panel.exposure_columns]
    numbers = (table.estimate, table.std_error, table.conf_int(level), table.p_value)
    own = np.column_stack([*numbers, np.full(table.estimate.size, np.nan)])[at]
    statistics = fit.details().get("statistics", {}) if isinstance(fit, HasDetails) else {}
    values = zip(statistics.get("statistic", ()), statistics.get("value", ()), strict=True)
    own[:, -1] = dict(values).get("r2_dummies", np.nan)
    return own


@dataclass(frozen=True, eq=False)
class AgreementDraws(scenarios.Part):
    """Regressions under all specifications where the exposure is another entity's."""

    subject: scenarios.Subject
    specifications: tuple[Variation, ...]
    draws: range
    baseline: SpecificationFit

    @property
    def needs(self) -> Sequence[scenarios.Part]:
        """The regression whose coefficient is the effect that is added."""
        return (self.baseline,)

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return for each draw whether all agree, (n_draws, 2): without an effect, and with one."""
        own, baseline = self.subject.panel, float(found[0][0, 0])
        without = replace(own, observed=own.observed - baseline * own.column(own.exposure))
        agree = np.zeros((len(self.draws), 2))
        for at, draw in enumerate(self.draws):
            panel = panel_variations.permuted(
                without, random_stream(self.subject.seed, "specification draws", draw)
            )
            added = baseline * panel.column(panel.exposure)
            panels = panel, replace(panel, observed=panel.observed + added)
            agree[at] = [self._all_agree(one) for one in panels]
        return agree

    def _all_agree(self, panel: Panel) -> bool:
        """Return whether all are significant with one sign; one that the rows do not allow is passed over."""
        signs: set[bool] = set()
        for one in self.specifications:
            fit = attempt(partial(self._fit, panel, one)).value
            if fit is None:
                continue
            signs.add(fit[0, 0] > 0.0)
            # Most draws differ in the first columns already.
            if len(signs) > 1 or fit[0, NUMBERS.index("p_value")] >= 1.0 - self.baseline.level:
                return False
        return bool(signs)

    def _fit(self, panel: Panel, specification: Variation) -> Floats:
        return coefficients_of(
            self.subject, panel_variations.varied(panel, specification), level=self.baseline.level
        )


@dataclass(frozen=True, kw_only=True)
class SpecificationScenario(scenarios.Scenario, scenarios.WorksInParts):
    """The coefficient of the exposure by regressions, column by column as a paper prints it.

    The baseline stands without controls, with the first of them, and with all. ``lag``: the exposure of the
    period before. ``winsorised``: outcome and exposure, one per cent of the rows on either side.
    ``log_outcome``: in logs. ``periods``: the early and the late ones apart. ``common_factors``: by common
    correlated effects (Pesaran 2006). Other measures of the exposure,
    those of the roles, stand in its place. `without`: some groups left out.

    That all columns agree says little where they would agree anyway. So the baseline's effect is taken from
    the outcome, and the exposure of other entities, drawn at random, replaces their own, first
    without an effect, then with the baseline's: how often all columns are significant with one sign is a
    number for each. A column that the rows do not allow is passed over.

    Attributes
    ----------
    estimators : ids of regressions of the study; left out, all of them
    checks : of robustness
    controls : numbers of controls of the baseline's columns, the first so many in the order of the roles
    without : groups whose rows are left out, by column, such as ``{rank: [municipality]}``
    permutations : of the exposure over entities; 0 for none
    level : nominal coverage of intervals; one less it is the size of tests
    """

    name: ClassVar[str] = "specifications"
    tables: ClassVar[tuple[ResultTable, ...]] = (VARIATION_EFFECTS, AGREEMENT)
    data_tables: ClassVar[tuple[ResultTable, ...]] = (VARIATIONS,)

    estimators: tuple[str, ...] = ()
    checks: tuple[SpecificationCheck, ...] = CHECKS
    controls: tuple[Annotated[int, Field(ge=1)], ...] = ()
    without: Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]] = field(default_factory=dict)
    permutations: Annotated[int, Field(ge=0, le=10_000)] = 100
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the groups that are left out."""
        return tuple(self.without)

    def quick(self) -> Self:
        """Return a copy with at most twenty permutations."""
        return replace(self, permutations=min(self.permutations, 20))

    def respondents(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return the regressions that are asked.

        Raises
        ------
        EstimationError
            Where an id is none of an estimator of the study.
        """
        unknown = [name for name in self.estimators if name not in estimators]
        if unknown:
            what = Coded("there is no estimator '{name}'", name=unknown[0])
            raise EstimationError.at(self.name, what, ", ".join(estimators))
        # Of means over neighbours impacts are effects, and coefficients none.
        others = (None, "spatial")
        every = (name for name, one in estimators.items() if linear_model_of(type(one)) not in others)
        return {name: estimators[name] for name in self.estimators or every}

    def parts(self, subject: scenarios.Subject) -> Iterator[scenarios.Part]:
        """Yield each regression, and those of permuted exposures in blocks."""
        fits = {one.key: self._fit(subject, one) for one in self._specifications(subject.panel)}
        yield from fits.values()
        yield from self._draws(subject, fits[ALL_CONTROLS])

    def concluded(self, subject: scenarios.Subject, found: scenarios.Found) -> scenarios.Concluded:
        """Return every coefficient, a row with its reason where there is none, and how often all agree."""
        return {
            VARIATION_EFFECTS.name: list(self._rows(subject, found)),
            AGREEMENT.name: list(self._agreement(subject, found)),
        }

    def describe(self, panel: Panel) -> scenarios.Tables:
        """Return what each column changes."""
        return scenarios.framed({VARIATIONS.name: change_rows(self._specifications(panel))})

    def _specifications(self, panel: Panel) -> list[Variation]:
        bare, _ = panel_variations.CHANGES["without_controls"]
        steps = map(panel_variations.first_controls, self.controls)
        baseline = [(bare, Change("panel", "without_controls")), *steps, (ALL_CONTROLS, None)]
        robust = [
            *panel_variations.checks_of(panel, self.checks, by=None, controls=()),
            *map(panel_variations.measured, panel.measures),
            *(without(by, groups) for by, groups in self.without.items()),
        ]
        return [*listed(REGRESSIONS, baseline), *listed(ROBUST_REGRESSIONS, robust)]

    def _fit(self, subject: scenarios.Subject, specification: Variation) -> SpecificationFit:
        return SpecificationFit(specification.key, subject, specification, self.level)

    def _draws(self, subject: scenarios.Subject, baseline: SpecificationFit) -> Iterator[AgreementDraws]:
        """Yield blocks of draws; a categorical exposure has no single effect that could be added."""
        columns = self._specifications(subject.panel)
        specifications = tuple(one for one in columns if one.option != panel_variations.EXPOSURE)
        for start in range(0, 0 if subject.panel.levels else self.permutations, BLOCK):
            draws = range(start, min(start + BLOCK, self.permutations))
            label = Coded("draws {first} to {last}", first=draws.start + 1, last=draws.stop)
            yield AgreementDraws(label, subject, specifications, draws, baseline)

    def _rows(self, subject: scenarios.Subject, found: scenarios.Found) -> Iterator[Mapping[str, object]]:
        for one in self._specifications(subject.panel):
            place = {"list": one.list, "variation": one.key}
            tried = attempt(partial(scenarios.value_of, found, one.key))
            if tried.value is None:
                yield place | tried.how
                continue
            panel = panel_variations.varied(subject.panel, one)
            counts = {"n_obs": panel.n_obs, "n_entities": panel.n_entities}
            counts["n_controls"] = len(panel.moderators) + len(panel.controls)
            for term, numbers in zip(panel.exposure_columns, tried.value.tolist(), strict=True):
                own = {"exposure": term} | dict(zip(NUMBERS, numbers, strict=True))
                yield place | tried.how | counts | own

    def _agreement(
        self, subject: scenarios.Subject, found: scenarios.Found
    ) -> Iterator[Mapping[str, object]]:
        from scipy.stats import binomtest

        baseline = self._fit(subject, Variation(ALL_CONTROLS, REGRESSIONS, 0))
        labels = [part.label for part in self._draws(subject, baseline)]
        if not labels:
            return
        tried = attempt(lambda: np.concatenate([scenarios.value_of(found, label) for label in labels]))
        if tried.value is None:
            yield tried.how
            return
        effects = (0.0, float(scenarios.value_of(found, ALL_CONTROLS)[0, 0]))
        for effect, agree in zip(effects, tried.value.T, strict=True):
            n_draws, n_agree = agree.size, int(agree.sum())
            limits = binomtest(n_agree, n_draws).proportion_ci(self.level, "exact")
            counts = {"effect": effect, "n_draws": n_draws, "n_agree": n_agree, "share": n_agree / n_draws}
            yield tried.how | counts | {"conf_low": float(limits.low), "conf_high": float(limits.high)}
