"""The closed lists of words that options of this plugin accept."""

from __future__ import annotations

from typing import Literal

Activation = Literal["tanh", "sigmoid", "relu"]
OptimiserName = Literal["lbfgs", "adam", "sgd"]
Precision = Literal["float64", "float32"]
Rounding = Literal["floor", "nearest", "up"]
Combine = Literal["separate_nets", "one_hot", "none"]
MapTraining = Literal["batch", "sequential"]
