"""Every command and code block of the documentation runs, and prints what the page shows.

Pages are scripts: fenced blocks, run in order in one folder.
A block that starts with ``# file: PATH`` is that file. One that starts with ``# in: PATH`` has definitions
that take the place of those with the same names in that file. Other ``sh`` and ``python`` blocks are run; a
``text`` block after one of them is what it prints, as `is_like` compares. Other ``yaml`` blocks are parts of
specs, and ``none`` blocks are no code.
"""

from __future__ import annotations

import ast
import itertools
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from suite_text import BLOCKS, REFERENCE, SUITE, table

from command import ROOT, invoked, printed
from harness.cli import cli
from harness.plugin import random_stream
from harness.running.folder import RunFolder
from harness.suite.results import SUITE_GAIN, SUITE_TABLES, read_suite_table
from harness.suite.spec import load_suite
from source_files import files, tree_of

FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
DECIMAL = re.compile(r"-?\d+\.\d+")
PLACE = re.compile(r"# (?P<what>file|in): (?P<path>\S+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    line : of its fence in the page, from 1
    """

    language: str
    content: str
    line: int

    @property
    def place(self) -> re.Match[str] | None:
        """The first line, where it says which file the block is about."""
        return PLACE.match(self.content) if self.language != "text" else None


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the blocks of a page."""
    for found in FENCE.finditer(text):
        yield Block(found["language"], found["content"], text.count("\n", 0, found.start()) + 1)


@dataclass(frozen=True)
class Script:
    """A page being run.

    Attributes
    ----------
    folder : where its blocks run
    variables : environment of its commands
    """

    folder: Path
    variables: Mapping[str, str]

    def run(self, blocks: Sequence[Block]) -> None:
        """Run blocks in order; the first that goes wrong raises an `AssertionError` with its line."""
        printed = ""
        for block in blocks:
            if block.language == "text":
                assert is_like(printed, block.content), f"line {block.line}: it printed\n{printed}"
            elif block.place:
                printed = self._write(block, self.folder / block.place["path"])
            elif block.language == "yaml":
                YAML(typ="safe").load(block.content)
            elif block.language in {"sh", "python"}:
                printed = self._execute(block)

    def _write(self, block: Block, path: Path) -> str:
        if block.place["what"] == "file":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.content, encoding="utf-8")
        else:
            changed = with_definitions(path.read_text(encoding="utf-8"), block.content)
            path.write_text(changed, encoding="utf-8")
        return ""

    def _execute(self, block: Block) -> str:
        words = {"sh": ("bash", "-euo", "pipefail", "-c"), "python": ("python", "-W", "error", "-c")}
        done = subprocess.run(
            [*words[block.language], block.content],
            cwd=self.folder,
            env=dict(self.variables),
            capture_output=True,
            text=True,
            check=False,
        )
        told = f"{block.content}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, f"line {block.line}: exit code {done.returncode}\n{told}"
        return done.stdout


def is_like(printed: str, shown: str) -> bool:
    """Whether what was printed is what a page shows.

    Spaces do not count, ``...`` stands for anything, and the last digit of a decimal may be off by two.
    """
    decimals = DECIMAL.findall(shown)
    found = re.fullmatch(_pattern(shown), " ".join(printed.split()))
    return found is not None and all(map(is_near, found.groups(), decimals))


def _pattern(shown: str) -> str:
    """Return a pattern with a group for each decimal, of as many digits, and any text for each gap."""
    pattern, end = "", 0
    for found in re.finditer(rf"{DECIMAL.pattern}|\.\.\.", shown):
        pattern += _words(shown[end : found.start()])
        end = found.end()
        digits = len(found[0].partition(".")[2])
        is_whole = not shown.startswith("...", end)
        pattern += ".*" if found[0] == "..." else rf"(-?\d+\.\d{{{digits}}})" + r"(?!\d)" * is_whole
    return pattern + _words(shown[end:])


def _words(text: str) -> str:
    return " ?".join(["", *map(re.escape, text.split()), ""]) if text.strip() else " ?"


def is_near(printed: str, shown: str) -> bool:
    """Whether two decimals of as many digits are at most two units of the last one apart."""
    unit = 10.0 ** -len(shown.partition(".")[2])
    return abs(float(printed) - float(shown)) <= 2.01 * unit


