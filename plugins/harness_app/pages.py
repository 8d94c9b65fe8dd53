"""The pages: the folder, a study, the queue, and a finished run."""

from __future__ import annotations

import asyncio
import json
import mimetypes
import re
import shlex
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import URL, FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from harness.plugin import HarnessError, Problem, SpecError, marked
from harness.plugin.commands import Session, decode
from harness.plugin.reporting import file_slug, language_in_use
from harness_app import spec_text
from harness_app.folder import DATA, SAVED, SPECS, Folder
from harness_app.guard import POLICY_OF_REPORTS, UPLOAD, Door, Guarded
from harness_app.queue import Queue, QueuedRun, Standing
from harness_app.tools import Tools
from harness_app.view import LANGUAGES, page

# Mistakes of a run that are shown next to it; its verification has them all.
MOST_FAULTS = 3

STATIC = Path(__file__).with_name("static")
mimetypes.add_type("text/javascript", ".js")  # whatever this machine calls it


def made_app(session: Session, door: Door) -> Starlette:
    """Return the application of a folder."""
    desk = Desk(session)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        working = asyncio.create_task(desk.queue.work())
        try:
            yield
        finally:
            working.cancel()
            desk.tools.end()

    post = partial(Route, methods=["POST"])
    return Starlette(
        routes=[
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/", desk.home),
            Route("/study", desk.study),
            Route("/queue", desk.show_queue),
            Route("/log/{number:int}", desk.log),
            Route("/run", desk.run),
            Route("/files/{path:path}", desk.file),
            Route("/report/{path:path}", desk.report),
            Route("/language/{language}", speak),
            post(UPLOAD, desk.upload),
            post("/study", desk.changed),
            post("/plan", desk.plan),
            post("/begin", desk.begin),
            post("/cancel/{number:int}", desk.cancel),
            post("/resume/{number:int}", desk.resume),
            post("/printed/{command}", desk.printed),
            post("/compare", desk.compare),
        ],
        lifespan=lifespan,
        exception_handlers={HarnessError: _explained},
        middleware=[Middleware(Guarded, door=door)],
    )


async def _explained(request: Request, error: Exception) -> Response:
    problems = error.problems if isinstance(error, HarnessError) else ()
    is_part = "hx-request" in request.headers
    return page("faults" if is_part else "error", faults=problems, status=200 if is_part else 404)


async def speak(request: Request) -> Response:
    """Keep the language that was chosen."""
    language = request.path_params["language"]
    answer = RedirectResponse("/", 303)
    if language in LANGUAGES:
        answer.set_cookie("harness-language", language, httponly=True, samesite="strict")
    return answer


