"""``harness mcp``: the Model Context Protocol on standard input and output, for editors and assistants.

A message is a line of JSON-RPC 2.0, as revision 2025-11-25 of the protocol has it. A tool takes what the
command of its name takes, and answers what Python's interface gives, as JSON. Mistakes of a call are the
messages of the command, in the language of the study, with the name of its exit code. A call that is
cancelled ends as if its process were killed: what is finished is kept for `resume`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Annotated, Any

import click

from harness import __version__
from harness.commands import options as shared
from harness.commands.plugins import listed
from harness.errors import ArtifactError, DataError, HarnessError, MachineError, Problem, SpecError
from harness.language import ENGLISH, LINES, Coded, chained, languages, marked, quoted
from harness.registry.choice import PluginChoice
from harness.running.options import OPTIONS, RunOptions
from harness.terminal import problem_text, speak, spoken_here, terminal_text

if TYPE_CHECKING:
    from pydantic import BaseModel

    from harness.draft.described import DescribedColumn, DescribedSheet
    from harness.running.processes import WorkerProcess
    from harness.tables.preparation import Note

# Revisions of the protocol, the latest first; what is used of it is the same in all.
REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

# What the protocol itself refuses, by the codes of JSON-RPC.
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMETERS = -32700, -32600, -32601, -32602

# Texts of arguments: no file and no spec has the character that ends them in C.
TEXT = r"^[^\x00]*$"

# Rows of a table that an answer has unless more are asked for.
SOME_ROWS = 200

# Parts of columns in a draft.
PARTS = ("entity", "time", "outcome", "exposure")

Json = Mapping[str, Any]


def followed(path: Path) -> Path:
    """Return where a path leads, links followed.

    Raises
    ------
    SpecError
        Where links lead to each other, or the path is none.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise SpecError.at(
            str(path),
            Coded("leads nowhere: {error}", error=quoted(str(error))),
            hint=marked("name another path"),
        ) from error


@dataclass(frozen=True)
class Session:
    """What one session may use: the plugins, and the folder that nothing is read or written outside of.

    Attributes
    ----------
    language : that its mistakes and notes are in; empty for that of the study
    """

    plugins: PluginChoice
    folder: Path
    language: str = ""

    def path(self, given: str) -> Path:
        """Return a path within the folder, which is the current one, as the command would be given it.

        Raises
        ------
        SpecError
            Where it leads outside, links followed.
        """
        path = followed(self.folder / given)
        if not path.is_relative_to(self.folder):
            hint = Coded(
                "name a path within {folder}, or start harness mcp with another --folder", folder=self.folder
            )
            raise SpecError.at(given, marked("lies outside of the folder of this session"), hint=hint)
        return path.relative_to(self.folder) if Path(given).is_absolute() else Path(given)

    def options(self, given: Json) -> RunOptions:
        """Return the options of a run, of which nothing lies outside; speak as session or spec have it."""
        from harness.study.spec.document import WrittenSpec

        paths = {name: self.path(given[name]) for name in ("data", "out") if name in given}
        overrides = tuple(given.get("overrides", ()))
        # No path has several lines.
        text = given["spec"]
        spec = WrittenSpec(text, is_seen=True) if "\n" in text else self.path(text)
        fixed = {"spec": spec, "overrides": overrides, "plugins": self.plugins, "backend": "local"}
        options = RunOptions(**{**given, **paths, **fixed})
        if not self.language:
            shared.speak_as(options)
        return options


def in_words(record: Note | Problem) -> Json:
    """Return the fields of a record, messages in the language of the study."""
    return {name: terminal_text(text) for name, text in vars(record).items()}


def init(session: Session, given: Json) -> Json:
    """Describe the columns and sheets of a data file; with outcome and exposure, draft a spec as YAML too."""
    from harness.data.read.files import DataFolder
    from harness.data.read.source import READER
    from harness.draft.described import described_columns, described_sheets
    from harness.draft.draft import Answers, draft_of
    from harness.draft.found_data import find_data
    from harness.draft.spec_text import spec_text, summary

    shared.speak_in(given.get("language"), session.plugins)
    catalogs = shared.found(session.plugins).catalogs
    parts = {part: given.get(part) for part in PARTS}
    known = Answers(**parts, levels=tuple(given.get("levels", ())), sheets=tuple(given.get("sheets", ())))
    folder = DataFolder(Path(), allow_outside=False, readers=catalogs[READER.name].members)
    seen = find_data([session.path(given["file"])], known, folder=folder)
    sheets = list(map(_with_reason, described_sheets(seen)))
    if known.outcome is None or known.exposure is None:
        columns = list(map(_with_reason, described_columns(seen)))
        return {"columns": columns, "sheets": sheets, "spec": "", "summary": []}
    draft = draft_of(seen.table.frame, seen.answers, origin=seen.table.origin)
    with spoken_here():
        return {
            "columns": list(map(_with_reason, described_columns(seen, draft))),
            "sheets": sheets,
            "spec": spec_text(draft, seen, catalogs),
            "summary": summary(draft, seen).splitlines(),
        }


