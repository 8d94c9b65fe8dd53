"""Draw changes of the code of folders by chance, run the tests of their modules, print those not noticed.

``tox -e mutation -- harness/data --changes 18 --seed 1``. mutmut makes the changes, in a copy of the tree.
The tests of a module are those of its folder that import it, or all of the folder. A test that fails counts
where it passes without the change.
"""

import argparse
import os
import random
import resource
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest
from mutmut.__main__ import create_mutants
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, walk_mutatable_files

FOLDERS = ("evaluation", "findings", "scenarios/effect", "suite", "data")
COPY = Path("mutants")

# Seconds of the processor after which a change has made the tests endless.
MOST = 300


class Failed:
    """Keeps the id of the first test that fails."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the id down."""
        if report.failed:
            self.file.write_text(report.nodeid, encoding="utf-8")


def first_failure(mutant: str, tests: tuple[str, ...]) -> str:
    """Return the first test that fails with a change, empty where all pass."""
    file = COPY.resolve() / "failed.txt"
    file.write_text("", encoding="utf-8")
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (MOST, MOST))
        os.environ["MUTANT_UNDER_TEST"] = mutant
        os.chdir(COPY)
        sys.path[:0] = [str(Path.cwd()), str(Path.cwd() / "plugins")]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], plugins=[Failed(file)]))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return file.read_text(encoding="utf-8") or ("" if status == pytest.ExitCode.OK else f"status {status}")


@cache
def passes(test: str) -> bool:
    """Return whether a test passes without a change."""
    return test.startswith("status -") or not first_failure("", (test,))


def tests_of(module: Path) -> tuple[str, ...]:
    """Return the files of tests of a module, those that import it, or all of its folder and below."""
    folder = Path("tests", *module.parts[1:-1])
    files = sorted(folder.rglob("test_*.py")) or sorted(folder.parent.rglob("test_*.py"))
    name = ".".join(module.with_suffix("").parts)
    own = [file for file in files if f"{name} import" in file.read_text(encoding="utf-8")]
    return tuple(map(str, own or files))


def report(folder: str, n: int, seed: int) -> None:
    """Print how many of the changes drawn in a folder its tests notice, and the others."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir()
    config().only_mutate = [f"harness/{folder}/*"]
    copy_src_dir()
    copy_also_copy_files()
    create_mutants(1)
    paths = {}
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        paths |= dict.fromkeys(data.exit_code_by_key, path)
    drawn = random.Random(seed).sample(sorted(paths), min(n, len(paths)))  # noqa: S311 - not for secrets
    survivors = []
    for name in drawn:
        failed = first_failure(name, tests_of(paths[name]))
        is_noticed = bool(failed) and passes(failed)
        print(f"{name}: {failed or 'not noticed'}{'' if is_noticed or not failed else ', as without'}")
        if not is_noticed:
            survivors.append(name)
            print(get_diff_for_mutant(name, path=paths[name]))
        sys.stdout.flush()
    noticed = len(drawn) - len(survivors)
    print(f"{folder}: {noticed} of {len(drawn)} changes noticed, of {len(paths)} (seed {seed})", flush=True)


def main() -> None:
    """Draw in each folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", default=FOLDERS, help="within harness/")
    parser.add_argument("--changes", type=int, default=18, help="drawn in each folder (default: 18)")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for folder in asked.folders:
        report(folder.removeprefix("harness/"), asked.changes, asked.seed)


if __name__ == "__main__":
    main()
