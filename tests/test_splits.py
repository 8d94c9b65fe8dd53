"""Splitters give a study's folds, and do what scikit-learn asks of a splitter."""

import numpy as np
import pytest
from doubleml import DoubleMLData, DoubleMLPLR
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, cross_validate

import harness
from harness.api import prepare_study
from harness.running.options import RunOptions
from harness.splits import Forward, HeldOutEntities, HeldOutEntitiesForward, RandomRows
from small_run import grunfeld

DATA = grunfeld().reset_index(drop="firm" not in grunfeld().index.names).sample(frac=1.0, random_state=3)
X, Y = DATA[["firm", "year", "value", "capital"]], DATA["invest"]
KEYS = {"entity": "firm", "time": "year", "seed": 7}
NUMBERS = X[["value", "capital"]]
SPLITTERS = {
    "held_out_entities": HeldOutEntities(**KEYS),
    "entities_and_time": HeldOutEntitiesForward(**KEYS),
    "forward": Forward(**KEYS, windows=2),
    "random_rows": RandomRows(**KEYS),
}


@pytest.fixture(scope="module")
def of_a_study(tmp_path_factory):
    """Training and test rows of each fold of a study, as pairs of firm and year."""
    folder = tmp_path_factory.mktemp("study")
    DATA.to_csv(folder / "firms.csv", index=False)
    names = [name for name in SPLITTERS if name != "forward"]
    spec = folder / "firms.yaml"
    spec.write_text(
        "{spec_version: 1, study: firms, seed: 7, data: {path: firms.csv}, estimators: [pooled_ols], roles: "
        "{entity: firm, time: year, outcomes: invest, exposure: value, controls: capital}, evaluation: "
        f"{{reference: pooled_ols, protocols: [{', '.join(names)}, {{use: forward, windows: 2}}]}}}}"
    )
    plan = prepare_study(RunOptions(spec)).plan
    panel = plan.panels.panel("invest")
    keys = (np.array(key.labels)[key.codes].tolist() for key in (panel.entity, panel.time))
    rows = [(firm, float(year)) for firm, year in zip(*keys, strict=True)]
    return {
        split.entry.id: [
            tuple({rows[row] for row in side} for side in (one.train, one.test)) for one in split.folds
        ]
        for split in plan.splits
    }


@pytest.mark.parametrize("name", SPLITTERS)
def test_folds_are_those_of_a_study_whatever_the_order_of_rows(name, of_a_study):
    splitter, rows = SPLITTERS[name], list(zip(X["firm"], X["year"], strict=True))
    folds = list(splitter.split(X))
    assert [tuple({rows[row] for row in side} for side in fold) for fold in folds] == of_a_study[name]
    assert splitter.get_n_splits(X) == len(folds)
    assert not any(set(train) & set(test) for train, test in folds)


def test_keys_may_be_arrays_or_groups():
    by_name, groups = list(HeldOutEntities("firm").split(X)), X["firm"].to_numpy()
    for splitter, passed in ((HeldOutEntities(groups), None), (HeldOutEntities(), groups)):
        found = list(splitter.split(NUMBERS.to_numpy(), groups=passed))
        for own, expected in zip(found, by_name, strict=True):
            np.testing.assert_array_equal(np.concatenate(own), np.concatenate(expected))


def test_scikit_learn_takes_them():
    splitter = HeldOutEntities(X["firm"].to_numpy(), folds=3)
    scores = cross_val_score(LinearRegression(), NUMBERS, Y, cv=splitter)
    by_hand = [
        LinearRegression().fit(NUMBERS.iloc[train], Y.iloc[train]).score(NUMBERS.iloc[test], Y.iloc[test])
        for train, test in splitter.split(NUMBERS)
    ]
    np.testing.assert_allclose(scores, by_hand, rtol=1e-12)
    search = clone(GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=splitter)).fit(NUMBERS, Y)
    assert search.n_splits_ == 3
    assert (
        repr(RandomRows(repeats=2)) == "RandomRows(entity=None, time=None, seed=1, test_share=0.1, repeats=2)"
    )


def test_groups_are_routed():
    with config_context(enable_metadata_routing=True):
        routed = cross_validate(
            LinearRegression(), NUMBERS, Y, cv=HeldOutEntities(), params={"groups": X["firm"].to_numpy()}
        )
    plain = cross_val_score(LinearRegression(), NUMBERS, Y, cv=HeldOutEntities(X["firm"].to_numpy()))
    np.testing.assert_allclose(routed["test_score"], plain, rtol=1e-12)


def test_samples_of_cross_fitting_are_folds():
    data = DoubleMLData(DATA[["invest", "value", "capital"]].astype(float), "invest", "value")
    model = DoubleMLPLR(data, LinearRegression(), LinearRegression(), draw_sample_splitting=False)
    folds = list(HeldOutEntities("firm").split(X))
    model.set_sample_splitting([folds])
    residuals = [
        target - cross_val_predict(LinearRegression(), DATA[["capital"]], target, cv=folds)
        for target in (Y, X["value"])
    ]
    expected = (residuals[0] @ residuals[1]) / (residuals[1] @ residuals[1])
    assert model.fit().coef[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("splitter", "match"),
    [
        (HeldOutEntities("frim"), "X has no such column"),
        (HeldOutEntities(np.zeros(3)), "its shape is"),
        (HeldOutEntities("firm", folds=50), "are too few for 50 groups"),
        (Forward("firm", np.zeros(len(X))), "repeat the entity and period of another"),
    ],
)
def test_what_cannot_be_split_is_an_error_that_names_it(splitter, match):
    with pytest.raises(harness.HarnessError, match=match):
        list(splitter.split(X))