def with_definitions(source: str, changes: str) -> str:
    """Return a module in which functions and classes take the place of those with the same names."""
    lines = source.splitlines()
    old = {one.name: one for one in ast.parse(source).body if hasattr(one, "name")}
    for new in reversed([one for one in ast.parse(changes).body if hasattr(one, "name")]):
        first, last = span(old[new.name])
        start, stop = span(new)
        lines[first:last] = changes.splitlines()[start:stop]
        old = {one.name: one for one in ast.parse("\n".join(lines)).body if hasattr(one, "name")}
    return "\n".join(lines) + "\n"


def span(definition: ast.stmt) -> tuple[int, int]:
    """Return the lines of a definition with its decorators, from 0, the end excluded."""
    decorators = getattr(definition, "decorator_list", [])
    first = min([definition.lineno, *(one.lineno for one in decorators)])
    return first - 1, definition.end_lineno or first


# Commands that pages use, and the modules they run.
MODULES = {"harness": "harness.cli", "pip": "pip", "pytest": "pytest"}


@pytest.fixture
def variables(tmp_path_factory):
    """Environment variables under which ``pip install`` needs no network and touches no other environment.

    What the tests are run with is there too, through a path file.
    """
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    (site,) = root.glob("lib/python*/site-packages")
    there = sysconfig.get_path("purelib")
    (site / "tests.pth").write_text(f"import site; site.addsitedir({there!r})\n", encoding="utf-8")
    python = root / "bin" / "python"
    for command, module in MODULES.items():
        path = root / "bin" / command
        path.write_text(f'#!/bin/sh\nexec "{python}" -m {module} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HARNESS_", "PYTEST"))},
        "PATH": os.pathsep.join((str(Path(python).parent), os.environ["PATH"])),
        "OMP_NUM_THREADS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this option the other way round
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_QUIET": "1",
    }


DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
# Pages whose studies and installations take ten seconds or more.
SLOW = {
    "add_an_estimator.md",
    "assistants/SKILL.md",
    "calibration.md",
    "for_a_paper.md",
    "my_file.md",
    "pin_a_replication.md",
    "planning.md",
    "python.md",
    "reading_a_gain.md",
    "recipes.md",
    "tutorial.md",
    "zh/tutorial.md",
}

# Pages of which only the commands are looked at, and why.
NOT_RUN = {
    "benchmark.md": "its commands run in this file, on one panel",
    "benchmark_a_plugin.md": "its commands are of a plugin; tests/conformance/test_timings.py runs them",
    "conformance.md": "its code has a test of its own, tests/conformance/test_checks.py",
    "figure_by_figure.md": "its names and numbers have their own test, tests/docs/test_reference.py",
    "performance.md": "its command takes minutes",
    "two_ladders.md": "its numbers have a test of their own, tests/docs/test_reference.py",
}


def blocks(path):
    return tuple(blocks_of(path.read_text(encoding="utf-8")))


def pages():
    """Yield the pages that have something to run."""
    for path in PAGES:
        if path.name not in NOT_RUN and blocks(path):
            name = path.relative_to(DOCS).as_posix()
            yield pytest.param(path, marks=[pytest.mark.slow] if name in SLOW else [], id=name)


def calls(script):
    """Yield the commands of a shell script, a list of words each."""
    text = re.sub(r"\\\n|2>&1|\s#.*", " ", script)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>\n")
    lexer.whitespace, lexer.whitespace_split = " \t", True
    words = []
    for word in [*lexer, "\n"]:
        if set(word) <= set(lexer.punctuation_chars):
            yield words
            words = []
        else:
            words.append(word)


def harness_calls():
    """Yield every call of ``harness`` on a page, also of those that are not run here."""
    for path in (*PAGES, ROOT / "README.md", ROOT / "README.zh.md"):
        scripts = [block.content for block in blocks(path) if block.language == "sh"]
        for words in [words for script in scripts for words in calls(script)]:
            if words[:1] == ["harness"]:
                yield pytest.param(words[1:], id=f"{path.name}: {' '.join(words)}"[:100])


@pytest.mark.parametrize("path", list(pages()))
def test_page(path, tmp_path, variables):
    Script(tmp_path, variables).run(blocks(path))


