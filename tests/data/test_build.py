"""From a table to panels: what the builder makes, notes and refuses."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.prepare.learned_steps import Coupling, EntropyIndex, FactorIndex
from harness.data.prepare.panel_steps import Interpolate, Lag
from harness.data.prepare.row_steps import Log, Square
from harness.data.rules import ColumnSchema, RowFilter
from harness.errors import DataError
from spec_tables import SHIPPED, table_of

WAGE_ROLES = Roles("nr", "year", ("lwage",), "exper", ("educ", "hours"), ("exper2", "union"))


def build_dataset(spec: DataSpec, roles: Roles) -> PanelBuilder:
    return PanelBuilder.build(table_of(spec, entity=roles.entity, time=roles.time), spec, roles)


def codes(builder: PanelBuilder) -> list[str]:
    return [note.code for note in builder.notes]


# What the shipped panels are known to give.


def test_wage_panel_is_in_order_and_its_square_is_the_datasets():
    spec = DataSpec(dataset="wage_panel", prepare=(Square("exper2", "exper"),))
    builder = build_dataset(spec, WAGE_ROLES)
    panel = builder.panel("lwage", split_unit="time")
    raw = SHIPPED["wage_panel"].load().sort_values(["nr", "year"])
    assert panel.columns == ("exper", "educ", "hours", "exper2", "union")
    np.testing.assert_array_equal(panel.column("exper2"), raw["expersq"])
    np.testing.assert_array_equal(panel.observed, raw["lwage"])
    assert panel.entity.labels == tuple(str(number) for number in sorted(raw["nr"].unique()))
    assert panel.time.labels == tuple(str(year) for year in range(1980, 1988))
    assert panel.split_unit == "time"
    assert builder.notes == ()
    assert not builder.learns


# What follows from the exposure.


# Rows that are left out.


def test_missing_cells_can_be_dropped(build_text):
    spec = DataSpec(path="panel.csv", missing="drop")
    builder = build_text("id,year,y,x\na,1,NA,1\na,2,2,5\na,3,3,6\nb,1,.,3\n", spec=spec)
    panel = builder.panel("y")
    assert builder.n_obs == 2
    assert panel.observed.tolist() == [2.0, 3.0]
    assert panel.entity.labels == ("a",)
    assert panel.time.labels == ("2", "3")
    assert panel.period.tolist() == [1, 2]
    [note] = builder.notes
    assert note.code == "W-MISSING"
    assert note.message == "2 rows with missing cells dropped; 1 entities lose all their rows (y 2)."


def test_a_control_that_loses_a_tenth_of_the_rows_alone_is_named(build_text):
    """Two of twenty rows lack w alone, and one w and y."""

    def noted(n_lacking):
        lines = [f"a,{period},{period},{period},{'NA' if period < n_lacking else 1}" for period in range(19)]
        text = "\n".join(["id,year,y,x,w", *lines, "a,19,NA,1,NA"])
        roles = Roles("id", "year", ("y",), "x", (), ("w",))
        builder = build_text(text + "\n", roles=roles, spec=DataSpec(path="panel.csv", missing="drop"))
        return [(note.where, note.message) for note in builder.notes if note.code == "W-LOSTROWS"]

    assert noted(1) == []
    assert noted(2) == [("w", "10% of all rows are dropped for w alone, which is missing there.")]


def test_a_lag_takes_values_from_rows_that_are_dropped(build_text):
    spec = DataSpec(path="panel.csv", missing="drop", prepare=(Lag("x1", "x"),))
    roles = Roles("id", "year", ("y",), "x", (), ("x1",))
    builder = build_text(
        "id,year,y,x\na,1,1,10\na,2,NA,20\na,3,3,30\na,5,5,50\nb,1,1,1\n", roles=roles, spec=spec
    )
    panel = builder.panel("y")
    assert panel.column("x1").tolist() == [20.0]
    messages = {note.code: note.message for note in builder.notes}
    assert messages["W-LAG"] == "3 rows dropped: no observation at that lag."
    assert messages["W-MISSING"].startswith("1 rows with missing cells dropped; 0 entities lose")


def test_notes_on_the_shape(build_text):
    builder = build_text("id,year,y,x\na,1,1,2\na,2,2,3\na,4,2,3\nb,1,2,3\nA,1,1,1\n")
    assert codes(builder) == ["W-IDNEAR", "W-UNBALANCED", "W-GAP", "W-SINGLETON"]
    messages = {note.code: note.message for note in builder.notes}
    assert messages["W-UNBALANCED"] == "Entities have from 1 to 3 periods."
    assert messages["W-GAP"] == "1 entity has gaps in its periods: a."
    assert messages["W-SINGLETON"] == "2 entities have a single row: A, b."


# Steps that learn.


def index_text(n_rows: int = 40) -> str:
    rng = np.random.default_rng(5)
    latent = rng.normal(size=n_rows)
    parts = latent[:, None] + rng.normal(size=(n_rows, 3)) * [0.3, 0.5, 0.7]
    lines = [f"e{at // 4:02d},{at % 4},{latent[at]},{p},{q},{r}" for at, (p, q, r) in enumerate(parts)]
    return "\n".join(["id,year,y,p,q,r", *lines, ""])


INDEX = FactorIndex("d", ("p", "q", "r"))
INDEX_ROLES = Roles("id", "year", ("y",), "d", (), ("d2",))
INDEX_SPEC = DataSpec(path="panel.csv", prepare=(INDEX, Square("d2", "d")))


def test_an_index_is_learned_from_the_rows_of_a_fold(build_text):
    builder = build_text(index_text(), roles=INDEX_ROLES, spec=INDEX_SPEC)
    fit_rows = np.arange(0, 40, 2)
    panel = builder.panel("y", fit_rows=fit_rows)
    parts = {name: builder.raw[name] for name in INDEX.columns}
    learned = INDEX.learn({name: column[fit_rows] for name, column in parts.items()})
    assert builder.learns
    np.testing.assert_array_equal(panel.column("d"), learned.compute(parts))
    assert panel.column("d")[fit_rows].min() == 0.0
    assert not np.array_equal(panel.column("d"), builder.panel("y").column("d"))
    np.testing.assert_array_equal(panel.with_column("d", 0.5).column("d2"), 0.25)


LEARNED = {
    "factor": (INDEX,),
    "entropy": (EntropyIndex("d", INDEX.columns, ("r",)),),
    "coupling": (
        EntropyIndex("u", ("p", "q")),
        EntropyIndex("v", ("q", "r"), ("r",)),
        Coupling("d", ("u", "v")),
    ),
}


@pytest.mark.parametrize("steps", LEARNED.values(), ids=LEARNED)
def test_what_the_other_rows_hold_does_not_reach_a_fold(build_text, steps):
    spec = replace(INDEX_SPEC, prepare=(*steps, Square("d2", "d")))
    lines = index_text().splitlines()
    header, body = lines[0], lines[1:]
    tampered = [*body[:20], *(line.rsplit(",", 3)[0] + ",9,-9,4" for line in body[20:])]
    first = build_text("\n".join([header, *body]), roles=INDEX_ROLES, spec=spec)
    second = build_text("\n".join([header, *tampered]), roles=INDEX_ROLES, spec=spec)
    fit_rows = np.arange(20)
    untouched, two = (
        builder.panel("y", fit_rows=fit_rows).column("d")[fit_rows] for builder in (first, second)
    )
    np.testing.assert_array_equal(untouched, two)
    assert not np.array_equal(first.panel("y").column("d"), second.panel("y").column("d"))


def test_a_builder_travels_to_a_worker(build_text):
    builder = build_text(index_text(), roles=INDEX_ROLES, spec=INDEX_SPEC)
    other = pickle.loads(pickle.dumps(builder))  # noqa: S301 - as joblib sends it between our own processes
    np.testing.assert_array_equal(other.panel("y").X, builder.panel("y").X)


def test_a_balanced_panel_has_whole_entities_alone(build_text):
    text = index_text(16).replace("e01,2,", "e01,9,") + "e09,3,1,2,,4\n"
    spec = replace(INDEX_SPEC, prepare=(Lag("d", "p"),), missing="balance", rows={"year": RowFilter(to=3)})
    builder = build_text(text, roles=replace(INDEX_ROLES, controls=("q",)), spec=spec)
    panel = builder.panel("y")
    assert (panel.n_obs, panel.n_entities, panel.n_periods) == (9, 3, 3)
    assert panel.entity.labels == ("e00", "e02", "e03")
    messages = {note.code: note.message for note in builder.notes}
    assert messages["W-BALANCE"] == "1 rows of 1 entities that lack a period dropped, to balance the panel."
    with pytest.raises(DataError, match="no entity has complete rows in all 4 periods"):
        build_text("id,year,y,d,d2\na,1,1,2,3\na,2,4,3,1\nb,3,3,3,3\nb,4,5,6,7\n", roles=INDEX_ROLES,
                   spec=DataSpec(path="panel.csv", missing="balance"))  # fmt: skip


# What is refused, all together.


def test_all_mistakes_of_names_come_together(build_text):
    spec = DataSpec(
        path="panel.csv",
        rows={"yaer": RowFilter(from_=1)},
        prepare=(Log("lx", "xx"), Square("y", "x"), Square("l2", "later"), Square("later", "x")),
        schema={"shcema": ColumnSchema("number")},
    )
    with pytest.raises(DataError) as caught:
        build_text("id,year,y,x\na,1,1,1\n", roles=Roles("ID", "year", ("y",), "x", (), ("z",)), spec=spec)
    there_already, absent = caught.value.problems
    assert there_already.where == "panel.csv: column 'y' (data.prepare[1].square.into)"
    assert "already" in there_already.what
    assert absent.where == "panel.csv: 6 columns"
    assert absent.what == (
        "there are no such columns: 'ID' (roles.entity), 'yaer' (data.rows), 'xx' (data.prepare[0].log), "
        "'later' (data.prepare[2].square), 'z' (roles.controls), 'shcema' (data.schema.shcema)"
    )
    assert absent.expected == "id, year, y, x"
    assert absent.hint.startswith("'ID': did you mean 'id'?; 'yaer': did you mean 'year'?; ")


def test_a_header_that_is_code_is_only_a_name(build_text, tmp_path):
    formula = f"I(__import__('os').mkdir('{tmp_path / 'sentinel'}'))"
    text = f'id,year,y,"{formula}"\na,1,1,1\na,2,2,3\n'
    panel = build_text(text, roles=Roles("id", "year", ("y",), formula)).panel("y")
    assert panel.columns == (formula,)
    assert not (tmp_path / "sentinel").exists()


def test_all_broken_laws_come_together(build_text):
    text = "id,year,y,x,c,w\na,1,1,1,0,5\na,1,2,many,3,-1\nb,2,NA,2,4,2\n"
    spec = DataSpec(path="panel.csv", prepare=(Log("lc", "c"),), schema={"w": ColumnSchema("number", min=0)})
    with pytest.raises(DataError) as caught:
        build_text(text, roles=Roles("id", "year", ("y",), "x", (), ("lc",)), spec=spec)
    found = [(problem.where, problem.what) for problem in caught.value.problems]
    assert found == [
        ("panel.csv: column 'x', line 3 (a, 1)", "1 of 3 cells are not numbers: 'many'"),
        (
            "panel.csv: column 'lc', line 2 (a, 1) (data.prepare, log)",
            "no result in 1 of 3 rows; first c = 0",
        ),
        ("panel.csv: column 'w', line 3 (a, 1) (data.schema.w)", "1 of 3 cells are below 0: '-1.0'"),
        ("panel.csv: column 'y', line 4 (b, 2)", "1 of 3 cells are missing"),
        (
            "panel.csv: columns 'id' and 'year'",
            "1 rows repeat the entity and period of another: (a, 1) in lines 2, 3",
        ),
    ]


# What the report shows.


def test_the_cells_that_were_filled_in(build_text):
    text = "id,year,y,x\nb,3,6,1\nb,1,2,5\nb,2,,4\na,1,1,2\na,2,,\na,3,,8\na,4,4,9\n"
    spec = DataSpec(path="panel.csv", prepare=(Interpolate(("y", "x"), limit=2),))
    filled = build_text(text, spec=spec).filled_table()
    assert [tuple(row) for row in filled.itertuples(index=False)] == [
        ("y", "a", 2, 2.0),
        ("y", "a", 3, 3.0),
        ("y", "b", 2, 4.0),
        ("x", "a", 2, 5.0),
    ]


def test_frame_and_summary(build_text):
    builder = build_text("id,year,y,x\nb,1,1,10\na,2,3,20\na,1,5,40\nb,2,7,80\n")
    frame = builder.frame()
    assert frame.to_dict("list") == {
        "id": ["a", "a", "b", "b"],
        "year": ["1", "2", "1", "2"],
        "y": [5.0, 3.0, 1.0, 7.0],
        "x": [40.0, 20.0, 10.0, 80.0],
    }
    summary = builder.summary().set_index("variable")
    assert summary["role"].tolist() == ["outcome", "exposure"]
    grouped = frame.groupby("id")["y"]
    y = summary.loc["y"]
    assert (y["n"], y["mean"], y["min"], y["max"]) == (4, 4.0, 1.0, 7.0)
    assert y["sd"] == pytest.approx(frame["y"].std())
    assert y["sd_between"] == pytest.approx(grouped.mean().std())
    assert y["sd_within"] == pytest.approx((frame["y"] - grouped.transform("mean")).std())


# A real panel with missing cells.


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("id,2011,2012", '{columns: "{period}", into: NAME OF THE VARIABLE}'),
        ("id,y_2011,y_2012", '{columns: "{variable}_{period}"}'),
        ("id,y2011,y2012", '{columns: "{variable}{period}"}'),
    ],
)
def test_years_side_by_side_are_named_with_their_remedy(build_text, header, hint):
    with pytest.raises(DataError) as caught:
        build_text(f"{header}\na,1,2\n")
    assert hint in next(one.hint for one in caught.value.problems if "'year'" in one.where + one.what)


PANEL = "id,year,y,x,z,region\na,1,1,1,5,n\na,2,2,1,5,n\nb,1,4,1,6,s\nb,2,8,3,5,s\n"


def test_an_exposure_and_outcomes_of_one_value_are_refused_at_once(build_text):
    spec = DataSpec(path="panel.csv", rows={"id": RowFilter(include=("a",))})
    builder = build_text(PANEL, roles=Roles("id", "year", ("z",), "x"), spec=spec)
    with pytest.raises(DataError) as caught:
        builder.noted()
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("panel.csv: column 'x' (roles.exposure)", "it equals 1 in all 2 rows: its effect is not identified"),
        (
            "panel.csv: column 'z' (roles.outcomes)",
            "it equals 5 in all 2 rows: there is no variation to explain",
        ),
    ]


def test_an_outcome_of_one_value_beside_one_that_varies_is_noted(build_text):
    roles = Roles("id", "year", ("y", "z"), "x")
    assert codes(build_text(PANEL, roles=roles).noted()) == []
    noted = build_text(PANEL.replace("6,s", "5,s"), roles=roles).noted()
    assert [(note.code, note.where, note.message) for note in noted.notes] == [
        ("W-CONSTANT", "z", "The outcome is 5 in all 4 rows; no estimator is fitted.")
    ]


@pytest.mark.parametrize(
    ("label", "aggregate", "what"), [("Total", "sum", "sum"), ("Mean", "mean", "mean"), ("Most", "max", None)]
)
def test_a_row_of_totals_is_noted(build_text, label, aggregate, what):
    rng = np.random.default_rng(5)
    keys = pd.MultiIndex.from_product([list("abcd"), range(2001, 2005)], names=["id", "year"])
    frame = pd.DataFrame(rng.uniform(1, 2, (16, 2)), index=keys, columns=["y", "x"]).reset_index()
    below = frame.groupby("year", as_index=False)[["y", "x"]].agg(aggregate).assign(id=label)
    notes = build_text(pd.concat([frame, below]).to_csv(index=False)).notes
    expected = (
        f"The entity {label} equals the {what} of all others in every period (y, x). "
        "If it is an aggregate, drop it by data.rows."
    )
    assert [(note.code, note.where, note.message) for note in notes] == (
        [("W-TOTAL", "id", expected)] if what else []
    )


WEIGHED = Roles("id", "year", ("y",), "x", weights="w")
TEXT = "id,year,y,x,w,z\nb,1,1,10,0.5,2\na,2,3,20,4,1\na,1,5,40,8,4\n"


def test_weights_are_those_of_the_panels_rows(build_text):
    panel = build_text(TEXT, roles=WEIGHED).panel("y")
    assert panel.entity.labels == ("a", "b")
    assert panel.weights.tolist() == [8.0, 4.0, 0.5]
    assert panel.columns == ("x",)


def test_weights_that_are_not_above_zero_are_refused_with_their_rows(build_text):
    with pytest.raises(DataError) as caught:
        build_text("id,year,y,x,w\na,1,1,1,1\na,2,2,3,0\n", roles=WEIGHED)
    (problem,) = caught.value.problems
    assert problem.where == "panel.csv: column 'w', line 3 (a, 2) (roles.weights)"
    assert problem.what == "1 of 2 weights are zero or negative"
    assert problem.hint
