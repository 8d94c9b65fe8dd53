"""The tables of the page on two ladders: gains over pooled OLS of every estimator under every protocol.

``python tests/ladder_tables.py WAGES COUNTRIES`` writes them from two run folders.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from harness.report.render.text import markdown_table
from harness.text.numbers import fixed, interval

PAGE = Path(__file__).parents[1] / "docs" / "measured" / "two_ladders.md"
STUDIES = ("wages", "countries")
LIMITS = ["gain", "conf_low", "conf_high"]


def gains_of(gain: pd.DataFrame) -> pd.DataFrame:
    """Return gain and limits by estimator and protocol, of test rows over pooled OLS."""
    own = gain.query("sample == 'test' and reference == 'ols'")
    return own.set_index(["estimator", "protocol"])[LIMITS].astype(float)


def table(gain: pd.DataFrame) -> str:
    """Return the gains of a run as Markdown; one without a bounded interval stands alone."""
    gains = gains_of(gain)
    estimators, protocols = (list(dict.fromkeys(gains.index.get_level_values(at))) for at in (0, 1))
    rows = [[f"{name}", *(_cell(gains, name, one) for one in protocols)] for name in estimators]
    return markdown_table(["estimator", *protocols], rows)


def _cell(gains: pd.DataFrame, estimator: str, protocol: str) -> str:
    if (estimator, protocol) not in gains.index:
        return ""
    gain, low, high = gains.loc[(estimator, protocol)]
    return fixed(gain, 2) if pd.isna([low, high]).any() else f"{fixed(gain, 2)} {interval(low, high, 2)}"


def printed(study: str) -> dict[tuple[str, str], list[float]]:
    """Return the numbers of every cell of a study's table on the page, by estimator and protocol."""
    text = PAGE.read_text(encoding="utf-8").partition(f"<!-- {study} -->\n")[2].partition("\n<!-- end -->")[0]
    head, _, *rows = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines())
    found = {}
    for name, *cells in rows:
        for protocol, cell in zip(head[1:], cells, strict=True):
            plain = cell.replace("\u2212", "-").replace("\\", "")
            found[name, protocol] = [float(word.strip("[],")) for word in plain.split()]
    return found


def main(folders: list[str]) -> None:
    """Write both tables into the page."""
    page = PAGE.read_text(encoding="utf-8")
    for study, folder in zip(STUDIES, folders, strict=True):
        before, mark, rest = page.partition(f"<!-- {study} -->\n")
        own = table(pd.read_csv(Path(folder) / "gain.csv"))
        page = f"{before}{mark}{own}\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
