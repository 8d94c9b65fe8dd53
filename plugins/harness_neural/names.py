"""The closed lists of words that options of this plugin accept."""

from __future__ import annotations

from typing import Literal

Activation = Literal["tanh", "sigmoid", "relu"]
"""What a hidden unit computes."""

Unit = Literal["sigmoid", "relu"]
"""What a hidden unit is computed as: a tanh network is trained and kept as the sigmoid network it equals."""

OptimiserName = Literal["lbfgs", "adam", "sgd"]
"""How networks are trained; all three see all rows at every step."""

Precision = Literal["float64", "float32"]
"""Arithmetic of the forward and backward pass of training; predictions are float64 always.

``float32`` takes half the time and is as accurate on rows held out. Yet rounding grows along a training path,
and from about a hundred steps on a network may end in another minimum, which moves the mean of 64 draws by
0.03 deviations of the outcome at some rows. Hence ``float64`` is the default.
"""

Dimension = Literal["entity", "time"]
"""A key of the panel whose levels have effects of their own."""

Rounding = Literal["floor", "nearest", "up"]
"""How the hidden size of the formula becomes a whole number."""

DrawStart = Literal["random", "full_sample"]
"""Where the network of a bootstrap draw starts: at values of its own, or at the network of all rows."""

DrawSize = Literal["full_sample", "each_draw"]
"""Where hidden sizes are searched for bootstrap draws: once on all rows, or anew for every draw."""

Combine = Literal["separate_nets", "one_hot", "none"]
"""How clusters feed the networks: one network a cluster, cluster dummies as inputs, or not at all."""

MapTraining = Literal["batch", "sequential"]
"""How a self-organising map is trained: on all rows at every step, or row by row."""