def _with_reason(seen: DescribedColumn | DescribedSheet) -> Json:
    """Return the fields of a column or sheet, with the reason in the language of the draft."""
    return {**asdict(seen), "reason": terminal_text(seen.reason)}


def validate(session: Session, given: Json) -> Json:
    """Check a spec and its data, and list what a run would meet."""
    from harness.api import prepare_study
    from harness.preflight.checks import check_run

    prepared = prepare_study(session.options(given))
    seen, panels, study = check_run(prepared), prepared.panels, prepared.plan.study
    if seen.is_in_vain:
        raise DataError(*seen.refused)
    size = {"entities": len(panels.entity.labels), "periods": len(panels.time.labels), "rows": panels.n_obs}
    size["rows_read"] = prepared.n_read
    content = {"notes": list(map(in_words, seen.notes)), "refused": list(map(in_words, seen.refused))}
    return {"study": study.study, "estimators": [entry.id for entry in study.estimators], **size, **content}


def plan(session: Session, given: Json) -> Json:
    """List what a run would fit, with the time and memory that it would take."""
    from harness.api import prepare_study
    from harness.preflight.cost import estimate_cost
    from harness.report.write import json_value

    options = session.options(given)
    planned = prepare_study(options).plan
    expected = estimate_cost(planned, on_probe=lambda _: None)
    needed = {"seconds": expected.seconds(options.jobs), "bytes": json_value(expected.peak)}
    return {"plan": planned.describe().splitlines(), **needed}


def run(session: Session, given: Json) -> Json:
    """Run a study and write its tables, figures and report; returns what it says of each outcome."""
    from harness.api import open_run, run_study
    from harness.running.prepare import load
    from harness.running.processes import tell

    options = session.options(given)
    study = load(options, shared.found(session.plugins)).study.study
    out = options.out or session.path(f"runs/{study}")
    folder = run_study(
        replace(options, out=out), on_progress=lambda done, total, now: tell(done, total, terminal_text(now))
    )
    return {
        "run": folder.path.as_posix(),
        "files": list(folder.files()),
        "answers": open_run(folder.path).answers(),
    }


def answers(session: Session, given: Json) -> Json:
    """Return what a finished run says of each outcome, and what is wrong with its files."""
    from harness.api import open_run
    from harness.audit.integrity import file_problems, manifest_problems
    from harness.running.folder import RunFolder

    folder = RunFolder.open(session.path(given["run"]))
    if wrong := tuple(manifest_problems(folder)):
        raise ArtifactError(*wrong)
    problems = map(in_words, file_problems(folder, folder.manifest()))
    return {"answers": open_run(folder.path).answers(), "problems": list(problems)}


