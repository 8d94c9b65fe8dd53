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
            {"controls": ("x",)}, (("controls", "'x' is already in exposure"),), id="exposure-as-control"
        ),
        pytest.param(
            {"exposure": "year"}, (("exposure", "'year' is already in time"),), id="time-as-exposure"
        ),
        pytest.param({"time": "id"}, (("time", "'id' is already in entity"),), id="one-key-twice"),
        pytest.param(
            {"outcomes": ("y", "y"), "controls": ("m",)},
            (("outcomes", "'y' is listed more than once"), ("controls", "'m' is already in moderators")),
            id="two-at-once",
        ),
    ],
)
def test_contradictions(changed, expected):
    assert Roles(**(CLEAN | changed)).contradictions() == expected
