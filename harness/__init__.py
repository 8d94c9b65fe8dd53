"""Run one panel study through many estimators side by side, from scripts and notebooks.

Names imported as themselves are public. Each is read from its module when it is first asked for, so that the
command starts, and can be interrupted, at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.api import Spec as Spec
    from harness.api import compare_models as compare_models
    from harness.api import init as init
    from harness.api import open_run as open_run
    from harness.api import panel_from_frame as panel_from_frame
    from harness.api import run as run
    from harness.data.panel import Panel as Panel
    from harness.errors import ArtifactError as ArtifactError
    from harness.errors import DataError as DataError
    from harness.errors import EstimationError as EstimationError
    from harness.errors import HarnessError as HarnessError
    from harness.errors import MachineError as MachineError
    from harness.errors import PluginError as PluginError
    from harness.errors import Problem as Problem
    from harness.errors import SpecError as SpecError
    from harness.results import StudyResult as StudyResult
else:
    _PUBLIC = dict.fromkeys(["compare_models", "init", "open_run", "panel_from_frame", "run"], "api")
    _PUBLIC |= {"Panel": "data.panel", "Problem": "errors", "Spec": "api", "StudyResult": "results"}
    for _of in ("Artifact", "Data", "Estimation", "Harness", "Machine", "Plugin", "Spec"):
        _PUBLIC[f"{_of}Error"] = "errors"

    def __getattr__(name: str) -> object:
        if name not in _PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name))

    def __dir__() -> list[str]:
        return sorted({*globals(), *_PUBLIC})


__version__ = "0.1.0"
