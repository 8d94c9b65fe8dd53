"""The oldest versions that the tests run with are those that the package asks for."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ALL = "all"


def test_the_oldest_versions_are_the_lower_bounds():
    extras = PROJECT["optional-dependencies"]
    asked = [
        *PROJECT["dependencies"],
        *(one for name, extra in extras.items() if name != ALL for one in extra),
    ]
    lines = (ROOT / "tests/oldest.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.replace("==", ">=") for line in lines if not line.startswith("#")]
    assert pinned == sorted(set(asked))


def names(requirements):
    return {re.match(r"[A-Za-z0-9_.-]+", one)[0] for one in requirements}


def test_all_stands_for_every_extra_and_the_tests_have_them_all():
    extras = PROJECT["optional-dependencies"]
    others = sorted(set(extras) - {ALL})
    assert extras[ALL] == [f"panel-harness[{','.join(others)}]"]
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    assert tox["testenv"]["extras"].split(", ") == others


def test_a_first_installation_has_neither_networks_nor_what_turns_surfaces():
    assert not names(PROJECT["dependencies"]) & {"torch", "minisom", "plotly", "pyfixest", "distributed"}


def test_the_doctor_names_the_extra_of_every_library_that_an_extra_brings():
    from harness.commands.plugins import _EXTRAS

    brought = {}
    for name, extra in PROJECT["optional-dependencies"].items():
        if name != ALL:
            for library in names(extra):
                brought.setdefault(library, name)  # the smallest extra comes first
    assert brought == _EXTRAS
