"""Any regressor by object: named by its parameters, made again from them, imported where it is trusted."""

import sys
import zipfile

import numpy as np
import pytest
from lightgbm import LGBMRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVR

import harness
from harness.audit.sources import RunSources
from harness.installed import installed
from harness.pack.archive import pack
from harness.plugin import make_inputs, random_stream
from harness.registry.choice import PACKAGES_VARIABLE, requested_by_environment
from harness.running.folder import RunFolder
from harness_sklearn import Sklearn
from panels import simulated_panel
from small_run import LEAST, few_rows

OUTSIDE = {
    "pipeline": make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(alpha=0.5)),
    "vote": VotingRegressor([("line", Ridge()), ("machine", SVR(C=10.0))]),
    "search": GridSearchCV(
        Ridge(), {"alpha": np.logspace(-2, 2, 3)}, cv=KFold(3, shuffle=True, random_state=1)
    ),
    "process": GaussianProcessRegressor(RBF() + WhiteKernel(), alpha=1e-3),
    "lightgbm": LGBMRegressor(n_estimators=5, min_child_samples=5, random_state=0, verbose=-1),
}


@pytest.fixture(autouse=True)
def untrusted(monkeypatch):
    """No package is trusted at first, and what a test trusts is forgotten."""
    monkeypatch.setenv(PACKAGES_VARIABLE, "")


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_regressor_of_an_object_predicts_as_the_object(name):
    model, panel = OUTSIDE[name], simulated_panel(random_stream(3))
    made = Sklearn.wrapping(model)
    assert Sklearn.wrapping(made.regressor()) == made
    ordered = panel.take(panel.canonical_order)
    inputs, y = make_inputs(ordered), ordered.observed
    X = inputs.values(ordered)
    expected = y.mean() + y.std() * model.fit(X, inputs.outcome(ordered)).predict(X)
    np.testing.assert_allclose(made.fit(panel).predict(ordered), expected, rtol=1e-9)


def test_every_part_that_draws_gets_a_seed():
    made = Sklearn.wrapping(make_pipeline(PolynomialFeatures(1), LGBMRegressor(verbose=-1)))
    fits = [made.fit(simulated_panel(random_stream(3)), rng=random_stream(seed)).model for seed in (1, 1, 2)]
    seeds = [fit.get_params()["lgbmregressor__random_state"] for fit in fits]
    assert seeds[0] == seeds[1] != seeds[2]


MODULE = """
from sklearn.dummy import DummyRegressor
print("imported")
class Mean(DummyRegressor):
    pass
"""


def test_a_class_of_an_outside_package_is_imported_where_it_is_trusted(tmp_path, monkeypatch):
    (tmp_path / "strange_means.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="harness --package strange_means"):
        Sklearn("strange_means.Mean")
    inner = {"steps": [["mean", {"class": "strange_means.Mean"}]]}
    with pytest.raises(ValueError, match="harness --package strange_means"):
        Sklearn("sklearn.pipeline.Pipeline", inner)
    assert "strange_means" not in sys.modules
    monkeypatch.setenv(PACKAGES_VARIABLE, "strange_means,absent_package")
    assert type(Sklearn("strange_means.Mean").regressor()).__name__ == "Mean"
    for path in ("strange_means.Median", "absent_package.Mean"):
        with pytest.raises(ValueError, match="it is not installed here, or has no such class"):
            Sklearn(path)


def test_what_cannot_be_imported_again_is_refused():
    class Local(Ridge):
        pass

    with pytest.raises(harness.SpecError, match="is not a class at the top of a module"):
        Sklearn.wrapping(Local())
    with pytest.raises(ValueError, match="a script or notebook defined: put it into a module"):
        Sklearn("__main__.Model")


def test_an_archive_says_which_package_it_needs(tmp_path):
    model = LGBMRegressor(n_estimators=3, min_child_samples=2, verbose=-1)
    study = {**LEAST, "estimators": ["pooled_ols", {"id": "trees", "use": model}]}
    folder = RunFolder(harness.run(study, data=few_rows(), out=tmp_path / "run", progress=False).path)
    manifest = folder.manifest()
    options = manifest.study.estimators[1].options
    assert options["class"] == "lightgbm.sklearn.LGBMRegressor"
    assert options["options"] == {"min_child_samples": 2, "n_estimators": 3, "verbose": -1}
    pack(RunSources(folder, installed(), requested_by_environment()), out=tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert "harness --package lightgbm run spec.yaml" in archive.read("README.md").decode()
        assert "harness --package lightgbm verify run" in archive.read("README.md").decode()
        assert f"lightgbm=={manifest.versions['lightgbm']}\n" in archive.read("requirements.txt").decode()
