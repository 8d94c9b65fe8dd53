"""``harness mcp``: the Model Context Protocol on standard input and output, for editors and assistants.

A message is a line of JSON-RPC 2.0, as revision 2025-11-25 of the protocol has it. A tool takes what the
command of its name takes, and answers what Python's interface gives, as JSON. Mistakes of a call are the
messages of the command, with the name of its exit code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import __version__
from harness.commands import options as shared
from harness.commands.plugins import listed
from harness.errors import DataError, HarnessError, Problem, SpecError
from harness.registry.plugin import PluginChoice
from harness.running.options import OPTIONS, RunOptions

if TYPE_CHECKING:
    from pydantic import BaseModel

# Revisions of the protocol, the latest first; what is used of it is the same in all.
REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

# What the protocol itself refuses, by the codes of JSON-RPC.
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMETERS = -32700, -32600, -32601, -32602

# Rows of a table that an answer has unless more are asked for.
SOME_ROWS = 200

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Session:
    """What one session may use: the plugins, and the folder that nothing is read or written outside of."""

    plugins: PluginChoice
    folder: Path

    def path(self, given: str) -> Path:
        """Return a path within the folder.

        Raises
        ------
        SpecError
            Where it leads outside, links followed.
        """
        path = (self.folder / given).resolve()
        if not path.is_relative_to(self.folder):
            hint = f"name a path within {self.folder}, or start harness mcp with another --folder"
            raise SpecError.at(given, "lies outside of the folder of this session", hint=hint)
        return path

    def options(self, given: Json) -> RunOptions:
        """Return the options of a run, of which nothing lies outside the folder."""
        from harness.study.spec.document import WrittenSpec

        paths = {name: self.path(given[name]) for name in ("data", "out") if name in given}
        overrides = tuple(given.get("overrides", ()))
        # No path has several lines.
        text = given["spec"]
        spec = WrittenSpec(text, is_seen=True) if "\n" in text else self.path(text)
        return RunOptions(**{**given, **paths, "spec": spec, "overrides": overrides, "plugins": self.plugins})


def validate(session: Session, given: Json) -> Json:
    """Check a spec and its data, and list what a run would meet."""
    from harness.api import prepare_study
    from harness.preflight.checks import check_run

    prepared = prepare_study(session.options(given))
    seen, panels, study = check_run(prepared), prepared.panels, prepared.plan.study
    if seen.is_in_vain:
        raise DataError(*seen.refused)
    size = {"entities": len(panels.entity.labels), "periods": len(panels.time.labels), "rows": panels.n_obs}
    content = {"notes": list(map(asdict, seen.notes)), "refused": list(map(asdict, seen.refused))}
    return {"study": study.study, "estimators": [entry.id for entry in study.estimators], **size, **content}


def plan(session: Session, given: Json) -> Json:
    """List what a run would fit, with the time and memory that it would take."""
    from harness.api import prepare_study
    from harness.preflight.cost import estimate_cost
    from harness.report.gain_report import json_value

    options = session.options(given)
    planned = prepare_study(options).plan
    expected = estimate_cost(planned, on_probe=lambda _: None)
    needed = {"seconds": expected.seconds(options.jobs), "bytes": json_value(expected.peak)}
    return {"plan": planned.describe().splitlines(), **needed}


def run(session: Session, given: Json) -> Json:
    """Run a study and write its tables, figures and report; returns what it says of each outcome."""
    from harness.api import run_study
    from harness.findings.run import read_run
    from harness.running.prepare import load
    from harness.text.screen import screen_text

    options = session.options(given)
    study = load(options, shared.found(session.plugins)).study.study
    folder = run_study(replace(options, out=options.out or session.path(f"runs/{study}")))
    name = folder.path.relative_to(session.folder).as_posix()
    return {"run": name, "files": list(folder.files()), "answers": screen_text(read_run(folder))}


def table(session: Session, given: Json) -> Json:
    """Return rows of a result table of a finished run, such as findings, gain, effects or coefficients."""
    from harness.api import open_run
    from harness.report.gain_report import json_value

    name = given.get("name", "findings")
    session.path(f"{given['run']}/{name}")
    found = open_run(session.path(given["run"])).table(name)
    rows = found.head(given.get("rows", SOME_ROWS)).to_dict("records")
    shown = [{str(name): json_value(value) for name, value in row.items()} for row in rows]
    return {"rows": shown, "n_rows": len(found)}


def plugins(session: Session, _: Json) -> Json:
    """List the plugins, what each offers, and the errors of broken ones."""
    return {"plugins": listed(shared.found(session.plugins))}


def schema(session: Session, _: Json) -> Json:
    """Return the JSON Schema of a spec with the options of all installed plugins."""
    from harness.study.spec.json_schema import file_schema

    return file_schema(shared.found(session.plugins).catalogs)


@cache
def tools() -> Mapping[str, tuple[Callable[[Session, Json], Json], type[BaseModel]]]:
    """Return what each tool does, and the arguments that it takes, which are those of the command."""
    from pydantic import ConfigDict, Field, create_model

    known: dict[str, Any] = {
        "spec": (str, Field(description="path of the spec within the folder, or its YAML text")),
        "run": (str, Field(description="run folder")),
        "name": (str, Field("findings", description="table, such as findings, gain, effects")),
        "rows": (int, Field(SOME_ROWS, ge=1, description="most rows of the answer")),
    }
    for name, option in OPTIONS.items():
        kind: Any = list[str] if option.is_repeated else str if option.kind is Path else option.kind
        known[name] = (kind, Field(None, description=option.help))
    taken: dict[Callable[[Session, Json], Json], tuple[str, ...]] = {
        validate: ("spec", "data", "overrides"),
        plan: ("spec", "data", "quick", "jobs", "overrides"),
        run: ("spec", "data", "out", "quick", "jobs", "time_limit", "resume", "overrides"),
        table: ("run", "name", "rows"),
        plugins: (),
        schema: (),
    }
    strict = ConfigDict(extra="forbid", strict=True)
    models = {
        call: create_model(call.__name__, __config__=strict, **{name: known[name] for name in names})
        for call, names in taken.items()
    }
    return {call.__name__: (call, model) for call, model in models.items()}


def call_tool(session: Session, name: str, arguments: object) -> Json:
    """Return what a tool answers, or its mistakes as the command has them."""
    from pydantic import ValidationError

    from harness.registry.plugin import unforeseen

    call, model = tools()[name]
    try:
        answer = call(session, model.model_validate(arguments).model_dump(exclude_unset=True))
        return {"content": [{"type": "text", "text": json.dumps(answer)}], "structuredContent": answer}
    except ValidationError as error:
        wrong = (Problem(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors())
        known: HarnessError = SpecError(*wrong)
    except Exception as error:  # noqa: BLE001 - as the command, a session tells of it and goes on
        known = error if isinstance(error, HarnessError) else unforeseen(error)
    content = {"error": known.exit_code.name, "problems": list(map(asdict, known.problems))}
    return {"content": [{"type": "text", "text": str(known)}], "structuredContent": content, "isError": True}


def reply(session: Session, message: Json) -> Json:
    """Return the result of a request, or the error that the protocol has for it."""
    method, given = message.get("method"), message.get("params", {})
    if message.get("jsonrpc") != "2.0" or not isinstance(given, dict):
        return refused(INVALID_REQUEST, "no request of JSON-RPC 2.0")
    if method == "initialize":
        asked = given.get("protocolVersion")
        revision = asked if asked in REVISIONS else REVISIONS[0]
        server = {"name": "panel-harness", "version": __version__}
        return {"result": {"protocolVersion": revision, "capabilities": {"tools": {}}, "serverInfo": server}}
    if method == "tools/list":
        shown = [
            {"name": name, "description": call.__doc__, "inputSchema": model.model_json_schema()}
            for name, (call, model) in tools().items()
        ]
        return {"result": {"tools": shown}}
    if method == "tools/call":
        name = str(given.get("name"))
        if name not in tools():
            return refused(INVALID_PARAMETERS, f"no tool is called '{name}': {', '.join(tools())}")
        return {"result": call_tool(session, name, given.get("arguments") or {})}
    return {"result": {}} if method == "ping" else refused(NO_METHOD, f"no method is called {method!r}")


def refused(code: int, message: str) -> Json:
    """Return an error of JSON-RPC."""
    return {"error": {"code": code, "message": message}}


def answered(session: Session, line: bytes) -> Json | None:
    """Return the answer to a message; None to a notification."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"jsonrpc": "2.0", "id": None, **refused(PARSE_ERROR, f"not JSON: {error}")}
    request = message if isinstance(message, dict) else {"id": None}
    return {"jsonrpc": "2.0", "id": request["id"], **reply(session, request)} if "id" in request else None


@click.command()
@shared.path_option("--folder", "Folder to read specs from and write runs into; by default the current one.")
@click.pass_obj
def mcp(choice: PluginChoice, folder: Path | None) -> None:
    """Serve validate, plan, run and result tables to an editor or assistant (Model Context Protocol).

    Messages are lines of JSON-RPC 2.0 on standard input and output. Nothing outside the folder is read by a
    spec or written.
    """
    session = Session(choice, (folder or Path()).resolve())
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "w", encoding="utf-8") as sink:
        # What tools and their processes print is no message.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os.chdir(session.folder)
        for line in source:
            if answer := answered(session, line):
                sink.write(f"{json.dumps(answer)}\n")
                sink.flush()
