"""L-BFGS of SciPy, by which few networks train one after the other.

A step of a batch of few small networks costs its calls of torch rather than its arithmetic, and they are as
many for one network as for a hundred. SciPy moves a single network by compiled code (Zhu, Byrd, Lu & Nocedal
1997, ACM Transactions on Mathematical Software 23(4)), in less than half the time of a batch of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize

from harness.plugin import Floats
from harness_neural.batch.in_turn import Path
from harness_neural.batch.optimisers import Lbfgs
from harness_neural.batch.passes import backward, unit_of
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import Settings

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
        self._errors, self._evaluated = inputs.new_zeros(inputs.shape[1]), np.empty(0)

    @property
    def selection(self) -> float:
        """The loss on the selection rows at the point evaluated last; zero for a network without these."""
        return float((self._errors * self._residuals.selection_shares) @ self._errors)

    def require(self, values: Floats) -> None:
        """Evaluate a point, (n_parameters,), unless it is the one evaluated last."""
        if not np.array_equal(values, self._evaluated):
            self.evaluate(values)

    def evaluate(self, values: Floats) -> tuple[float, Floats]:
        """Return the training loss at a point, (n_parameters,), see `Evaluation`, and its gradient."""
        self._evaluated = values.copy()
        point, units, gradient = torch.from_numpy(self._evaluated), self._units, self._gradient
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
        path.add(start, training=loss.evaluate(first)[0], selection=loss.selection)
        if path.is_over:
            return
        minimize(
            loss.evaluate,
            first,
            jac=True,
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
