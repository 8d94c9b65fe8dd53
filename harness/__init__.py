"""Run one panel study through many estimators side by side, from scripts and notebooks.

Names imported as themselves are public.
"""

from harness.api import init as init
from harness.api import open_run as open_run
from harness.api import panel_from_frame as panel_from_frame
from harness.api import run as run
from harness.data.panel import Panel as Panel
from harness.errors import ArtifactError as ArtifactError
from harness.errors import DataError as DataError
from harness.errors import EstimationError as EstimationError
from harness.errors import HarnessError as HarnessError
from harness.errors import PluginError as PluginError
from harness.errors import Problem as Problem
from harness.errors import SpecError as SpecError
from harness.python_spec import Spec as Spec
from harness.results import StudyResult as StudyResult

__version__ = "0.1.0"
