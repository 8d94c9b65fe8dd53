"""The tables of the page on the public panels, as Markdown, from the committed tables of the suite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.suite.spec import load_suite
from harness.text.numbers import count, fixed, interval, percent, percent_interval

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "suites" / "reference" / "public_panels"
SUITE = load_suite(ROOT / "suites" / "public_panels.yaml").suite
PROTOCOLS = ("held_out_entities", "forward")
FEATURES = ("n_entities", "n_periods", "n_obs", "share_between", "curvature")


def table(name: str) -> pd.DataFrame:
    """Return one of the committed tables."""
    return pd.read_csv(REFERENCE / f"{name}.csv")


def _of_protocol(name: str, protocol: str) -> pd.DataFrame:
    rows = table(name)
    return rows[rows["protocol"] == protocol]


def standings(protocol: str) -> str:
    """Return the table of all estimators under a protocol, best average rank first."""
    ranks = _of_protocol("suite_ranks", protocol).set_index("estimator")
    summary = _of_protocol("suite_summary", protocol).set_index(["over", "estimator"])
    lines = [
        "| estimator | average rank | smaller error than two-way effects "
        "| mean log error ratio to two-way effects | to the best simple rival |",
        "|---|---|---|---|---|",
    ]
    for name in ranks.sort_values("average_rank", kind="stable").index:
        star = "*" if ranks.loc[name, "is_tied_with_best"] else ""
        cells = [SUITE.labels[name], f"{fixed(ranks.loc[name, 'average_rank'], 2)}{star}"]
        two_way = summary.loc[("two_way", name)] if ("two_way", name) in summary.index else None
        simple = summary.loc[("simple", name)] if ("simple", name) in summary.index else None
        cells.append("" if two_way is None else _wins(two_way))
        cells.append("" if two_way is None else _ratio(two_way, name))
        cells.append("" if simple is None else _ratio(simple, name))
        lines.append(f"| {' | '.join(cells)} |")
    best = ranks.iloc[0]
    over = f"{fixed(best['critical_difference'], 2)} ({count(int(best['n_panels']))} panels)"
    note = f"\\* within Nemenyi's critical difference of the best rank, {over}."
    return "\n".join([*lines, "", note])


def _wins(row: pd.Series) -> str:
    share = f"{percent(row['win_rate'], 0)} of {count(int(row['n_panels']))}"
    return f"{share} {percent_interval(row['win_low'], row['win_high'])}"


def _ratio(row: pd.Series, name: str) -> str:
    """Return the ratio with its interval; of flexible estimators the one that holds for all at once."""
    start = "simultaneous" if name in SUITE.flexible else "conf"
    limits = interval(row[f"{start}_low"], row[f"{start}_high"], 2)
    return f"{fixed(row['log_error_ratio'], 2)} {limits}"


def explained() -> str:
    """Return the table of what goes together with the error ratios of networks."""
    found = table("suite_explained")
    lines = [
        "| protocol | estimator | entities | periods | rows | variance between entities | curvature |",
        "|---|---|---|---|---|---|---|",
    ]
    for (protocol, name), own in found.groupby(["protocol", "estimator"], sort=False):
        if name in ("mlp", "mlp_effects", "rab"):
            by_feature = own.set_index("feature").to_dict("index")
            cells = [
                f"{fixed(one['rank_correlation'], 2)} {interval(one['conf_low'], one['conf_high'], 2)}"
                if (one := by_feature.get(feature))
                else ""
                for feature in FEATURES
            ]
            lines.append(f"| {protocol} | {SUITE.labels[name]} | {' | '.join(cells)} |")
    return "\n".join(lines)


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