def _text(form: FormData, name: str) -> str:
    """Return a field of a form; browsers end lines as files of Windows do."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _fields(form: FormData, kind: str) -> dict[str, str]:
    """Return the fields of a kind by what follows it in their names."""
    return {key.partition(".")[2]: _text(form, key) for key in form if key.startswith(f"{kind}.")}


def _parts(form: FormData) -> dict[str, str]:
    """Return the part of each column that a form shows."""
    return {name: _text(form, f"part.{index}") for index, name in _fields(form, "name").items()}


class Desk:
    """What the pages of a folder share: its files, the tools of the harness, and the queue."""

    def __init__(self, session: Session) -> None:
        self.folder, self.tools, self.queue = Folder(session.folder), Tools(session), Queue(session)
        self._session = session
        self._kept: dict[tuple[object, ...], asyncio.Task[Mapping[str, Any]]] = {}

    async def home(self, request: Request) -> Response:
        """Show data, specs, runs and the queue."""
        contents = self.folder.contents()
        runs = [await self._seen(run) for run in contents.runs[:12]]
        return page("home", contents=contents, root=self.folder.root, runs=runs, jobs=self._jobs())

    async def _seen(self, run: str) -> dict[str, Any]:
        """Return what a run says, and what is wrong with its files."""
        paths = [path for path in sorted((self.folder.root / run).rglob("*")) if path.is_file()]
        try:
            seen = await self._once("answers", *paths, run=run)
        except HarnessError as error:
            return {"run": run, "answers": "", "faults": error.problems[:MOST_FAULTS]}
        return {"run": run, "answers": seen["answers"], "faults": seen["problems"][:MOST_FAULTS]}

    async def _once(self, tool: str, *paths: Path, **given: object) -> Mapping[str, Any]:
        """Return the answer of a tool about files, which all wait for, kept until they change."""
        key = (tool, language_in_use(), repr(given), *(path.stat().st_mtime_ns for path in paths))
        if key not in self._kept:
            self._kept[key] = asyncio.create_task(self.tools.call(tool, **given))
        try:
            return await self._kept[key]
        except HarnessError:
            self._kept.pop(key, None)
            raise

    async def upload(self, request: Request) -> Response:
        """Write a file into the folder; one that is there stays."""
        async with request.form(max_files=1, max_fields=1) as form:
            sent = form.get("file")
            if not isinstance(sent, UploadFile) or not sent.filename:
                raise SpecError.at("file", marked("none was chosen"), hint=marked("choose a data file"))
            path = self.folder.new(Path(sent.filename).name, DATA)
            try:
                with path.open("xb") as file:
                    await asyncio.to_thread(shutil.copyfileobj, sent.file, file)
            except FileExistsError as error:
                hint = marked("choose it below, or rename yours")
                raise SpecError.at(path.name, marked("is there already"), hint=hint) from error
        study = URL("/study").include_query_params(data=path.name)
        return Response(headers={"HX-Redirect": str(study)})

    async def study(self, request: Request) -> Response:
        """Show a data file, or the study of a spec."""
        data, name = request.query_params.get("data", ""), request.query_params.get("spec", "")
        text = self._spec(name) if name else ""
        data = data or _named_in(text, "data", "path")
        if not name:
            self.folder.path(data)
        return page("study", **await self._described(data, text, name, FormData()))

    def _spec(self, name: str) -> str:
        path = self.folder.path(name)
        if path.suffix not in SPECS or not path.is_file():
            raise SpecError.at(name, marked("is no spec"))
        return decode(Path(name), path.read_bytes())

    async def changed(self, request: Request) -> Response:
        """Take over what was changed, in the form or in the text, and say what is wrong with it."""
        form = await request.form()
        text, faults = _text(form, "text"), list[Problem]()
        try:
            text = await self._with_choices(text, form)
        except HarnessError as error:
            faults += error.problems
        described = await self._described(_text(form, "data"), text, _text(form, "file"), form)
        described["faults"] = [*faults, *described["faults"]]
        return page("form", **described)

    async def _with_choices(self, text: str, form: FormData) -> str:
        """Return the text of a spec with what the form says; a text that was edited comes first."""
        sheets, is_new = [*map(str, form.getlist("sheet"))], not text or "anew" in form
        if not is_new and text != _text(form, "shown"):
            return text
        drafted, one = "", {part: name for name, part in _parts(form).items()}
        if is_new or ("sheets" in form and {*sheets} != {*spec_text.sheets_of(spec_text.read(text))}):
            answers = {part: one[part] for part in ("entity", "time", "outcome", "exposure") if part in one}
            if not {"outcome", "exposure"} <= set(answers):
                return text
            words = {"file": _text(form, "data"), "sheets": sheets, "language": language_in_use()}
            drafted = (await self.tools.call("init", **words, **answers))["spec"]
        text = drafted if is_new else text
        spec, before = spec_text.read(text), spec_text.written(spec_text.read(text))
        question, shown = _text(form, "question"), spec_text.question_of(spec)
        if not is_new:
            spec_text.give_parts(spec, _parts(form))
            if drafted:
                spec["data"] = spec_text.read(drafted)["data"]
            if (estimator := _text(form, "of")) in spec_text.estimators_of(spec):
                spec_text.set_options(spec, estimator, _fields(form, "option"))
            if (name := _text(form, "file")) != _text(form, "named"):
                spec["study"] = file_slug(Path(name).stem.replace("_", "-"))  # a folder of its own
        if question != shown and question in spec_text.questions():
            spec_text.ask(spec, question)
        after = spec_text.written(spec)
        return text if after == before else after

    async def _described(self, data: str, text: str, name: str, form: FormData) -> dict[str, Any]:
        """Return what the page of a study shows: columns with their parts, the text, and what is wrong."""
        faults, checked = list[Problem](), None
        seen: Mapping[str, Any] = {"columns": [], "sheets": []}
        sheets, expert, experts = [*map(str, form.getlist("sheet"))], _text(form, "expert"), list[str]()
        given, options, question = dict[str, str](), list[dict[str, Any]](), ""
        try:
            if text:
                spec = spec_text.read(text)
                given, sheets = spec_text.parts_of(spec), spec_text.sheets_of(spec)
                experts, question = spec_text.estimators_of(spec), spec_text.question_of(spec)
                if expert in experts:
                    entry = spec_text.entry_of(spec, expert)
                    options = spec_text.options_of(entry, await self._once("schema"))
                checked = await self.tools.call("validate", spec=text)
        except HarnessError as error:
            faults += error.problems
        try:
            if data:
                path = self.folder.path(data)
                words = {"file": data, "language": language_in_use()}
                seen = await self._once("init", path, **words)
                some = [one["name"] for one in seen["sheets"] if one["name"] in sheets]
                seen = await self._once("init", path, sheets=some, **words) if some else seen
        except HarnessError as error:
            faults += error.problems
        parts = given or _parts(form)
        known = {one["name"]: one for one in seen["columns"]}
        plain = {"label": "", "unit": "", "kind": "", "bars": ()}
        rows = [{**one, "part": parts.get(name, "" if given else one["part"])} for name, one in known.items()]
        rows += [{**plain, "name": name, "part": given[name]} for name in given if name not in known]
        for row in rows:
            alone = rf"|roles\.{row['part']}\b" if row["part"] in spec_text.SINGLE else ""
            row["faults"] = _about(rf"'{re.escape(row['name'])}'{alone}", faults)
        for option in options:
            option["faults"] = _about(rf"estimators\[{experts.index(expert)}\]\.{option['name']}\b", faults)
        shown = {id(fault) for row in (*rows, *options) for fault in row["faults"]}
        study = _named_in(text, "study")
        return {
            "data": data,
            "text": text,
            "file": name or (f"{study}.yaml" if study else ""),
            "rows": rows,
            "sheets": seen["sheets"],
            "faults": [fault for fault in faults if id(fault) not in shown],
            "n_faults": len(faults),
            "checked": checked,
            "expert": expert,
            "experts": experts,
            "options": options,
            "question": question,
            "command": shlex.join(["harness", *self._session.plugins.words, "run", name or f"{study}.yaml"]),
        }

    async def plan(self, request: Request) -> Response:
        """Show what a run would fit, and its time and memory."""
        form = await request.form()
        planned = await self.tools.call("plan", spec=_text(form, "text"), quick="quick" in form)
        return page("plan", **planned)

    async def begin(self, request: Request) -> Response:
        """Save the spec and put its run into the queue."""
        form = await request.form()
        text, name = _text(form, "text"), _text(form, "file")
        await self.tools.call("validate", spec=text)
        path = self.folder.new(name, SPECS)
        if path.exists() and path.read_bytes() != text.encode() and "replace" not in form:
            hint = marked("tick `replace`, or name another file")
            raise SpecError.at(name, marked("is there already, with another text"), hint=hint)
        path.write_text(text, encoding="utf-8")
        self.queue.add(_named_in(text, "study"), name, quick="quick" in form)
        return await self.show_queue(request)

    async def show_queue(self, request: Request) -> Response:
        """Show the queue."""
        return page("queue", jobs=self._jobs())

    def _jobs(self) -> list[tuple[QueuedRun, Standing]]:
        return [(job, self.queue.standing(job)) for job in [*self.queue.jobs().values()][:20]]

    def _job(self, request: Request) -> QueuedRun:
        if (job := self.queue.jobs().get(request.path_params["number"])) is None:
            raise HTTPException(404)
        return job

    async def log(self, request: Request) -> Response:
        """Show what a run has printed."""
        return PlainTextResponse(self.queue.log(self._job(request)))

    async def cancel(self, request: Request) -> Response:
        """End a run as Ctrl-C does."""
        self.queue.cancel(self._job(request))
        return await self.show_queue(request)

    async def resume(self, request: Request) -> Response:
        """Put a run into the queue again, to go on from what is finished."""
        job = self._job(request)
        spec = self.folder.path(job.spec)
        if self.queue.standing(job).state == "stopped" and spec.suffix in SPECS:
            self.queue.add(job.study, self.folder.name_of(spec), quick=job.quick, resume=True)
        return await self.show_queue(request)

    def _run(self, given: str) -> str:
        """Return a finished run of the folder."""
        run = self.folder.name_of(self.folder.path(given))
        if run not in self.folder.contents().runs:
            raise SpecError.at(given, marked("is no finished run"))
        return run

    async def run(self, request: Request) -> Response:
        """Show a finished run."""
        run = self._run(request.query_params.get("run", ""))
        others = [other for other in self.folder.contents().runs if other != run]
        return page("run", **await self._seen(run), others=others, files=self.folder.files_of(run))

    async def file(self, request: Request) -> Response:
        """Return a file of the folder to save."""
        path = self._file(request, SAVED)
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    async def report(self, request: Request) -> Response:
        """Return a page of a run, which runs no script."""
        path, headers = self._file(request, {".html"}), {"Content-Security-Policy": POLICY_OF_REPORTS}
        return FileResponse(path, headers=headers, media_type="text/html; charset=utf-8")

    def _file(self, request: Request, endings: Set[str]) -> Path:
        path = self.folder.path(request.path_params["path"])
        if path.suffix not in endings or not path.is_file():
            raise HTTPException(404)
        return path

    async def printed(self, request: Request) -> Response:
        """Show what a command about a run prints: whether files and numbers hold, its replication archive."""
        command, run = request.path_params["command"], self._run(_text(await request.form(), "run"))
        if command not in ("verify", "pack"):
            raise HTTPException(404)
        code, output = await self.tools.printed(command, run)
        words, archive = f"harness {shlex.join([command, run])}", f"{run}.zip"
        archive = archive if command == "pack" and code == 0 else ""
        return page("said", code=code, output=output, command=words, archive=archive)

    async def compare(self, request: Request) -> Response:
        """Show two runs side by side where they differ."""
        form = await request.form()
        runs = [self._run(_text(form, name)) for name in ("run", "other")]
        _, output = await self.tools.printed("compare", "--json", *runs)
        try:
            return page("compare", runs=runs, difference=json.loads(output))
        except ValueError as error:
            raise SpecError.at(" ".join(runs), output) from error


def _about(pattern: str, faults: Sequence[Problem]) -> list[Problem]:
    """Return the mistakes whose place or words have a pattern."""
    return [fault for fault in faults if re.search(pattern, f"{fault.where} {fault.what}")]


def _named_in(text: str, *keys: str) -> str:
    """Return a name that a spec has at some keys, one within the other; empty where it has none."""
    with suppress(HarnessError):
        value: object = spec_text.read(text)
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else ""
    return ""
