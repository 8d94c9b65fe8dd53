"""Many one-hidden-layer networks trained at once: arrays in, arrays out, nothing known of panels.

Importing this package imports torch, so the estimators import it when they fit.
"""

from harness_neural.batch.loop import train
from harness_neural.batch.networks import NetworkBatch, Piece, gather
from harness_neural.batch.profile import FixedInputs
from harness_neural.batch.results import Trained
from harness_neural.batch.settings import Settings
from harness_neural.batch.start import SOLVED_LIMITS, StartLimits, initial_values, without_unused
from harness_neural.batch.task import TrainingTask

__all__ = [
    "SOLVED_LIMITS",
    "FixedInputs",
    "NetworkBatch",
    "Piece",
    "Settings",
    "StartLimits",
    "Trained",
    "TrainingTask",
    "gather",
    "initial_values",
    "train",
    "without_unused",
]
