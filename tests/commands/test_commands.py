"""The command's subcommands and errors, and a session of the Model Context Protocol."""

import ast
import json
import os
import subprocess
import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from command import ROOT, harness
from harness import __version__, open_run
from harness.cli import cli
from harness.commands.mcp import REVISIONS
from harness.terminal import terminal_text
from sentences import keys_of_sentences
from small_run import exit_code, grunfeld
from source_files import files, tree_of

GOOD = (ROOT / "specs" / "grunfeld.yaml").read_text(encoding="utf-8")
DATA = """\
data:
  path: panel.csv
"""
CSV = "firm,year,invest,value,capital\na,1,1.5,2,3\na,2,2.5,2,4\nb,1,3,1,5\nb,2,4,7,6\n"


def test_validating_looks_at_the_data_too(tmp_path):
    done = harness("validate", "specs/grunfeld.yaml")
    assert "200 rows of 10 entities in 20 periods" in done.stdout
    table = tmp_path / "firms.csv"
    table.write_text(CSV)
    wrong = harness("validate", "specs/grunfeld.yaml", "--data", table)
    assert wrong.returncode == 3
    assert "no row has the value 'American Steel'" in wrong.stderr


def test_validating_prints_what_the_report_would_warn_of(tmp_path):
    (tmp_path / "panel.csv").write_text("id,year,y,x\na,1,1,2\na,3,2,1\nb,1,4,1\nb,2,8,3\nb,3,1,1\n")
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "{spec_version: 1, study: s, data: {path: panel.csv}, estimators: [{use: pooled_ols}], "
        "roles: {entity: id, time: year, outcomes: [y], exposure: x}}"
    )
    assert harness("validate", spec).stdout.splitlines()[:3] == [
        f"{spec}: valid; study 's' with 1 estimators; 5 rows of 2 entities in 3 periods",
        f"W-UNBALANCED: {spec}:1:95: roles.entity (id): Entities have from 2 to 3 periods.",
        f"W-GAP: {spec}:1:95: roles.entity (id): 1 entities have gaps in their periods: a.",
    ]


def test_plan_says_what_would_be_fitted():
    printed = harness("plan", "specs/grunfeld.yaml", "--quick", "--list-only").stdout
    assert "200 rows, 10 entities, 20 periods" in printed
    assert "protocol as_published: 3 folds" in printed
    assert "estimator ann: som_ann (sizes_around: 0, restarts: 1, map_training: sequential, " in printed
    # 6 estimators on 1 + 3 + 3 + 3 + 1 folds and on all rows.
    assert "fits in all: 72" in printed


def test_the_schema_beside_the_specs_is_the_one_the_command_prints():
    printed = json.loads(harness("schema").stdout)
    assert printed == json.loads((ROOT / "specs" / "spec.schema.json").read_text(encoding="utf-8"))


def spec_with(tmp_path, old="", new="", *, csv=None):
    text = GOOD.replace(old, new, 1) if old else GOOD
    assert not old or text != GOOD
    if csv is not None:
        head, rest = text.split("data:\n", 1)
        text = head + DATA + "\nroles:" + rest.split("roles:", 1)[1]
        (tmp_path / "panel.csv").write_text(csv, encoding="utf-8")
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "csv", "code", "words"),
    [
        ("outcomes:", "ouctomes:", None, 2, ["ouctomes", "outcomes"]),
        ("", "", CSV.replace("2.5", "two"), 3, ["panel.csv", "invest", "1 of 4 cells", "two", "line 3"]),
        ("", "", None, 3, []),
    ],
)
def test_bad_input_is_one_readable_error(tmp_path, old, new, csv, code, words):
    path = spec_with(tmp_path, old, new, csv=csv)
    if code == 3 and csv is None:
        done = harness("run", path, "--data", tmp_path / "absent.csv", "--out", tmp_path / "run")
        words = ["absent.csv"]
    else:
        done = harness("run", path, "--out", tmp_path / "run")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if old:
        words = [*words, f"study.yaml:{GOOD[: GOOD.index(old)].count(chr(10)) + 1}:"]
    for word in words:
        assert word in done.stderr
    assert not (tmp_path / "run").exists()


# An escape, a title of a window, a direction mark, an escape of one character.
LABELS = ("Bath\x1b[2J", "Deal\x1b]0;owned\x07", "Hove\u202e", "York\x9b31m")

STUDY = """spec_version: 1
study: towns
data: {path: towns.csv}
roles: {entity: town, time: year, outcomes: [income], exposure: tax}
estimators: [pooled_ols, mean]
evaluation: {reference: mean, protocols: [forward]}
"""


