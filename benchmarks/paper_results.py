"""The printed results of the published study next to those of a run: the tables of the page figure by figure.

``python benchmarks/paper_results.py RUN`` writes them from a run folder, in English and Chinese, and what the
README has of it; without RUN it writes the numbers that are there again, in the words of today's catalog.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from harness.findings.run import read_run
from harness.installed import installed
from harness.language import rendered, spaced, spoken
from harness.report.render.text import markdown_table
from harness.report.sections.published import claim_number, gain_over, holds, published_text
from harness.running.folder import RunFolder
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.curve_claim import SOURCES
from harness.study.spec.load import load_study
from harness.tables.claims import FINDS, INVENTS, MISSES, UNJUDGED, ClaimRow
from harness.tables.table import read_rows
from harness.text.numbers import percent
from harness.text.screen import first_screen, labelled
from paper_shapes import TABLES, Shape, measured, read_shapes

ROOT = Path(__file__).parents[1]
COUNTS = "<!-- counts -->\n"
ERRORS = "<!-- gains -->\n"
END = "<!-- end -->"
PROTOCOLS = ("as_published", "held_out_entities")
REFERENCES = ("ols", "fe")
ESTIMATORS = ("rab_published", "rab")
NONE = "\u2013"


@dataclass(frozen=True)
class Edition:
    """A language of the page: its files, and its words for heads, samples and readings."""

    language: str
    spec: str
    page: str
    heads: tuple[str, ...]
    counts: str
    gains: tuple[str, ...]
    samples: tuple[str, ...]
    readings: tuple[str, str, str]
    sentence: str

    @property
    def path(self) -> Path:
        """The page, which counts what holds."""
        return ROOT / "docs" / self.page

    @property
    def table(self) -> Path:
        """The file with every printed result, which the page shows."""
        return self.path.with_suffix(".csv")

    def words(self, shape: Shape) -> tuple[str, str]:
        """Return where a shape is printed, and what its number is."""
        if self.language == "zh":
            return shape.source.replace("Figure", "图"), shape.about_zh
        return shape.source, shape.about


ENGLISH = Edition(
    "en",
    "digital_carbon.yaml",
    "figure_by_figure.md",
    (
        *("where printed", "what", "outcome", "printed", "as published", "corrected", "truth", "holds"),
        *("the method as published", "the corrected method"),
    ),
    "Of {0} printed results {1} of {2} hold as published, {3} of {4} when corrected. Of {5} statements\n"
    "that are true of these cities the methods as published find {6}, the corrected ones {7}; they find\n"
    "{8} and {9} that are not there. {10} results cannot be judged.",
    (
        *("outcome", "rows", "over pooled OLS, as published", "over fixed effects, as published"),
        *("over pooled OLS, held-out cities", "over fixed effects, held-out cities"),
    ),
    ("training", "test", "all"),
    ("as published", "corrected", "both"),
    "As published, SOM + ANN cuts the mean squared error of pooled OLS on test rows by {0} to {1};\n"
    "for cities not used in training its error is {2} to {3} larger.",
)
CHINESE = Edition(
    "zh",
    "digital_carbon_zh.yaml",
    "zh/figure_by_figure.md",
    (
        "出处",
        "内容",
        "被解释变量",
        "原文报告",
        "原文做法",
        "规范做法",
        "真值",
        "成立",
        "原文方法",
        "规范方法",
    ),
    "原文报告的结果共 {0} 项：按原文做法，{2} 项中 {1} 项成立；按规范做法，{4} 项中 {3} 项成立。\n"
    "对模拟城市成立的 {5} 项陈述，原文方法找到 {6} 项，规范方法找到 {7} 项；\n"
    "另分别找到 {8} 项与 {9} 项不存在的结果。{10} 项无法判断。",
    (
        *("被解释变量", "观测", "相对于混合 OLS，原文做法", "相对于双向固定效应，原文做法"),
        *("相对于混合 OLS，整城留出", "相对于双向固定效应，整城留出"),
    ),
    ("训练集", "测试集", "全部观测"),
    ("原文做法", "规范做法", "两者"),
    "照原文做法，SOM + ANN 在测试集上的均方误差比混合 OLS 低 {0} 至 {1}；对未参与训练的城市则高 {2} 至 {3}。",
)
EDITIONS = (ENGLISH, CHINESE)


def printed_results(edition: Edition) -> Iterator[tuple[ClaimRow, list[str]]]:
    """Yield every claim of the spec, and then every shape, with its first four cells."""
    study = load_study(ROOT / "specs" / edition.spec, catalogs=installed().catalogs).study
    frame = claims_table(study, {name: pd.DataFrame() for name in SOURCES}).assign(reason="", note="")
    rows = read_rows(frame, ClaimRow, table="claims")
    labels = {one.id: one.label for one in study.estimators}
    of_several = {source for source in {row.source for row in rows} if len(_estimators(rows, source)) > 1}
    colon = "：" if edition is CHINESE else ": "
    with spoken(edition.language):
        for row in rows:
            start = f"{labels[row.estimator]}{colon}" if row.source in of_several else ""
            about = gain_over(labels[row.reference]) if row.reference else rendered(row.about)
            what = spaced(f"{start}{about}")
            yield row, [row.source, what, study.variables[row.outcome].label, published_text(row)]
        for shape in read_shapes():
            row, label = _row(shape), study.variables[shape.outcome].label
            source, what = edition.words(shape)
            yield row, [source, what, label, published_text(row)]


def _row(shape: Shape) -> ClaimRow:
    """Return a shape as a claim; an exposure at which a curve bends is printed with one decimal."""
    return ClaimRow(
        outcome=shape.outcome,
        quantity=shape.quantity,
        published=shape.value,
        recomputed=math.nan,
        this_run=math.nan,
        status="",
        reason="",
        about=shape.about,
        source=shape.source,
        note="",
        estimator=ESTIMATORS[0],
        digits=1 if shape.quantity == "bend" else None,
    )


def _estimators(rows: Iterable[ClaimRow], source: str) -> set[str]:
    return {row.estimator for row in rows if row.source == source}


def number(cell: str) -> float:
    """Return the number that a cell shows, a share for a percentage; NaN for none."""
    text = cell.replace("\u2212", "-").replace(",", "")
    if text == NONE:
        return math.nan
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


def results_rows(shown: Sequence[Sequence[str]], edition: Edition) -> list[list[str]]:
    """Return the table of all printed results, its head first.

    Parameters
    ----------
    shown : of every claim, what the run gives as published and corrected, the truth, and the verdicts
    """
    lines = [list(edition.heads)]
    for (row, cells), (*numbers, verdict, other) in zip(printed_results(edition), shown, strict=True):
        named = [name for name, one in zip(edition.readings, _held(row, numbers[:2]), strict=False) if one]
        both = edition.readings[2] if len(named) == 2 else "".join(named)
        with spoken(edition.language):
            lines.append([*cells, *numbers, both, rendered(verdict), rendered(other)])
    return lines


def counts_text(shown: Sequence[Sequence[str]], edition: Edition) -> str:
    """Return the sentence that says how many results hold."""
    held = [_held(row, one[:2]) for (row, _), one in zip(printed_results(edition), shown, strict=True)]
    known = [[one[at] for one in held if one[at] is not None] for at in (0, 1)]
    counts = [n for own in known for n in (sum(map(bool, own)), len(own))]
    published, other = (Counter(one[column] for one in shown) for column in (3, 4))
    n_true = published[FINDS] + published[MISSES]
    judged = (published[FINDS], other[FINDS], published[INVENTS], other[INVENTS], published[UNJUDGED])
    return edition.counts.format(len(held), *counts, n_true, *judged)


def _held(row: ClaimRow, pair: Sequence[str]) -> list[bool | None]:
    values = [number(cell) for cell in pair]
    return [holds(row, value) if math.isfinite(value) else None for value in values]


def read_results(edition: Edition) -> list[list[str]]:
    """Return the table of all printed results as it is in its file, its head first."""
    with edition.table.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def shown_results() -> list[list[str]]:
    """Return what the file shows of every printed result: two numbers of the run, the truth, two verdicts."""
    return [[*line[4:7], *line[8:10]] for line in read_results(ENGLISH)[1:]]


def run_results(folder: Path) -> list[list[str]]:
    """Return the same of a run folder."""
    claims = read_rows(pd.read_csv(folder / "claims.csv"), ClaimRow, table="claims")
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in TABLES}
    shown = [
        [
            *(claim_number(row, value) for value in (row.this_run, row.counterpart, row.truth)),
            *(verdict or UNJUDGED for verdict in (row.verdict, row.counterpart_verdict or row.verdict)),
        ]
        for row in claims
    ]
    for shape in read_shapes():
        values = [measured(shape, tables, estimator) for estimator in ESTIMATORS]
        shown.append([*(claim_number(_row(shape), value) for value in values), NONE, UNJUDGED, UNJUDGED])
    return shown


def gains_text(folder: Path, edition: Edition) -> str:
    """Return the gains of the network after a map on training, test and all rows of a run."""
    study = load_study(ROOT / "specs" / edition.spec, catalogs=installed().catalogs).study
    gains = pd.read_csv(folder / "gain.csv").query("estimator == 'ann'")
    known = gains.set_index(["outcome", "sample", "protocol", "reference"])["gain"]
    rows = [
        [study.variables[outcome].label, words]
        + [percent(known[outcome, sample, protocol, over]) for protocol in PROTOCOLS for over in REFERENCES]
        for outcome in study.roles.outcomes
        for sample, words in zip(("train", "test", "all"), edition.samples, strict=True)
    ]
    test = [
        sorted(abs(known[outcome, "test", protocol, "ols"]) for outcome in study.roles.outcomes)
        for protocol in PROTOCOLS
    ]
    ends = [percent(own[at], 0) for own in test for at in (0, -1)]
    return f"{markdown_table(edition.gains, rows)}\n\n{edition.sentence.format(*ends)}"


README, CHINESE_README = ROOT / "README.md", ROOT / "README.zh.md"
SCREEN = "<!-- first screen -->\n"
CITY_GAINS = "<!-- city gains -->\n"
STORED_SCREEN = ROOT / "docs" / "measured" / "city_screen.csv"
STORED_GAINS = ROOT / "docs" / "measured" / "city_gains.csv"
GAIN_KEY = ("outcome", "estimator", "reference", "protocol")
PRINTED = ("0.655808", "0.678582", "0.565661")
GAIN_HEADS = (
    ("", "total emissions", "intensity", "per head"),
    ("", "碳排放总量", "碳排放强度", "人均碳排放量"),
)
AS_PRINTED = ("as printed", "原文")
# Rows of the README's table: what it says in both languages, estimator, reference and protocol.
PUBLISHED, NEW = "as_published", "held_out_entities"
README_ROWS = (
    ("here, as published, over pooled OLS", "本次运行，按原文做法，相对于混合 OLS", "ann", "ols", PUBLISHED),
    (
        "here, as published, over two-way fixed effects",
        "本次运行，按原文做法，相对于双向固定效应",
        "ann",
        "fe",
        PUBLISHED,
    ),
    (
        "here, as published, over the best simple method",
        "本次运行，按原文做法，相对于最佳简单方法",
        "ann",
        "best_simple",
        PUBLISHED,
    ),
    (
        "here, for new cities, over pooled OLS",
        "本次运行，未参与训练的城市，相对于混合 OLS",
        "ann",
        "ols",
        NEW,
    ),
    (
        "here, for new cities, over the best simple method",
        "本次运行，未参与训练的城市，相对于最佳简单方法",
        "ann",
        "best_simple",
        NEW,
    ),
    (
        "here, RAB for new cities, over the best simple method",
        "本次运行，RAB，未参与训练的城市，相对于最佳简单方法",
        "rab",
        "best_simple",
        NEW,
    ),
    (
        "here, tuned trees for new cities, over the best simple method",
        "本次运行，调优提升树，未参与训练的城市，相对于最佳简单方法",
        "tuned",
        "best_simple",
        NEW,
    ),
    (
        "here, the best simple method for new cities, over pooled OLS",
        "本次运行，最佳简单方法，未参与训练的城市，相对于混合 OLS",
        "best_simple",
        "ols",
        NEW,
    ),
)


def store_run(folder: Path) -> None:
    """Keep what the README says of a run: its first screen, and gains on test rows."""
    run = read_run(RunFolder.open(folder))
    kind = "a quick run" if run.manifest.study.quick else "a full run"
    with STORED_SCREEN.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("run", "outcome", "label", "text"))
        for one in first_screen(run).outcomes:
            lines.writerows(
                (kind, one.outcome, label, text) for label, text in labelled(one, run.manifest.study)
            )
    gains = pd.read_csv(folder / "gain.csv").query("sample == 'test'")
    columns = [*GAIN_KEY, "gain", "conf_low", "conf_high", "decision"]
    gains[columns].to_csv(STORED_GAINS, index=False, float_format="%.6g", lineterminator="\n")


def screen_quote() -> str:
    """Return the first screen of the stored run for total emissions, as a quotation that names the run."""
    screen = pd.read_csv(STORED_SCREEN).query("outcome == 'co2'")
    quoted = [f"> **{label}.** {text}" for label, text in zip(screen["label"], screen["text"], strict=True)]
    start = f"Total emissions, of {screen['run'].iloc[0]} of the simulated city study below:"
    return "\n".join([start, "", "\n>\n".join(quoted)])


def city_gains(edition: Edition) -> str:
    """Return the table of gains of the stored run next to those that the study prints, of a README."""
    at, known = EDITIONS.index(edition), pd.read_csv(STORED_GAINS).set_index(list(GAIN_KEY))["gain"]
    rows = [
        [words[at], *(percent(known[outcome, *key], 0) for outcome in ("co2", "co2_intensity", "co2_pc"))]
        for *words, estimator, reference, protocol in README_ROWS
        if ("co2", *(key := (estimator, reference, protocol))) in known.index
    ]
    printed = [AS_PRINTED[at], *(percent(float(value), 0) for value in PRINTED)]
    return markdown_table(GAIN_HEADS[at], [printed, *rows])


def main(folder: Path | None) -> None:
    """Write the tables of a run; of none, their own numbers in the words of today."""
    shown = run_results(folder) if folder else shown_results()
    if folder:
        store_run(folder)
    readme = _replaced(README.read_text(encoding="utf-8"), SCREEN, screen_quote())
    README.write_text(_replaced(readme, CITY_GAINS, city_gains(ENGLISH)), encoding="utf-8")
    chinese = CHINESE_README.read_text(encoding="utf-8")
    CHINESE_README.write_text(_replaced(chinese, CITY_GAINS, city_gains(CHINESE)), encoding="utf-8")
    for edition in EDITIONS:
        page = edition.path.read_text(encoding="utf-8")
        page = _replaced(page, COUNTS, counts_text(shown, edition))
        if folder:
            page = _replaced(page, ERRORS, gains_text(folder, edition))
        edition.path.write_text(page, encoding="utf-8")
        with edition.table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(results_rows(shown, edition))


def _replaced(page: str, mark: str, text: str) -> str:
    """Return a page with another text between a mark and the end of what it marks."""
    start, _, rest = page.partition(mark)
    return f"{start}{mark}{text}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
