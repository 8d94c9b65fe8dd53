"""Sizes that no machine holds are refused with the number and what is allowed, before memory is taken."""

import zipfile

import pandas as pd
import pytest

import harness
from command import python
from harness import DataError, SpecError
from harness.data.simulate.simulation import SIMULATION
from harness.installed import installed
from harness.study.spec.document import written_spec
from harness.study.spec.load import load_study
from small_run import SPEC
from spec_tables import as_workbook


@pytest.mark.parametrize(
    ("override", "most"),
    [
        ("scenarios=[{use: curve, draws: 1000000000000}]", "1000000"),
        ("estimators.1={use: rab, id: curved, draws: 1000000000000}", "1000000"),
        ("estimators.1={use: threshold_effects, id: curved, bootstraps: 1000000000000}", "1000000"),
    ],
)
def test_a_number_beyond_all_machines_is_refused_with_the_most_that_is_allowed(override, most):
    with pytest.raises(SpecError) as error:
        load_study(written_spec(SPEC), catalogs=installed().catalogs, overrides=(override,))
    said = str(error.value).replace(",", "").replace("_", "")
    assert "1000000000000" in said
    assert most in said.replace("1000000000000", "")


@pytest.mark.parametrize("simulation", ["digital_carbon", "s_curve"])
def test_a_simulated_panel_beyond_all_machines_is_refused_before_it_is_drawn(simulation):
    members = installed().of(SIMULATION)
    with pytest.raises(DataError, match=r"10,000,000,000 rows.*\n.*at most 5,000,000 rows"):
        members[simulation](n_entities=1_000_000, n_periods=10_000).draw()


def test_groups_for_nearly_every_row_are_refused_before_anything_is_fitted(tmp_path):
    n_rows = 10_000
    frame = pd.DataFrame(
        {"firm": [f"f{row // 2}" for row in range(n_rows)], "year": [2000, 2001] * (n_rows // 2)}
    )
    frame["invest"] = frame["value"] = frame["capital"] = 1.0 * frame.index
    frame["own"] = [f"g{row}" for row in range(n_rows)]
    spec = SPEC | {"scenarios": [{"use": "heterogeneity", "by": "own"}], "data": {}}
    with pytest.raises(DataError, match=r"(?s)'own'.*10,000 groups.*at most 250.*classes"):
        harness.run(spec, data=frame, out=tmp_path / "run", progress=False)


# Reads a file as a study would, and says what became of it and the most memory that the process took, GB.
# The most memory since this program began: what `resource` says of a process counts what started it too.
PEAK = """
lines = open("/proc/self/status", encoding="ascii").readlines()
print(int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**20)
"""

READS = """
import sys
from pathlib import Path
from harness.data.data_spec import FileSpec
from harness.data.read.files import DataFolder
try:
    DataFolder(Path(sys.argv[1])).read(FileSpec(sys.argv[2]), entity="city", time="year")
except Exception as error:
    print(type(error).__name__, error)
"""


def read_apart(path):
    """Return what reading a file ended with, an empty text where it was read, and the memory it took, GB."""
    done = python("-c", READS + PEAK, path.parent, path.name, check=True)
    *said, peak = done.stdout.splitlines()
    return "\n".join(said), float(peak)


@pytest.mark.parametrize(
    ("content", "n_times", "said"),
    [
        (b",", 50_000_000, "50,000,001 fields in 1 line\n    expected: at most 10,000 in a line"),
        pytest.param(
            *(b",\n", 25_000_000, "lines take, in memory, about 6,135 MB\n    expected: at most 5,120 MB"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["commas", "rows"],
)
def test_fifty_megabytes_of_separators_are_refused_in_half_a_gigabyte(tmp_path, content, n_times, said):
    (tmp_path / "a.csv").write_bytes(content * n_times)
    ended, peak = read_apart(tmp_path / "a.csv")
    assert ended.startswith("DataError a.csv: ")
    assert said in ended
    assert peak < 0.5


def with_rows(path, rows):
    """Write a workbook of four rows whose sheet goes on with the XML of others."""
    small = as_workbook({"panel": [["city", "year", "y"], *(["a", year, year / 7] for year in range(3))]})
    path.write_bytes(small)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            head, end, tail = part.partition(b"</sheetData>")
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(head)
                for row in rows if end else ():
                    file.write(row)
                file.write(end + tail)


@pytest.mark.slow
def test_a_workbook_that_unpacks_to_a_thousand_times_its_size_is_refused(tmp_path):
    with_rows(tmp_path / "a.xlsx", [b" " * 2**20] * 200)
    ended, peak = read_apart(tmp_path / "a.xlsx")
    assert ended.startswith("DataError a.xlsx: unpacks to 200 MB\n    expected: at most 128 MB")
    assert peak < 0.5


@pytest.mark.slow
def test_a_million_empty_cells_with_a_format_are_passed_over(tmp_path):
    cells = b"".join(b'<c r="%c1" s="0"/>' % letter for letter in b"ABCDEFGHIJ")
    with_rows(tmp_path / "a.xlsx", (b'<row r="%d">%s</row>' % (at, cells) for at in range(5, 100_005)))
    ended, peak = read_apart(tmp_path / "a.xlsx")
    assert ended == ""
    assert peak < 0.5


def test_a_thousand_regressors_are_looked_at_in_pairs_without_a_cube_of_them():
    """Rows times pairs were 64 x 1,000 x 1,000 numbers, twice: a gigabyte."""
    code = """
import numpy as np
from harness.data.shape.panel_notes import leaks
rng = np.random.default_rng(1)
columns = {f"c{at}": rng.lognormal(size=200) for at in range(1000)}
columns["y"] = 3.0 * columns["c5"] / columns["c700"]
print([leak.what for leak in leaks(columns, outcomes=["y"], regressors=list(columns)[:-1])])
"""
    done = python("-c", code + PEAK, check=True)
    found, peak = done.stdout.splitlines()
    assert found == "['c5 / c700']"
    assert float(peak) < 0.6
