"""Published tables: the ten fastest of the gallery, and what is noticed where a digit is wrong."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.api import prepare_study
from harness.data.read.source import DATASET
from harness.installed import installed
from harness.pytest_plugin.reproduction import reproduce
from harness.running.options import RunOptions
from harness.study.spec.load import load_study

# The third of a row's columns, those of numbers, on a page.
PRINTED = re.compile(r"^\|[^|]+\|[^|]*\| (−?[\d.]+) \|", re.MULTILINE)

GALLERY = Path(__file__).parents[2] / "specs" / "gallery"

# Each within a second of processor, with tables of packages that every installation for tests has.
FASTEST = (
    "airfares-next-year",
    "city-crime",
    "grunfeld-one-way",
    "grunfeld-three-firms",
    "grunfeld-two-way",
    "job-training-random",
    "job-training-three-years",
    "student-athletes",
    "wages-next-year",
    "wages-within",
)


@pytest.mark.parametrize("name", FASTEST)
def test_every_number_is_as_printed_and_none_with_another_last_digit(name):
    results = reproduce(RunOptions(GALLERY / f"{name}.yaml"), installed())
    assert [one.expectation.path for one in results if one.has_failed] == []
    for one in results:
        number = one.expectation
        key = "value" if number.here is None else "here"
        for off in (-2, 2):
            wrong = number.model_copy(update={key: getattr(number, key) + off * number.half_unit})
            assert wrong.why_not(one.obtained), number.path


def failed(tmp_path, text):
    """The cells that fail of a spec with this text."""
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    results = reproduce(RunOptions(path), installed())
    return {one.expectation.path for one in results if one.has_failed}


def test_one_wrong_digit_of_a_table_of_the_spec_or_of_the_data_is_named(tmp_path):
    """Of the data it is the scrap rate of one firm, on which all estimates rest and no count does."""
    text = (GALLERY / "job-training-random.yaml").read_text(encoding="utf-8")
    cell = "grant: [-.214696, .1477838]"
    assert text.count(cell) == 1
    row = "coefficients[random·grant]"
    assert failed(tmp_path, text.replace(cell, cell.replace("-.214696", "-.214596"))) == {f"{row}.estimate"}
    errors = text.replace("use: random_effects, covariance: {use: classical}", "use: random_effects")
    assert {path.rpartition(".")[2] for path in failed(tmp_path, errors)} == {"std_error"}
    rows = installed().of(DATASET)["training_grants"].load()
    changed = rows[rows["lscrap"].notna()].copy()
    changed.iloc[40, changed.columns.get_loc("lscrap")] += 0.1
    changed.to_csv(tmp_path / "rows.csv", index=False)
    data = text.replace("dataset: training_grants", "path: rows.csv")
    failing = failed(tmp_path, data)
    assert "coefficients[random·grant].estimate" in failing
    assert "details/statistics[random·n_obs].value" not in failing


# By R 4.5.0 with plm 2.6-5, AER 1.2-14 and sandwich 3.1-1, as Debian 13 has them: gallery.R wrote it.
BY_R = pd.read_csv(Path(__file__).parents[1] / "reference" / "r" / "gallery.csv")


@pytest.mark.parametrize("name", sorted(BY_R["study"].unique()))
def test_five_tables_are_those_of_r(name):
    plan = prepare_study(RunOptions(written(name))).plan
    expected = BY_R[BY_R["study"] == name]
    for estimator, rows in expected.groupby("estimator"):
        (task,) = (task for task in plan.full_tasks() if task.estimator_id == estimator)
        table = task.run().coefficients.set_index("term").loc[list(rows["term"])]
        for column in ("estimate", "std_error"):
            np.testing.assert_allclose(table[column], rows[column], rtol=1e-6)


def written(name):
    """The spec of a study; a skip where its data come with a package that is not installed."""
    path = GALLERY / f"{name}.yaml"
    dataset = load_study(path, catalogs=installed().catalogs).study.data.dataset
    data = installed().of(DATASET)[dataset]
    if not data.is_installed:
        pytest.skip(f"the package {data.package} is not installed")
    return path


def test_the_gallery_has_thirty_tables_and_six_hundred_printed_numbers_with_their_pages():
    specs = sorted(GALLERY.glob("*.yaml"))
    studies = [load_study(path, catalogs=installed().catalogs).study for path in specs]
    assert [path.stem for path in specs] == [study.study for study in studies]
    assert len(studies) >= 30
    assert sum(len(study.expect) for study in studies) >= 600
    assert {one.from_ for study in studies for one in study.expect} == {"publication"}
    assert all({"boosting", "mlp", "rab"} <= {entry.id for entry in study.estimators} for study in studies)
    pages = GALLERY.parents[1] / "docs" / "gallery"
    first = (pages / "index.md").read_text(encoding="utf-8")
    assert sorted(path.stem for path in pages.glob("*.md")) == sorted(
        ["index", *(one.study for one in studies)]
    )
    for study in studies:
        page = (pages / f"{study.study}.md").read_text(encoding="utf-8")
        printed = Counter(one.written.replace("-", "\N{MINUS SIGN}") for one in study.expect)
        assert Counter(PRINTED.findall(page)) == printed, f"python docs/_ext/write_gallery.py: {study.study}"
        assert all(entry.label for entry in study.estimators)
        assert f"![]({study.study}-1.svg) | [{study.title}]({study.study}.md) |" in first
        assert (pages / f"{study.study}-1.svg").is_file()
