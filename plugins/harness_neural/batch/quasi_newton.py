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
from harness_neural.batch.passes import unit_of
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import Settings

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
