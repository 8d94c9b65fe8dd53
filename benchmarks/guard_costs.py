"""What guards cost: ``OMP_NUM_THREADS=1 python benchmarks/guard_costs.py SPEC``.

A study is run once with `--quick` in this process, and the processor time within the functions that keep
results, hold libraries to one thread and check predictions is added up, as a share of all.
"""

from __future__ import annotations

import argparse
import functools
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import ParamSpec, TypeVar

from harness.estimators import guard
from harness.installed import installed
from harness.running import checkpoints, graph, isolation
from harness.running.options import RunOptions
from harness.running.run import write_run
from harness.running.workers import ThisProcess

P = ParamSpec("P")
R = TypeVar("R")

RESULTS, THREAD, PREDICTIONS = "writing, hashing and reading results", "one thread a task", "predictions"

spent: dict[str, float] = defaultdict(float)
running: list[str] = []


@contextmanager
def counted(what: str) -> Iterator[None]:
    """Add the processor time of the block to `what`, unless it is within another that counts."""
    begun = process_time()
    running.append(what)
    try:
        yield
    finally:
        running.pop()
        if not running:
            spent[what] += process_time() - begun


def timed(function: Callable[P, R], what: str) -> Callable[P, R]:
    """Return a function whose processor time counts."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with counted(what):
            return function(*args, **kwargs)

    return call


def timed_ends(context: Callable[[], AbstractContextManager[None]], what: str) -> Callable[..., object]:
    """Return a context manager of which only beginning and end count."""

    @contextmanager
    def call() -> Iterator[None]:
        entered = context()
        with counted(what):
            entered.__enter__()
        try:
            yield
        finally:
            with counted(what):
                entered.__exit__(None, None, None)

    return call


def main() -> None:
    """Run the study, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", type=Path)
    spec = parser.parse_args().spec
    for owner, names, what in (
        (checkpoints, ("encode", "decode"), RESULTS),
        (graph, ("encode", "decode"), RESULTS),
        (checkpoints.CheckpointStore, ("save", "load", "why_anew"), RESULTS),
        (guard, ("_checked", "require_finite"), PREDICTIONS),
    ):
        for name in names:
            if hasattr(owner, name):
                setattr(owner, name, timed(getattr(owner, name), what))
    isolation.one_thread = timed_ends(isolation.one_thread, THREAD)  # type: ignore[assignment]  # a wrapper
    with TemporaryDirectory() as folder:
        options = RunOptions(spec, out=Path(folder) / "run", quick=True, overrides=("report.formats=[]",))
        begun = process_time()
        write_run(options, installed(options.plugins), workers=ThisProcess())
        whole = process_time() - begun
    print(f"{whole:.0f} s of processor time, of which guards take {sum(spent.values()) / whole:.1%}")
    for what, seconds in sorted(spent.items(), key=lambda one: -one[1]):
        print(f"  {what}: {seconds / whole:.2%}")


if __name__ == "__main__":
    main()
