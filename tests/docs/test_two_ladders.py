"""The numbers of the page on two ladders come out of the runs that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harness
from command import ROOT

PAGE = (ROOT / "docs" / "measured" / "two_ladders.md").read_text(encoding="utf-8")
COUNTRIES = ROOT.parent / "shared" / "data" / "country_digital_co2" / "country_digital_co2.parquet"
INTERVAL = re.compile(r"(-?\d\.\d\d) \[(-?\d\.\d\d), (-?\d\.\d\d)\]")
# Networks of another machine may end in a neighbouring minimum.
NEAR = 0.025


def tables(heading):
    """Yield the tables of a section as lists of rows, the header first."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    for table in re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE):
        rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()]
        yield [rows[0], *rows[2:]]


def printed(table):
    """Yield row label, column label and the three numbers of each cell."""
    head, *rows = table
    for label, *cells in rows:
        for column, cell in zip(head[1:], cells, strict=True):
            yield label, column, tuple(map(float, INTERVAL.fullmatch(cell).groups()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heading", "spec", "data"),
    [("Wages", "wage_ladder", None), ("Countries", "country_ladder", COUNTRIES)],
    ids=["wages", "countries"],
)
def test_gains_are_those_of_the_run(heading, spec, data, tmp_path):
    if data and not data.exists():
        pytest.skip("the country panel is not there")
    run = harness.run(
        Path(ROOT / "specs" / f"{spec}.yaml"),
        data=data,
        out=tmp_path / "run",
        quick=True,
        progress=False,
        overrides=("report.formats=[]", "multiverse=null", "claims=[]"),
    )
    (gains,) = tables(heading)
    gain = run.gain.query("sample == 'test' and reference == 'ols'").set_index(["estimator", "protocol"])
    for row, column, shown in printed(gains):
        own = gain.loc[(row, column), ["gain", "conf_low", "conf_high"]].astype(float)
        # Losses have no bound: far below zero the same relative accuracy.
        near = NEAR * max(1.0, *own.abs())
        assert shown == pytest.approx(tuple(own), abs=near), (row, column)
