"""How networks are trained: the same for every network of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness_neural.batch.optimisers import Adam, GradientDescent, Lbfgs
from harness_neural.names import Activation, Device, OutputWeights, Precision


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Options of Levenberg-Marquardt, see `harness_neural.batch.levenberg`.

    Attributes
    ----------
    damping : > 0; added to the curvature at the first step, in units of standardised outcome and inputs
    rise, fall : > 1; what the damping is multiplied by after a step that does not lower the loss, and divided
        by after one that does
    """

    damping: float = 1e-3
    rise: float = 4.0
    fall: float = 3.0


@dataclass(frozen=True)
class Settings:
    """Training options.

    Attributes
    ----------
    activation : of the hidden units
    optimiser : the rule that moves the parameters
    output : whether the optimiser moves the weights from the units too, or these are solved at every step
    max_steps : >= 1; steps of a network that has rows to stop by
    patience : >= 1; steps without a lower selection loss after which a network stops
    tolerance : >= 0; a network has converged when no element of its gradient is larger
    weight_decay : >= 0; added to the loss times the sum of squared weights, biases left out
    output_decay : >= 0; of output weights that are solved for, as `Objective` has it
    precision : of the forward and backward pass; parameters and optimiser are float64 in any case
    device : where the passes and the optimiser run
    """

    activation: Activation = "tanh"
    optimiser: Lbfgs | LevenbergMarquardt | Adam | GradientDescent = field(default_factory=Lbfgs)
    output: OutputWeights = "trained"
    max_steps: int = 500
    patience: int = 40
    tolerance: float = 1e-6
    weight_decay: float = 0.0
    output_decay: float | None = None
    precision: Precision = "float64"
    device: Device = "cpu"
