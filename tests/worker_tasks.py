"""Tasks and a metric for worker processes, in a module that these can import."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from harness.evaluation.metrics import AbsoluteError
from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Environment
from harness.running.graph import run_tasks


@dataclass(frozen=True)
class Square:
    """Squares a number."""

    number: int

    @property
    def label(self) -> str:
        """Name of the task."""
        return f"square of {self.number}"

    def run(self) -> int:
        """Return the square."""
        return self.number**2


@dataclass(frozen=True)
class Killed(Square):
    """Is killed, with the process that runs it, the first few times, and then squares its number.

    Attributes
    ----------
    folder : where it leaves a mark each time
    times : how often it is killed
    """

    folder: Path
    times: int

    def run(self) -> int:
        """Return the square, or die."""
        so_far = sum(1 for _ in self.folder.glob(f"{self.number}-*"))
        if so_far < self.times:
            (self.folder / f"{self.number}-{so_far}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run()


@dataclass(frozen=True)
class Threads:
    """Loads a library while it runs, and counts its threads."""

    label: str = "threads"

    def run(self) -> int:
        """Return the threads of scikit-learn's trees."""
        from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

        return int(_openmp_effective_n_threads())


def versions_of_the_process(plugins: Iterable[str]) -> Mapping[str, str]:
    """Stand in for `harness.running.dependence.versions` on machines with other versions."""
    return {"python": f"of process {os.getpid()}"}


@dataclass(frozen=True)
class Sleeping:
    """Sleeps.

    Attributes
    ----------
    seconds : how long
    hears_nothing : whether signals wait meanwhile, as they do for a loop of a compiled library
    """

    seconds: float
    hears_nothing: bool = False
    label: str = "sleeping"

    def run(self) -> str:
        """Sleep."""
        if self.hears_nothing:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(self.seconds)
        return "slept"

    def failed(self, reason: str) -> str:
        """Return the reason."""
        return reason


@dataclass(frozen=True)
class Scattered:
    """Takes memory in small pieces, and frees all but the last, which lies behind the others.

    Attributes
    ----------
    n_pieces : how many
    size : bytes of each
    """

    n_pieces: int
    size: int
    label: str = "scattered"

    def run(self) -> int:
        """Return the bytes of the process that were in memory with all of them."""
        pieces = [b"\1" * self.size for _ in range(self.n_pieces)]
        HELD.append(pieces[-1])
        return int(psutil.Process().memory_info().rss)


# What tasks of a process keep.
HELD: list[bytes] = []


class Opened:
    """Counts, in each process, how often an object of this class came out of a pickle there."""

    n_times = 0

    def __setstate__(self, state: object) -> None:
        type(self).n_times += 1

    def __getstate__(self) -> object:
        return {"nothing": None}


@dataclass
class Watched:
    """Labels of tasks, as each was handed to a worker and as each was done."""

    handed_out: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def begun(self, label: str) -> None:
        self.handed_out.append(label)

    def done(self, label: str) -> None:
        self.finished.append(label)


def run_all(tasks, *, workers, listener=None):
    """Run tasks without an earlier run, and return their results."""
    with TemporaryDirectory() as place:
        store = CheckpointStore(Path(place) / "checkpoints")
        kept = run_tasks(tasks, store, Environment({}, {}), workers=workers, listener=listener or Watched())
    return kept.results


@dataclass(frozen=True)
class DeadlyError(AbsoluteError):
    """Ends the process on rows that come alone, as a fault in compiled code would."""

    def loss(self, observed, predicted):
        if observed.size < 100:
            os._exit(3)
        return super().loss(observed, predicted)
