"""What a study is run with, beside its spec."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.data.data_spec import DataSpec
from harness.data.read.files import FRAME_FILE, FrameFile
from harness.registry.plugin_choice import PluginChoice, asked_by_environment
from harness.running.cluster import DaskWorkers
from harness.running.layout import SPEC
from harness.running.workers import LocalWorkers, ThisProcess, Workers
from harness.study.spec.document import WrittenSpec

Backend = Literal["here", "loky", "dask"]
"""``here`` is this process where one worker is asked for, and ``loky`` for more."""


@dataclass(frozen=True)
class RunOptions:
    """What the command line, or a script, adds to a spec.

    Attributes
    ----------
    spec : its file, or the values of a script; paths of data within it start at the file's folder, or at the
        current one
    data : file, or a script's table, that replaces the data the spec names
    out : run folder; None puts it under ``runs/``, named after the study
    quick : fewer draws, splits and restarts
    n_jobs : worker processes on this machine
    backend : what starts them, or finds others; see `Backend`
    scheduler : address of a running dask cluster, whose workers are used in their place
    time_limit : seconds that one task may take, where its estimator has no limit of its own; None is for ever
    memory_limit : GB that one worker of this machine may hold; None for no limit
    resume : take up what an interrupted run of the same study finished
    overrides : ``key=value`` changes to the spec
    allow_outside : whether the spec may name files outside its own folder
    calibrated : folder of a calibration of the study, or a file in it, whose error rates go beside findings
    plugins : which are off, and a folder of others; what the environment variables say unless given
    """

    spec: Path | WrittenSpec
    data: Path | FrameFile | None = None
    out: Path | None = None
    quick: bool = False
    n_jobs: int = 1
    backend: Backend = "here"
    scheduler: str | None = None
    time_limit: float | None = None
    memory_limit: float | None = None
    resume: bool = False
    overrides: tuple[str, ...] = ()
    allow_outside: bool = False
    calibrated: Path | None = None
    plugins: PluginChoice = field(default_factory=asked_by_environment)

    @property
    def workers(self) -> Workers:
        """Where the tasks of the run are done."""
        return self.cluster or self.local_workers

    @property
    def local_workers(self) -> LocalWorkers | ThisProcess:
        """Processes of this machine, or this one, which has no limit of memory."""
        if self.backend == "here" and self.n_jobs == 1 and self.memory_limit is None:
            return ThisProcess()
        return LocalWorkers(self.n_jobs, self.memory_limit)

    @property
    def cluster(self) -> DaskWorkers | None:
        """Workers of dask; None where they are not asked for."""
        if self.backend == "dask" or self.scheduler is not None:
            return DaskWorkers(self.scheduler, self.n_jobs)
        return None

    @property
    def root(self) -> Path:
        """Folder that paths of data start at."""
        return self.spec.resolve().parent if isinstance(self.spec, Path) else Path.cwd()

    def spec_path(self, folder: Path) -> Path:
        """Return where the spec of a run in this folder is found."""
        return self.spec if isinstance(self.spec, Path) else folder / SPEC

    def command(self, folder: Path, plan: DataSpec) -> str:
        """Return the command that repeats the run in this folder.

        Parameters
        ----------
        plan : of the study
        """
        data = folder / FRAME_FILE if isinstance(self.data, FrameFile) else self.data
        if data is None and plan.path is not None and isinstance(self.spec, WrittenSpec):
            data = Path(plan.path)
        words = ["harness", *self.plugins.words, "run", self.spec_path(folder).as_posix()]
        words += ["--data", data.as_posix()] if data else []
        words += ["--quick"] if self.quick else []
        words += ["--allow-outside"] if self.allow_outside else []
        words += ["--calibrated", self.calibrated.as_posix()] if self.calibrated else []
        for override in self.overrides:
            words += ["--set", override]
        return shlex.join(words)
