"""A session of the Model Context Protocol: tools answer as the command does, and stay in their folder."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import command
from harness import __version__, open_run
from harness.commands.mcp import REVISIONS
from harness.running.folder import RunFolder
from sentences import keys_of_sentences
from small_run import WRITTEN as SMALL
from small_run import grunfeld


def called(tool, /, **arguments):
    return {"method": "tools/call", "params": {"name": tool, "arguments": arguments}}


CHINESE = SMALL.replace("formats: []", "formats: [], language: zh")

# By what is asked; a message is numbered by its place.
ASKED = {
    "initialize": {"method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}}},
    "initialize later": {"method": "initialize", "params": {"protocolVersion": "2999-01-01"}},
    "ping": {"method": "ping"},
    "tools": {"method": "tools/list"},
    "columns": called("init", file="rows.csv"),
    "init": called("init", file="rows.csv", outcome="invest", exposure="value"),
    "init outside": called("init", file="../study.yaml"),
    "validate": called("validate", spec="study.yaml"),
    "validate text": called("validate", spec=SMALL.replace("capital", "captial")),
    "validate in Chinese": called("validate", spec=CHINESE.replace("capital", "captial")),
    "run in Chinese": called("run", spec=CHINESE, out="chinese", quick=True, jobs=1),
    "validate in English again": called("validate", spec=SMALL.replace("capital", "captial")),
    "plan": called("plan", spec="study.yaml", overrides=["evaluation.protocols=[in_sample, random_rows]"]),
    "run": called("run", spec="study.yaml", quick=True, jobs=1),
    "answers": called("answers", run="runs/small"),
    "table": called("table", run="runs/small", name="coefficients"),
    "first row": called("table", run="runs/small", name="predictions_", rows=1),
    "plugins": called("plugins"),
    "schema": called("schema"),
    "spec outside": called("validate", spec="../study.yaml"),
    "out outside": called("run", spec="study.yaml", out="../elsewhere"),
    "out by a link": called("run", spec="study.yaml", out="link/run"),
    "data outside": called("validate", spec="study.yaml", data="/etc/passwd"),
    "table outside": called("table", run="runs/small", name="details/../../../../other"),
    "path in a circle": called("validate", spec="circle/study.yaml"),
    "end of a text of C": called("validate", spec="stu\0dy.yaml"),
    "half of a character": called("plan", spec="study.yaml", overrides=["title=\ud800"]),
    "wrong type": called("validate", spec=3),
    "unknown argument": called("validate", spec="study.yaml", speck="x"),
    "unknown tool": called("remove"),
    "unknown method": {"method": "resources/list"},
}


def tell(server, message):
    """Send a message, or a line as it is, to a server."""
    line = message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **message})
    server.stdin.write(f"{line}\n")
    server.stdin.flush()


def server_answer(server, message):
    """Return the next answer after a message."""
    tell(server, message)
    return json.loads(server.stdout.readline())


def started(folder):
    """Return a server of a folder that was started elsewhere."""
    words = [sys.executable, "-m", "harness", "mcp", "--folder", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(words, text=True, cwd=folder.parent, env=environment, **pipes)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Return the folder of a session and its answers by what was asked."""
    folder = tmp_path_factory.mktemp("session") / "inner"
    folder.mkdir()
    grunfeld().reset_index().to_csv(folder / "rows.csv", index=False)
    for path in (folder, folder.parent):
        (path / "study.yaml").write_text(SMALL, encoding="utf-8")
    (folder / "link").symlink_to(folder.parent, target_is_directory=True)
    (folder / "circle").symlink_to("circle")
    with started(folder) as server:
        answers = [server_answer(server, {"id": name, **asked}) for name, asked in ASKED.items()]
        answers += [
            server_answer(server, line) for line in ("{broken", "[1]", '{"id": NaN}', '{"id": 1e999}')
        ]
        # A run that is asked to says how far it is, before its answer.
        followed = called("run", spec="study.yaml", out="followed", jobs=1)
        followed["params"]["_meta"] = {"progressToken": 7}
        notices = [server_answer(server, {"id": "followed", **followed})]
        while "id" not in notices[-1]:
            notices.append(json.loads(server.stdout.readline()))
        assert notices.pop()["id"] == "followed"
        assert {notice["method"] for notice in notices} == {"notifications/progress"}
        steps = [notice["params"] for notice in notices]
        assert {step["progressToken"] for step in steps} == {7}
        assert [step["progress"] for step in steps] == sorted(step["progress"] for step in steps)
        assert steps[0]["progress"] == 0
        assert steps[-1]["progress"] == steps[-1]["total"] > 1
        # What goes on answers nothing else, and a call that is cancelled gets no answer.
        tell(server, {"id": "cancelled", **called("run", spec="study.yaml", out="cancelled")})
        assert server_answer(server, {"id": "at once", "method": "ping"})["id"] == "at once"
        tell(server, {"method": "notifications/cancelled", "params": {"requestId": "cancelled"}})
        server.stdin.close()
        assert server.stdout.read() == ""
    assert server.returncode == 0
    assert not (folder / "cancelled" / "manifest.json").exists()
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    assert [answer["id"] for answer in answers] == [*ASKED, *[None] * 4]
    assert [answer["error"]["code"] for answer in answers[-4:]] == [-32700, -32600, -32700, -32700]
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
    assert re.match(f"{re.escape(own['where'])}(: |：){re.escape(own['what'])}", result["content"][0]["text"])
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
    assert list(tools) == ["init", "validate", "plan", "run", "answers", "table", "plugins", "schema"]
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