@pytest.mark.slow
def test_readme(tmp_path, variables):
    """All but the commands that install the harness, which test_release.py looks at."""
    with (tmp_path / "cities.csv").open("w", encoding="utf-8") as file:
        file.write("city,year,co2,digital,gdp_pc,urban\n")
        rng = random_stream(1)
        for city, year in itertools.product(range(16), range(2015, 2020)):
            numbers = ",".join(f"{number:.4f}" for number in rng.uniform(1.0, 2.0, 4))
            file.write(f"c{city},{year},{numbers}\n")
    (tmp_path / "runs").mkdir()
    for name in ("a", "b"):
        (tmp_path / "runs" / name).symlink_to("my-study")
    installs = (".venv/bin", "pip install")
    found = [one for one in blocks(ROOT / "README.md") if not any(word in one.content for word in installs)]
    # What takes minutes is cut short, and what a person would be asked is said.
    added = {
        r"harness calibrate \S+": "--panels 2",
        r"harness init \S+": "--outcome co2 --exposure digital",
        r"harness run my_study.yaml": "--quick",
    }
    for words, options in added.items():
        found = [replace(one, content=re.sub(f"({words})", rf"\1 {options}", one.content)) for one in found]
    Script(tmp_path, variables).run(found)


@pytest.mark.parametrize("words", list(harness_calls()))
def test_command_exists_with_these_options(words):
    context = cli.make_context("harness", list(words), resilient_parsing=False)
    with context:
        _, after_options, _ = cli.make_parser(context).parse_args(list(words))
        name, command, rest = cli.resolve_command(context, after_options)
        command.make_context(name, rest, parent=context)


SOURCES = (*files("harness"), *files("plugins"))
CODE = re.compile(r"W-[A-Z][A-Z-]*[A-Z]")


def first_column(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^\| `([^`]+)` \| \S", text, flags=re.MULTILINE)


def texts(path):
    """Yield the string constants of a module that are no docstrings of more than a code."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_code_of_a_warning_is_in_the_index_and_no_other():
    used = {text for path in SOURCES for text in texts(path) if CODE.fullmatch(text)}
    listed = first_column("warnings.md")
    assert len(used) > 30
    assert listed == sorted(used)


def names_drawn():
    """Return the beginnings of the names that figures are given."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "ReportFigure":
                given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "name")]
                found |= set(re.findall(r"[\"']([a-z]+(?:-[a-z]+)*)(?=-\{|[\"'])", ast.unparse(given[0])))
    return found


def test_every_figure_is_on_the_page_of_figures():
    listed = {re.split(r"-(?=[A-Z])", name)[0] for name in first_column("for_a_paper.md")}
    drawn = names_drawn()
    assert {"front-curve", "gains", "groups", "surface", "map"} <= drawn
    missing = {name for name in drawn if name not in listed and not name.startswith(("calibration", "suite"))}
    assert missing == set()


def test_every_study_is_listed():
    page = (ROOT / "docs" / "specs.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "specs").glob("*.yaml") if f"specs/{path.name}" not in page] == []
    assert [
        path.name
        for path in (ROOT / "specs" / "digital_carbon").glob("*.yaml")
        if f"| `{path.name}` |" not in page
    ] == []


def test_every_link_between_pages_leads_to_a_file():
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    links = [
        (path.relative_to(ROOT).as_posix(), link)
        for path in (*pages, *ROOT.glob("*.md"))
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", path.read_text(encoding="utf-8"))
    ]
    assert len(links) > 50
    assert [(page, link) for page, link in links if not (ROOT / page).parent.joinpath(link).is_file()] == []


def test_every_page_of_the_list_for_assistants_is_there():
    text = (DOCS / "llms.txt").read_text(encoding="utf-8")
    links = re.findall(r"^- \[[^]]+\]\(([^)]+)\): ", text, flags=re.MULTILINE)
    assert len(links) > 10
    assert [link for link in links if not (DOCS / link).is_file()] == []


PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
WALKS = PAGE[PAGE.index("## Three walks") :]


def found(name):
    """Return whether a path as the page writes it is there, below the core, a plugin or the root."""
    parts = name.rstrip("/")
    places = [ROOT / "harness" / parts, ROOT / "plugins" / parts, ROOT / parts]
    places += [folder / parts for folder in (ROOT / "plugins").iterdir()]
    places += [folder / parts for folder in (ROOT / "harness").iterdir() if folder.is_dir()]
    return any(place.exists() or place.with_suffix(".py").exists() for place in places)


def test_every_file_of_the_walks_is_there():
    names = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", WALKS)
    assert len(names) > 20
    assert [name for name in names if not found(name)] == []


SUITES_PAGE = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")


def yaml_of_page(name):
    """Return the block of the page that is this file."""
    (found,) = [
        block.content for block in blocks_of(SUITES_PAGE) if block.place and block.place["path"] == name
    ]
    return found


def test_the_suite_of_the_page_can_be_read(tmp_path):
    file = tmp_path / "my_suite.yaml"
    file.write_text(yaml_of_page("my_suite.yaml"), encoding="utf-8")
    assert [entry.panels for entry in load_suite(file).suite.studies] == [1, 1, 20]


@pytest.mark.slow
def test_an_example_gets_its_line_by_the_command_of_the_page(tmp_path, monkeypatch):
    pytest.importorskip("lightgbm")
    monkeypatch.chdir(ROOT)
    script, *_ = [block.content for block in blocks_of(SUITES_PAGE) if block.language == "sh"]
    first, second = (shlex.split(line)[1:] for line in script.splitlines())
    out = tmp_path / "mine"
    asked = [str(out) if word == "runs/mine" else word for word in first]
    tuned = yaml_of_page("lightgbm_tuned.yaml")
    printed(*asked, "--estimator", tuned, "--only", "enterprise-zones", "--jobs", 1)
    gains = RunFolder(out).read_table("suite_gain")
    for name in ("lightgbm", "lightgbm_tuned"):
        own = gains[(gains["estimator"] == name) & (gains["status"] == "ok")]
        assert set(own["over"]) == {"pooled", "two_way", "simple"}
    budgets = RunFolder(out).read_table("suite_budgets").set_index("estimator")["n_candidates"]
    assert budgets["lightgbm_tuned"] == budgets["mlp_tuned"] == 4
    beside = [str(out) if word == "runs/mine" else word for word in second]
    text = invoked(*beside, "--rtol", 0.5).output
    assert re.search(r"lightgbm next to two_way, \w+: the smaller error on \d of 1 panels", text)


PANELS_PAGE = (ROOT / "docs" / "measured" / "public_panels.md").read_text(encoding="utf-8")


def test_the_page_shows_every_table_of_the_run():
    shown = re.findall(r"^```\{suite-result\} (\w+)$", PANELS_PAGE, flags=re.MULTILINE)
    assert sorted(shown) == sorted(BLOCKS)
    best = BLOCKS["held_out_standings"]().splitlines()[2]
    assert best.startswith("| RAB (bootstrapped network) | 4.40* | 84% of 25 [71.9,")


