"""What a whole study does not depend on, and the published study's spec on a file."""

import copy
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import jsonschema
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

import harness
from harness import DataError, Panel
from harness.api import prepare_study as prepare
from harness.api import run_study as run
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed
from harness.plugin import NeedsGroups, random_stream
from harness.registry.catalog import Catalog
from harness.running.options import RunOptions
from harness.running.plan import group_columns
from harness.study.spec.load import load_study
from harness_panel import FixedEffects
from small_run import SPEC, exit_code, grunfeld, run_small

STUDIES = Path(__file__).with_name("studies")
LAWS = YAML(typ="safe").load(STUDIES / "laws.yaml")
Y_SCALE, Y_SHIFT, X_SCALE, X_SHIFT = 1000.0, 5.0, 0.01, -3.0


def study(out, frame):
    return harness.run(LAWS, data=frame, out=out, quick=True, progress=False)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return study(tmp_path_factory.mktemp("laws") / "base", grunfeld())


def numbers(table, columns):
    return table[columns].to_numpy(dtype=np.float64)


GAIN = ["gain", "conf_low", "conf_high", "p_value", "mse"]
CURVE = ["at", "estimate", "conf_low", "conf_high"]


def disordered(frame):
    """Return rows and columns in another order, and firms under other names that sort as the old ones did."""
    left_out = "American Steel"
    firms = sorted(set(frame.index.get_level_values("firm")) - {left_out})
    names = {name: f"firm {at:02}" for at, name in enumerate(firms)} | {left_out: left_out}
    return frame.rename(index=names, level="firm").sample(frac=1.0, random_state=3)[frame.columns[::-1]]


def test_order_and_names_change_no_number(base, tmp_path):
    other = study(tmp_path / "run", disordered(grunfeld()))
    np.testing.assert_allclose(numbers(other.gain, GAIN), numbers(base.gain, GAIN), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        numbers(other.curves, CURVE), numbers(base.curves, CURVE), rtol=1e-9, atol=1e-9
    )
    assert other.gain["estimator"].tolist() == base.gain["estimator"].tolist()


