"""One panel study, through many estimators side by side: the public names for scripts and notebooks."""

from harness.api import init, open_run, panel_from_frame, run
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
from harness.python_spec import Spec
from harness.results import StudyResult

__version__ = "0.1.0"

__all__ = [
    "ArtifactError",
    "DataError",
    "EstimationError",
    "HarnessError",
    "Panel",
    "PluginError",
    "Problem",
    "Spec",
    "SpecError",
    "StudyResult",
    "init",
    "open_run",
    "panel_from_frame",
    "run",
]
