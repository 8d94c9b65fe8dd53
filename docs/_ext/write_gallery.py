"""Writes the gallery's pages from run folders: ``python docs/_ext/write_gallery.py RUNS``.

RUNS has a folder of ``harness run --quick`` for each spec of ``specs/gallery``, named as the spec is. A page
has pictures of effect and gains, the question, every printed number next to that of the run, what boosting, a
network and a bootstrapped network add for entities not used in training, the spec, and its source of data.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import markdown

from harness.data.read.source import DATASET
from harness.installed import installed
from harness.record.manifest import StudyRecord
from harness.report.sections.coefficients import term_label
from harness.report.sections.record import NAMED_STATISTICS, TESTS
from harness.running.folder import RunFolder
from harness.study.expectations.cell import Reproduction, check_expectations
from harness.study.expectations.expectation import ExpectedNumber
from harness.study.spec.load import load_study
from harness.study.spec.printed import Interval
from harness.study.spec.study import Study
from harness.tables.coefficients import COEFFICIENTS
from harness.text.numbers import count, fixed

ROOT = Path(__file__).parents[2]
SPECS, PAGES = ROOT / "specs" / "gallery", ROOT / "docs" / "gallery"

# How a number of a run stands to the printed one, and by how many halves of its last digit it may be off.
STANDS: Mapping[str, float] = {
    "as printed": 1.0,
    "one off in the last digit": 3.0,
    "another number": float("inf"),
}


def standing(found: Reproduction) -> str:
    """Return how a number of a run stands to the printed one."""
    number = found.expectation
    if not isinstance(number, ExpectedNumber) or not isinstance(found.obtained, float):
        return "another number"
    near = (name for name, units in STANDS.items() if _holds(number, units, found.obtained))
    return next(near)


def _holds(number: ExpectedNumber, units: float, obtained: float) -> bool:
    return units == float("inf") or Interval.around(number.value, units * number.half_unit).holds(obtained)


MINUS = "\N{MINUS SIGN}"

# What columns of result tables are called.
COLUMNS = {
    "estimate": "estimate",
    "std_error": "standard error",
    "statistic": "statistic",
    "p_value": "p-value",
}

# What tests and statistics of fits are called.
QUANTITIES = {
    **TESTS,
    **NAMED_STATISTICS,
    "r2": "R²",
    "r2_adjusted": "R², adjusted",
    "r2_dummies_adjusted": "R² with the effects, adjusted",
    "r2_within_correlation": "R² within, by correlation",
    "r2_between_correlation": "R² between, by correlation",
    "r2_overall_correlation": "R² overall, by correlation",
    "rss": "Residual sum of squares",
    "df_resid": "Residual degrees of freedom",
    "intercept": "Constant, mean of the effects",
    "intercept_std_error": "Its standard error",
    "f_effects": "F test of the effects",
    "theta_mean": "Share of the means taken out (θ)",
    "theta_min": "Smallest θ",
    "theta_max": "Largest θ",
}


@dataclass(frozen=True)
class Shown:
    """A study of the gallery and what its run says.

    Attributes
    ----------
    study : as the spec has it
    record : as its run has it, with labels
    found : its printed numbers next to those of the run
    sentence : the first that the run says of predictions
    pictures : of the effect, where there is one, and of the gains
    """

    study: Study
    record: StudyRecord
    found: tuple[Reproduction, ...]
    sentence: str
    pictures: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path) -> Shown:
        """Read a run."""
        run = RunFolder.open(folder)
        study = load_study(SPECS / f"{folder.name}.yaml", catalogs=installed().catalogs).study
        findings = run.read_table("findings")
        said = findings.loc[findings["finding"] == "gain", "text"]
        figures = [
            path for name in ("effects", "gains") for path in (folder / "figures").glob(f"front-{name}-*.svg")
        ]
        found = check_expectations(study.expect, run.read_table)
        return cls(study, run.manifest().study, found, str(said.iloc[0]), tuple(figures))

    @property
    def counts(self) -> Counter[str]:
        """How many numbers stand how to the printed ones."""
        return Counter(map(standing, self.found))

    @property
    def field(self) -> str:
        """What the study is about; the first of its keywords."""
        return self.study.keywords[0]

    @property
    def methods(self) -> tuple[str, ...]:
        """What it shows; the other keywords."""
        return self.study.keywords[1:]

    @property
    def picture(self) -> str:
        """Name of its first picture next to the pages."""
        return f"{self.study.study}-1.svg"

    def page(self) -> str:
        """Return its page."""
        name = self.study.study
        dataset = installed().of(DATASET)[str(self.study.data.dataset)]
        pictures = [
            f"![{self.study.title}, {at}]({name}-{at}.svg)" for at in range(1, 1 + len(self.pictures))
        ]
        reasons = dict.fromkeys(one.reason for one in self.found if one.status == "explained")
        return "\n\n".join(
            [
                f"# {self.study.title}",
                self.study.description.strip(),
                "\n".join(pictures),
                f"Field: {self.field}. Methods: {', '.join(self.methods)}.",
                "## Printed and here",
                f"{tally(self.counts)}",
                *(f"Numbers that differ: {reason}." for reason in reasons),
                *self._tables(),
                "## What learners add",
                "The same regressors by boosting, a network and a bootstrapped network (RAB), for entities "
                f"not used in training, as `harness run --quick` has it: {self.sentence}",
                "## The study",
                f"```{{literalinclude}} ../../specs/gallery/{name}.yaml\n:language: yaml\n```",
                f"Data: {dataset.title}. {dataset.source}.",
            ]
        )

    def _tables(self) -> Iterator[str]:
        """Yield a table of each estimator in each source, named as its report names them."""
        groups: dict[tuple[str, str], list[Reproduction]] = {}
        for one in self.found:
            by = str(one.expectation.where["estimator"]), one.expectation.source
            groups.setdefault(by, []).append(one)
        named = ""
        for (estimator, source), rows in groups.items():
            cells = (
                [*self._named(one), one.expectation.written.replace("-", MINUS), _here(one), standing(one)]
                for one in rows
            )
            yield f"### {self.record.estimator_label(estimator)}"
            if source != named:
                yield f"{source}:"
                named = source
            yield markdown.table(("", "", "printed", "here", ""), cells)

    def _named(self, found: Reproduction) -> tuple[str, str]:
        """Return what a row and a column of a result table are called."""
        number = found.expectation
        (key,) = (key for column, key in number.where.items() if column != "estimator")
        if number.table == COEFFICIENTS.name:
            return term_label(self.record, str(key)), COLUMNS[number.column]
        return QUANTITIES[str(key)], COLUMNS[number.column] if number.column != "value" else ""


def _here(found: Reproduction) -> str:
    """Return a number of a run with one digit more than the printed one; whole numbers as they are."""
    if not isinstance(found.expectation, ExpectedNumber) or not isinstance(found.obtained, float):
        return "none"
    digits = found.expectation.n_decimals
    return fixed(found.obtained, digits + 1 if digits or found.obtained % 1 else 0)


def tally(counts: Mapping[str, int]) -> str:
    """Return one sentence on how many numbers there are and how they stand."""
    each = (f"{count(counts[name])} {name}" for name in STANDS if counts.get(name))
    return f"{count(sum(counts.values()))} printed numbers: {', '.join(each)}."


def index(shown: Iterable[Shown]) -> str:
    """Return the first page: all studies with their pictures, by field and by method."""
    shown = sorted(shown, key=lambda one: (one.field, one.study.title))
    total: Counter[str] = sum((one.counts for one in shown), Counter())
    methods = sorted({method for one in shown for method in one.methods})
    head = ("", "study", "field", "methods", "numbers", *STANDS)
    rows = (
        [
            f"![]({one.picture})",
            _link(one),
            one.field,
            ", ".join(one.methods),
            count(sum(one.counts.values())),
            *(count(one.counts[name]) for name in STANDS),
        ]
        for one in shown
    )
    by_method = (
        f"- {method}: {', '.join(_link(one) for one in shown if method in one.methods)}" for method in methods
    )
    return "\n\n".join(
        [
            "# Gallery",
            f"Published tables of {len(shown)} studies, each a spec whose every printed number is tested: "
            f"`tox -e gallery` runs all in two minutes on two cores, `pytest specs/gallery -k wages` some. "
            f"{tally(total)}",
            "Next to each table stand boosting and networks for entities not used in training. The search "
            "at the side finds studies by words; `python docs/_ext/write_gallery.py RUNS` wrote these pages.",
            markdown.table(head, rows),
            "## By method",
            "\n".join(by_method),
            "```{toctree}\n:hidden:\n:glob:\n\n*\n```",
        ]
    )


def _link(one: Shown) -> str:
    return f"[{one.study.title}]({one.study.study}.md)"


def record_of(runs: Path) -> str:
    """Return what `pytest --harness-record` names changes since, as JSON."""
    manifests = [
        json.loads((runs / path.stem / "manifest.json").read_text(encoding="utf-8"))
        for path in sorted(SPECS.glob("*.yaml"))
    ]
    studies = {
        one["study"]["id"]: {part: {"sha256": one[part]["sha256"]} for part in ("data", "spec")}
        for one in manifests
    }
    last = max(manifests, key=lambda one: one["started"])
    record = {"versions": last["versions"], "code": last["code"], "studies": studies}
    return json.dumps(record, indent=1)


def write(runs: Path) -> None:
    """Write all pages and pictures, and nothing else into their folder."""
    shown = [Shown.of(runs / path.stem) for path in sorted(SPECS.glob("*.yaml"))]
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir()
    for one in shown:
        (PAGES / f"{one.study.study}.md").write_text(f"{one.page()}\n", encoding="utf-8")
        for at, figure in enumerate(one.pictures, start=1):
            shutil.copyfile(figure, PAGES / f"{one.study.study}-{at}.svg")
    (PAGES / "record.json").write_text(f"{record_of(runs)}\n", encoding="utf-8")
    (PAGES / "index.md").write_text(f"{index(shown)}\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
