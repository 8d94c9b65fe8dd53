"""The numbers of the page on two ladders come out of the runs that it names."""

from __future__ import annotations

from math import isnan

import pytest

import harness
from command import ROOT
from ladder_tables import gains_of, printed

COUNTRIES = ROOT.parent / "shared" / "data" / "country_digital_co2" / "country_digital_co2.parquet"
# Networks of another machine may end in a neighbouring minimum.
NEAR = 0.025


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "spec", "data"),
    [("wages", "wage_ladder", None), ("countries", "country_ladder", COUNTRIES)],
    ids=["wages", "countries"],
)
def test_gains_are_those_of_the_run(study, spec, data, tmp_path):
    if data and not data.exists():
        pytest.skip("the country panel is not there")
    run = harness.run(
        ROOT / "specs" / f"{spec}.yaml",
        data=data,
        out=tmp_path / "run",
        quick=True,
        progress=False,
        overrides=("report.formats=[]", "multiverse=null", "claims=[]"),
    )
    gains = gains_of(run.gain)
    for cell, shown in printed(study).items():
        own = [number for number in gains.loc[cell] if not isnan(number)][: len(shown)]
        # Losses have no bound: far below zero the same relative accuracy.
        assert shown == pytest.approx(own, abs=NEAR * max(1.0, *map(abs, own))), cell
