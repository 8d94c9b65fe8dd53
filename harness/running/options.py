"""What a study is run with, next to its spec: one type for the command, its API and its record."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import MachineError, SpecError
from harness.language import COMMAS, Coded, chained, marked
from harness.registry.choice import PluginChoice, requested_by_environment

if TYPE_CHECKING:
    from harness.data.data_spec import DataSpec
    from harness.data.read.files import FrameFile
    from harness.registry.registry import Registry
    from harness.running.cluster import DaskWorkers
    from harness.running.workers import LocalWorkers, ThisProcess, Workers
    from harness.study.spec.document import WrittenSpec

# ``here`` is this process where one worker is asked for, and ``local`` for more.
Backend = Literal["here", "local", "dask"]


@dataclass(frozen=True)
class Option:
    """What the command line says of a field of `RunOptions`, and which values it may have.

    Attributes
    ----------
    help : what it does
    kind : type of the value on the command line
    flag : its name there; that of the field unless given
    metavar : what stands for its value in the help
    least, most : limits of a number
    is_open : whether the number has to be greater than `least`
    choices : the values that the command line takes; the first is its default
    is_repeated : whether it may be given more than once
    is_recorded : whether numbers may depend on it, so that the command that repeats a run has it
    """

    help: str
    kind: type = str
    flag: str = ""
    metavar: str | None = None
    least: float | None = None
    most: float | None = None
    is_open: bool = False
    choices: tuple[str, ...] = ()
    is_repeated: bool = False
    is_recorded: bool = False

    def flag_of(self, name: str) -> str:
        """Return the name on the command line of the option for a field."""
        return self.flag or f"--{name.replace('_', '-')}"

    def words(self, name: str, value: Any) -> list[str]:  # noqa: ANN401 - of any field
        """Return a value as the command line has it; nothing for one that asks for nothing."""
        flag, values = self.flag_of(name), value if self.is_repeated else (value,)
        if self.kind is bool:
            return [flag] if value else []
        texts = [one.as_posix() if isinstance(one, Path) else str(one) for one in values if one is not None]
        return [word for text in texts for word in (flag, text)]

    def require(self, name: str, value: object) -> None:
        """Refuse a number outside the limits, and one that is not finite.

        Raises
        ------
        SpecError
        """
        if self.least is None or not isinstance(value, int | float):
            return
        is_whole = self.kind is float or float(value).is_integer()  # NaN and infinity are not
        is_high_enough = value > self.least if self.is_open else value >= self.least
        if not (
            is_whole and is_high_enough and value <= (sys.float_info.max if self.most is None else self.most)
        ):
            least = marked("more than {n}") if self.is_open else marked("at least {n}")
            limits = chained(
                [
                    marked("a whole number") if self.kind is int else marked("a finite number"),
                    Coded(least, n=f"{self.least:g}"),
                    *([Coded("at most {n}", n=f"{self.most:g}")] if self.most is not None else []),
                ],
                COMMAS,
            )
            raise SpecError.at(
                name, Coded("is {value}", value=value), limits, Coded("choose {limits}", limits=limits)
            )


# How the name of a registration ends, next to the spec.
REGISTERED = ".registration.json"


@dataclass(frozen=True)
class RunOptions:
    """What the command line, or a script, adds to a spec.

    What stands here of an attribute is the help of the command's option; the metadata of the field are an
    `Option`, from which `harness.commands.options` makes it.

    Attributes
    ----------
    spec : its file, or the values of a script; paths of data within it start at the file's folder, or at the
        current one
    data : data file to use instead of the one named in the spec
    out : run folder; by default runs/STUDY
    quick : fewer draws, splits and restarts; not for publication
    jobs : number of worker processes; by default one per available core
    backend : what starts the worker processes; results do not depend on it
    scheduler : address of a dask cluster to use instead of --jobs
    time_limit : time limit of one task: a fit on a fold, a fit on all rows, or a block of draws
    memory_limit : memory limit of a worker process (Linux); a task that exceeds it fails and is reported as
        such
    resume : resume an interrupted run of this study
    calibrated : output folder of harness calibrate for this study; its error rates are shown next to the
        findings
    registered : file that harness register wrote; by default the one next to the spec, if it is there
    trust_plugins : fit plugins that do not come with the harness next to all others, for who develops one; by
        default they have a process of their own, and what they change there moves no other numbers
    overrides : override one value of the spec; repeatable
    allow_outside : allow data files outside the folder of the spec
    plugins : which are off, and a folder of others; what the environment variables say unless given
    """

    spec: Path | WrittenSpec
    data: Path | FrameFile | None = field(default=None, metadata={"kind": Path, "is_recorded": True})
    out: Path | None = field(default=None, metadata={"kind": Path})
    quick: bool = field(default=False, metadata={"kind": bool, "is_recorded": True})
    jobs: int = field(default=1, metadata={"kind": int, "least": 1, "most": 1024})
    backend: Backend = field(default="here", metadata={"choices": ("local", "dask")})
    scheduler: str | None = field(default=None, metadata={"metavar": "ADDRESS"})
    time_limit: float | None = field(
        default=None, metadata={"kind": float, "metavar": "SECONDS", "least": 0.0, "is_open": True}
    )
    memory_limit: float | None = field(default=None, metadata={"kind": float, "metavar": "GB", "least": 0.5})
    resume: bool = field(default=False, metadata={"kind": bool})
    trust_plugins: bool = field(default=False, metadata={"kind": bool, "is_recorded": True})
    calibrated: Path | None = field(default=None, metadata={"kind": Path, "is_recorded": True})
    registered: Path | None = field(default=None, metadata={"kind": Path, "is_recorded": True})
    overrides: tuple[str, ...] = field(
        default=(),
        metadata={"flag": "--set", "metavar": "KEY=VALUE", "is_repeated": True, "is_recorded": True},
    )
    allow_outside: bool = field(default=False, metadata={"kind": bool, "is_recorded": True})
    plugins: PluginChoice = field(default_factory=requested_by_environment)

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            option.require(name, getattr(self, name))
        for name, value in (*vars(self).items(), ("plugins_folder", self.plugins.folder)):
            # What is in no UTF-8 has surrogates, which the record of the run cannot hold.
            if isinstance(value, Path) and re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", str(value)):
                expected = marked("a path in UTF-8 without line ends and other control characters")
                hint = marked("rename file and folders, or say PYTHONUTF8=1 if they are named in UTF-8")
                raise SpecError.at(
                    name, Coded("is no usable path: {value}", value=ascii(str(value))), expected, hint
                )

    @property
    def workers(self) -> Workers:
        """Where the tasks of the run are done."""
        return self.cluster or self.local_workers

    @property
    def local_workers(self) -> LocalWorkers | ThisProcess:
        """Processes of this machine, or this one, which has no limit of memory."""
        from harness.running.workers import LocalWorkers, ThisProcess

        if self.backend == "here" and self.jobs == 1 and self.memory_limit is None:
            return ThisProcess()
        return LocalWorkers(self.jobs, self.memory_limit)

    @property
    def cluster(self) -> DaskWorkers | None:
        """Workers of dask; None where they are not asked for."""
        if self.backend == "dask" or self.scheduler is not None:
            from harness.running.cluster import DaskWorkers

            return DaskWorkers(self.scheduler, self.jobs)
        return None

    def apart(self, registry: Registry) -> Callable[[Any], Any]:
        """Return what keeps tasks of plugins that are not ours apart: `harness.running.graph.kept_apart`."""
        from harness.registry.plugin import LocalFiles
        from harness.running.graph import kept_apart

        files = None if self.plugins.folder is None else LocalFiles.of(self.plugins.folder)
        # A worker of a cluster goes on after the run, with what a plugin leaves in it.
        is_trusted = self.trust_plugins and self.cluster is None
        return partial(kept_apart, own=registry.own, files=files, is_trusted=is_trusted)

    @property
    def registration(self) -> Path | None:
        """The registration that was named, or the one next to the spec; None where there is none."""
        if self.registered is not None or not isinstance(self.spec, Path):
            return self.registered
        default = self.spec.with_suffix(REGISTERED)
        return default if default.is_file() else None

    @property
    def root(self) -> Path:
        """Folder that paths of data start at."""
        return self.spec.resolve().parent if isinstance(self.spec, Path) else Path.cwd()

    def spec_path(self, folder: Path) -> Path:
        """Return where the spec of a run in this folder is found."""
        from harness.running.files import SPEC

        return self.spec if isinstance(self.spec, Path) else folder / SPEC

    def command(self, folder: Path, plan: DataSpec) -> str:
        """Return the command that repeats the run in this folder.

        Parameters
        ----------
        plan : of the study
        """
        from harness.data.read.files import FRAME_FILE, FrameFile

        data = folder / FRAME_FILE if isinstance(self.data, FrameFile) else self.data
        if data is None and not isinstance(self.spec, Path) and plan.path is not None:
            data = Path(plan.path)
        words = ["harness", *self.plugins.words, "run", self.spec_path(folder).as_posix()]
        return shlex.join([*words, *chain.from_iterable(self.recorded(data).values())])

    def recorded(self, data: Path | None) -> Mapping[str, list[str]]:
        """Return the words of each option that numbers may depend on, with this data file, by its flag."""
        values = {**vars(self), "data": data}
        kept = {name: option for name, option in OPTIONS.items() if option.is_recorded}
        return {option.flag_of(name): option.words(name, values[name]) for name, option in kept.items()}


# Bytes of addresses that a process of a small study takes, most of them for libraries.
LEAST_ADDRESSES = 2 * 10**9


def require_addresses() -> None:
    """Refuse a limit of addresses within which libraries of linear algebra wait for memory for ever.

    Raises
    ------
    MachineError
    """
    if sys.platform == "win32":
        return
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESSES:
        what = Coded("is {limit} GB", limit=f"{limit / 1e9:.1f}")
        expected = Coded("at least {least_addresses} GB", least_addresses=f"{LEAST_ADDRESSES / 1e9:g}")
        raise MachineError.at(
            marked("the limit of memory (ulimit -v)"), what, expected, marked("raise it, or remove it")
        )


def _texts() -> Mapping[str, str]:
    """Return what the docstring of the options says of each, as a sentence."""
    attributes = inspect.cleandoc(RunOptions.__doc__ or "").partition("----------\n")[2]
    found = re.findall(r"^(\w+) : (.)(.*(?:\n    .*)*)", attributes, flags=re.MULTILINE)
    return {name: " ".join(f"{first.upper()}{rest}.".split()) for name, first, rest in found}


_TEXTS = _texts()

# The options of the command, by field.
OPTIONS: Mapping[str, Option] = {
    one.name: Option(_TEXTS.get(one.name, ""), **one.metadata)
    for one in dataclasses.fields(RunOptions)
    if one.metadata
}
