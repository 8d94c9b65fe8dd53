"""What the manifest says of how effects are stated."""

import numpy as np
import pandas as pd
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.expand import expand
from harness.data.prepare.row_steps import Log
from harness.data.read.files import frame_file, read_frame
from harness.running.provenance import scale_records
from harness.study.spec.study import Variable


def test_steps_are_deviations_within_entities_and_logarithms_and_indicators_are_told_from_numbers():
    rng = np.random.default_rng(5)
    entity, year = (axis.ravel() for axis in np.indices((8, 6)))
    frame = pd.DataFrame({"firm": [f"f{code}" for code in entity], "year": 2001 + year})
    index = 10.0 * entity + rng.normal(scale=0.1, size=48)
    frame = frame.assign(sales=np.exp(rng.normal(size=48)), index=index, size=entity + 0.5, law=year > 3)
    frame["profit"] = rng.normal(size=48)
    frame["law"] = frame["law"].astype(float)
    roles = Roles("firm", "year", ("lsales", "profit"), "index", controls=("size", "law", "sales"))
    spec = DataSpec(prepare=(Log(into="lsales", of="sales"),))
    table = read_frame(frame_file(frame), spec, entity="firm", time="year")
    made = expand(table, spec, roles)
    scales = scale_records(
        PanelBuilder.build(made.table, made.spec, made.roles), {"sales": Variable(step=2.0)}
    )
    within = (frame["index"] - frame.groupby("firm")["index"].transform("mean")).std()
    assert (scales["index"].step, scales["index"].step_of) == (float(f"{within:.2g}"), "within")
    assert scales["index"].step == pytest.approx(0.1, rel=0.3)
    assert (scales["size"].step, scales["size"].step_of) == (float(f"{frame['size'].std():.2g}"), "all")
    assert (scales["law"].kind, scales["law"].mean) == ("binary", pytest.approx(1 / 3))
    assert (scales["lsales"].kind, scales["lsales"].source) == ("log", "sales")
    assert (scales["sales"].step, scales["sales"].step_of) == (2.0, "spec")
    assert (scales["profit"].mean, scales["size"].mean) == (None, pytest.approx(4.0))
