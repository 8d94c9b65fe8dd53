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
from harness.errors import DataError, HarnessError, Problem, SpecError
from harness.registry.sources import PluginChoice
from harness.running.options import OPTIONS, RunOptions

if TYPE_CHECKING:
    from pydantic import BaseModel

# Revisions of the protocol, the latest first; what is used of it is the same in all.
REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMETERS = -32700, -32600, -32601, -32602

# Rows of a table that an answer has unless more are asked for.
SOME_ROWS = 200


class CallError(Exception):
    """A call that the protocol itself refuses, with the code of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


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

    def options(self, given: Mapping[str, Any]) -> RunOptions:
        """Return the options of a run, of which nothing lies outside the folder."""
        from harness.study.spec.document import WrittenSpec

        text, data = given["spec"], given.get("data")
        # No path has several lines.
        spec = WrittenSpec(text, is_seen=True) if "\n" in text else self.path(text)
        others = {name: value for name, value in given.items() if name not in ("spec", "data", "out")}
        others |= {"overrides": tuple(given.get("overrides", ()))}
        return RunOptions(spec, data=self.path(data) if data else None, plugins=self.plugins, **others)


def validate(session: Session, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check a spec and its data, and list what a run would meet."""
    from harness.api import prepare_study
    from harness.running.foresight import foresee

    prepared = prepare_study(session.options(given))
    seen, panels = foresee(prepared), prepared.panels
    if seen.is_in_vain:
        raise DataError(*seen.refused)
    size = {"entities": len(panels.entity.labels), "periods": len(panels.time.labels), "rows": panels.n_obs}
    estimators = [entry.id for entry in prepared.plan.study.estimators]
    told = {"notes": list(map(asdict, seen.notes)), "refused": list(map(asdict, seen.refused))}
    return {"study": prepared.plan.study.study, "estimators": estimators, **size, **told}