def table(session: Session, given: Json) -> Json:
    """Return rows of a result table of a finished run, such as findings, gain, effects or coefficients."""
    from harness.api import open_run
    from harness.report.write import json_value

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
    from pydantic import ConfigDict, Field, StringConstraints, create_model

    text = Annotated[str, StringConstraints(pattern=TEXT)]
    known: dict[str, Any] = {
        "spec": (text, Field(description="path of the spec within the folder, or its YAML text")),
        "run": (text, Field(description="run folder")),
        "file": (text, Field(description="data file within the folder")),
        **dict.fromkeys(PARTS, (text, Field(None, description="column"))),
        "levels": (list[text], Field(None, description="values of an exposure of texts, the base first")),
        "sheets": (list[text], Field(None, description="sheets of a workbook to read; all unless given")),
        "language": (
            Annotated[str, StringConstraints(pattern=f"^({'|'.join(languages())})$")],
            Field(ENGLISH, description=f"of the draft: {', '.join(languages())}"),
        ),
        "name": (text, Field("findings", description="table, such as findings, gain, effects")),
        "rows": (int, Field(SOME_ROWS, ge=1, description="most rows of the answer")),
    }
    for name, option in OPTIONS.items():
        kind: Any = text if option.kind in (str, Path) else option.kind
        kind = list[kind] if option.is_repeated else kind
        known[name] = (kind, Field(None, description=option.help))
    taken: dict[Callable[[Session, Json], Json], tuple[str, ...]] = {
        init: ("file", *PARTS, "levels", "sheets", "language"),
        validate: ("spec", "data", "overrides"),
        plan: ("spec", "data", "quick", "jobs", "overrides"),
        run: ("spec", "data", "out", "quick", "jobs", "time_limit", "resume", "overrides"),
        answers: ("run",),
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
    speak(ENGLISH)  # until a spec is read that has another language
    shared.speak_in(session.language, session.plugins)
    try:
        answer = call(session, model.model_validate(arguments).model_dump(exclude_unset=True))
        return {"content": [{"type": "text", "text": json.dumps(answer)}], "structuredContent": answer}
    except ValidationError as error:
        wrong = (Problem(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors())
        known: HarnessError = SpecError(*wrong)
    except Exception as error:  # noqa: BLE001 - as the command, a session tells of it and goes on
        known = error if isinstance(error, HarnessError) else unforeseen(error)
    return _mistakes(known)


def _mistakes(known: HarnessError) -> Json:
    content = {"error": known.exit_code.name, "problems": list(map(in_words, known.problems))}
    text = terminal_text(chained(map(problem_text, known.problems), LINES))
    return {"content": [{"type": "text", "text": text}], "structuredContent": content, "isError": True}


def reply(message: Json) -> Json:
    """Return the result of a request that is no call of a tool, or the error that the protocol has for it."""
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
        return refused(INVALID_PARAMETERS, f"no tool is called '{given.get('name')}': {', '.join(tools())}")
    return {"result": {}} if method == "ping" else refused(NO_METHOD, f"no method is called {method!r}")


def refused(code: int, message: str) -> Json:
    """Return an error of JSON-RPC."""
    return {"error": {"code": code, "message": message}}


class Server:
    """Answers messages; calls of tools are done in processes of their own, at the same time.

    Parameters
    ----------
    send : writes an answer
    """

    def __init__(self, session: Session, send: Callable[[Json], None]) -> None:
        self._session, self._send = session, send
        self._lock = Lock()
        self._idle: list[WorkerProcess] = []
        self._busy: dict[object, WorkerProcess] = {}
        self._calls: list[Thread] = []

    def take(self, line: bytes) -> None:
        """Answer a message, at once unless it calls a tool; a notice that a call is cancelled ends it."""
        try:
            message = json.loads(line, parse_constant=finite, parse_float=finite)
        except (ValueError, RecursionError) as error:
            self._send({"jsonrpc": "2.0", "id": None, **refused(PARSE_ERROR, f"not JSON: {error}")})
            return
        request = message if isinstance(message, dict) else {"id": None}
        given = request.get("params")
        asked = given if isinstance(given, dict) else {}
        if request.get("method") == "notifications/cancelled":
            with self._lock:
                if worker := self._busy.pop(json.dumps(asked.get("requestId")), None):
                    worker.end()
        elif "id" in request:
            if request.get("method") == "tools/call" and asked.get("name") in [*tools()]:
                self._begin(request["id"], asked)
            else:
                self._send({"jsonrpc": "2.0", "id": request["id"], **reply(request)})

    def _begin(self, number: object, params: Json) -> None:
        from harness.running.processes import start_worker

        key = json.dumps(number)
        with self._lock:
            worker = self._busy[key] = self._idle.pop() if self._idle else start_worker()
        self._calls.append(Thread(target=self._answer, args=(number, key, worker, params), daemon=True))
        self._calls[-1].start()

    def _answer(self, number: object, key: str, worker: WorkerProcess, params: Json) -> None:
        from harness.running.processes import DeadWorkerError

        name, given, meta = params["name"], params.get("arguments") or {}, params.get("_meta")
        token = meta.get("progressToken") if isinstance(meta, dict) else None

        def heard(done: int, total: int, now: str) -> None:
            if token is not None:
                notice = {"progressToken": token, "progress": done, "total": total, "message": now}
                self._send({"jsonrpc": "2.0", "method": "notifications/progress", "params": notice})

        try:
            result = worker.call(call_tool, self._session, name, given, heard=heard)
        except DeadWorkerError as dead:
            hint = Coded("{cause}; run again with resume, which keeps what is done", cause=dead.cause)
            result = _mistakes(MachineError.at(name, marked("its process ended"), hint=hint))
        with self._lock:
            if self._busy.pop(key, None) is None:  # it was cancelled, and nobody waits for an answer
                return
            if not worker.is_dead:
                self._idle.append(worker)
        self._send({"jsonrpc": "2.0", "id": number, "result": result})

    def end(self) -> None:
        """Wait for the calls, and end the processes."""
        for call in self._calls:
            call.join()
        for worker in self._idle:
            worker.end()


def finite(text: str) -> float:
    """Return a number; refuse what Python reads as one, or as an infinite one, and JSON cannot say."""
    if math.isfinite(number := float(text)):
        return number
    message = f"{text} is no number of JSON"
    raise ValueError(message)


@click.command()
@shared.path_option("--folder", "Folder to read specs from and write runs into; by default the current one.")
@click.pass_obj
def mcp(choice: PluginChoice, folder: Path | None) -> None:
    """Serve init, validate, plan, run and result tables to an editor or assistant (Model Context Protocol).

    Messages are lines of JSON-RPC 2.0 on standard input and output. Nothing outside the folder is read by a
    spec or written.
    """
    session = Session(choice, followed(folder or Path()))
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "w", encoding="utf-8") as sink:
        # What tools and their processes print is no message.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os.chdir(session.folder)
        writing = Lock()

        def send(answer: Json) -> None:
            with writing:
                sink.write(f"{json.dumps(answer)}\n")
                sink.flush()

        server = Server(session, send)
        for line in source:
            server.take(line)
        server.end()