@pytest.mark.parametrize("name", sorted(path.stem for path in REFERENCE.glob("*.csv")))
def test_the_committed_tables_are_of_this_edition_of_the_suite(name):
    found = table(name)
    assert set(SUITE_TABLES[name].columns) == set(found.columns)
    assert set(found["suite"]) == {SUITE.suite}
    assert set(found["edition"].astype(str)) == {SUITE.edition}
    assert len(set(found["form"])) == 1


def test_the_committed_ranks_and_ratios_follow_from_the_committed_errors():
    cells = read_suite_table(REFERENCE, SUITE_GAIN).drop_duplicates(["study", "protocol", "estimator"])
    ranks = table("suite_ranks").set_index(["protocol", "estimator"])["average_rank"]
    ratios = table("suite_summary").set_index(["protocol", "over", "estimator"])["log_error_ratio"]
    for protocol, own in cells.groupby("protocol"):
        errors = {
            name: rows.set_index("study")["mse"].map("{:.10g}".format).astype(float)
            for name, rows in own.groupby("estimator")
        }
        wide = pd.DataFrame(errors)
        found = wide.fillna(np.inf).rank(axis=1).mean()
        assert found.to_numpy() == pytest.approx(ranks[protocol].reindex(found.index).to_numpy())
        log_ratios = np.log(wide["mlp"] / wide["two_way"]).mean()
        assert log_ratios == pytest.approx(ratios[protocol, "two_way", "mlp"], rel=1e-6)


def test_the_share_between_goes_with_the_reference_not_with_the_network():
    text = (ROOT / "docs" / "measured" / "public_panels.md").read_text(encoding="utf-8")
    shares = table("suite_panels").drop_duplicates("study").set_index("study")["share_between"]
    gains = table("suite_gain").drop_duplicates(["study", "protocol", "estimator"])
    found = {}
    for protocol in ("held_out_entities", "forward"):
        of = gains[gains["protocol"] == protocol].pivot_table(
            index="study", columns="estimator", values="mse"
        )
        own = shares[of.index]
        found[protocol] = [
            (of[one] / of["ols"]).corr(own, method="spearman").round(2) for one in ("mlp", "two_way")
        ]
    (new, of_two_way), (later, of_two_way_later) = found["held_out_entities"], found["forward"]
    assert of_two_way > 0.4
    assert of_two_way_later < -0.4
    assert f"they are {new} for new entities and {later} for later periods" in " ".join(text.split())
