"""What a small study, its report and a start cost, beside the libraries that any study imports."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

SPEC = Path(__file__).parents[1] / "specs" / "grunfeld.yaml"
IMPORTS = (
    "-c",
    "import pandas, scipy.stats, matplotlib.figure, sklearn.ensemble, statsmodels.api, linearmodels, torch",
)
COMMAND = ("-c", "import sys; from harness.cli import main; sys.exit(main())")
"""What the installed command does."""

MOST_OF_A_STUDY, MOST_OF_A_REPORT, MOST_OF_A_START = 12.0, 3.0, 0.5
"""Processor time allowed, as multiples of that of the imports."""

Measure = Callable[..., float]


def processor_seconds(*words: str) -> float:
    """Return the processor time of a process of Python and of all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=one_thread)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture
def times_the_imports(benchmark: BenchmarkFixture) -> Measure:
    """Return what measures a command in processor time of the imports, both once in turn, best of rounds."""

    def measure(*words: str, rounds: int) -> float:
        ours: list[float] = []
        imports: list[float] = []
        benchmark.pedantic(
            lambda: ours.append(processor_seconds(*COMMAND, *words)),
            setup=lambda: imports.append(processor_seconds(*IMPORTS)),
            rounds=rounds,
        )
        found = min(ours) / min(imports)
        benchmark.extra_info |= {"seconds": min(ours), "imports": min(imports), "ratio": found}
        return found

    processor_seconds(*IMPORTS)  # compiles what was never imported, and fetches it from the disk
    return measure


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run."""
    folder = tmp_path_factory.mktemp("small") / "grunfeld"
    processor_seconds(*COMMAND, "run", str(SPEC), "--quick", "--jobs", "2", "--out", str(folder))
    return folder


@pytest.mark.benchmark(group="small study")
def test_a_small_study(times_the_imports: Measure, tmp_path: Path) -> None:
    words = ("run", str(SPEC), "--quick", "--jobs", "2", "--out", str(tmp_path / "run"))
    assert times_the_imports(*words, rounds=2) <= MOST_OF_A_STUDY


@pytest.mark.benchmark(group="small study")
def test_the_report_of_a_small_study(times_the_imports: Measure, run: Path) -> None:
    assert times_the_imports("report", str(run), rounds=2) <= MOST_OF_A_REPORT


@pytest.mark.benchmark(group="small study")
def test_the_start_of_a_command(times_the_imports: Measure) -> None:
    assert times_the_imports("validate", str(SPEC), "--spec-only", rounds=5) <= MOST_OF_A_START
