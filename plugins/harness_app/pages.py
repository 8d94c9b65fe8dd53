"""The pages: the folder, a study, the queue, and a finished run."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import URL, FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from harness.plugin import HarnessError
from harness_app import spec_text
from harness_app.child import CommandSession, Fault, ToolError, output_of
from harness_app.folder import DATA, MANIFEST, SAVED, SHOWN, SPECS, Folder
from harness_app.guard import POLICY_OF_REPORTS, UPLOAD, Door, Guarded
from harness_app.queue import Queue, QueuedRun
from harness_app.view import LANGUAGES, page

STATIC = Path(__file__).with_name("static")
KINDS = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}

# Bytes that are written at once.
PIECE = 1 << 20


def made_app(root: Path, words: Sequence[str], door: Door) -> Starlette:
    """Return the application of a folder."""
    desk = Desk(root, words)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        working = asyncio.create_task(desk.queue.work())
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await desk.session.end()

    gets: Mapping[str, Endpoint] = {
        "/": desk.home,
        "/study": desk.study,
        "/queue": desk.show_queue,
        "/log/{number:int}": desk.log,
        "/run": desk.run,
        "/files/{path:path}": desk.file,
        "/report/{path:path}": desk.report,
        "/static/{name}": static,
        "/language/{language}": speak,
    }
    posts: Mapping[str, Endpoint] = {
        UPLOAD: desk.upload,
        "/study": desk.changed,
        "/plan": desk.plan,
        "/begin": desk.begin,
        "/save": save,
        "/cancel/{number:int}": desk.cancel,
        "/resume/{number:int}": desk.resume,
        "/verify": desk.verify,
        "/pack": desk.pack,
        "/compare": desk.compare,
    }
    routes = [Route(path, endpoint, methods=["GET"]) for path, endpoint in gets.items()]
    routes += [Route(path, endpoint, methods=["POST"]) for path, endpoint in posts.items()]
    handlers: Mapping[Any, Any] = {HarnessError: _explained, ToolError: _explained}
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers=handlers,
        middleware=[Middleware(Guarded, door=door)],
    )


Endpoint = Callable[[Request], Awaitable[Response]]


def faults_of(error: HarnessError | ToolError) -> tuple[Fault, ...]:
    """Return the mistakes that an error names."""
    if isinstance(error, ToolError):
        return error.faults
    return tuple(Fault(one.where, one.what, one.expected, one.hint) for one in error.problems)


async def _explained(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, HarnessError | ToolError) else ToolError(Fault("", str(error)))
    if "hx-request" in request.headers:
        return page(request, "faults", faults=faults_of(known))
    return page(request, "error", faults=faults_of(known), status=404)


async def static(request: Request) -> Response:
    """Return a file of the page itself."""
    path = STATIC / request.path_params["name"]
    if path.parent != STATIC or path.suffix not in KINDS or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=KINDS[path.suffix])


async def speak(request: Request) -> Response:
    """Keep the language that was chosen."""
    language = request.path_params["language"]
    answer = RedirectResponse("/", 303)
    if language in LANGUAGES:
        answer.set_cookie("harness-language", language, httponly=True, samesite="strict")
    return answer


async def save(request: Request) -> Response:
    """Return the spec as a file to save."""
    text = _text(await request.form(), "text")
    headers = {"Content-Disposition": 'attachment; filename="study.yaml"'}
    return PlainTextResponse(text, headers=headers, media_type="application/yaml")


def _text(form: FormData, name: str) -> str:
    """Return a field of a form; browsers end lines as files of Windows do."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


