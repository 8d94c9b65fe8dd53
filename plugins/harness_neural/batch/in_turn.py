"""Networks that train one after the other, by Levenberg-Marquardt or SciPy, and the weights they keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize
from torch import Tensor

from harness.plugin import Floats
from harness_neural.batch import batch_records
from harness_neural.batch.networks import NetworkBatch
from harness_neural.batch.optimisers import Lbfgs
from harness_neural.batch.parameters import ParameterMap
from harness_neural.batch.passes import unit_of
from harness_neural.batch.progress import LearningCurve, Trained
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import LevenbergMarquardt, Settings, TrainingTask


class Path:
    """Where one network has been, step by step from its start.

    Parameters
    ----------
    settings : of the training
    n_steps : that it may take
    is_blind : whether it has no rows to stop by; it keeps its last weights

    Attributes
    ----------
    training, selection : losses, see `Evaluation`
    best_step, best_point : the weights kept so far, (n_parameters,)
    """

    def __init__(self, settings: Settings, *, n_steps: int, is_blind: bool) -> None:
        self.settings, self.n_steps, self._is_blind = settings, n_steps, is_blind
        self.training: list[float] = []
        self.selection: list[float] = []
        self.best_step, self.best_point = 0, np.empty(0)

    def add(self, point: Floats, *, training: float, selection: float) -> None:
        """Take note of a point, (n_parameters,), that the network has moved to, or starts from."""
        if self._is_blind or not self.selection or selection < self.selection[self.best_step]:
            self.best_step, self.best_point = len(self.selection), point
        self.training.append(training)
        self.selection.append(selection)

    @property
    def step(self) -> int:
        """Steps taken."""
        return len(self.training) - 1

    @property
    def is_over(self) -> bool:
        """Whether the network is out of steps or of patience."""
        return self.step >= self.n_steps or self.step - self.best_step >= self.settings.patience


# Adds to a network's path its start, (n_parameters,), and the point after each step, until the path is over
# or no step is found.
Rule = Callable[[Residuals, Floats, Path], None]


def train_in_turn(task: TrainingTask, settings: Settings, rule: Rule) -> Trained:
    """Train the networks of a task one by one, in float64; see `harness_neural.batch.training.train`."""
    residuals = [Residuals(task, network, settings) for network in range(task.n_networks)]
    paths = []
    for own, start, blind_steps in zip(residuals, task.start, task.blind_steps.tolist(), strict=True):
        is_blind = not own.selection_shares.any()
        path = Path(settings, n_steps=blind_steps if is_blind else settings.max_steps, is_blind=is_blind)
        rule(own, start, path)
        paths.append(path)
    points = torch.from_numpy(np.stack([path.best_point for path in paths]))
    scaling = batch_records.join(*(own.scaling for own in residuals))
    kept = ParameterMap(scaling, is_tanh=settings.activation == "tanh").parameters(points)
    numbers = (kept.hidden, kept.output, kept.intercept)
    return Trained(
        networks=NetworkBatch(unit_of(settings.activation), *(values.numpy() for values in numbers)),
        points=points.numpy(),
        steps=np.array([path.step for path in paths]),
        best_step=np.array([path.best_step for path in paths]),
        loss=np.array([path.training[path.best_step] for path in paths]),
        selection=np.array([path.selection[path.best_step] for path in paths]),
        curves=tuple(LearningCurve(np.array(path.training), np.array(path.selection)) for path in paths),
    )


# No step is found once the damping is this much larger than the curvature of standardised residuals.
MOST_DAMPING = 1e8
LEAST_DAMPING = 1e-10


@dataclass(frozen=True)
class DampedSteps:
    """The rule."""

    options: LevenbergMarquardt

    def __call__(self, residuals: Residuals, start: Floats, path: Path) -> None:
        """Add to the path the start, (n_parameters,), and the point after each step."""
        descent = _Descent(residuals, self.options, torch.from_numpy(start))
        while True:
            selection = float(residuals.selection_loss(descent.point))
            path.add(descent.point.numpy(), training=descent.loss, selection=selection)
            if path.is_over or descent.steepness <= path.settings.tolerance or not descent.step():
                return


class _Descent:
    """One network on its way."""

    def __init__(self, residuals: Residuals, rule: LevenbergMarquardt, point: Tensor) -> None:
        self._residuals, self._rule = residuals, rule
        self._damping = rule.damping
        self.point = point
        self._loss = residuals.loss(point)
        self._slope, self._curvature = residuals.normal_equations(point)

    @property
    def loss(self) -> float:
        """Training loss where the network is."""
        return float(self._loss)

    @property
    def steepness(self) -> float:
        """The largest element of its gradient there."""
        return 2.0 * float(self._slope.abs().max())

    def step(self) -> bool:
        """Move to a point of lower loss; return False where the most damped step finds none."""
        while self._damping <= MOST_DAMPING:
            trial = self.point - self._damped_step()
            loss = self._residuals.loss(trial)
            if loss < self._loss:
                self.point, self._loss = trial, loss
                self._slope, self._curvature = self._residuals.normal_equations(trial)
                self._damping = max(self._damping / self._rule.fall, LEAST_DAMPING)
                return True
            self._damping *= self._rule.rise
        return False

    def _damped_step(self) -> Tensor:
        damped = self._curvature.clone()
        damped.diagonal().add_(self._damping)
        factor, failed = torch.linalg.cholesky_ex(damped)
        if failed:
            return torch.full_like(self.point, torch.inf)
        return torch.cholesky_solve(self._slope.unsqueeze(1), factor).squeeze(1)


# Points that SciPy may evaluate for each step.
MOST_TRIALS = 20


class NetworkLoss:
    """The loss of one network, and its gradient.

    A tanh network is computed as the sigmoid network it equals, tanh(z) = 2 sigmoid(2 z) - 1, and biases are
    seen in a multiple of their unit: both are factors of the inputs. NumPy computes all but the activations,
    since its calls take a third of the time of torch's; those of torch are vectorised.

    Parameters
    ----------
    residuals : of the network
    settings : of its training
    bias_stretch : what the biases of points are multiplied by
    """

    def __init__(self, residuals: Residuals, settings: Settings, *, bias_stretch: float) -> None:
        self._residuals, self._decay, self._decayed = (
            residuals,
            settings.weight_decay,
            residuals.decayed.numpy(),
        )
        self._unit, self._is_tanh = unit_of(settings.activation), settings.activation == "tanh"
        self._factor = 2.0 if self._is_tanh else 1.0
        inputs, n_units = self._factor * residuals.inputs.T.contiguous(), residuals.n_units
        inputs[-1] *= bias_stretch
        self._activations = inputs.new_empty(n_units, inputs.shape[1])
        self._inputs, self._units = inputs.numpy(), self._activations.numpy()
        self._slopes, self._errors = np.empty_like(self._units), np.zeros(inputs.shape[1])
        self._shares, self._selection_shares = residuals.shares.numpy(), residuals.selection_shares.numpy()
        first = residuals.layout.n_units * len(inputs)
        hidden, output = slice(n_units * len(inputs)), slice(first, first + n_units)
        self._point, self._gradient = np.zeros((2, residuals.layout.n_parameters))
        self._hidden, self._output = self._point[hidden].reshape(n_units, -1), self._point[output]
        self._of_hidden, self._of_output = self._gradient[hidden].reshape(n_units, -1), self._gradient[output]

    @property
    def selection(self) -> float:
        """The loss on the selection rows at the point evaluated last; zero for a network without these."""
        return float(np.dot(self._errors * self._selection_shares, self._errors))

    def require(self, values: Floats) -> None:
        """Evaluate a point, (n_parameters,), unless it is the one evaluated last."""
        if not np.array_equal(values, self._point):
            self.loss(values)

    def gradient(self, values: Floats) -> Floats:
        """Return the gradient of the loss at a point, (n_parameters,) both."""
        self.require(values)
        return self._gradient.copy()

    def loss(self, values: Floats) -> float:
        """Return the training loss at a point, (n_parameters,), see `Evaluation`."""
        np.copyto(self._point, values)
        units, from_units = self._units, self._factor * self._output
        np.dot(self._hidden, self._inputs, out=units)
        self._activations.relu_() if self._unit == "relu" else self._activations.sigmoid_()
        predicted = np.dot(from_units, units)
        predicted += values[-1] - (self._output.sum() if self._is_tanh else 0.0)
        self._errors = errors = self._residuals.of_predictions(torch.from_numpy(predicted)).numpy()
        weighted = errors * self._shares
        self._gradient[-1] = total = 2.0 * weighted.sum()
        np.dot(units, weighted, out=self._of_output)
        self._of_output *= 2.0 * self._factor
        self._of_output -= total if self._is_tanh else 0.0
        if self._unit == "relu":
            np.sign(units, out=units)
        else:
            units *= np.subtract(1.0, units, out=self._slopes)
        units *= weighted
        np.dot(units, self._inputs.T, out=self._of_hidden)
        self._of_hidden *= 2.0 * from_units[:, None]
        loss = np.dot(weighted, errors)
        if self._decay:
            decayed = self._point * self._decayed
            loss += self._decay * np.dot(decayed, decayed)
            self._gradient += 2.0 * self._decay * decayed
        return float(loss)


@dataclass(frozen=True)
class ScipyLbfgs:
    """The rule; `options` are those of a batch."""

    options: Lbfgs

    def __call__(self, residuals: Residuals, start: Floats, path: Path) -> None:
        """Add to the path the start, (n_parameters,), and the point after each step."""
        loss = NetworkLoss(residuals, path.settings, bias_stretch=self.options.bias_stretch)
        stretch = residuals.layout.stretch(self.options.bias_stretch).numpy()

        def take_step(intermediate_result: OptimizeResult) -> None:
            loss.require(intermediate_result.x)
            training = float(intermediate_result.fun)
            path.add(intermediate_result.x * stretch, training=training, selection=loss.selection)
            if path.is_over:
                raise StopIteration

        first = start / stretch
        path.add(start, training=loss.loss(first), selection=loss.selection)
        if path.is_over:
            return
        minimize(
            loss.loss,
            first,
            jac=loss.gradient,
            method="L-BFGS-B",
            callback=take_step,
            options={
                "maxcor": self.options.memory,
                "maxiter": path.n_steps,
                "maxfun": MOST_TRIALS * path.n_steps,
                "ftol": 0.0,
                "gtol": path.settings.tolerance,
            },
        )