def test_units_change_nothing_but_units(base, tmp_path):
    frame = grunfeld()
    frame["invest"] = Y_SCALE * frame["invest"] + Y_SHIFT
    frame["value"] = X_SCALE * frame["value"] + X_SHIFT
    other = study(tmp_path / "run", frame)
    same = ["gain", "conf_low", "conf_high", "p_value"]
    np.testing.assert_allclose(numbers(other.gain, same), numbers(base.gain, same), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(
        numbers(other.gain, ["mse"]), Y_SCALE**2 * numbers(base.gain, ["mse"]), rtol=1e-8
    )
    for kind, at_rest in (("level", Y_SHIFT), ("slope", 0.0), ("ale", 0.0)):
        ours, theirs = (numbers(one.curves[one.curves["kind"] == kind], CURVE) for one in (base, other))
        np.testing.assert_allclose(theirs[:, 0], X_SCALE * ours[:, 0] + X_SHIFT, rtol=1e-9)
        scale = Y_SCALE / (X_SCALE if kind == "slope" else 1.0)
        expected = scale * ours[:, 1:] + at_rest
        np.testing.assert_allclose(theirs[:, 1:], expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())


WEIGHTED_SPEC = (STUDIES / "plants.yaml").read_text(encoding="utf-8")


def plants() -> pd.DataFrame:
    rng = random_stream(9)
    plant, year = (axis.ravel() for axis in np.indices((20, 6)))
    industry, county = rng.integers(0, 4, size=plant.size), rng.integers(0, 3, size=plant.size)
    x, z = rng.normal(size=(2, plant.size)) + 0.3 * plant
    size = 10.0 ** rng.uniform(0.0, 2.0, size=plant.size)
    y = 2.0 * x - z + 1.5 * industry + 0.5 * plant + rng.normal(size=plant.size) / np.sqrt(size)
    names = np.array(["mining", "textiles", "food", "paper"])
    return pd.DataFrame(
        {
            "plant": [f"p{one:02d}" for one in plant],
            "year": 2001 + year,
            "y": y,
            "x": x,
            "z": z,
            "size": size,
            "industry": names[industry],
            "branch": industry,
            "county": county,
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("plants")
    (root / "study.yaml").write_text(WEIGHTED_SPEC, encoding="utf-8")
    plants().to_csv(root / "plants.csv", index=False)
    return root


@pytest.fixture(scope="module")
def finished(folder) -> Path:
    return run(RunOptions(folder / "study.yaml", out=folder / "run")).path


def design(frame: pd.DataFrame) -> np.ndarray:
    plants_, industries = (
        pd.get_dummies(frame[one], drop_first=True, dtype=float) for one in ("plant", "industry")
    )
    return np.column_stack([frame[["x", "z"]], np.ones(len(frame)), plants_, industries])


def test_panels_carry_the_columns_of_every_estimator_nested_ones_too(folder):
    panel = prepare(RunOptions(folder / "study.yaml")).panels.panel("y")
    assert [group.name for group in panel.groups] == ["industry", "branch"]
    np.testing.assert_allclose(panel.weights, plants()["size"], rtol=1e-12)


def test_coefficients_are_those_of_regressions_on_dummies(finished):
    frame, table = plants(), pd.read_csv(finished / "coefficients.csv").set_index(["estimator", "term"])
    plain = sm.OLS(frame["y"], design(frame)).fit()
    weighed = sm.WLS(frame["y"], design(frame), weights=frame["size"]).fit(cov_type="HC1")
    pooled = sm.WLS(frame["y"], design(frame)[:, :3], weights=frame["size"]).fit()
    for name, expected in (("fe", plain), ("weighed", weighed), ("ols", pooled)):
        own = table.loc[name].loc[["x", "z"]]
        np.testing.assert_allclose(own["estimate"], expected.params.iloc[:2], rtol=1e-9)
        np.testing.assert_allclose(own["std_error"], expected.bse.iloc[:2], rtol=1e-9)


@dataclass(frozen=True)
class ByColumn:
    """An estimator of a plugin, with an option that names one column."""

    name: ClassVar[str] = "by_column"
    provides: ClassVar[frozenset[type]] = frozenset({NeedsGroups})

    by: str = "industry"

    @property
    def group_columns(self) -> tuple[str, ...]:
        return (self.by,)

    def fit(self, panel: Panel, *, rng, selection=None):
        return FixedEffects((), absorb=(self.by,)).fit(panel, rng=rng)


def test_columns_that_a_multiverse_varies_are_carried(folder):
    known = {**installed().catalogs, "estimator": Catalog(ESTIMATOR, {ByColumn.name: ByColumn})}
    overrides = (
        "estimators=[{use: by_column, by: branch}]",
        "evaluation.reference=by_column",
        "multiverse={estimator: by_column, vary: {by: [county, branch]}, references: [by_column]}",
        "scenarios=[{use: heterogeneity, by: industry}]",
    )
    study = load_study(folder / "study.yaml", catalogs=known, overrides=overrides).study
    assert group_columns(study, known) == ("industry", "branch", "county")


def test_a_column_that_the_data_lack_stops_the_run_before_anything_is_fitted(folder):
    with pytest.raises(DataError, match=r"column 'trade' \(groups\): there is no such column"):
        prepare(RunOptions(folder / "study.yaml", overrides=("estimators[fe].absorb=[trade]",)))


labels = st.lists(st.text(max_size=8) | st.integers(0, 9), min_size=1, max_size=4).map(tuple)


def first(seed, path):
    return random_stream(seed, *path).integers(2**63)


@given(one=labels, other=labels)
def test_different_labels_give_different_streams(one, other):
    same = [(type(a), a) for a in one] == [(type(b), b) for b in other]
    assert (first(1, one) == first(1, other)) == same


PUBLISHED = Path(__file__).parents[1] / "specs" / "digital_carbon.yaml"


@pytest.fixture(scope="module")
def published():
    return prepare(RunOptions(PUBLISHED))


def test_a_file_of_the_same_columns_needs_no_other_line(published, tmp_path):
    path = tmp_path / "cities.csv"
    DigitalCarbon().draw().to_csv(path, index=False)
    read = prepare(RunOptions(PUBLISHED, data=path)).panels
    for outcome in ("co2", "co2_intensity", "co2_pc"):
        panel, expected = read.panel(outcome), published.panels.panel(outcome)
        assert panel.entity.labels == expected.entity.labels
        np.testing.assert_array_equal(panel.observed, expected.observed)
        np.testing.assert_array_equal(panel.X, expected.X)
        assert [key.labels for key in panel.groups] == [
            ("super and mega", "large", "small and medium"),
            ("first rank", "other"),
            ("pilot", "other"),
            ("pilot, before 2019", "pilot, from 2019", "other"),
        ]


def test_the_zones_are_a_policy_of_2019_and_a_threshold_stands_beside_the_network(published):
    (task,) = [
        one
        for one in published.plan.full_tasks()
        if (one.subject.panel.outcome, one.estimator_id) == ("co2", "threshold")
    ]
    policy = task.subject.panel.group("pilot_policy")
    labels = np.array(policy.labels, dtype=object)[policy.codes]
    years = np.array(task.subject.panel.time.labels, dtype=object)[task.subject.panel.time.codes].astype(int)
    zone = task.subject.panel.group("pilot_zone")
    is_zone = np.array(zone.labels, dtype=object)[zone.codes] == "pilot"
    np.testing.assert_array_equal(labels == "pilot, from 2019", is_zone & (years >= 2019))
    np.testing.assert_array_equal(labels == "pilot, before 2019", is_zone & (years < 2019))
    fit = task.subject.estimator.for_folds().fit(task.subject.panel, rng=random_stream(1))
    assert fit.regimes.variable == "gdp_pc"
    assert "by_policy" in task.scenarios


FIXED = {"id": "fe", "use": "fixed_effects", "effects": ["entity"], "label": "Fixed effects"}


def spec_with(*further):
    spec = copy.deepcopy(SPEC) | {
        "report": {"formats": []},
        "scenarios": [],
        "multiverse": None,
        "claims": [],
    }
    spec["estimators"].append(FIXED)
    spec["evaluation"]["further_references"] = list(further)
    return spec


@pytest.fixture(scope="module")
def further(tmp_path_factory):
    return run_small(tmp_path_factory.mktemp("runs") / "further", spec=spec_with("fe"))


def test_gains_over_each_reference_follow_from_the_errors(further):
    mse = further.accuracy.set_index(["protocol", "sample", "estimator"])["mse"]
    gain = further.gain
    assert list(gain["reference"].drop_duplicates()) == ["ols", "fe"]
    assert gain.groupby("reference")["estimator"].unique().map(list).to_dict() == {
        "ols": ["curved", "fe"],
        "fe": ["ols", "curved"],
    }
    for row in gain.itertuples():
        errors = (mse[row.protocol, row.sample, one] for one in (row.estimator, row.reference))
        own, reference = errors
        assert row.gain == pytest.approx(1.0 - own / reference, rel=1e-9)
        # An interval without a bound has no limits.
        if row.conf_low == row.conf_low:
            assert row.conf_low <= row.gain <= row.conf_high


def test_the_gains_over_the_reference_are_those_of_a_study_without_others(further, tmp_path):
    alone = run_small(tmp_path / "alone", spec=spec_with()).gain
    own = further.gain[further.gain["reference"] == "ols"].reset_index(drop=True)
    assert own.equals(alone)


def test_programs_read_each(further):
    report = json.loads((further.path / "gain_report.json").read_text(encoding="utf-8"))
    schema = json.loads((files("harness.report") / "gain_report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(report)
    assert [one["reference"] for one in report["verdicts"]] == ["ols"]
    assert [one["reference"] for one in report["further_verdicts"]] == ["fe"]
    found = {
        (cell["estimator"], cell["protocol"], cell["sample"]): [
            one["estimate"] for one in cell["further_gains"]
        ]
        for cell in report["cells"]
    }
    over = further.gain[further.gain["reference"] == "fe"]
    for row in over.itertuples():
        assert found[row.estimator, row.protocol, row.sample] == [row.gain]
    assert found["fe", "in_sample", "test"] == []


def test_the_run_verifies(further, monkeypatch):
    assert exit_code(monkeypatch, "verify", str(further.path)) == 0
