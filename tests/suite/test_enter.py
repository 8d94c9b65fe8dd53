"""An estimator from outside joins a run of a suite, whose other cells stay, and its rows are printed."""

from __future__ import annotations

import shutil

import pytest

from command import printed
from harness.errors import ArtifactError, SpecError
from harness.installed import installed
from harness.registry.choice import PluginChoice
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.suite.enter import enter_suite
from suite_runs import run_suite_file


@pytest.fixture(scope="module")
def two(small_suite, tmp_path_factory):
    """A run of two studies, and the suite's file."""
    _, file = small_suite
    return run_suite_file(file, tmp_path_factory.mktemp("two") / "out", only=("curved-1", "short")), file


def entry(folder, text):
    path = folder / "entry.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_entry_joins_those_of_the_run_and_its_rows_are_printed(two, tmp_path):
    folder, file = two
    out = shutil.copytree(folder.path, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (out / "cells").iterdir()}
    first = entry(tmp_path, "{id: net, use: elastic_net}")
    text = printed("suite", "enter", file, first, "--out", out, "--jobs", 1)
    lines = [line for line in text.splitlines() if line.startswith("net: ")]
    ranks = RunFolder(out).read_table("suite_ranks").set_index(["estimator", "protocol"])
    rank = ranks.loc[("net", "held_out_entities"), "average_rank"]
    assert lines[0].startswith(
        f"net: Entities not used in training: average rank {rank:.2f} of 5, 2 panels; over the best"
    )
    assert len(lines) == 2
    after = {path.name: path.read_bytes() for path in (out / "cells").iterdir()}
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) * 5 / 4
    second = entry(tmp_path, "{id: other, use: mean}")
    enter_suite(RunOptions(spec=file, out=out), second, installed())
    assert {"net", "other"} < set(RunFolder(out).read_table("suite_ranks")["estimator"])


def test_an_entry_that_was_cut_off_goes_on_with_all_studies_of_the_run(two, tmp_path):
    folder, file = two
    out = shutil.copytree(folder.path, tmp_path / "out")
    net, options = entry(tmp_path, "{id: net, use: elastic_net}"), RunOptions(spec=file, out=out)

    def cut_off(n_done, n_tasks, _now):
        if n_done > n_tasks // 2:  # in the second of two studies
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enter_suite(options, net, installed(), on_progress=cut_off)
    assert all("2 panels" in line for line in enter_suite(options, net, installed()))


def with_mean(folder, name):
    """Write a plugin with a mean of another name into a folder."""
    text = f'''"""A mean of another name.

estimators: [{name}]
"""

from dataclasses import dataclass
from typing import ClassVar

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Fit:
    mean: float

    def predict(self, panel):
        return panel.observed * 0.0 + self.mean


@dataclass(frozen=True)
class Mean:
    name: ClassVar[str] = "{name}"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return Fit(float(panel.observed.mean()))


@hookimpl
def harness_estimators():
    return [Mean]
'''
    folder.mkdir(exist_ok=True)
    (folder / f"{name}s.py").write_text(text, encoding="utf-8")


def test_an_entry_of_a_plugin_file_costs_only_itself(two, tmp_path):
    folder, file = two
    out = shutil.copytree(folder.path, tmp_path / "out")
    before = {path.name: path.stat().st_mtime_ns for path in (out / "cells").iterdir()}
    with_mean(tmp_path / "plugins", "middle")
    choice = PluginChoice(folder=tmp_path / "plugins")
    options = RunOptions(spec=file, out=out, plugins=choice, trust_plugins=True)
    lines = enter_suite(options, entry(tmp_path, "use: middle"), installed(choice))
    assert [line.partition(":")[0] for line in lines] == ["middle", "middle"]
    after = {path.name: path.stat().st_mtime_ns for path in (out / "cells").iterdir()}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[ols]", "a mapping is expected"),
        ("{label: Mine}", "this is no estimator"),
        ("{id: ols, use: mean}", "the suite already has an estimator 'ols'"),
    ],
)
def test_a_mistake_in_an_entry_names_its_file(two, tmp_path, text, message):
    folder, file = two
    path = entry(tmp_path, text)
    with pytest.raises(SpecError, match=message) as caught:
        enter_suite(RunOptions(spec=file, out=folder.path), path, installed())
    assert "entry.yaml" in str(caught.value)


def test_a_run_of_another_edition_takes_no_entry(two, tmp_path):
    folder, file = two
    other = tmp_path / "suite.yaml"
    text = file.read_text(encoding="utf-8")
    other.write_text(text.replace("edition: '7'", "edition: '8'"), encoding="utf-8")
    assert other.read_text(encoding="utf-8") != text
    with pytest.raises(ArtifactError, match="edition 7"):
        enter_suite(RunOptions(spec=other, out=folder.path), entry(tmp_path, "mean"), installed())