def test_columns_are_described_and_a_draft_is_that_of_the_command(session, tmp_path):
    alone, drafted = told(session, "columns"), told(session, "init")
    rows = grunfeld().reset_index()
    assert [one["name"] for one in alone["columns"]] == list(rows.columns)
    assert [one["part"] for one in alone["columns"]] == [
        {"firm": "entity", "year": "time"}.get(name, "") for name in rows.columns
    ]
    invest = next(one for one in alone["columns"] if one["name"] == "invest")
    assert invest["bars"] == np.histogram(rows["invest"], 12)[0].tolist()
    assert (float(invest["low"]), invest["n_missing"]) == (rows["invest"].min(), 0)
    assert (alone["spec"], alone["summary"]) == ("", [])
    words = ("init", "rows.csv", "--outcome", "invest", "--exposure", "value", "--out", tmp_path / "one.yaml")
    assert command.harness(*words, cwd=session[0]).returncode == 0
    plain = drafted["spec"].splitlines()
    assert [one for one in (tmp_path / "one.yaml").read_text().splitlines() if "path:" not in one] == [
        one for one in plain if "path:" not in one
    ]
    assert {one["part"] for one in drafted["columns"]} == {"entity", "time", "outcome", "exposure", "control"}


def test_answers_are_those_of_python(session):
    folder, _ = session
    assert told(session, "validate") | {"notes": []} == {
        "study": "small",
        "estimators": ["pooled_ols"],
        "entities": 11,
        "periods": 20,
        "rows": 220,
        "rows_read": 220,
        "notes": [],
        "refused": [],
    }
    planned = told(session, "plan")
    assert "protocol random_rows: " in "\n".join(planned["plan"])
    assert planned["seconds"] > 0
    ran = told(session, "run")
    assert ran["run"] == "runs/small"
    # As the command has it that is called in this folder.
    assert json.loads((folder / "runs/small/manifest.json").read_text())["spec"]["path"] == "study.yaml"
    run = open_run(folder / "runs/small")
    texts = dict(run.findings[["key", "text"]].to_numpy())
    # Of a sentence that a caveat blocks, the row has the caveat as well.
    blocked = run.findings.query("screen != 'none' and caveats_text.notna()")
    texts |= dict(zip(blocked["key"] + "/caveats", blocked["caveats_text"], strict=True))
    assert told(session, "answers") == {"answers": ran["answers"], "problems": []}
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
    "name", ["init outside", "spec outside", "out outside", "out by a link", "data outside", "table outside"]
)
def test_nothing_outside_the_folder_is_read_or_written(session, name):
    folder, _ = session
    code, own = problem(session, name)
    assert code == "SPEC"
    assert own["what"] == "lies outside of the folder of this session"
    assert str(folder) in own["hint"]
    assert {path.name for path in folder.parent.iterdir()} == {"inner", "study.yaml"}


def test_a_study_in_chinese_is_answered_in_chinese_and_the_next_is_not(session):
    _, chinese = problem(session, "validate in Chinese")
    assert chinese["what"] == "没有这一列"
    assert "是否指" in chinese["hint"]
    assert problem(session, "validate in English again")[1] == problem(session, "validate text")[1]
    lines = told(session, "run in Chinese")["answers"].splitlines()
    assert lines == open_run(session[0] / "chinese").answers().splitlines()
    assert lines[1].startswith("  预测。")
    assert lines[2].startswith("  效应。value ")


def test_mistakes_are_the_messages_of_the_command(session):
    code, own = problem(session, "validate text")
    assert code == "DATA"
    assert own["where"].startswith("rows.csv: column 'captial' (spec:")
    assert "did you mean 'capital'?" in own["hint"]
    assert problem(session, "first row")[0] == "FOLDER"
    assert problem(session, "path in a circle")[1]["hint"] == "name another path"
    for name in ("wrong type", "end of a text of C"):
        assert problem(session, name)[1]["where"] == "spec"
    assert problem(session, "half of a character")[1]["where"] == "overrides.0"
    assert problem(session, "unknown argument")[1]["where"] == "speck"
    answers = session[1]
    assert answers["unknown tool"]["error"]["code"] == -32602
    assert answers["unknown method"]["error"]["code"] == -32601


@pytest.mark.slow
def test_a_run_has_the_bytes_of_the_commands(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    grunfeld().reset_index().to_csv(folder / "rows.csv", index=False)
    (folder / "study.yaml").write_text(SMALL.replace("formats: []", "formats: [html, latex, docx]"))
    by_command = command.harness("run", "study.yaml", "--quick", "--jobs", 2, "--out", "one", cwd=folder)
    assert by_command.returncode == 0, by_command.stderr
    with started(folder) as server:
        # Absolute, as clients have it.
        request = called("run", spec=str(folder / "study.yaml"), quick=True, jobs=2, out="other")
        assert "isError" not in server_answer(server, {"id": 1, **request})["result"]
        server.stdin.close()
    one, other = (RunFolder.open(folder / name) for name in ("one", "other"))
    assert {"report.html", "tables/accuracy.tex"} <= {*one.files()}
    # The appendix says when the run began and how long it took.
    different = {name for name, sha in one.hashes().items() if sha != other.hashes().get(name)}
    assert one.files() == other.files()
    assert different <= {"appendix.html"}
    first, second = (json.loads(run.read_bytes("manifest.json")) for run in (one, other))
    assert {key for key in first if first[key] != second[key]} <= {"started", "seconds", "cells", "files"}
    texts = [re.sub("The run began.*", "", (run.path / "appendix.html").read_text()) for run in (one, other)]
    assert texts[0] == texts[1]
