"""The closed lists of words that options of this plugin accept."""

from __future__ import annotations

from typing import Literal

# What a hidden unit computes.
Activation = Literal["tanh", "sigmoid", "relu"]

# What a hidden unit is computed as: a tanh network is trained and kept as the sigmoid network it equals.
Unit = Literal["sigmoid", "relu"]

# How networks are trained; all see all rows at every step.
# ``projected_lbfgs`` is L-BFGS on the weights into the units alone: those from the units to the outcome, in
# which the loss is quadratic, are solved for at every step (variable projection).
OptimiserName = Literal["lbfgs", "projected_lbfgs", "levenberg_marquardt", "adam", "sgd"]

# Weights from the hidden units: moved by the optimiser like all others, or solved for at every step.
OutputWeights = Literal["trained", "solved"]

# Arithmetic of the forward and backward pass of training; predictions are float64 always.
# ``float32`` takes 0.5 to 0.7 of the time and is as accurate on rows held out. Yet L-BFGS magnifies small
# differences until networks end in other minima: of 60 draws of a network on the simulated cities 2 %
# agreed with ``float64`` to 1e-4 deviations of the outcome at every row, and the mean of all draws to 0.05.
# Initial values moved by 1e-7 in ``float64`` have the same effect, so no care with sums would help. Hence
# ``float64`` is the default.
Precision = Literal["float64", "float32"]

# Where networks are trained; ``cuda`` is the GPU of a torch that has one.
# A GPU adds in another order than a processor, so the two agree up to rounding of single steps, not of
# whole trainings. Predictions, curves and surfaces are computed on the processor.
Device = Literal["cpu", "cuda"]

# A key of the panel whose levels have effects of their own.
Dimension = Literal["entity", "time"]

# Rows that the formula of the hidden size counts for a network of a cluster: all, as printed, or its own.
FormulaRows = Literal["all", "cluster"]

# How the hidden size of the formula becomes a whole number.
Rounding = Literal["floor", "nearest", "up"]

# Where networks start: at random values, or at the least squares fit of their rows.
# Stopping early keeps a network near where it starts, as a penalty on the distance would (Sjöberg and Ljung
# 1995): from random values it is shrunk towards a constant, from least squares towards a line. On the
# simulated cities bootstrapped networks find 0.78 and 0.91 of the change of total emissions on the mean
# over six panels.
Start = Literal["random", "least_squares"]

# Where the network of a bootstrap draw starts: at values of its own, or at the network of all rows.
# The latter has seen the rows that a draw left out and is stopped on, so that most draws hardly leave it.
# On the simulated cities, 60 draws, it took 0.4 of the time, but bands of the curve were 0.42 times as wide
# and predictions of single rows spread 0.34 times as far: these are no longer bootstrap intervals.
DrawStart = Literal["random", "full_sample"]

# Where hidden sizes are searched for bootstrap draws: once on all rows, or anew for every draw.
# The latter takes as many times as long as there are candidates. With three, bands of the curve were 0.93
# times as wide, since the best of three networks is nearer to the others'.
DrawSize = Literal["full_sample", "each_draw"]

# How clusters feed the networks: one network a cluster; these, and a network that takes in the outputs of
# all of them; cluster dummies as inputs; or not at all.
Combine = Literal["separate_nets", "stacked", "one_hot", "none"]

# How a self-organising map is trained: on all rows at every step, or row by row.
MapTraining = Literal["batch", "sequential"]