@given(st.text())
def test_nothing_but_text_and_line_ends_is_left(text):
    left = terminal_text(text)
    assert {one for one in left if unicodedata.category(one) == "Cc"} <= {"\n", "\t"}
    turning = {"RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}
    assert not turning & {unicodedata.bidirectional(one) for one in left}


def test_nothing_else_writes_to_a_terminal():
    writers = []
    for path in (*files("harness"), *files("plugins")):
        for node in ast.walk(tree_of(path)):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}:
                writers.append(path.relative_to(ROOT).as_posix())
    assert writers == ["harness/terminal.py"]


def test_labels_of_a_data_file_turn_no_terminal_around(tmp_path, monkeypatch, capsys):
    rows = [f"{label},{year},{year % 7},{year % 5}" for label in LABELS for year in range(2001, 2005)]
    rows += [f"{label},2005,,1" for label in LABELS]
    (tmp_path / "towns.csv").write_text("\n".join(["town,year,income,tax\u202e", *rows]), encoding="utf-8")
    (tmp_path / "towns.yaml").write_text(STUDY)
    assert exit_code(monkeypatch, "validate", str(tmp_path / "towns.yaml")) == 3
    said = capsys.readouterr().err
    assert "Bath[2J, 2005" in said
    assert "Hove, 2005" in said
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*said}