class Desk:
    """What the pages of a folder share: its files, a session of the harness, and the queue."""

    def __init__(self, root: Path, words: Sequence[str]) -> None:
        self.folder, self.session, self.queue = Folder(root), CommandSession(root, words), Queue(root, words)
        self._root, self._words = root, words
        self._kept: dict[tuple[str, Path, int], Mapping[str, Any]] = {}

    async def home(self, request: Request) -> Response:
        """Show data, specs, runs and the queue."""
        contents = self.folder.contents()
        runs = [(run, await self._answers(run)) for run in contents.runs[:12]]
        shown: dict[str, Any] = {
            "data": contents.data,
            "specs": contents.specs,
            "runs": runs,
            "root": str(self._root),
        }
        return page(request, "home", **shown, **self._queued())

    async def _answers(self, run: str) -> str:
        try:
            return str((await self._once("answers", self._root / run / MANIFEST, run=run))["answers"])
        except ToolError as error:
            return error.faults[0].what

    def _queued(self) -> dict[str, Any]:
        return {"jobs": [(job, *self.queue.progress(job)) for job in self.queue.jobs()[:20]]}

    async def upload(self, request: Request) -> Response:
        """Write a file into the folder; one that is there stays."""
        async with request.form(max_files=1, max_fields=1) as form:
            sent = form.get("file")
            if not isinstance(sent, UploadFile) or not sent.filename:
                raise ToolError(Fault("file", "none was chosen", hint="choose a data file"))
            path = self.folder.new(Path(sent.filename).name, DATA)
            try:
                with path.open("xb") as file:
                    while piece := await sent.read(PIECE):
                        file.write(piece)
            except FileExistsError as error:
                hint = "choose it below, or rename yours"
                raise ToolError(Fault(path.name, "is there already", hint=hint)) from error
        return RedirectResponse(URL("/study").include_query_params(data=path.name), 303)

    async def study(self, request: Request) -> Response:
        """Show a data file, or the study of a spec."""
        data, name = request.query_params.get("data", ""), request.query_params.get("spec", "")
        text = ""
        if name:
            path = self.folder.path(name)
            if path.suffix not in SPECS:
                raise ToolError(Fault(name, "is no spec"))
            text = path.read_text(encoding="utf-8")
            data = data or _named_in(text, "data", "path")
        else:
            self.folder.path(data)
        return page(request, "study", **await self._described(data, text, name))

    async def changed(self, request: Request) -> Response:
        """Take over what was changed, in the form or in the text, and say what is wrong with it."""
        form = await request.form()
        text, shown, data = (_text(form, name) for name in ("text", "shown", "data"))
        names = {key.partition(".")[2]: _text(form, key) for key in form if key.startswith("name.")}
        parts = {name: _text(form, f"part.{index}") for index, name in names.items()}
        question, faults = _text(form, "question"), list[Fault]()
        try:
            text = await self._with_choices(text, shown, data, parts, question, anew="anew" in form)
        except (HarnessError, ToolError) as error:
            faults += faults_of(error)
        described = await self._described(data, text, _text(form, "file"), parts if not text else None)
        described["faults"] = [*faults, *described["faults"]]
        return page(request, "form", **described)

    async def _with_choices(
        self, text: str, shown: str, data: str, parts: Mapping[str, str], question: str, *, anew: bool
    ) -> str:
        """Return the text of a spec with what the form says; a text that was edited comes first."""
        if text and text != shown and not anew:
            return text
        one = {part: name for name, part in parts.items() if part}
        if anew or not text:
            answers = {part: one[part] for part in ("entity", "time", "outcome", "exposure") if part in one}
            if {"outcome", "exposure"} <= set(answers):
                text = str((await self.session.call("init", file=data, **answers))["spec"])
        if text:
            spec = spec_text.read(text)
            now = spec_text.parts_of(spec)
            wanted = {} if anew or not shown else parts
            differing = {name: part for name, part in wanted.items() if now.get(name, "") != part}
            if differing:
                spec_text.give_parts(spec, differing)
            if question in spec_text.questions():
                spec_text.ask(spec, question)
            if differing or question:
                text = spec_text.written(spec)
        return text

    async def _described(
        self, data: str, text: str, name: str, parts: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return what the page of a study shows: columns with their parts, the text, and what is wrong."""
        faults, checked, columns = list[Fault](), None, list[Mapping[str, Any]]()
        try:
            columns = [*await self._columns_of(data)] if data else []
        except (HarnessError, ToolError) as error:
            faults += faults_of(error)
        given = dict(parts or {one["name"]: one["part"] for one in columns})
        if text:
            try:
                given = spec_text.parts_of(spec_text.read(text))
                checked = await self.session.call("validate", spec=text)
            except (HarnessError, ToolError) as error:
                faults += faults_of(error)
        known = {one["name"] for one in columns}
        columns += [{"name": name, "kind": "", "bars": ()} for name in given if name not in known]
        rows = [
            {**one, "part": given.get(one["name"], ""), "faults": _about(one["name"], given, faults)}
            for one in columns
        ]
        shown = {id(fault) for row in rows for fault in row["faults"]}
        study = _named_in(text, "study")
        return {
            "data": data,
            "text": text,
            "file": name or (f"{study}.yaml" if study else ""),
            "rows": rows,
            "faults": [fault for fault in faults if id(fault) not in shown],
            "n_faults": len(faults),
            "checked": checked,
            "parts": spec_text.PARTS,
            "questions": [*spec_text.questions()],
            "command": shlex.join(["harness", *self._words, "run", name or f"{study}.yaml"]) + " [--quick]",
        }

    async def _columns_of(self, data: str) -> Sequence[Mapping[str, Any]]:
        columns: Sequence[Mapping[str, Any]]
        columns = (await self._once("init", self.folder.path(data), file=data))["columns"]
        return columns

    async def _once(self, tool: str, path: Path, /, **arguments: str) -> Mapping[str, Any]:
        """Return the answer of a tool about a file, kept until the file changes."""
        key = (tool, path, path.stat().st_mtime_ns)
        if key not in self._kept:
            self._kept[key] = await self.session.call(tool, **arguments)
        return self._kept[key]

    async def plan(self, request: Request) -> Response:
        """Show what a run would fit, and its time and memory."""
        form = await request.form()
        planned = await self.session.call("plan", spec=_text(form, "text"), quick="quick" in form)
        return page(request, "plan", **planned)

    async def begin(self, request: Request) -> Response:
        """Save the spec and put its run into the queue."""
        form = await request.form()
        text, name = _text(form, "text"), _text(form, "file")
        await self.session.call("validate", spec=text)
        path = self.folder.new(name, SPECS)
        if path.exists() and path.read_text(encoding="utf-8") != text and "replace" not in form:
            raise ToolError(
                Fault(
                    name, "is there already, with another text", hint="tick `replace`, or name another file"
                )
            )
        path.write_text(text, encoding="utf-8")
        self.queue.add(_named_in(text, "study"), name, quick="quick" in form)
        return page(request, "queue", **self._queued())

    async def show_queue(self, request: Request) -> Response:
        """Show the queue."""
        return page(request, "queue", **self._queued())

    def _job(self, request: Request) -> QueuedRun:
        job = self.queue.job(request.path_params["number"])
        if job is None:
            raise HTTPException(404)
        return job

    async def log(self, request: Request) -> Response:
        """Show what a run has printed."""
        return PlainTextResponse(self.queue.log(self._job(request)))

    async def cancel(self, request: Request) -> Response:
        """End a run as Ctrl-C does."""
        self.queue.cancel(self._job(request))
        return page(request, "queue", **self._queued())

    async def resume(self, request: Request) -> Response:
        """Put a run into the queue again, to go on from what is finished."""
        job = self._job(request)
        spec = self.folder.path(job.spec)
        if job.may_resume and spec.suffix in SPECS:
            self.queue.add(job.study, self.folder.name_of(spec), quick=job.quick, resume=True)
        return page(request, "queue", **self._queued())

    def _run(self, given: str) -> str:
        """Return a finished run of the folder."""
        run = self.folder.name_of(self.folder.path(given))
        if run not in self.folder.contents().runs:
            raise ToolError(Fault(given, "is no finished run"))
        return run

    async def run(self, request: Request) -> Response:
        """Show a finished run."""
        run = self._run(request.query_params.get("run", ""))
        others = [other for other in self.folder.contents().runs if other != run]
        shown: dict[str, Any] = {"run": run, "answers": await self._answers(run), "others": others}
        has_report = (self._root / run / "report.html").is_file()
        return page(request, "run", **shown, files=self.folder.files_of(run), has_report=has_report)

    async def file(self, request: Request) -> Response:
        """Return a file of the folder to save."""
        path = self.folder.path(request.path_params["path"])
        if path.suffix not in SAVED or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    async def report(self, request: Request) -> Response:
        """Return a page of a run, which runs no script."""
        path = self.folder.path(request.path_params["path"])
        if path.suffix not in SHOWN or not path.is_file():
            raise HTTPException(404)
        return FileResponse(
            path, headers={"Content-Security-Policy": POLICY_OF_REPORTS}, media_type=SHOWN[path.suffix]
        )

    async def verify(self, request: Request) -> Response:
        """Say whether a run's files and numbers hold."""
        run = self._run(_text(await request.form(), "run"))
        return await self._printed(request, "verify", run)

    async def pack(self, request: Request) -> Response:
        """Write the replication archive of a run."""
        run = self._run(_text(await request.form(), "run"))
        return await self._printed(request, "pack", run)

    async def compare(self, request: Request) -> Response:
        """Show two runs side by side where they differ."""
        form = await request.form()
        runs = [self._run(_text(form, name)) for name in ("run", "other")]
        _, output = await output_of(self._root, self._words, "compare", "--json", *runs)
        with suppress(ValueError):
            return page(request, "compare", runs=runs, difference=json.loads(output))
        return await self._printed(request, "compare", *runs)

    async def _printed(self, request: Request, *words: str) -> Response:
        code, output = await output_of(self._root, self._words, *words)
        archive = f"{words[1]}.zip" if words[0] == "pack" and code == 0 else ""
        return page(
            request,
            "said",
            code=code,
            output=output,
            command=shlex.join(["harness", *words]),
            archive=archive,
        )


def _about(column: str, parts: Mapping[str, str], faults: Sequence[Fault]) -> list[Fault]:
    """Return the mistakes that name a column, or the part that it alone plays."""
    part = parts.get(column, "")
    pattern = re.compile(
        rf"'{re.escape(column)}'|roles\.{part}\b" if part in spec_text.SINGLE else rf"'{re.escape(column)}'"
    )
    return [fault for fault in faults if pattern.search(f"{fault.where} {fault.what}")]


def _named_in(text: str, *keys: str) -> str:
    """Return a name that a spec has at some keys, one within the other; empty where it has none."""
    with suppress(HarnessError):
        value: object = spec_text.read(text)
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else ""
    return ""
