"""Options that all network estimators share, and the hidden size they stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from harness.plugin import EstimationError, Problem, marked
from harness_neural import names

if TYPE_CHECKING:
    from harness_neural.batch.task import Settings, StartLimits, TrainingTask


@dataclass(frozen=True)
class CandidateSizes:
    """Hidden sizes to try.

    Attributes
    ----------
    units : ascending
    formula : what the formula gives for the rows, before rounding; None where the size is given
    """

    units: tuple[int, ...]
    formula: float | None


def formula_size(
    *, n_obs: float, n_inputs: int, n_outputs: int = 1, train_share: float = 0.9, flexibility: float = 10.0
) -> float:
    """Return N = ((s pt NO - NO) / (IO + NO + 1) - 1) / FL.

    A network of N units has N (IO + 1) + NO (N + 1) parameters; the inner fraction is the N at which they
    are as many as the s pt NO numbers it is trained on.

    Parameters
    ----------
    n_obs : s > 0, distinct rows, those to select on included; need not be whole
    n_inputs : IO >= 1
    n_outputs : NO >= 1
    train_share : pt in (0, 1], share of the rows that is trained on
    flexibility : FL > 0, how many times fewer units the network has than it could

    Raises
    ------
    ValueError
        Where an argument is out of its range.
    """
    if not (n_obs > 0 and n_inputs >= 1 and n_outputs >= 1 and 0 < train_share <= 1 and flexibility > 0):
        raise ValueError(
            f"the hidden size is not defined for n_obs={n_obs}, n_inputs={n_inputs}, n_outputs={n_outputs}, "
            f"train_share={train_share}, flexibility={flexibility}"
        )
    most = (n_obs * train_share * n_outputs - n_outputs) / (n_inputs + n_outputs + 1)
    return (most - 1.0) / flexibility


def round_size(formula: float, rounding: names.Rounding = "floor") -> int:
    """Return the whole number of units for a result of the formula: rounded, and one at least."""
    nearest = {"floor": math.floor(formula), "nearest": math.floor(formula + 0.5), "up": math.ceil(formula)}
    return max(nearest[rounding], 1)


def one_unit_parameters(n_inputs: int) -> int:
    """Return the number of parameters of a network with one hidden unit and one output."""
    return n_inputs + 3


AtLeastOne = Annotated[int, Field(ge=1, le=1_000_000)]
NotNegative = Annotated[int, Field(ge=0, le=1_000)]
Positive = Annotated[float, Field(gt=0.0)]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]

# Steps that ``auto`` stands for.
PATIENCE: dict[names.OptimiserName, int] = {
    "lbfgs": 150,
    "projected_lbfgs": 30,
    "levenberg_marquardt": 12,
    "adam": 150,
    "sgd": 150,
}

# How much farther biases move than their gradients say, once output weights are solved for at every step.
# ``docs/decisions/when_networks_stop.md`` has what was tried.
PROJECTED_STRETCH = 8.0

# As published, a draw has one network. The best of three bends less smoothly where the truth does.
# On the simulated panel ``s_curve``, 40 draws by Levenberg-Marquardt: the best of three halved the spread
# of curves at their ends and the bias at their turning points, and these became certain.
DRAW_RESTARTS = 1

# Starts of a draw that a quick run keeps.
# With one, five of 40 draws on ``s_curve`` stopped in a poor minimum and no turning point was certain; with
# two both were.
QUICK_DRAW_RESTARTS = 2


@dataclass(frozen=True)
class NetworkOptions:
    """Size, selection and training of networks with one hidden layer and a linear output.

    Attributes
    ----------
    hidden : hidden units, or ``auto`` for the formula of the study (see `formula_size`)
    sizes_around : with ``auto``, sizes from this many under to this many over the formula's are candidates
    restarts : initial values tried for each size
    activation : of the hidden units
    optimiser : full-batch L-BFGS; the same with the weights from the units solved for at every step, a better
        fit in fewer steps, and worse predictions of rows that lie far from those used in training;
        Levenberg-Marquardt, Adam, or gradient descent with momentum
    max_steps : steps after which training stops
    patience : steps without a lower error on the selection rows after which training stops; ``auto`` is 150,
        30 with ``projected_lbfgs``, and 12 of the far longer steps of ``levenberg_marquardt``
    learning_rate, momentum : of ``adam`` and ``sgd``; the others find their step lengths themselves
    memory : pairs of steps that ``lbfgs`` and ``projected_lbfgs`` keep
    weight_decay : penalty on the sum of squared weights, on standardised variables
    output_decay : of ``projected_lbfgs``; penalty on the sum of squared weights from the units, in units of
        the share of the outcome's variance that the effects leave, or without effects a line in the inputs.
        With 0.001 predictions of rows far from those used in training stay near them. ``auto`` is 0.001
        next to effects, and otherwise as little as roundings ask for
    selection_share : share of entities (rows, periods) set aside to select on, where no rows are given for it
    train_share, flexibility, rounding : of the formula
    formula_rows : that the formula counts for the network of a cluster of a map: ``all`` samples, as the
        study prints it, or those of the ``cluster``; a network for all rows has all of them either way
    precision : of the arithmetic in training
    device : where networks are trained; ``levenberg_marquardt`` trains on the processor alone
    start : where networks start, and early stopping keeps them near, see `Start`; ``least_squares`` goes
        neither with ``relu`` units nor with ``projected_lbfgs``
    draw_start : of the networks of bootstrap draws; from ``full_sample`` they need fewer steps, and bands are
        too narrow, see `DrawStart`
    draw_restarts : initial values tried for the network of each bootstrap draw, of which the one with the
        least error on the draw's selection rows is kept, see `DRAW_RESTARTS`
    draw_steps : steps of the network of each bootstrap draw; ``stopped`` as any other network is, at its own
        least error on the draw's selection rows. With a number draws select on no rows and have one network
        each. A mean of draws has their bias and little of their variance, so it is best where each of them
        has gone on past its own best step, see ``docs/measured/networks.md``
    draw_size : where the hidden size of bootstrap draws is searched; with ``each_draw`` every draw trains all
        candidates and keeps the one with the least error on its selection rows
    """

    hidden: Literal["auto"] | AtLeastOne = "auto"
    sizes_around: NotNegative = 2
    restarts: AtLeastOne = 3
    activation: names.Activation = "tanh"
    optimiser: names.OptimiserName = "lbfgs"
    max_steps: AtLeastOne = 1000
    patience: Literal["auto"] | AtLeastOne = "auto"
    learning_rate: Positive = 0.01
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    memory: AtLeastOne = 10
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.0
    output_decay: Literal["auto"] | Annotated[float, Field(ge=0.0)] = "auto"
    selection_share: Share = 0.2
    train_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.9
    flexibility: Positive = 10.0
    rounding: names.Rounding = "floor"
    formula_rows: names.FormulaRows = "all"
    precision: names.Precision = "float64"
    device: names.Device = "cpu"
    start: names.Start = "random"
    draw_start: names.DrawStart = "random"
    draw_restarts: AtLeastOne = DRAW_RESTARTS
    draw_steps: Literal["stopped"] | AtLeastOne = "stopped"
    draw_size: names.DrawSize = "full_sample"

    def __post_init__(self) -> None:
        if self.output_decay != "auto" and self.optimiser != "projected_lbfgs":
            raise ValueError(
                f"output_decay is of weights that optimiser: projected_lbfgs solves for; {self.optimiser} "
                "trains them with the others, and weight_decay is of all of them"
            )
        if self.start == "random":
            return
        if self.activation == "relu":
            raise ValueError(
                "start: least_squares needs units that are nearly lines, tanh or sigmoid, not relu"
            )
        if self.optimiser == "projected_lbfgs":
            raise ValueError(
                "start: least_squares and optimiser: projected_lbfgs, which solves for the output weights at "
                "every step, do not go together; use lbfgs or levenberg_marquardt"
            )

    @property
    def draws_select(self) -> bool:
        """Whether networks of bootstrap draws are stopped and compared on rows that they do not train on."""
        return self.draw_steps == "stopped"

    def quick(self) -> Self:
        """Return a copy that tries one size and one start, and at most two starts a draw."""
        return replace(
            self, sizes_around=0, restarts=1, draw_restarts=min(self.draw_restarts, QUICK_DRAW_RESTARTS)
        )

    def sizes(self, *, n_obs: int, n_inputs: int) -> CandidateSizes:
        """Return the hidden sizes to try for as many rows and inputs."""
        if self.hidden != "auto":
            return CandidateSizes(units=(self.hidden,), formula=None)
        formula = formula_size(
            n_obs=n_obs, n_inputs=n_inputs, train_share=self.train_share, flexibility=self.flexibility
        )
        size = round_size(formula, self.rounding)
        around = range(max(size - self.sizes_around, 1), size + self.sizes_around + 1)
        return CandidateSizes(units=tuple(around), formula=formula)

    def started(self, task: TrainingTask) -> TrainingTask:
        """Return a task with random initial values as these options start it; imports torch."""
        if self.start == "random":
            return task
        from harness_neural.batch.task import started_at_least_squares

        return replace(task, start=started_at_least_squares(task, activation=self.activation))

    def settings(self) -> Settings:
        """Return what the trainer needs of these options; imports torch.

        Raises
        ------
        EstimationError
            Where a GPU is asked for that torch does not find.
        """
        from harness_neural.batch.optimisers import Adam, GradientDescent, Lbfgs, Optimiser
        from harness_neural.batch.task import LevenbergMarquardt, Settings

        if self.device == "cuda":
            require_gpu(self.optimiser)
        optimisers: dict[names.OptimiserName, Optimiser | LevenbergMarquardt] = {
            "lbfgs": Lbfgs(memory=self.memory),
            "projected_lbfgs": Lbfgs(memory=self.memory, bias_stretch=PROJECTED_STRETCH),
            "levenberg_marquardt": LevenbergMarquardt(),
            "adam": Adam(rate=self.learning_rate),
            "sgd": GradientDescent(rate=self.learning_rate, momentum=self.momentum),
        }
        return Settings(
            activation=self.activation,
            optimiser=optimisers[self.optimiser],
            output="solved" if self.optimiser == "projected_lbfgs" else "trained",
            max_steps=self.max_steps,
            patience=PATIENCE[self.optimiser] if self.patience == "auto" else self.patience,
            weight_decay=self.weight_decay,
            output_decay=None if self.output_decay == "auto" else self.output_decay,
            precision=self.precision,
            device=self.device,
        )

    def start_limits(self) -> StartLimits:
        """Return within what networks' initial values are drawn; imports torch."""
        from harness_neural.batch.task import SOLVED_LIMITS, StartLimits

        return SOLVED_LIMITS if self.optimiser == "projected_lbfgs" else StartLimits()


def require_gpu(optimiser: names.OptimiserName) -> None:
    """Refuse to train on a GPU where there is none, or by an optimiser that uses none.

    Raises
    ------
    EstimationError
    """
    import torch

    if optimiser == "levenberg_marquardt":
        what = marked("levenberg_marquardt trains on the processor alone")
        raise EstimationError(Problem("device", what, hint=marked("use another optimiser, or device: cpu")))
    if not torch.cuda.is_available():
        what = marked("device is cuda, but torch finds no GPU on this machine")
        raise EstimationError(
            Problem("device", what, hint=marked("use device: cpu, or a torch built for the machine's GPU"))
        )