@pytest.mark.parametrize(("outcome", "says"), [(3.0, True), (None, False)])
def test_a_run_without_any_result_says_so_beside_its_folder(tmp_path, outcome, says):
    rng = np.random.default_rng(1)
    keys = pd.MultiIndex.from_product([[f"town {at}" for at in range(6)], range(2001, 2005)])
    frame = pd.DataFrame({"tax": rng.normal(size=24), "income": rng.normal(size=24)}, index=keys)
    if outcome is not None:
        frame.loc[keys.get_level_values(1) < 2004, "income"] = outcome
    frame.to_csv(tmp_path / "towns.csv", index_label=["town", "year"])
    (tmp_path / "towns.yaml").write_text(STUDY + "report: {formats: []}\n")
    words = ["run", str(tmp_path / "towns.yaml"), "--jobs", "1", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == (6 if says else 0)
    assert done.stdout.endswith(f"results: {tmp_path / 'run'}\n")
    assert ("Prediction." in done.stdout) != says
    line = "no estimator has a result, see 6 rows of accuracy.csv: fold 1: "
    assert (line in done.stderr) == says
    assert ("'income' is constant in the training rows; check the outcome" in done.stderr) == says


SMALL = """\
spec_version: 1
study: small
data: {path: rows.csv}
roles: {entity: firm, time: year, outcomes: [invest], exposure: value, controls: [capital]}
estimators: [pooled_ols]
evaluation: {protocols: [in_sample]}
report: {formats: []}
"""


def called(tool, /, **arguments):
    return {"method": "tools/call", "params": {"name": tool, "arguments": arguments}}


# By what is asked; a message is numbered by its place.
ASKED = {
    "initialize": {"method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}}},
    "initialize later": {"method": "initialize", "params": {"protocolVersion": "2999-01-01"}},
    "ping": {"method": "ping"},
    "tools": {"method": "tools/list"},
    "validate": called("validate", spec="study.yaml"),
    "validate text": called("validate", spec=SMALL.replace("capital", "captial")),
    "plan": called("plan", spec="study.yaml", overrides=["evaluation.protocols=[in_sample, random_rows]"]),
    "run": called("run", spec="study.yaml", quick=True, jobs=1),
    "table": called("table", run="runs/small", name="coefficients"),
    "first row": called("table", run="runs/small", name="predictions_", rows=1),
    "plugins": called("plugins"),
    "schema": called("schema"),
    "spec outside": called("validate", spec="../study.yaml"),
    "out outside": called("run", spec="study.yaml", out="../elsewhere"),
    "out by a link": called("run", spec="study.yaml", out="link/run"),
    "data outside": called("validate", spec="study.yaml", data="/etc/passwd"),
    "table outside": called("table", run="runs/small", name="details/../../../../other"),
    "wrong type": called("validate", spec=3),
    "unknown argument": called("validate", spec="study.yaml", speck="x"),
    "unknown tool": called("remove"),
    "unknown method": {"method": "resources/list"},
}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Return the folder of a session and its answers by what was asked."""
    folder = tmp_path_factory.mktemp("session") / "inner"
    folder.mkdir()
    grunfeld().reset_index().to_csv(folder / "rows.csv", index=False)
    for path in (folder, folder.parent):
        (path / "study.yaml").write_text(SMALL, encoding="utf-8")
    (folder / "link").symlink_to(folder.parent, target_is_directory=True)
    messages = [{"jsonrpc": "2.0", "id": name, **asked} for name, asked in ASKED.items()]
    notice = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    lines = [json.dumps(one) for one in (messages[0], notice, *messages[1:])] + ["{broken", "[1]"]
    words = [sys.executable, "-m", "harness", "mcp", "--folder", str(folder)]
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(
        words,
        input=text,
        capture_output=True,
        text=True,
        check=True,
        cwd=folder.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    assert [answer["id"] for answer in answers] == [*ASKED, None, None]
    assert [answer["error"]["code"] for answer in answers[-2:]] == [-32700, -32600]
    return folder, dict(zip(ASKED, answers, strict=False))


def told(session, name):
    """Return the answer of a tool, which is there as text as well."""
    result = session[1][name]["result"]
    assert result.get("isError") is None
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    return result["structuredContent"]


def problem(session, name):
    """Return the name of the exit code and the only problem of a call that fails."""
    result = session[1][name]["result"]
    assert result["isError"]
    (own,) = result["structuredContent"]["problems"]
    assert result["content"][0]["text"].startswith(f"{own['where']}: {own['what']}")
    return result["structuredContent"]["error"], own


def test_client_and_server_agree_on_a_revision(session):
    answers = session[1]
    result = answers["initialize"]["result"]
    assert result["protocolVersion"] == "2025-06-18"
    assert result["capabilities"] == {"tools": {}}
    assert result["serverInfo"] == {"name": "panel-harness", "version": __version__}
    assert answers["initialize later"]["result"]["protocolVersion"] == REVISIONS[0]
    assert answers["ping"]["result"] == {}


def test_tools_say_what_they_take(session):
    tools = {tool["name"]: tool for tool in session[1]["tools"]["result"]["tools"]}
    assert list(tools) == ["validate", "plan", "run", "table", "plugins", "schema"]
    for name, tool in tools.items():
        Draft202012Validator.check_schema(tool["inputSchema"])
        assert tool["description"]
        asked = [
            one["params"]["arguments"] for one in ASKED.values() if one.get("params", {}).get("name") == name
        ]
        assert Draft202012Validator(tool["inputSchema"]).is_valid(asked[0])
    taken = tools["run"]["inputSchema"]["properties"]
    assert taken["quick"]["type"] == "boolean"
    assert taken["jobs"]["description"].startswith("Number of worker processes")


def test_answers_are_those_of_python(session):
    folder, _ = session
    assert told(session, "validate") | {"notes": []} == {
        "study": "small",
        "estimators": ["pooled_ols"],
        "entities": 11,
        "periods": 20,
        "rows": 220,
        "notes": [],
        "refused": [],
    }
    planned = told(session, "plan")
    assert "protocol random_rows: " in "\n".join(planned["plan"])
    assert planned["seconds"] > 0
    ran = told(session, "run")
    assert ran["run"] == "runs/small"
    run = open_run(folder / "runs/small")
    texts = dict(run.findings[["key", "text"]].to_numpy())
    outcome, *lines = ran["answers"].splitlines()
    assert outcome == "invest"
    assert lines
    assert all(keys_of_sentences(line.partition(". ")[2], texts) for line in lines)
    answer = told(session, "table")
    assert answer["n_rows"] == len(answer["rows"]) == len(run.coefficients) > 1
    for column in ("term", "estimate", "std_error"):
        assert [row[column] for row in answer["rows"]] == run.coefficients[column].tolist()
    assert "fixed_effects" in json.dumps(told(session, "plugins"))
    assert told(session, "schema")["properties"]["roles"]


@pytest.mark.parametrize(
    "name", ["spec outside", "out outside", "out by a link", "data outside", "table outside"]
)
def test_nothing_outside_the_folder_is_read_or_written(session, name):
    folder, _ = session
    code, own = problem(session, name)
    assert code == "SPEC"
    assert own["what"] == "lies outside of the folder of this session"
    assert str(folder) in own["hint"]
    assert {path.name for path in folder.parent.iterdir()} == {"inner", "study.yaml"}


def test_mistakes_are_the_messages_of_the_command(session):
    code, own = problem(session, "validate text")
    assert code == "DATA"
    assert own["where"].startswith("rows.csv: column 'captial' (spec:")
    assert "did you mean 'capital'?" in own["hint"]
    assert problem(session, "first row")[0] == "FOLDER"
    assert problem(session, "wrong type")[1]["where"] == "spec"
    assert problem(session, "unknown argument")[1]["where"] == "speck"
    answers = session[1]
    assert answers["unknown tool"]["error"]["code"] == -32602
    assert answers["unknown method"]["error"]["code"] == -32601