def plan(session: Session, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """List what a run would fit, with the time and memory that it would take."""
    from harness.api import prepare_study
    from harness.forecast import forecast_of
    from harness.report.gain_report import json_value

    options = session.options(given)
    planned = prepare_study(options).plan
    expected = forecast_of(planned, on_probe=lambda _: None)
    n_bytes = json_value(expected.peak)
    seconds = expected.seconds(options.jobs)
    return {"plan": planned.describe().splitlines(), "seconds": seconds, "bytes": n_bytes}


def run(session: Session, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run a study and write its tables, figures and report; returns what it says of each outcome."""
    from harness.api import run_study
    from harness.findings.answers import answers_text
    from harness.findings.run import read_run
    from harness.running.prepare import load

    options = session.options(given)
    study = load(options, shared.found(session.plugins)).study.study
    folder = run_study(replace(options, out=session.path(given.get("out") or f"runs/{study}")))
    name = folder.path.relative_to(session.folder).as_posix()
    return {"run": name, "files": list(folder.files()), "answers": answers_text(read_run(folder))}


def table(session: Session, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return rows of a result table of a finished run, such as findings, gain, effects or coefficients."""
    from harness.api import open_run
    from harness.report.gain_report import json_value

    name = given.get("name", "findings")
    session.path(f"{given['run']}/{name}")
    found = open_run(session.path(given["run"])).table(name)
    rows = found.head(given.get("rows", SOME_ROWS)).to_dict("records")
    shown = [{str(name): json_value(value) for name, value in row.items()} for row in rows]
    return {"rows": shown, "n_rows": len(found)}


def plugins(session: Session, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """List the plugins, what each offers, and the errors of broken ones."""
    from harness.commands.plugins import listed

    return {"plugins": listed(shared.found(session.plugins))}


def schema(session: Session, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON Schema of a spec with the options of all installed plugins."""
    from harness.study.spec.json_schema import spec_schema

    return spec_schema(shared.found(session.plugins).catalogs)


Call = Callable[[Session, Mapping[str, Any]], Mapping[str, Any]]


@cache
def tools() -> Mapping[str, tuple[Call, type[BaseModel]]]:
    """Return what each tool does, and the arguments that it takes, which are those of the command."""
    from pydantic import ConfigDict, Field, create_model

    def options(*names: str) -> dict[str, Any]:
        own = {name: OPTIONS[name] for name in names}
        kinds = {name: str if option.kind is Path else option.kind for name, option in own.items()}
        kinds |= {name: list[str] for name, option in own.items() if option.is_repeated}
        return {name: (kinds[name], Field(None, description=option.help)) for name, option in own.items()}

    spec = {"spec": (str, Field(description="path of the spec within the folder, or its YAML text"))}
    rows = {
        "run": (str, Field(description="run folder")),
        "name": (str, Field("findings", description="table, such as findings, gain, effects")),
        "rows": (int, Field(SOME_ROWS, ge=1, description="most rows of the answer")),
    }
    taken: Mapping[Call, Mapping[str, Any]] = {
        validate: spec | options("data", "overrides"),
        plan: spec | options("data", "quick", "jobs", "overrides"),
        run: spec | options("data", "out", "quick", "jobs", "time_limit", "resume", "overrides"),
        table: rows,
        plugins: {},
        schema: {},
    }
    strict = ConfigDict(extra="forbid", strict=True)
    return {
        call.__name__: (call, create_model(call.__name__, __config__=strict, **fields))
        for call, fields in taken.items()
    }


def initialize(_: Session, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Agree on a revision of the protocol."""
    asked = given.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in REVISIONS else REVISIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "panel-harness", "version": __version__},
    }


def list_tools(_: Session, __: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what can be called, with the schema of its arguments."""
    return {
        "tools": [
            {
                "name": name,
                "description": call.__doc__,
                "inputSchema": model.model_json_schema(),
                "annotations": {"readOnlyHint": call is not run},
            }
            for name, (call, model) in tools().items()
        ]
    }


def call_tool(session: Session, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a tool answers, or its mistakes as the command has them."""
    from pydantic import ValidationError

    from harness.registry.plugin import unforeseen

    name = str(given.get("name"))
    if name not in tools():
        raise CallError(INVALID_PARAMETERS, f"no tool is called '{name}': {', '.join(tools())}")
    call, model = tools()[name]
    try:
        arguments = model.model_validate(given.get("arguments") or {})
        answer = call(session, arguments.model_dump(exclude_unset=True))
    except ValidationError as error:
        problems = (Problem(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors())
        return _failed(SpecError(*problems))
    except HarnessError as error:
        return _failed(error)
    except Exception as error:  # noqa: BLE001 - as the command, a session tells of it and goes on
        return _failed(unforeseen(error))
    return {"content": [{"type": "text", "text": json.dumps(answer)}], "structuredContent": answer}


def _failed(error: HarnessError) -> Mapping[str, Any]:
    told = {"error": error.exit_code.name, "problems": [asdict(problem) for problem in error.problems]}
    return {"content": [{"type": "text", "text": str(error)}], "structuredContent": told, "isError": True}


METHODS: Mapping[str, Call] = {
    "initialize": initialize,
    "ping": lambda _, __: {},
    "tools/list": list_tools,
    "tools/call": call_tool,
}


def answered(session: Session, line: bytes) -> Mapping[str, Any] | None:
    """Return the answer to a message; None to a notification."""
    number: object = None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        refused = CallError(PARSE_ERROR, f"not JSON: {error}")
    else:
        number = message.get("id") if isinstance(message, dict) else None
        try:
            result = _result(session, message)
        except CallError as error:
            refused = error
        else:
            return None if result is None else {"jsonrpc": "2.0", "id": number, "result": result}
    return {"jsonrpc": "2.0", "id": number, "error": {"code": refused.code, "message": str(refused)}}


def _result(session: Session, message: object) -> Mapping[str, Any] | None:
    given = message.get("params", {}) if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(given, dict) or message.get("jsonrpc") != "2.0":
        raise CallError(INVALID_REQUEST, "no request of JSON-RPC 2.0")
    if "id" not in message:
        return None
    method = METHODS.get(str(message.get("method")))
    if method is None:
        raise CallError(NO_METHOD, f"no method is called {message.get('method')!r}")
    return method(session, given)


@click.command()
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=".",
    help="Folder that specs are read from and runs are written into; by default the current one.",
)
@click.pass_obj
def mcp(choice: PluginChoice, folder: Path) -> None:
    """Serve validate, plan, run and result tables to an editor or assistant (Model Context Protocol).

    Messages are lines of JSON-RPC 2.0 on standard input and output. Nothing outside the folder is read by a
    spec or written.
    """
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "w", encoding="utf-8") as sink:
        # What tools and their processes print is no message.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os.chdir(folder)
        for line in source:
            if answer := answered(Session(choice, folder), line):
                sink.write(f"{json.dumps(answer)}\n")
                sink.flush()
