"""Run the benchmarks that ``docs/measured/performance.md`` tells of, and write its table.

Run in a checkout, on a quiet machine, as ``OMP_NUM_THREADS=1 python benchmarks/performance.py [WORD...]``.
With words, only rows whose test has one of them in its name are measured, and the others stay as they are.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "measured" / "performance.md"
TABLE = PAGE.with_name("performance.csv")
BEGIN, END = "<!-- written by benchmarks/performance.py -->\n", "<!-- end -->\n"
HEAD = ("work", "compared with", "measured", "test")
LIBRARIES = ("numpy", "scipy", "pandas", "torch", "scikit-learn", "linearmodels", "pyfixest")
GIB = 2**30

Info = Mapping[str, Any]
"""What a test wrote down beside its times."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    work : what is done
    beside : what does the same, or what it is a multiple of
    test : within ``benchmarks``, with its parameter; or a script there, whose lines are told
    told : the measured number with its unit, from what the test wrote down
    """

    work: str
    beside: str
    test: str
    told: Callable[[Info], str]


def _times(key: str) -> Callable[[Info], str]:
    return lambda info: f"{info[key]:.2f} times its time"


def _bytes(info: Info) -> str:
    return f"{info['bytes'] / GIB:.2f} GB"


def _race(info: Info) -> str:
    error = info["error on fresh entities"] / info["of scikit-learn"]
    return f"{info['times as fast']:.1f} times as fast, with {error:.2f} times its error on new entities"


def _small(info: Info) -> str:
    return f"{info['ratio']:.1f} times its processor time: {info['seconds']:.1f} s, {info['imports']:.1f} s"


def _lines(info: Info) -> str:
    return "; ".join(info["lines"][:2])


MLP = "`MLPRegressor`, joblib"
IMPORTS = "importing the libraries once"
ROWS = (
    Row("a study of one ensemble with its curve", MLP, "draws.py", _lines),
    Row(
        "200 draws of a network, 2,457 x 27 rows, 8 units",
        MLP,
        "neural/test_training.py::test_draws_against_scikit_learn[default]",
        _race,
    ),
    Row(
        "1,000 draws trained to its error",
        MLP,
        "neural/test_training.py::test_a_thousand_draws_to_the_error_of_scikit_learn",
        _race,
    ),
    Row(
        "10,000 draws of a network: memory",
        "",
        "neural/test_growth.py::test_ten_thousand_draws_fit_two_gigabytes",
        lambda info: f"{info['gigabytes at most']:.2f} GB",
    ),
    Row(
        "two-way effects, clustered, 10^6 x 10",
        "`PanelOLS` called directly",
        "panel/test_large_panel.py::test_two_way_effects_of_a_million_rows[balanced]",
        _times("ratio"),
    ),
    Row(
        "the same: memory without data",
        "",
        "panel/test_large_panel.py::test_memory_of_a_million_rows[balanced]",
        _bytes,
    ),
    Row(
        "200 draws of two-way effects, 2,457 x 27",
        "200 fits of `PanelOLS`",
        "panel/test_large_panel.py::test_draws_of_two_way_effects",
        _times("ratio_to_fits_of_linearmodels"),
    ),
    Row(
        "`feols`, the same",
        "`pyfixest.feols`",
        "fixest/test_feols.py::test_two_way_effects_of_a_million_rows[balanced]",
        _times("ratio"),
    ),
    Row(
        "the same: memory with data",
        "",
        "fixest/test_feols.py::test_memory_of_a_million_rows[balanced]",
        _bytes,
    ),
    Row(
        "curves from refits of boosted trees",
        "`HistGradientBoostingRegressor`",
        "test_refits.py::test_curves_from_refits_of_boosted_trees",
        _times("ratio"),
    ),
    Row(
        "ridges of ten draws, 2,457 x 135",
        "`Ridge`",
        "test_own_arithmetic.py::test_ridges_of_all_draws_cost_a_third_of_those_of_scikit_learn",
        lambda info: f"{1.0 / info['library over ours']:.2f} times its time",
    ),
    Row(
        "`harness validate --spec-only`", IMPORTS, "test_small_study.py::test_the_start_of_a_command", _small
    ),
    Row(
        "`harness run specs/grunfeld.yaml --quick --jobs 2`",
        IMPORTS,
        "test_small_study.py::test_a_small_study",
        _small,
    ),
    Row(
        "`harness report` of that run",
        IMPORTS,
        "test_small_study.py::test_the_report_of_a_small_study",
        _small,
    ),
    Row(
        "a figure of six panels with lines and bands, laid out, as SVG",
        "matplotlib with its constrained layout",
        "test_drawing.py::test_figures_of_panels",
        _times("ratio"),
    ),
)


def measured(rows: tuple[Row, ...]) -> Mapping[str, Info]:
    """Run the tests and scripts of rows, and return what each wrote down, by its name.

    A test that asks for a better ratio than it found has written it down all the same.
    """
    scripts = [row.test for row in rows if "::" not in row.test]
    found = {name: {"lines": _printed(name)} for name in scripts}
    tests = [f"benchmarks/{row.test}" for row in rows if row.test not in scripts]
    return {**found, **(_benchmarks(tests) if tests else {})}


def _printed(script: str) -> list[str]:
    """Return the lines that a script prints."""
    words = [sys.executable, f"benchmarks/{script}"]
    return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def _benchmarks(tests: Sequence[str]) -> Mapping[str, Info]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        words = ["-o", "addopts=", "--import-mode=importlib", "--benchmark-only", f"--benchmark-json={file}"]
        subprocess.run([sys.executable, "-m", "pytest", *words, *tests], cwd=ROOT, check=False)
        benchmarks = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
    return {one["fullname"].removeprefix("benchmarks/"): one["extra_info"] for one in benchmarks}


def rows_before() -> Mapping[str, list[str]]:
    """Return the rows of the table that is there, each by its test."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return {row[-1]: row for row in rows}


def machine() -> str:
    """Return what this machine is, and how busy."""
    cpu = platform.processor() or platform.machine()
    about = Path("/proc/cpuinfo")
    if about.is_file():
        names = re.findall(r"model name\s*:\s*(.*)", about.read_text(encoding="utf-8"))
        cpu = names[0] if names else cpu
    used = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{cpu}, {len(os.sched_getaffinity(0))} cores, a load of {os.getloadavg()[0]:.0f} from other work; "
        f"{platform.system()}, Python {platform.python_version()}, {used}.\n"
    )


def table(found: Mapping[str, Info], before: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Yield the rows of the table; what was not measured now keeps the row that it had."""
    yield list(HEAD)
    for row in ROWS:
        if row.test in found:
            yield [row.work, row.beside, row.told(found[row.test]), row.test]
        elif row.test in before:
            yield before[row.test]


def main() -> None:
    """Measure and write."""
    words = sys.argv[1:]
    rows = tuple(row for row in ROWS if not words or any(word in row.test for word in words))
    on = machine()
    found = measured(rows)
    page = PAGE.read_text(encoding="utf-8")
    first, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{first}{BEGIN}\n{on}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    lines = list(table(found, rows_before()))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
    missing = [row.test for row in rows if row.test not in found]
    if missing:
        sys.exit(f"not measured: {', '.join(missing)}")


if __name__ == "__main__":
    main()
