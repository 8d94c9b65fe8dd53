"""L-BFGS of SciPy for networks that are trained one after the other.

A step of a batch of few small networks costs its calls of torch rather than its arithmetic, and they are as
many for one network as for a hundred. SciPy moves a single network by compiled code (Zhu, Byrd, Lu & Nocedal
1997, ACM Transactions on Mathematical Software 23(4)), in less than half the time of a batch of one.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize

from harness.plugin import Floats
from harness_neural.batch import batch_records
from harness_neural.batch.networks import NetworkBatch
from harness_neural.batch.optimisers import Lbfgs
from harness_neural.batch.parameters import ParameterMap
from harness_neural.batch.passes import backward, unit_of
from harness_neural.batch.progress import LearningCurve, Trained
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import Settings, TrainingTask

# Points that SciPy may evaluate for each step.
MOST_TRIALS = 20


class NetworkLoss:
    """The loss of one network, and its gradient.

    A tanh network is computed as the sigmoid network it equals, tanh(z) = 2 sigmoid(2 z) - 1, and biases are
    seen in a multiple of their unit: both are factors of the inputs.

    Parameters
    ----------
    residuals : of the network
    settings : of its training
    bias_stretch : what the biases of points are multiplied by
    """

    def __init__(self, residuals: Residuals, settings: Settings, *, bias_stretch: float) -> None:
        self._residuals, self._decay = residuals, settings.weight_decay
        self._unit, self._is_tanh = unit_of(settings.activation), settings.activation == "tanh"
        self._factor = 2.0 if self._is_tanh else 1.0
        inputs, n_units, layout = self._factor * residuals.inputs.T, residuals.n_units, residuals.layout
        inputs[-1] *= bias_stretch
        self._inputs, self._units = inputs.contiguous(), inputs.new_empty(n_units, inputs.shape[1])
        first = layout.n_units * len(inputs)
        self._places = slice(n_units * len(inputs)), slice(first, first + n_units)
        self._gradient = inputs.new_zeros(layout.n_parameters)
        hidden, self._of_output = (self._gradient[places] for places in self._places)
        self._of_hidden = hidden.view(n_units, len(inputs))
        self._errors = inputs.new_zeros(inputs.shape[1])

    @property
    def selection(self) -> float:
        """The loss on the selection rows at the point evaluated last; zero for a network without these."""
        return float((self._errors * self._residuals.selection_shares) @ self._errors)

    def evaluate(self, values: Floats) -> tuple[float, Floats]:
        """Return the training loss at a point, (n_parameters,), see `Evaluation`, and its gradient."""
        point, units, gradient = torch.from_numpy(values), self._units, self._gradient
        output, intercept = point[self._places[1]], values[-1]
        from_units = self._factor * output
        torch.mm(point[self._places[0]].view_as(self._of_hidden), self._inputs, out=units)
        units.relu_() if self._unit == "relu" else units.sigmoid_()
        predicted = (from_units @ units).add_(intercept - float(output.sum()) if self._is_tanh else intercept)
        self._errors = errors = self._residuals.of_predictions(predicted)
        weighted = errors * self._residuals.shares
        total = 2.0 * float(weighted.sum())
        torch.mv(units, weighted, out=self._of_output)
        self._of_output.mul_(2.0 * self._factor).sub_(total if self._is_tanh else 0.0)
        gradient[-1] = total
        backward(self._unit, units, weighted.expand_as(units))
        torch.mm(units, self._inputs.T, out=self._of_hidden)
        self._of_hidden.mul_((2.0 * from_units).unsqueeze(1))
        loss = weighted @ errors
        if self._decay:
            decayed = point * self._residuals.decayed
            loss += self._decay * decayed.square().sum()
            gradient.add_(decayed, alpha=2.0 * self._decay)
        return float(loss), gradient.numpy().copy()


class Path:
    """Where one network has been, step by step from its start.

    Parameters
    ----------
    loss : of the network
    start : (n_parameters,)
    patience : steps without a lower selection loss after which it stops; None for a network without
        selection rows, which keeps its last weights
    """

    def __init__(self, loss: NetworkLoss, start: Floats, *, patience: int | None) -> None:
        self._loss, self._patience = loss, patience
        self._evaluated = start
        self.training, self.selection = [loss.evaluate(start)[0]], [loss.selection]
        self.best_step, self.best_point = 0, start

    def evaluate(self, point: Floats) -> tuple[float, Floats]:
        """Return loss and gradient at a point that the optimiser tries."""
        self._evaluated = point.copy()
        return self._loss.evaluate(self._evaluated)

    def step(self, intermediate_result: OptimizeResult) -> None:
        """Take note of a step; end the training of a network that is out of patience."""
        if not np.array_equal(intermediate_result.x, self._evaluated):
            self.evaluate(intermediate_result.x)
        best, selection = self.selection[self.best_step], self._loss.selection
        self.training.append(float(intermediate_result.fun))
        self.selection.append(selection)
        if self._patience is None or selection < best:
            self.best_step, self.best_point = len(self.training) - 1, self._evaluated
        elif len(self.training) - 1 - self.best_step >= self._patience:
            raise StopIteration


def train_in_turn(task: TrainingTask, settings: Settings, rule: Lbfgs) -> Trained:
    """Train the networks of a task one by one, in float64; see `harness_neural.batch.training.train`."""
    residuals = [Residuals(task, network, settings) for network in range(task.n_networks)]
    paths = [_path(task, settings, rule, network, own) for network, own in enumerate(residuals)]
    stretch = residuals[0].layout.stretch(rule.bias_stretch)
    points = torch.from_numpy(np.stack([path.best_point for path in paths])) * stretch
    scaling = batch_records.join(*(own.scaling for own in residuals))
    kept = ParameterMap(scaling, is_tanh=settings.activation == "tanh").parameters(points)
    numbers = (kept.hidden, kept.output, kept.intercept)
    return Trained(
        networks=NetworkBatch(unit_of(settings.activation), *(values.numpy() for values in numbers)),
        points=points.numpy(),
        steps=np.array([len(path.training) - 1 for path in paths]),
        best_step=np.array([path.best_step for path in paths]),
        loss=np.array([path.training[path.best_step] for path in paths]),
        selection=np.array([path.selection[path.best_step] for path in paths]),
        curves=tuple(LearningCurve(np.array(path.training), np.array(path.selection)) for path in paths),
    )


def _path(task: TrainingTask, settings: Settings, rule: Lbfgs, network: int, residuals: Residuals) -> Path:
    """Train one network."""
    watches = bool(residuals.selection_shares.any())
    path = Path(
        NetworkLoss(residuals, settings, bias_stretch=rule.bias_stretch),
        task.start[network] / residuals.layout.stretch(rule.bias_stretch).numpy(),
        patience=settings.patience if watches else None,
    )
    n_steps = settings.max_steps if watches else int(task.blind_steps[network])
    if n_steps > 0:
        minimize(
            path.evaluate,
            path.best_point,
            jac=True,
            method="L-BFGS-B",
            callback=path.step,
            options={
                "maxcor": rule.memory,
                "maxiter": n_steps,
                "maxfun": MOST_TRIALS * n_steps,
                "ftol": 0.0,
                "gtol": settings.tolerance,
            },
        )
    return path
