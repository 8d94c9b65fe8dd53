"""One panel study, through many estimators side by side: the public names for plugins and scripts."""

from harness.api import open_run, run
from harness.arrays import Floats, Ints
from harness.data.dataset import Dataset
from harness.data.key import Key
from harness.data.note import Note
from harness.data.panel import Panel
from harness.errors import (
    ArtifactError,
    DataError,
    EstimationError,
    HarnessError,
    PluginError,
    Problem,
    SpecError,
)
from harness.estimators.coefficients import CoefficientTable, Correction
from harness.estimators.inner_split import inner_split
from harness.estimators.protocol import (
    CanFitDraws,
    CanFitFolds,
    CanProfile,
    CanRunQuick,
    Estimator,
    Fitted,
    FittedDraws,
    HasCoefficients,
    HasDetails,
    HasDraws,
    HasEffects,
    HasNotes,
    NeedsGroups,
)
from harness.evaluation.fold import Fold, Leak
from harness.evaluation.protocols.protocol import EvaluationProtocol
from harness.evaluation.resample import draw_weights, left_out
from harness.registry.hookspecs import hookimpl
from harness.registry.registry import NestedEstimator
from harness.rng import random_stream
from harness.study_result import StudyResult

__version__ = "0.1.0"

__all__ = [
    "ArtifactError",
    "CanFitDraws",
    "CanFitFolds",
    "CanProfile",
    "CanRunQuick",
    "CoefficientTable",
    "Correction",
    "DataError",
    "Dataset",
    "EstimationError",
    "Estimator",
    "EvaluationProtocol",
    "Fitted",
    "FittedDraws",
    "Floats",
    "Fold",
    "HarnessError",
    "HasCoefficients",
    "HasDetails",
    "HasDraws",
    "HasEffects",
    "HasNotes",
    "Ints",
    "Key",
    "Leak",
    "NeedsGroups",
    "NestedEstimator",
    "Note",
    "Panel",
    "PluginError",
    "Problem",
    "SpecError",
    "StudyResult",
    "draw_weights",
    "hookimpl",
    "inner_split",
    "left_out",
    "open_run",
    "random_stream",
    "run",
]
