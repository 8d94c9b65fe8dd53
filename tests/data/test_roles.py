import pytest

from harness.data.roles import Roles

CLEAN = {
    "entity": "id",
    "time": "year",
    "outcomes": ("y",),
    "exposure": "x",
    "moderators": ("m",),
    "controls": ("c",),
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, (), id="clean"),
        pytest.param(
            {"controls": ("c", "y")}, (("controls", "'y' is already in outcomes"),), id="outcome-as-control"
        ),
        pytest.param(
            {"controls": ("x",)}, (("controls", "'x' is already in exposure"),), id="exposure-as-control"
        ),
        pytest.param(
            {"moderators": ("x",)},
            (("moderators", "'x' is already in exposure"),),
            id="exposure-as-moderator",
        ),
        pytest.param(
            {"controls": ("id",)}, (("controls", "'id' is already in entity"),), id="entity-as-control"
        ),
        pytest.param(
            {"exposure": "year"}, (("exposure", "'year' is already in time"),), id="time-as-exposure"
        ),
        pytest.param({"weights": "y"}, (), id="weights-may-play-another-part"),
        pytest.param({"weights": "id"}, (("weights", "'id' is already in entity"),), id="entity-as-weights"),
        pytest.param({"time": "id"}, (("time", "'id' is already in entity"),), id="one-key-twice"),
        pytest.param(
            {"controls": ("c", "c")}, (("controls", "'c' is listed more than once"),), id="control-twice"
        ),
        pytest.param(
            {"outcomes": ("y", "y"), "controls": ("m",)},
            (("outcomes", "'y' is listed more than once"), ("controls", "'m' is already in moderators")),
            id="two-at-once",
        ),
    ],
)
def test_contradictions(changed, expected):
    assert Roles(**(CLEAN | changed)).contradictions() == expected


def test_regressors_are_in_the_order_of_a_panel():
    roles = Roles(**CLEAN)
    assert roles.regressors == ("x", "m", "c")
    assert roles.variables == ("y", "x", "m", "c")
    assert [roles.role_of(name) for name in roles.variables] == [
        "outcome",
        "exposure",
        "moderator",
        "control",
    ]
    assert roles.path_of("c") == "roles.controls"


def test_weights_are_the_last_variable_unless_they_play_another_part():
    roles = Roles(**CLEAN, weights="w")
    assert roles.variables == ("y", "x", "m", "c", "w")
    assert (roles.role_of("w"), roles.path_of("w")) == ("weight", "roles.weights")
    assert roles.regressors == Roles(**CLEAN).regressors
    shared = Roles(**CLEAN, weights="c")
    assert shared.variables == Roles(**CLEAN).variables
    assert shared.role_of("c") == "control"
