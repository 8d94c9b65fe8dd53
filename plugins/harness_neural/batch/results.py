"""Where finished networks are put, in the order of the task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, Ints
from harness_neural.batch.kernel import unit_of
from harness_neural.batch.layout import Parameters
from harness_neural.batch.networks import NetworkBatch
from harness_neural.batch.stopping import Progress
from harness_neural.batch.task import TrainingTask
from harness_neural.batch.trace import Trace
from harness_neural.names import Activation


@dataclass(frozen=True, eq=False)
class Trained:
    """Networks after training, in the order of the task.

    Attributes
    ----------
    networks : with the best weights each has met, for the inputs and in the outcome units of the task
    points : (n_networks, n_parameters); the same weights as parameters, in the order of `initial_values`
    steps, best_step : (n_networks,); steps taken, and the step whose weights were kept
    loss : (n_networks,); training loss of the kept weights, see `Evaluation`
    selection : (n_networks,); their selection loss, zero for a network without selection rows
    trace : the losses of every step
    """

    networks: NetworkBatch
    points: Floats
    steps: Ints
    best_step: Ints
    loss: Floats
    selection: Floats
    trace: Trace


class ResultCollector:
    """Collects networks as they finish."""

    def __init__(self, task: TrainingTask) -> None:
        n_networks, n_units = task.n_networks, int(task.n_units.max())
        self._hidden = np.zeros((n_networks, n_units, task.X.shape[1] + 1))
        self._output = np.zeros((n_networks, n_units))
        self._intercept, self._loss, self._selection = np.zeros((3, n_networks))
        self._points = np.zeros_like(task.start)
        self._steps, self._best_step = np.zeros((2, n_networks), dtype=np.int64)

    def put(self, networks: Ints, *, weights: Parameters, progress: Progress) -> None:
        """Take in finished networks, (n_finished,), with the weights they keep."""
        self._hidden[networks] = weights.hidden.numpy(force=True)
        self._output[networks] = weights.output.numpy(force=True)
        self._intercept[networks] = weights.intercept.numpy(force=True)
        self._points[networks] = progress.best_point.numpy(force=True)
        self._loss[networks] = progress.best_loss.numpy(force=True)
        self._selection[networks] = progress.best_selection.numpy(force=True)
        self._steps[networks] = progress.step.numpy(force=True)
        self._best_step[networks] = progress.best_step.numpy(force=True)

    def trained(self, activation: Activation, trace: Trace) -> Trained:
        """Return what all networks have come to."""
        return Trained(
            networks=NetworkBatch(
                unit=unit_of(activation),
                hidden=self._hidden,
                output=self._output,
                intercept=self._intercept,
            ),
            points=self._points,
            steps=self._steps,
            best_step=self._best_step,
            loss=self._loss,
            selection=self._selection,
            trace=trace,
        )
