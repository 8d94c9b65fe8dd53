"""Ten files in the manner of yearbooks and databases, and their clean twin."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from workbooks import as_workbook

CITIES = ("北京", "天津", "石家庄", "唐山", "秦皇岛", "邯郸")
YEARS = tuple(range(2011, 2017))
NAMES = {"gdp": "地区生产总值", "co2": "碳排放", "share": "第三产业比重"}


def clean() -> pd.DataFrame:
    """Return the twin: columns city, year, co2, gdp and share, of numbers with few digits."""
    rng = np.random.default_rng(17)
    rows = [(city, year) for city in CITIES for year in YEARS]
    frame = pd.DataFrame(rows, columns=["city", "year"])
    frame["gdp"] = np.round(rng.uniform(1000, 99999, len(rows)), 1)
    frame["share"] = np.round(rng.uniform(20, 80, len(rows)), 1)
    frame["co2"] = np.round(0.05 * frame["gdp"] + 3 * frame["share"] + rng.normal(0, 50, len(rows)), 2)
    return frame


def as_csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")


def wide(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return one variable, a row a city and a column a year."""
    return frame.pivot_table(index="city", columns="year", values=name).loc[list(CITIES)]


def titled(frame: pd.DataFrame) -> bytes:
    head = "2011-2016年各市主要指标,,,,\n,,,,\n城市,年份,地区生产总值,第三产业比重,碳排放\n,,亿元,%,万吨\n"
    return (head + as_csv(frame).partition("\n")[2] + "数据来源：统计年鉴,,,,\n").encode()


def thousands(frame: pd.DataFrame) -> bytes:
    return as_csv(frame.assign(gdp=frame["gdp"].map("{:,.1f}".format))).encode()


def per_cents(frame: pd.DataFrame) -> bytes:
    return as_csv(frame.assign(share=frame["share"].map("{:.1f}%".format))).encode()


def wide_digits(frame: pd.DataFrame) -> bytes:
    digits = str.maketrans("0123456789.", "０１２３４５６７８９．")
    years = frame["year"].map(lambda year: f"{year}年".translate(digits))
    return as_csv(
        frame.assign(year=years, share=frame["share"].map(lambda x: str(x).translate(digits)))
    ).encode()


def blanks(frame: pd.DataFrame) -> bytes:
    marks = ["", " ", "\u3000", "\u00a0"]
    names = [f"{marks[at % 4]}{name}{marks[at % 3]}" for at, name in enumerate(frame["city"])]
    aligned = [name.replace("北京", "北\u3000京") for name in names]
    return as_csv(frame.assign(city=aligned)).encode()


def numbers_as_text(frame: pd.DataFrame) -> bytes:
    text = frame.assign(gdp=frame["gdp"].map(str), year=frame["year"].map(lambda year: f"{year}年"))
    return as_workbook({"数据": [list(text.columns), *text.to_numpy(dtype=object).tolist()]})


def by_variable(frame: pd.DataFrame) -> bytes:
    rows = [["各市主要指标"], ["城市", "指标", *(f"{year}年" for year in YEARS)]]
    for city in CITIES:
        for name, chinese in NAMES.items():
            rows.append([city, chinese, *wide(frame, name).loc[city].tolist()])
    return as_workbook({"sheet": rows})


def years_in_names(frame: pd.DataFrame) -> bytes:
    parts = [wide(frame, name).add_prefix(f"{name}_") for name in NAMES]
    return pd.concat(parts, axis="columns").reset_index().to_csv(index=False).encode()


def stata(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    codes = dict(enumerate(CITIES, start=1))
    numbers = {city: at for at, city in codes.items()}
    coded = frame.assign(city=frame["city"].map(numbers))
    coded.to_stata(
        sink, write_index=False, version=118, variable_labels=dict(NAMES), value_labels={"city": codes}
    )
    return sink.getvalue()


Messy = Callable[[pd.DataFrame], bytes]

FILES: Mapping[str, tuple[str, Messy]] = {
    "title and units": ("a.csv", titled),
    "gbk": ("b.csv", lambda frame: as_csv(frame).encode("gbk")),
    "thousands": ("c.csv", thousands),
    "per cents": ("d.csv", per_cents),
    "full width": ("e.csv", wide_digits),
    "blanks in names": ("f.csv", blanks),
    "numbers as text": ("g.xlsx", numbers_as_text),
    "a row a variable": ("h.xlsx", by_variable),
    "years in names": ("i.csv", years_in_names),
    "labelled dta": ("j.dta", stata),
}
