"""Messy files from `init` to the report, against pyfixest on the rows that a person would keep."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyfixest
import pyreadstat
import pytest
from click.testing import CliRunner

import harness
from harness.cli import cli
from spec_tables import as_workbook

PROVINCES = ("北京", "天津", "河北", "山西", "辽宁", "吉林", "上海", "江苏", "浙江", "安徽", "福建", "山东")
COUNTRIES = ("AT", "BE", "CZ", "DE", "DK", "ES", "FI", "FR", "HU", "IT", "NL", "PL")
YEARS = tuple(range(2006, 2016))


FIRMS = tuple(f"firm {number:02d}" for number in range(12))


def clean(names: tuple[str, ...] = FIRMS) -> pd.DataFrame:
    """Return the panel that each file holds: keys, outcome y, exposure x, control z."""
    rng = np.random.default_rng(20)
    size = len(names) * len(YEARS)
    level = np.repeat(rng.normal(size=len(names)), len(YEARS))
    z = np.round(50 + 5 * level + rng.normal(size=size), 3)
    x = np.round(20 + 2 * level + rng.normal(size=size) + 0.2 * z, 3)
    y = np.round(200 + 30 * level + 3 * x - 2 * z + 4 * rng.normal(size=size), 3)
    keys = {"id": np.repeat(names, len(YEARS)), "year": YEARS * len(names)}
    return pd.DataFrame(keys | {"y": y, "x": x, "z": z})


@dataclass(frozen=True)
class Messy:
    """A file, and what is to come of it.

    Attributes
    ----------
    write : of the clean panel into a folder; returns the file names and the rows that a person keeps
    outcome, exposure, controls : columns as the file calls them
    panel : the clean one
    shown_words : what `init` says of the file, or the spec
    """

    write: Callable[[Path, pd.DataFrame], tuple[tuple[str, ...], pd.DataFrame]]
    outcome: str = "y"
    exposure: str = "x"
    controls: tuple[str, ...] = ("z",)
    panel: pd.DataFrame = field(default_factory=clean)
    shown_words: tuple[str, ...] = ()


def stray_years(folder, frame):
    wrong = frame.copy()
    wrong.loc[3, "year"], wrong.loc[77, "year"] = 199, 2101
    wrong.to_csv(folder / "a.csv", index=False)
    return ("a.csv",), frame.drop(index=[3, 77])


def _merged(folder, frame, columns):
    names = {"id": "省份", "year": "年份", "y": "排放", "x": "产值", "z": "人口"}
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([names[name] for name in columns])
    for row in frame[columns].itertuples(index=False):
        sheet.append(list(row))
    return book, sheet


def merged_cells(folder, frame):
    book, sheet = _merged(folder, frame, ["id", "year", "y", "x", "z"])
    for first in range(2, len(frame) + 2, len(YEARS)):
        sheet.merge_cells(start_row=first, end_row=first + len(YEARS) - 1, start_column=1, end_column=1)
    book.save(folder / "a.xlsx")
    return ("a.xlsx",), frame


def name_once(folder, frame):
    shown = frame.assign(id=frame["id"].where(~frame["id"].duplicated()))
    shown = shown.rename(columns={"id": "省份", "year": "年份", "y": "排放", "x": "产值", "z": "人口"})
    shown.to_csv(folder / "a.csv", index=False)
    return ("a.csv",), frame


def copies(folder, frame):
    pd.concat([frame, frame.iloc[[4, 9, 40]]]).to_csv(folder / "a.csv", index=False)
    return ("a.csv",), frame


def half_missing(folder, frame):
    rng = np.random.default_rng(5)
    frame.assign(
        rd=np.where(rng.uniform(size=len(frame)) < 0.49, np.nan, rng.normal(size=len(frame)))
    ).to_csv(folder / "a.csv", index=False)
    return ("a.csv",), frame


def codes(folder, frame):
    number = frame["id"].str[-2:].astype(int)
    frame.assign(provcode=11 + number // 4, indcode=[13, 17, 26, 31] * (len(frame) // 4)).to_csv(
        folder / "a.csv", index=False
    )
    return ("a.csv",), frame


def units_below(folder, frame):
    names = {"id": "城市", "year": "年份", "y": "碳排放", "x": "数字经济指数", "z": "人口"}
    rows = [list(names.values()), ["单位", None, "万吨", None, "万人"]]
    frame = frame.assign(x=frame["x"] / 200)
    (folder / "a.xlsx").write_bytes(as_workbook({"Sheet1": rows + frame[list(names)].to_numpy().tolist()}))
    return ("a.xlsx",), frame


def few_entities(folder, frame):
    kept = frame[frame["id"].isin(sorted(frame["id"].unique())[:4])]
    kept.to_csv(folder / "a.csv", index=False)
    return ("a.csv",), kept


def quarters(folder, frame):
    frame.assign(year=[f"{2006 + step // 4}Q{step % 4 + 1}" for step in range(10)] * 12).rename(
        columns={"year": "quarter"}
    ).to_csv(folder / "a.csv", index=False)
    return ("a.csv",), frame


def coded_quarters(folder, frame):
    frame.assign(year=[(2006 + step // 4) * 10 + step % 4 + 1 for step in range(10)] * 12).rename(
        columns={"year": "quarter"}
    ).to_csv(folder / "a.csv", index=False)
    return ("a.csv",), frame


def two_heads(folder, frame):
    wide = frame.pivot_table(index="id", columns="year", values=["y", "x", "z"])[["y", "x", "z"]]
    head = ["firm", *(name if year == YEARS[0] else None for name in ("y", "x", "z") for year in YEARS)]
    rows = [head, [None, *(year for _ in range(3) for year in YEARS)]]
    rows += [[name, *values] for name, values in zip(wide.index, wide.to_numpy().tolist(), strict=True)]
    (folder / "a.xlsx").write_bytes(as_workbook({"data": rows}))
    return ("a.xlsx",), frame


def eurostat(folder, frame):
    stacked = frame.melt(["id", "year"], var_name="na_item")
    stacked["value"] = stacked["value"].astype(str)
    marks = np.select([stacked.index % 7 == 3, stacked.index % 11 == 5], [" p", " be"], "")
    stacked["value"] += marks
    stacked.loc[[8, 190], "value"] = ": ", ": z"
    wide = stacked.pivot_table(
        index=["na_item", "id"], columns="year", values="value", aggfunc="first"
    ).reset_index()
    wide.insert(0, "freq,na_item,geo\\TIME_PERIOD", "A," + wide.pop("na_item") + "," + wide.pop("id"))
    wide.columns = [f"{name} " if isinstance(name, int) else name for name in wide.columns]
    wide.to_csv(folder / "a.tsv", index=False, sep="\t")
    return ("a.tsv",), frame.drop(index=[8, 190 - 120])


def bureau(folder, frame):
    """Write three exports of the bureau: a table a file, the latest year first, in GBK."""
    names = {"y": "能源消费总量(万吨)", "x": "地区生产总值(亿元)", "z": "年末常住人口(万人)"}
    for name, label in names.items():
        wide = frame.pivot_table(index="id", columns="year", values=name).loc[
            list(PROVINCES), list(YEARS[::-1])
        ]
        lines = ["数据库：分省年度数据", f"指标：{label}", "时间：最近10年", ""]
        lines += [",".join(["地区", *(f"{year}年" for year in wide.columns)])]
        lines += [
            ",".join([province, *map(str, row)])
            for province, row in zip(wide.index, wide.to_numpy(), strict=True)
        ]
        lines += ["", "注：2011年起口径有调整。", "数据来源：国家统计局"]
        (folder / f"{label}.csv").write_text("\n".join(lines) + "\n", encoding="gbk")
    return tuple(f"{label}.csv" for label in names.values()), frame


def stata_gaps(folder, frame):
    there = frame.drop(index=[5, 6, 7, 33, 34, 99]).reset_index(drop=True)
    there["z"] = there["z"].where(there.index != 50)
    stored = there.assign(id=there["id"].str[-2:].astype(int))
    labels = {"id": "Company identifier", "y": "Sales (million USD)", "x": "R&D stock", "z": "Employees"}
    stored.to_stata(folder / "a.dta", write_index=False, variable_labels=labels)
    return ("a.dta",), there.dropna()


def spss(folder, frame):
    there = frame.copy()
    there.loc[[2, 60], "z"] = -99
    pyreadstat.write_sav(there, folder / "a.sav")
    return ("a.sav",), frame.drop(index=[2, 60])


def world_bank(folder, frame):
    series = {"y": "CO2 emissions (kt)", "x": "GDP (current US$)", "z": "Population, total"}
    stacked = frame.melt(["id", "year"]).pivot_table(index=["variable", "id"], columns="year", values="value")
    rows = stacked.reset_index()
    rows.insert(0, "Country Name", "Land of " + rows["id"])
    rows.insert(1, "Country Code", rows.pop("id"))
    rows.insert(2, "Series Name", rows["variable"].map(series))
    rows.insert(3, "Series Code", "WB." + rows.pop("variable"))
    rows.columns = [f"{name} [YR{name}]" if isinstance(name, int) else name for name in rows.columns]
    text = rows.to_csv(index=False) + "\n\n\nData from database: World Development Indicators\n"
    (folder / "a.csv").write_text(text, encoding="utf-8-sig")
    return ("a.csv",), frame


def marked_texts(folder, frame):
    shown = frame.assign(
        y=(1000 * frame["y"]).map("{:,.0f}".format),
        x=frame["x"].map("{:.3f}%".format),
        z=frame["z"].map("{:.3f} ".format),
    )
    rows = [list(shown), *shown.to_numpy().tolist()]
    (folder / "a.xlsx").write_bytes(as_workbook({"data": [["Table 3"], *rows, [], ["Source: own survey"]]}))
    return ("a.xlsx",), frame.assign(y=(1000 * frame["y"]).round())


def outlined(folder, frame):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["地区", "y", "x", "z"])
    for name, rows in frame.groupby("id", sort=False):
        sheet.append([name, None, None, None])
        for row in rows[["year", "y", "x", "z"]].to_numpy().tolist():
            sheet.append([f"  {row[0]:.0f}年", *row[1:]])
    book.save(folder / "a.xlsx")
    return ("a.xlsx",), frame


BUREAU = ("能源消费总量(万吨)", "地区生产总值(亿元)", ("年末常住人口(万人)",))
CHINESE = ("排放", "产值", ("人口",))
OF_PROVINCES = clean(PROVINCES)
OF_COUNTRIES = clean(COUNTRIES)
FILES = {
    "stray years": Messy(stray_years, shown_words=("199",)),
    "merged cells": Messy(merged_cells, *CHINESE, OF_PROVINCES),
    "name once": Messy(name_once, *CHINESE, OF_PROVINCES),
    "exact copies": Messy(copies),
    "control half missing": Messy(half_missing, shown_words=("rd",)),
    "codes": Messy(codes, shown_words=("provcode", "clustered")),
    "units below": Messy(units_below, "碳排放", "数字经济指数", ("人口",), OF_PROVINCES, ("unit: 万吨",)),
    "few entities": Messy(few_entities, shown_words=("{use: held_out_entities, folds: 4}",)),
    "quarters": Messy(quarters),
    "coded quarters": Messy(coded_quarters),
    "two heads": Messy(two_heads),
    "Eurostat": Messy(eurostat, panel=OF_COUNTRIES, shown_words=("flags",)),
    "bureau": Messy(bureau, *BUREAU, OF_PROVINCES),
    "Stata with gaps": Messy(stata_gaps),
    "SPSS": Messy(spss),
    "World Bank": Messy(
        world_bank, "CO2 emissions (kt)", "GDP (current US$)", ("Population, total",), OF_COUNTRIES
    ),
    "marked texts": Messy(marked_texts),
    "outlined": Messy(outlined, panel=OF_PROVINCES),
}


def command(*words):
    done = CliRunner().invoke(cli, ["-p", "no:harness_neural", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def fixed_effects(kept: pd.DataFrame) -> pd.DataFrame:
    """Return slopes and clustered errors of x and z by pyfixest, with both effects."""
    with warnings.catch_warnings(category=DeprecationWarning, action="ignore"):  # of pandas, within it
        fit = pyfixest.feols("y ~ x + z | id + year", data=kept, vcov={"CRV1": "id"}, fixef_tol=1e-12)
    return fit.tidy()[["Estimate", "Std. Error"]].to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_messy_file_comes_to_a_report_without_an_edit(name, tmp_path):
    file = FILES[name]
    names, kept = file.write(tmp_path, file.panel)
    spec = tmp_path / "drafted.yaml"
    roles = ["--outcome", file.outcome, "--exposure", file.exposure, "--out", spec]
    drafted = command("init", *(tmp_path / name for name in names), *roles)
    assert [word for word in file.shown_words if word not in drafted + spec.read_text(encoding="utf-8")] == []
    command("run", spec, "--quick", "--jobs", 1, "--out", tmp_path / "run")
    result = harness.open_run(tmp_path / "run")
    assert result.report.is_file()
    rows = result.coefficients.query("estimator == 'twfe'")
    assert rows["n_obs"].unique().tolist() == [len(kept)]
    estimated = rows.set_index("term").loc[[file.exposure, *file.controls], ["estimate", "std_error"]]
    np.testing.assert_allclose(estimated, fixed_effects(kept), rtol=1e-9)
