"""Draw changes of the code of folders by chance, run the tests that reach them, and print those not noticed.

``tox -e mutation -- harness/data --changes 18 --seed 1``
"""

import argparse
import random
import shutil
import subprocess
import sys
from pathlib import Path

from mutmut.__main__ import _run, collect_source_file_mutation_data, create_mutants
from mutmut.configuration import config
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import copy_src_dir

FOLDERS = (
    "harness/evaluation",
    "harness/findings",
    "harness/scenarios/effect",
    "harness/suite",
    "harness/data",
)


def survivors(folder: str, n: int, seed: int) -> None:
    """Print how many of the changes drawn in a folder its tests notice, and the others."""
    shutil.rmtree("mutants", ignore_errors=True)
    config().only_mutate = [f"{folder}/*"]
    config().pytest_add_cli_args_test_selection = [folder.replace("harness", "tests", 1)]
    Path("mutants").mkdir()
    copy_src_dir()
    create_mutants(1)
    names = sorted(name for _, name, _ in collect_source_file_mutation_data(mutant_names=())[0])
    drawn = random.Random(seed).sample(names, min(n, len(names)))  # noqa: S311 - not for secrets
    _run(drawn, 1)
    status = {
        name: (data.path, status_by_exit_code[result])
        for data, name, _ in collect_source_file_mutation_data(mutant_names=drawn)[0]
        for result in (data.exit_code_by_key[name],)
    }
    noticed = [name for name, (_, word) in status.items() if word in {"killed", "timeout", "segfault"}]
    print(f"{folder}: {len(noticed)} of {len(drawn)} changes noticed, of {len(names)} (seed {seed})")
    for name in sorted(status.keys() - noticed):
        path, word = status[name]
        print(f"\n{name}: {word}\n{get_diff_for_mutant(name, path=path)}")


def main() -> None:
    """Draw in each folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    parser.add_argument("--changes", type=int, default=18, help="drawn in each folder (default: 18)")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if len(asked.folders) == 1:
        survivors(asked.folders[0], asked.changes, asked.seed)
        return
    # A process each: modules of one folder are imported with their changes.
    for folder in asked.folders:
        words = [sys.executable, __file__, folder, "--changes", str(asked.changes), "--seed", str(asked.seed)]
        subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
