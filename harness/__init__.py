"""Run one panel study through many estimators side by side, from scripts and notebooks.

Names imported as themselves are public. Each is read from its module when it is first asked for, so that the
command starts, and can be interrupted, at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from harness.python_spec import Spec as Spec
    from harness.results import StudyResult as StudyResult
else:
    _PLACES = {
        "harness.api": ("init", "open_run", "panel_from_frame", "run"),
        "harness.data.panel": ("Panel",),
        "harness.errors": (
            *("ArtifactError", "DataError", "EstimationError", "HarnessError", "MachineError"),
            *("PluginError", "Problem", "SpecError"),
        ),
        "harness.python_spec": ("Spec",),
        "harness.results": ("StudyResult",),
    }
    __all__ = [name for names in _PLACES.values() for name in names]

    def __getattr__(name: str) -> object:
        """Return a public name, from now on at hand."""
        for place, names in _PLACES.items():
            if name in names:
                return globals().setdefault(name, getattr(import_module(place), name))
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)

    def __dir__() -> list[str]:
        """Return the names that there are, the public ones with them."""
        return sorted({*globals(), *__all__})


__version__ = "0.1.0"
