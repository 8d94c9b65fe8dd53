"""Many one-hidden-layer networks trained at once: arrays in, arrays out, nothing known of panels.

Importing this package imports torch, so the estimators import it when they fit.
"""

from harness_neural.batch.networks import NetworkBatch, gather
from harness_neural.batch.profile import FixedInputs
from harness_neural.batch.progress import Trained
from harness_neural.batch.settings import Settings
from harness_neural.batch.task import SOLVED_LIMITS, StartLimits, TrainingTask, initial_values, without_unused
from harness_neural.batch.training import train

__all__ = [
    "SOLVED_LIMITS",
    "FixedInputs",
    "NetworkBatch",
    "Settings",
    "StartLimits",
    "Trained",
    "TrainingTask",
    "gather",
    "initial_values",
    "train",
    "without_unused",
]
