"""The site of a suite: every number is stored, every link leads somewhere; suites of simulated panels."""

import csv
import math
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import html5lib
import pandas as pd
import pytest

from command import printed
from harness.errors import ArtifactError
from harness.suite.run import write_site
from suite_runs import run_suite_file

REFERENCE = Path(__file__).parents[2] / "suites" / "reference" / "public_panels"
PROTOCOLS = {"Entities not used in training": "held_out_entities", "Forward in time": "forward"}
OVERS = {"pooled OLS": "pooled", "two-way effects": "two_way", "the best simple rival": "simple"}
FEATURES = ("n_entities", "n_periods", "n_obs", "share_between", "curvature")
LIMITS = ("conf_low", "conf_high")
NUMBER = re.compile(r"−?\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(REFERENCE, tmp_path_factory.mktemp("site") / "site").path


@pytest.fixture(scope="module")
def pages(site):
    return {
        path: html5lib.parse(path.read_text("utf-8"), namespaceHTMLElements=False)
        for path in site.rglob("*.html")
    }


def stored(name, *keys):
    """Return the rows of a stored table, texts, by the cells of some columns."""
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return {tuple(row[key] for key in keys): row for row in csv.DictReader(stream)}


def numbers(row, *columns, scale=1.0):
    return [scale * float(row[column] or "nan") for column in columns]


def text_of(element):
    return "".join(element.itertext())


def tables_of(page):
    """Yield the caption of each table and its rows: target and text of the first cell, the others."""
    for table in page.iter("table"):
        caption = " ".join(text_of(table.find("caption")).split()[2:]).removesuffix(" CSV LaTeX")
        rows = []
        for row in table.find("tbody"):
            first, *others = row
            link = first.find("a")
            target = "" if link is None else Path(link.get("href")).stem
            cells = [
                " ".join([cell.text or "", *(f"{text_of(part)} {part.tail or ''}" for part in cell)])
                for cell in others
            ]
            rows.append((target, text_of(first), cells))
        yield caption, rows


def numbers_of(text):
    """Yield the numbers of a text, each with half a unit of its last digit."""
    for found in NUMBER.findall(text):
        decimals = len(found.partition(".")[2])
        yield float(found.replace("−", "-").replace(",", "")), 0.5 * 10.0**-decimals


def numbers_in(text):
    return [number for number, _ in numbers_of(text)]


def assert_shown(text, values):
    """Assert that a text has these numbers and no others, to the digits that it shows."""
    shown, known = list(numbers_of(text)), [value for value in values if math.isfinite(value)]
    assert len(shown) == len(known), (text, values)
    for (number, slack), value in zip(shown, known, strict=True):
        assert abs(number - value) <= slack * (1 + 1e-9), (text, values)
    return len(shown)


class Stored:
    """The stored numbers of every row of the site's tables."""

    def __init__(self):
        self.panels = stored("suite_panels", "study")
        self.budgets = stored("suite_budgets", "estimator")
        self.summary = stored("suite_summary", "protocol", "over", "estimator")
        self.ranks = stored("suite_ranks", "protocol", "estimator")
        self.gains = stored("suite_gain", "protocol", "over", "study", "estimator")
        self.explained = stored("suite_explained", "protocol", "estimator", "feature")

    def shape(self, study, *columns):
        row = self.panels[(study,)]
        shares = numbers(row, "share_between", "curvature", scale=100)
        return [
            *numbers(row, "n_obs", "n_entities", "n_periods"),
            *shares,
            *numbers_in(" ".join(row[column] for column in columns)),
        ]

    def budget(self, estimator):
        row = self.budgets[(estimator,)]
        given = numbers(row, "n_candidates", "n_fits", "seconds", "memory", "n_refused")
        return [*given, *numbers_in(row["options"])]

    def all_panels(self, protocol, over, estimator):
        row = self.summary[protocol, over, estimator]
        ratios = numbers(row, "log_error_ratio", *LIMITS, "simultaneous_low", "simultaneous_high")
        counts = numbers(row, "n_better", "n_worse", "n_refused", "n_panels", "seconds", "memory")
        return [*numbers(row, "win_rate", "win_low", "win_high", scale=100), *ratios, *counts]

    def standing(self, protocol, estimator):
        values = numbers(self.ranks[protocol, estimator], "average_rank")
        is_simple = self.budgets[(estimator,)]["is_simple"] == "True"
        limits = LIMITS if is_simple else ("simultaneous_low", "simultaneous_high")
        if row := self.summary.get((protocol, "two_way", estimator)):
            wins, *interval = numbers(row, "win_rate", "win_low", "win_high", scale=100)
            values += [wins, *numbers(row, "n_panels"), *interval]
        for over in ("two_way", "simple"):
            if row := self.summary.get((protocol, over, estimator)):
                values += numbers(row, "log_error_ratio", *limits)
        return values

    def correlations(self, protocol, estimator):
        rows = (self.explained.get((protocol, estimator, name)) for name in FEATURES)
        return [value for row in rows if row for value in numbers(row, "rank_correlation", *LIMITS)]

    def gain(self, protocol, study, estimator):
        rows = [
            self.gains.get((protocol, over, study, estimator)) for over in ("pooled", "two_way", "simple")
        ]
        first, values = next(row for row in rows if row), []
        for row in rows:
            if row and row["status"] == "ok":
                (p_value,) = numbers(row, "p_holm")
                least = 0.001 if p_value < 0.001 else p_value
                values += [*numbers(row, "gain", *LIMITS, scale=100), least]
        return [*numbers(first, "nmse"), *values, *numbers(first, "seconds", "memory")]

    def expected(self, page, caption, target, head, first):
        """Return the numbers of a row, by page, caption, and the target and text of its head."""
        place, name = page.parent.name, page.stem
        study, estimator = (
            (name, target) if place == "panels" else (target, name if place == "estimators" else target)
        )
        if caption == "Shape":
            return self.shape(study)
        if caption == "Panels, their shape and data":
            return self.shape(study, "source")
        if caption == "Options, fits, time and memory":
            return self.budget(estimator)
        if caption.startswith("Rank correlation"):
            return self.correlations(PROTOCOLS[first.strip()], estimator)
        if caption == "All panels together" or ": over " in caption:
            title, _, over = (
                (head if place == "estimators" else caption).replace(": over ", ": ").partition(": ")
            )
            return self.all_panels(PROTOCOLS[title], OVERS[over], estimator)
        protocol = PROTOCOLS[caption.rpartition(": ")[2]]
        return (
            self.gain(protocol, study, estimator)
            if place in ("panels", "estimators")
            else self.standing(protocol, estimator)
        )


def test_every_number_of_every_table_is_the_stored_one(pages):
    tables, seen, n_numbers = Stored(), set(), 0
    for page, parsed in pages.items():
        for caption, rows in tables_of(parsed):
            for target, head, cells in rows:
                values = tables.expected(page, caption, target, head, cells[0])
                n_numbers += assert_shown(" ".join(cells), values)
                seen.add((page.parent.name, page.stem, caption.rpartition(": ")[2], target))
    titles = {protocol: title for title, protocol in PROTOCOLS.items()}
    for protocol, _, study, estimator in tables.gains:
        assert ("panels", study, titles[protocol], estimator) in seen
        assert ("estimators", estimator, titles[protocol], study) in seen
    assert n_numbers > 20_000


def test_every_link_leads_to_a_file_of_the_site_and_every_page_is_linked(site, pages):
    reached = {site / "index.html"}
    for page, parsed in pages.items():
        anchors = {element.get("id") for element in parsed.iter() if element.get("id")}
        for link in (element.get("href") for element in parsed.iter("a")):
            assert not re.match(r"\w+:|//", link) or link.startswith("data:text/")
            if link.startswith("#"):
                assert link[1:] in anchors
            elif not link.startswith("data:"):
                target = (page.parent / unquote(link)).resolve()
                assert target.is_file()
                assert site.resolve() in target.parents
                reached.add(target)
    assert set(pages) <= reached
    assert len(pages) == 1 + 26 + 16
    for name in ("suite_gain", "suite_summary", "suite_ranks", "suite_findings"):
        pd.testing.assert_frame_equal(
            pd.read_csv(site / f"{name}.csv"), pd.read_csv(REFERENCE / f"{name}.csv")
        )


def test_forged_names_stay_texts_and_files_stay_in_the_site(small_suite, tmp_path):
    run, forged = small_suite[0].path, "../../<script>alert(1)</script>"
    for path in run.iterdir():
        if path.suffix in (".csv", ".json"):
            text = (
                path.read_text("utf-8")
                .replace("short,", f"{forged},")
                .replace("Pooled <OLS>", f"{forged}<img src=x onerror=1>")
            )
            (tmp_path / path.name).write_text(text, encoding="utf-8")
    before = set(tmp_path.iterdir())
    site = write_site(tmp_path, tmp_path / "site").path
    assert set(tmp_path.iterdir()) == before | {site}
    (page,) = [path for path in (site / "panels").iterdir() if "script" in path.name]
    for path in site.rglob("*.html"):
        parsed = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(path.read_text("utf-8"))
        scripts = [text_of(script) for script in parsed.iter("script")]
        assert len(scripts) == 1
        assert "alert" not in scripts[0]
        assert not [
            image for image in parsed.iter("img") if not image.get("src").startswith("data:image/svg+xml,")
        ]
        assert "SIMULATED DATA" in path.read_text("utf-8")
    assert forged in text_of(
        html5lib.parse((site / "index.html").read_text("utf-8"), namespaceHTMLElements=False)
    )
    assert page.is_file()


def test_the_command_writes_a_site_of_a_run_and_refuses_what_is_none(small_suite, tmp_path):
    run, out = small_suite[0].path, tmp_path / "site"
    printed("suite", "site", run, "--out", out)
    for name in (
        "index.html",
        "suite_gain.csv",
        "suite.json",
        "estimators/splines.html",
        "panels/curved-1.html",
    ):
        assert (out / name).read_bytes() == (run / name).read_bytes()
    with pytest.raises(ArtifactError, match="is not the folder of a suite"):
        write_site(tmp_path, tmp_path / "other")
    with pytest.raises(ArtifactError, match="holds a run"):
        write_site(run, run)
    shutil.copytree(out, tmp_path / "cut")
    gains = tmp_path / "cut" / "suite_gain.csv"
    pd.read_csv(gains).drop(columns="p_holm").to_csv(gains, index=False)
    with pytest.raises(ArtifactError, match=r"suite_gain\.csv: lacks the columns p_holm"):
        write_site(tmp_path / "cut", tmp_path / "other")
    shutil.copy(out / "suite_gain.csv", gains)
    ranks = (out / "suite_ranks.csv").read_text(encoding="utf-8")
    (tmp_path / "cut" / "suite_ranks.csv").write_text(ranks.replace("forward", "backward"), encoding="utf-8")
    with pytest.raises(ArtifactError, match="its tables do not belong together"):
        write_site(tmp_path / "cut", tmp_path / "other")
    assert not (tmp_path / "other" / "index.html").exists()


ROOT = Path(__file__).parents[2]
SUITES = ROOT / "suites"


def said(name, out):
    folder = run_suite_file(SUITES / f"{name}.yaml", out, quick=True)
    return folder.read_table("suite_findings"), folder.read_table("suite_gain")


@pytest.mark.slow
def test_no_flexible_estimator_is_said_to_beat_two_way_effects_where_all_is_linear(tmp_path):
    findings, gains = said("linear_panels", tmp_path / "out")
    assert gains["study"].nunique() == 20
    assert (gains["status"] == "ok").all()
    two_way = findings[(findings["over"] == "two_way") & findings["is_established"]]
    better = two_way[(two_way["finding"] == "panels") | (two_way["estimate"] < 0)]
    assert better["text"].tolist() == []


@pytest.mark.slow
def test_splines_and_the_network_are_said_to_beat_two_way_effects_where_there_is_a_curve(tmp_path):
    findings, _ = said("curved_panels", tmp_path / "out")
    own = findings[(findings["over"] == "two_way") & (findings["protocol"] == "held_out_entities")]
    overall = own[own["finding"] == "overall"].set_index("estimator")
    for estimator in ("splines", "mlp", "splines_tuned", "mlp_tuned"):
        assert overall.loc[estimator, "is_established"]
        assert overall.loc[estimator, "conf_high"] < 0
    panels = own[own["finding"] == "panels"].set_index("estimator")
    for estimator in ("splines", "mlp", "splines_tuned"):
        assert panels.loc[estimator, "estimate"] >= 16  # of twenty: power by the panel, after Holm
