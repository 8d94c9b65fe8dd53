"""A column of weights, and columns that group rows: read, prepared, checked and carried by every panel."""

import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.prepare.row_steps import Ratio
from harness.data.roles import Roles
from harness.errors import DataError

ROLES = Roles("id", "year", ("y",), "x", weights="w")
TEXT = "id,year,y,x,w,z\nb,1,1,10,0.5,2\na,2,3,20,4,1\na,1,5,40,8,4\n"


def test_weights_are_those_of_the_panels_rows(build_text):
    panel = build_text(TEXT, roles=ROLES).panel("y")
    assert panel.entity.labels == ("a", "b")
    assert panel.weights.tolist() == [8.0, 4.0, 0.5]
    assert panel.columns == ("x",)


def test_weights_can_be_prepared(build_text):
    spec = DataSpec(path="panel.csv", prepare=(Ratio("w2", "w", "z"),))
    panel = build_text(TEXT, roles=Roles("id", "year", ("y",), "x", weights="w2"), spec=spec).panel("y")
    assert panel.weights.tolist() == [2.0, 4.0, 0.25]


@pytest.mark.parametrize(
    ("cells", "where", "what"),
    [
        ("1,0", "column 'w', line 3 (a, 2) (roles.weights)", "1 of 2 weights are zero or negative"),
        ("1,", "column 'w', line 3 (a, 2)", "1 of 2 cells are missing"),
        ("1,heavy", "column 'w', line 3 (a, 2)", "1 of 2 cells are not numbers: 'heavy'"),
    ],
)
def test_weights_that_are_none_are_refused_with_their_rows(build_text, cells, where, what):
    first, second = cells.split(",")
    with pytest.raises(DataError) as caught:
        build_text(f"id,year,y,x,w\na,1,1,1,{first}\na,2,2,3,{second}\n", roles=ROLES)
    (problem,) = caught.value.problems
    assert problem.where == f"panel.csv: {where}"
    assert problem.what.startswith(what)
    assert problem.expected
    assert problem.hint


def test_groups_are_carried_in_the_order_of_rows(read_bytes):
    spec = DataSpec(path="panel.csv")
    builder = PanelBuilder.build(read_bytes(TEXT.encode(), spec=spec), spec, ROLES, groups=("z",))
    group = builder.panel("y").group("z")
    assert [group.labels[code] for code in group.codes] == ["4", "1", "2"]
