"""What an omitted variable would do to a debiased slope, measured against the covariates that there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Floats, Mask
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import attempt
from harness.language import marked
from harness.scenarios.effect.cell import Cell, LearnedCell
from harness.scenarios.effect.linearity import KNOTS, restricted_cubic_splines
from harness.scenarios.effect.score import Estimated
from harness.scenarios.effect.terms import MEAN_OF_ENTITY, PERIOD_BEFORE, NuisanceDesign, control_names

# How many times as strong as a covariate an omitted variable is.
MULTIPLES = (1.0, 2.0, 3.0)

# Share of the exposure's residual variation above which a covariate is no benchmark: what is as strong again
# would explain more than all of it.
MOST_OF_BENCHMARK = 0.5

NO_BENCHMARK = marked("explains more than half of the residual variation of the exposure: no benchmark")
ALL_OF_EXPOSURE = marked(
    "so strong a variable would explain more than all residual variation of the exposure"
)
ALL_OF_OUTCOME = marked("so strong a variable would explain all residual variation of the outcome")

# Largest R2 that Oster (2019) lets the omitted variables reach, as a multiple of that of the controls.
GREATEST_R2 = 1.3

# Stretches of the predicted exposure, of equal numbers of rows, and share of its variation left in each that
# counts as overlap.
N_STRETCHES, LEAST_LEFT = 20, 0.05


# Two numbers, without controls and with them.
Pair = tuple[float, float]


class PartialR2(NamedTuple):
    """What a variable explains of what is left of exposure and outcome, as partial R2.

    Attributes
    ----------
    exposure : given the controls
    outcome : given exposure and controls
    """

    exposure: float
    outcome: float

    def times(self, multiple: float) -> PartialR2 | str:
        """Return the strength of an omitted variable so many times as strong as this covariate.

        Relative to all other covariates it explains so many times as much of exposure and outcome, and it is
        unrelated to them (Cinelli and Hazlett 2020, section 4.4). The reason where there is no such variable.
        """
        given = self.exposure
        if given > MOST_OF_BENCHMARK:
            return NO_BENCHMARK
        exposure = multiple * given / (1.0 - given)
        if exposure >= 1.0:
            return ALL_OF_EXPOSURE
        with_declared = multiple * given**2 / ((1.0 - multiple * given) * (1.0 - given))
        factor = (np.sqrt(multiple) + np.sqrt(with_declared)) ** 2 / (1.0 - with_declared)
        outcome = float(factor) * self.outcome / (1.0 - self.outcome)
        return PartialR2(exposure, outcome) if outcome < 1.0 else ALL_OF_OUTCOME

    def bias(self, spread: float) -> float:
        """Return the most by which omitting such a variable moves a slope (Chernozhukov et al. 2022).

        Parameters
        ----------
        spread : square of S, see `harness.scenarios.effect.score.Estimated`
        """
        return float(np.sqrt(spread * self.outcome * self.exposure / (1.0 - self.exposure)))

    def widening(self, df: float) -> float:
        """Return the error of a slope with such a variable over that without (Cinelli and Hazlett 2020).

        The variable leaves less of the exposure, which widens, and less of the outcome, which narrows.

        Parameters
        ----------
        df : > 1, residual degrees of freedom without it
        """
        return float(np.sqrt((1.0 - self.outcome) / (1.0 - self.exposure) * df / (df - 1.0)))


@dataclass(frozen=True, eq=False)
class LearnedSlope:
    """The rows of a slope with what was learned of them, (n_obs,) each.

    Attributes
    ----------
    inputs : columns of the learners, and knots' bends of those of many values; columns are centred
    owner : (n_inputs,), control that each is made of, by name; empty where it is of none
    """

    design: NuisanceDesign
    exposure: Floats
    exposure_hat: Floats
    outcome_hat: Floats
    slope: float
    inputs: Floats
    owner: Sequence[str]

    @classmethod
    def of(cls, learned: LearnedCell, first: Estimated) -> LearnedSlope:
        """Return what the first draw of folds learned of an effect whose form is a line."""
        cell = learned.cell
        design, (outcome_hat, exposure_hat) = cell.design, cell.predicted(learned.found, 0)
        slope = float(first.theta[0])
        columns, owner = _inputs(design.panel, control_names(cell.panel))
        return cls(design, design.terms[:, 0], exposure_hat, outcome_hat, slope, columns, owner)

    @property
    def exposure_residual(self) -> Floats:
        """What is left of the exposure, (n_obs,)."""
        return self.exposure - self.exposure_hat

    @property
    def error(self) -> Floats:
        """What is left of the outcome given exposure and controls, (n_obs,)."""
        return self.design.outcome - self.outcome_hat - self.slope * self.exposure_residual

    def strengths(self, covariates: Mapping[str, frozenset[str]]) -> Mapping[str, PartialR2]:
        """Return the strength of each covariate, given by the columns that change with it.

        Leaving a covariate out of the learners would leave more of exposure and outcome, for entities held
        out. How much more is taken from the learned functions, less the part of them that splines of all
        inputs follow and splines of the other inputs do not: learning anew without each covariate would cost
        as many times the learning as there are covariates. With least squares on all rows as learner it is
        the partial R2 of Cinelli and Hazlett (2020).
        """
        controls = self.outcome_hat - self.slope * self.exposure_hat
        columns = np.column_stack([self.inputs, self.exposure - self.exposure.mean()])
        basis, triangle = np.linalg.qr(columns)
        is_input = np.arange(columns.shape[1]) < self.inputs.shape[1]
        asked = (
            (self.exposure_hat, self.exposure_residual, is_input),
            (controls, self.error, np.ones_like(is_input)),
        )
        parts = []
        for function, left, held in asked:
            learned = basis.T @ function
            parts.append((learned, _fitted(triangle[:, held], learned), left, basis.T @ left, held))

        def shares(own: Mask) -> Iterator[float]:
            for learned, fitted, left, in_basis, held in parts:
                part = fitted - _fitted(triangle[:, held & ~own], learned)
                gain = max(0.0, float(part @ part + 2.0 * in_basis @ part))
                yield gain / (gain + float(left @ left))

        owner = np.array([*self.owner, ""], dtype=object)
        return {name: PartialR2(*shares(np.isin(owner, list(own)))) for name, own in covariates.items()}

    def overlap(self) -> float:
        """Return the share of rows at whose predicted exposure enough of its variation is left.

        Rows are sorted by the prediction, of a 0/1 exposure the propensity, in stretches; of each the mean
        square of what is left is held against `LEAST_LEFT` of the variance of the exposure.
        """
        stretches = np.array_split(
            np.square(self.exposure_residual)[np.argsort(self.exposure_hat)], N_STRETCHES
        )
        least = LEAST_LEFT * self.exposure.var()
        return float(
            sum(own.size for own in stretches if own.size and own.mean() >= least) / self.exposure.size
        )

    def delta(self) -> float:
        """Return Oster's delta, see `oster_delta`, by least squares.

        Period dummies and what stands for entity effects are held fixed throughout.
        """
        is_control = np.array([bool(name) for name in self.owner])
        held, controls = self.inputs[:, ~is_control], self.inputs[:, is_control]
        both = np.column_stack([self.design.outcome, self.exposure])
        both = both - both.mean(axis=0)
        outcome, exposure = _residuals(both, held).T
        others = _residuals(controls, held)
        residual = _residuals(exposure[:, None], others)[:, 0]
        left = _residuals(outcome[:, None], others)[:, 0]
        short, long = outcome @ exposure / (exposure @ exposure), left @ residual / (residual @ residual)
        errors = outcome - short * exposure, left - long * residual
        r2_short, r2_long = (float(1.0 - own @ own / (outcome @ outcome)) for own in errors)
        slopes, variances = (float(short), float(long)), (float(exposure.var()), float(residual.var()))
        return oster_delta(slopes, (r2_short, r2_long), float(outcome.var()), variances)


def oster_delta(slopes: Pair, r2: Pair, var_outcome: float, var_exposure: Pair) -> float:
    """Return the degree of selection on omitted variables that brings a slope to zero (Oster 2019).

    Proposition 3 of the paper, for an R2 of `GREATEST_R2` times that with controls, at most one.

    Parameters
    ----------
    slopes, r2, var_exposure : without controls and with them: slopes and R2 of the outcome's regression on
        the exposure, and the variance of the exposure that is left
    """
    (short, long), (whole, rest) = slopes, var_exposure
    moved, room = short - long, min(GREATEST_R2 * r2[1], 1.0) - r2[1]
    shared = long**2 * rest * (moved * whole + long * (whole - rest))
    above = long * rest * ((r2[1] - r2[0]) * var_outcome + whole * moved**2 + long * moved * whole) + shared
    below = room * var_outcome * (moved * whole + long * (whole - rest)) + shared
    return float(above / below) if below != 0.0 else np.inf


def _fitted(columns: Floats, targets: Floats) -> Floats:
    return np.asarray(columns @ np.linalg.lstsq(columns, targets)[0])


def _residuals(targets: Floats, columns: Floats) -> Floats:
    return targets - _fitted(columns, targets)


def _inputs(panel: Panel, controls: Sequence[str]) -> tuple[Floats, Sequence[str]]:
    """Return the columns of learners and bends of those of many values, centred and scaled, and owners."""
    columns, owners = [], []
    for name in panel.columns:
        column = panel.column(name)
        own = name.removesuffix(f", {PERIOD_BEFORE}").removesuffix(f", {MEAN_OF_ENTITY}")
        knots = np.unique(np.quantile(column, KNOTS))
        bends = (
            restricted_cubic_splines(column, knots) if knots.size == len(KNOTS) else column[:, None][:, :0]
        )
        block = np.column_stack([column, bends])
        columns.append(block)
        owners += [own if own in controls else ""] * block.shape[1]
    inputs = np.column_stack(columns)
    inputs = inputs - inputs.mean(axis=0)
    size = np.linalg.norm(inputs, axis=0)
    return inputs / np.where(size > 0.0, size, 1.0), owners


def sensitivity_rows(learned: LearnedCell) -> Iterator[Mapping[str, Any]]:
    """Yield the slope for each covariate and `MULTIPLES`, or a row with the reason why there is none.

    Its interval has the error that such a variable would leave (`PartialR2.widening`); that of the strength
    itself is left out, as in the robustness value.
    """
    cell = learned.cell
    place = {"exposure": cell.panel.exposure, "method": cell.method, "learner": cell.subject.name}
    covariates = attempt(partial(_covariates, cell))
    repeats = covariates.without_value() if covariates.value is None else learned.tried
    tried = repeats.then(lambda found: list(_rows(learned, found)))
    yield from ({**place, **tried.how, **row} for row in tried.value or [{}])


def _covariates(cell: Cell) -> Sequence[str]:
    """Return the controls that omitted variables are compared with.

    Raises
    ------
    EstimationError
        Where there are none, or the slope is instrumented.
    """
    if cell.method == "instrumented":
        what = marked("sensitivity to omitted variables is not available for instrumented effects")
        raise EstimationError.at("sensitivity", what)
    names = control_names(cell.panel)
    if not names:
        raise EstimationError.at("sensitivity", marked("there are no covariates to compare with"))
    return names


def _rows(learned: LearnedCell, repeats: Sequence[Estimated]) -> Iterator[Mapping[str, Any]]:
    cell, effects, slopes = learned.cell, learned.effects, LearnedSlope.of(learned, repeats[0])
    names = control_names(cell.panel)
    assert effects is not None  # noqa: S101 - there are repeats
    spread = float(np.median([repeat.spread[0, 0] for repeat in repeats]))
    estimate, half = float(effects.estimate[0]), float(effects.critical_value * effects.std_error[0])
    df = float(max(cell.panel.n_entities - 1, 2))
    shared = {"robustness_value": float(effects.robustness_value[0]), "oster_delta": slopes.delta()}
    shared |= {"overlap": slopes.overlap()}
    strengths = slopes.strengths({name: cell.panel.dependents(name) for name in names})
    # The slope as it is comes first: no variable is omitted.
    asked = [
        ("", 0.0, PartialR2(0.0, 0.0)),
        *((*pair, strengths[pair[0]]) for pair in product(names, MULTIPLES)),
    ]
    for covariate, multiple, own in asked:
        row = {"covariate": covariate, "multiple": multiple, **shared}
        strength = own.times(multiple)
        if isinstance(strength, str):
            yield {**row, "status": "refused", "reason": strength}
            continue
        slope = estimate - np.sign(estimate) * strength.bias(spread)
        row |= {"r2_exposure": strength.exposure, "r2_outcome": strength.outcome, "estimate": slope}
        # No variable is omitted from the slope as it is.
        wide = half * strength.widening(df) if covariate else half
        yield {**row, "conf_low": slope - wide, "conf_high": slope + wide}
