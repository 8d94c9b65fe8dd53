"""Timings of fit, predictions and draws of a plugin's estimators next to built-in ones, by pytest-benchmark.

pytest runs the tests of this module, which is no test module by its name; `time_estimators` says of which
estimators.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.conformance import panels
from harness.conformance.case import DEFAULTS, Case, Options, build
from harness.conformance.panels import Skipped
from harness.errors import PluginError
from harness.estimators.protocol import ESTIMATOR
from harness.evaluation.resample import draw_weights
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry
from harness.rng import random_stream
from harness.study.spec.entry import drafted_entries

if TYPE_CHECKING:
    import pytest

# Draws that are timed at once.
N_DRAWS = 20

# What pytest-benchmark offers a test: a function that calls another one until its time is known.
Benchmark = Callable[[Callable[[], object]], object]


def test_fit(benchmark: Benchmark, case: Case) -> None:
    """Time a fit on the kit's ordinary panel."""
    benchmark(partial(case.fitted, case.panel))


def test_predict(benchmark: Benchmark, case: Case) -> None:
    """Time predictions of a fit for its own rows."""
    benchmark(partial(case.fit.predict, case.panel))


def test_draws(benchmark: Benchmark, case: Case) -> None:
    """Time draws of whole entities and their predictions."""
    import pytest

    panel = case.panel
    weights = draw_weights(panel, N_DRAWS, unit="entity", rng=random_stream(panels.SEED, "timings"))
    draws = partial(case.predicted_draws, panel, weights)
    try:
        draws()
    except Skipped as reason:
        pytest.skip(str(reason))
    benchmark(draws)


@dataclass(frozen=True)
class TimedCases:
    """A plugin of pytest that gives the tests of this module their estimators, by name."""

    cases: Mapping[str, Case]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test for each estimator."""
        metafunc.parametrize("case", list(self.cases.values()), ids=list(self.cases), scope="module")


def timed_cases(
    registry: Registry, plugin: Plugin, *, only: Sequence[str] = (), options: Options = DEFAULTS
) -> Mapping[str, Case]:
    """Return the estimators of a plugin, and those that `harness init` drafts first, by name.

    Raises
    ------
    PluginError
        Where the plugin offers no estimator.
    """
    names = [name for name in plugin.names(ESTIMATOR) if not only or name in only]
    if not names:
        hint = "time a plugin that offers estimators"
        raise PluginError.at(plugin.name, "offers no estimator to time", "an estimator", hint)
    drafted: list[dict[str, Any]] = drafted_entries(registry.of(ESTIMATOR))
    built_in = (str(entry["use"]) for entry in drafted)
    cases = {}
    for name in dict.fromkeys((*names, *built_in)):
        given = options.get(name, {})
        cases[name] = Case(build(registry, name, given, kind=ESTIMATOR))
    return cases


def time_estimators(cases: Mapping[str, Case], *, storage: Path, name: str) -> int:
    """Time estimators, print a table, and keep the timings for ``pytest --benchmark-compare``.

    Parameters
    ----------
    storage : folder of pytest-benchmark's files
    name : of the file

    Returns
    -------
    Exit status of pytest: 0 where all were timed.

    Raises
    ------
    PluginError
        Where pytest-benchmark is not installed.
    """
    if find_spec("pytest_benchmark") is None:
        hint = "pip install pytest-benchmark"
        raise PluginError.at("--benchmark", "pytest-benchmark is not installed", hint=hint)
    import pytest

    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "pytest.ini"  # else those of the project that this is called in
        settings.write_text("[pytest]\n", encoding="utf-8")
        asked = ("--benchmark-only", "--benchmark-group-by=func", "--benchmark-columns=mean,stddev,rounds")
        kept = (f"--benchmark-storage=file://{storage.resolve()}", f"--benchmark-save={name}")
        quiet = ("-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
        words = ["-c", str(settings), *quiet, *asked, *kept, __file__]
        return int(pytest.main(words, plugins=[TimedCases(cases)]))
