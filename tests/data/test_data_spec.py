import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from harness.data.data_spec import DataSpec
from harness.data.prepare.factor_index import FactorIndex
from harness.data.prepare.panel_steps import Lag
from harness.data.prepare.row_steps import Log, Ratio, Square
from harness.data.rules import ColumnRule, RowFilter
from harness.installed import installed
from harness.registry.kind import OPTIONS, options_model


def read(options: dict) -> DataSpec:
    text = json.dumps({OPTIONS: options})
    return options_model(DataSpec).model_validate_json(text, context=installed().catalogs).options


def mistakes(options: dict) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        read(options)
    paths = [[part for part in error["loc"] if part != OPTIONS] for error in caught.value.errors()]
    return [
        (".".join(map(str, path)), error["msg"])
        for path, error in zip(paths, caught.value.errors(), strict=True)
    ]


def test_everything_a_data_spec_can_say():
    spec = read(
        {
            "path": "cities.csv",
            "encoding": "gb18030",
            "separator": ";",
            "missing": "drop",
            "missing_values": ["", "—"],
            "rows": {"year": {"from": 2011, "to": "2019"}, "city": {"exclude": ["Lhasa", 7]}},
            "prepare": [
                {"log": {"into": "a", "of": "b"}},
                {"square": {"into": "c", "of": "a"}},
                {"ratio": {"into": "d", "of": "a", "over": "c"}},
                {"lag": {"into": "e", "of": "d", "periods": 2}},
                {"factor_index": {"into": "f", "columns": ["p", "q", "r"], "rotation": "varimax"}},
            ],
            "schema": {"p": {"type": "number", "min": 0, "max": 1.5, "missing_ok": True}},
        }
    )
    assert spec.rows == {"year": RowFilter(from_=2011, to="2019"), "city": RowFilter(exclude=("Lhasa", 7))}
    assert spec.prepare == (
        Log("a", "b"),
        Square("c", "a"),
        Ratio("d", "a", "c"),
        Lag("e", "d", 2),
        FactorIndex("f", ("p", "q", "r")),
    )
    assert spec.schema == {"p": ColumnRule("number", 0, 1.5, missing_ok=True)}
    assert (spec.separator, spec.missing, spec.missing_values) == (";", "drop", ("", "—"))


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        pytest.param({"pth": "a.csv"}, "pth", "Unexpected", id="unknown-key"),
        pytest.param({"encoding": "hex"}, "encoding", "unknown encoding 'hex'", id="encoding-of-no-text"),
        pytest.param({"rows": {"a": {}}}, "rows.a", "at least one of", id="empty-rule"),
        ({"schema": {"a": {"type": "text", "min": 1}}}, "schema.a", "are for numbers"),
        pytest.param({"prepare": [{"eval": {}}]}, "prepare.0.eval", "unknown step", id="no-code"),
        pytest.param(
            {"prepare": [{"lag": {"into": "a", "of": "b", "periods": 0}}]},
            "prepare.0.lag.periods",
            "greater than or equal to 1",
            id="lag-of-nothing",
        ),
        pytest.param(
            {"prepare": [{"factor_index": {"into": "a", "columns": ["b", "c"]}}]},
            "prepare.0.factor_index",
            "too few for 1 factors",
            id="index-not-identified",
        ),
    ],
)
def test_mistakes_have_their_path(options, path, message):
    [(found_path, found_message)] = mistakes(options)
    assert found_path == path
    assert message in found_message


def test_a_data_spec_loads_without_pandas():
    modules = ("data_spec", "roles", "shipped")
    heavy = {"pandas", "pandera", "scipy", "sklearn", "statsmodels", "linearmodels"}
    code = (
        f"import sys, {', '.join(f'harness.data.{name}' for name in modules)}\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
