"""The tables of the page on the public panels, as Markdown, from the committed tables of the suite."""

from __future__ import annotations

from pathlib import Path

import markdown
import numpy as np
import pandas as pd

from harness.report.blocks import ReportTable, plain_words
from harness.suite.page import SuitePages
from harness.suite.results import SUITE_TABLES, read_record, read_suite_table
from harness.suite.spec import load_suite
from harness.text.numbers import count, fixed, percent

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "suites" / "reference" / "public_panels"
SUITE = load_suite(ROOT / "suites" / "public_panels.yaml").suite
PROTOCOLS = ("held_out_entities", "forward")
NETWORKS = ("mlp", "mlp_effects", "rab")


def table(name: str) -> pd.DataFrame:
    """Return one of the committed tables."""
    return pd.read_csv(REFERENCE / f"{name}.csv")


RECORD = read_record(REFERENCE)
TABLES = {name: read_suite_table(REFERENCE, one) for name, one in SUITE_TABLES.items()}
PAGES = SuitePages(RECORD, TABLES, {name: one.to_dict("records") for name, one in TABLES.items()})


def _in_markdown(shown: ReportTable) -> str:
    """Return a table of the suite's own pages, with its notes."""
    grid = markdown.table(shown.heads[-1], [texts for texts, _ in shown.body_rows])
    return "\n\n".join([grid, *(plain_words(note).replace("*", "\\*") for note in shown.notes)])


def standings(protocol: str) -> str:
    """Return the table of all estimators under a protocol, best average rank first."""
    return _in_markdown(PAGES.standings(protocol))


def explained() -> str:
    """Return the table of what goes together with the error ratios of networks."""
    rows = PAGES.rows["suite_explained"]
    return _in_markdown(PAGES.explained([row for row in rows if row["estimator"] in NETWORKS]))


def shapes() -> str:
    """Return the panels with their shapes."""
    panels = table("suite_panels")
    lines = ["| panel | rows | entities | periods | variance between entities |", "|---|---|---|---|---|"]
    for row in panels.to_dict("records"):
        cells = [row["title"], *(count(int(row[name])) for name in ("n_obs", "n_entities", "n_periods"))]
        lines.append(f"| {' | '.join([*cells, percent(row['share_between'], 0)])} |")
    return "\n".join(lines)


def tuning() -> str:
    """Return how the error of each tuned estimator stands to that of the same one at its defaults."""
    gains = table("suite_gain").drop_duplicates(["study", "protocol", "estimator"])
    lines = [
        "| estimator | protocol | panels | smaller error tuned | mean log error ratio, tuned over defaults |",
        "|---|---|---|---|---|",
    ]
    for name in SUITE.flexible:
        for protocol in PROTOCOLS if name.endswith("_tuned") else ():
            errors = gains[gains["protocol"] == protocol].pivot_table(
                index="study", columns="estimator", values="mse"
            )
            ratios = np.log(errors[name] / errors[name.removesuffix("_tuned")]).dropna()
            label = SUITE.labels[name.removesuffix("_tuned")]
            cells = [label, protocol, count(len(ratios)), percent((ratios < 0).mean(), 0)]
            lines.append(f"| {' | '.join([*cells, fixed(ratios.mean(), 2)])} |")
    return "\n".join(lines)


def costs() -> str:
    """Return what each estimator took, held-out entities: medians over panels, of one fit."""
    own = table("suite_summary").query("protocol == 'held_out_entities' and over != 'simple'")
    own = own.drop_duplicates("estimator").set_index("estimator")
    given = table("suite_budgets").set_index("estimator")
    lines = [
        "| estimator | sets of options compared | seconds a fit | MB a fit | MB, most of any panel |",
        "|---|---|---|---|---|",
    ]
    for name in SUITE.estimator_ids:
        spent = [fixed(own.loc[name, "seconds"], 3), fixed(own.loc[name, "memory"], 1)]
        cells = [SUITE.labels[name], count(int(given.loc[name, "n_candidates"])), *spent]
        lines.append(f"| {' | '.join([*cells, fixed(given.loc[name, 'memory'], 1)])} |")
    return "\n".join(lines)


def refusals() -> str:
    """Return how often each estimator refused a panel."""
    budgets = table("suite_budgets")
    own = budgets[budgets["n_refused"] > 0]
    return "; ".join(f"{row.label} {row.n_refused}" for row in own.itertuples()) + "."


BLOCKS = {
    "held_out_standings": lambda: standings("held_out_entities"),
    "forward_standings": lambda: standings("forward"),
    "explained": explained,
    "tuning": tuning,
    "costs": costs,
    "refusals": refusals,
    "shapes": shapes,
}
"""What the page shows, by name."""
