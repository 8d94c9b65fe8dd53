"""Files as databases give them to those who download, and the panel that each holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from workbooks import as_workbook

YEARS = tuple(range(1998, 2004))
PLACES = {"AUT": "Austria", "BEL": "Belgium", "DNK": "Denmark", "FIN": "Finland", "GRC": "Greece"}
SERIES = {
    "co2": ("EN.ATM.CO2E.KT", "CO2 emissions (kt)"),
    "gdp": ("NY.GDP.MKTP.CD", "GDP (current US$)"),
    "share": ("NV.IND.TOTL.ZS", "Industry, value added (% of GDP)"),
}

# What else the files call the places.
CODES = {name: place for place, name in PLACES.items()}
CODES |= {f"{name}, Rep.": place for place, name in PLACES.items()}
CODES |= {f"{at:06d}": place for at, place in enumerate(PLACES, start=1)}


def panel() -> pd.DataFrame:
    """Return the twin: columns place, year, co2, gdp and share, of which one cell of gdp is missing."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame([(place, year) for place in PLACES for year in YEARS], columns=["place", "year"])
    frame["gdp"] = np.round(rng.uniform(1000, 99999, len(frame)), 1)
    frame["share"] = np.round(rng.uniform(20, 80, len(frame)), 1)
    frame["co2"] = np.round(0.05 * frame["gdp"] + 3 * frame["share"] + rng.normal(0, 50, len(frame)), 2)
    frame.loc[7, "gdp"] = np.nan
    return frame


def lines(rows: Iterable[Iterable[object]], *, mark: str = ",", end: str = "\n") -> str:
    """Return rows as delimited text, each text in quotes where it needs them."""
    quoted = [[f'"{cell}"' if mark in str(cell) else str(cell) for cell in row] for row in rows]
    return "".join(mark.join(row) + end for row in quoted)


def cells(frame: pd.DataFrame, place: str, name: str, missing: str) -> list[str]:
    """Return the cells of one place and variable, a year each."""
    of_place = frame[frame["place"] == place].set_index("year")[name]
    return [missing if pd.isna(of_place[year]) else f"{of_place[year]:.15g}" for year in YEARS]


def data_bank(frame: pd.DataFrame) -> bytes:
    """World Bank DataBank: a row a place and series, `..` where missing, notes at the end."""
    head = ["Country Name", "Country Code", "Series Name", "Series Code", *(f"{y} [YR{y}]" for y in YEARS)]
    body = [
        [PLACES[place], place, title, code, *cells(frame, place, name, "..")]
        for name, (code, title) in SERIES.items()
        for place in PLACES
    ]
    blank = [[""] * len(head)] * 3
    notes = [
        [note, *[""] * (len(head) - 1)]
        for note in ("Data from database: World Development Indicators", "Last Updated: 12/18/2023")
    ]
    return b"\xef\xbb\xbf" + lines([head, *body, *blank, *notes]).encode()


def data_bank_long(frame: pd.DataFrame) -> bytes:
    """World Bank DataBank with the series side by side: names of the period and of the place, and codes."""
    head = ["Time", "Time Code", "Country Name", "Country Code"]
    head += [f"{title} [{code}]" for code, title in SERIES.values()]
    body = [
        [year, f"YR{year}", PLACES[place], place] + [cells(frame, place, name, "..")[at] for name in SERIES]
        for place in PLACES
        for at, year in enumerate(YEARS)
    ]
    notes = [["Data from database: World Development Indicators", *[""] * (len(head) - 1)]]
    return lines([head, *body, [""] * len(head), *notes]).encode()


def two_heads(frame: pd.DataFrame) -> bytes:
    """A workbook of the World Bank with a head of series above a head of years."""
    first, second = ["", ""], ["Country Name", "Country Code"]
    for _, title in SERIES.values():
        first += [title, *[""] * (len(YEARS) - 1)]
        second += [f"{year} [YR{year}]" for year in YEARS]
    body = [
        [PLACES[place], place]
        + [
            float(cell) if cell != ".." else cell
            for name in SERIES
            for cell in cells(frame, place, name, "..")
        ]
        for place in PLACES
    ]
    return as_workbook({"Data": [[cell or None for cell in first], second, *body]})


def bulk(frame: pd.DataFrame) -> bytes:
    """World Development Indicators in bulk: four lines above the head, a mark at the end of each line."""
    above = '"Data Source","World Development Indicators",\r\n\r\n"Last Updated Date","2023-12-18",\r\n\r\n'
    head = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", *YEARS]
    body = [
        [PLACES[place], place, title, code, *cells(frame, place, name, "")]
        for place in PLACES
        for name, (code, title) in SERIES.items()
    ]
    rows = [",".join(f'"{cell}"' for cell in row) + ",\r\n" for row in (head, *body)]
    return ("\ufeff" + above + "".join(rows)).encode()


def eurostat(frame: pd.DataFrame) -> bytes:
    """Eurostat: dimensions in one column, a column a year, tabs, flags behind numbers, `:` where missing."""
    units = {"co2": "KT", "gdp": "CP_MEUR", "share": "PC_GDP"}
    flags = [" ", " p", " ", " ", " be", " "]
    body = []
    for name in SERIES:
        for place in PLACES:
            marked = [
                ": c" if cell == ":" else cell + flag
                for cell, flag in zip(cells(frame, place, name, ":"), flags, strict=True)
            ]
            body.append([f"A,{units[name]},{name},{place}", *marked])
    head = ["freq,unit,na_item,geo\\TIME_PERIOD", *(f"{year} " for year in YEARS)]
    return ("\t".join(head) + "\n" + "".join("\t".join(row) + "\n" for row in body)).encode()


def csmar(frame: pd.DataFrame) -> bytes:
    """CSMAR: heads of codes, Chinese names and units; codes of firms with zeros in front, dates as text."""
    codes = {place: f"{at:06d}" for at, place in enumerate(PLACES, start=1)}
    heads = [
        ["Stkcd", "Accper", "Typrep", "A001000000", "A002000000", "A003000000"],
        ["证券代码", "会计期间", "报表类型编码", "碳排放", "资产总计", "比重"],
        ["没有单位", "没有单位", "没有单位", "吨", "元", "%"],
    ]
    body = [
        [codes[row.place], f"{row.year}-12-31", "A", *("" if pd.isna(x) else str(x) for x in row[3:])]
        for row in frame[["place", "year", "co2", "gdp", "share"]].itertuples()
    ]
    return as_workbook({"sheet1": [*heads, *body]})


def csmar_text(frame: pd.DataFrame) -> bytes:
    """CSMAR as text in GBK, its codes without quotes."""
    from io import BytesIO

    from openpyxl import load_workbook

    rows = load_workbook(BytesIO(csmar(frame))).active.iter_rows(values_only=True)
    return lines([["" if cell is None else cell for cell in row] for row in rows]).encode("gbk")


def ceads(frame: pd.DataFrame) -> bytes:
    """CEADs: English and Chinese heads, a row a place, a column a year, on one sheet a series."""
    sheets = {}
    for name in SERIES:
        body = [
            [place, PLACES[place], *(float(c) if c else None for c in cells(frame, place, name, ""))]
            for place in PLACES
        ]
        sheets[name] = [["Code", "County", *YEARS], ["代码", "县", *(f"{y}年" for y in YEARS)], *body]
    return as_workbook(sheets)


def eps(frame: pd.DataFrame) -> bytes:
    """EPS: a title, a row a place and series with its unit, a column a year, the source at the end."""
    head = ["地区", "指标", "单位", *(f"{year}年" for year in YEARS)]
    body = [
        [place, name, "万元", *(f"{float(c):,.2f}" if c else "" for c in cells(frame, place, name, ""))]
        for place in PLACES
        for name in SERIES
    ]
    title, source = [["中国区域经济数据库"], []], [[], ["数据来源：EPS DATA"]]
    return as_workbook({"数据": [*title, head, *body, *source]})


def penn(frame: pd.DataFrame) -> bytes:
    """Penn World Table: sheets of notes before the data."""
    body = [
        [row.place, PLACES[row.place], "Euro", row.year, row.gdp, row.share, row.co2, "Benchmark"]
        for row in frame.astype(object).where(frame.notna(), None).itertuples()
    ]
    head = ["countrycode", "country", "currency_unit", "year", "gdp", "share", "co2", "i_cig"]
    notes = [["Penn World Table 10.01"], ["Reference: Feenstra et al. (2015)"]]
    legend = [["Variable name", "Variable definition"], ["gdp", "Real GDP"], ["share", "Share of industry"]]
    return as_workbook({"Info": notes, "Legend": legend, "Data": [head, *body]})


def oecd(frame: pd.DataFrame) -> bytes:
    """OECD Data Explorer: a row a place, measure and year, each dimension as code and name."""
    head = "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,Reference area,MEASURE,Measure,TIME_PERIOD,Time period,"
    head += "OBS_VALUE,Observation value,OBS_STATUS,Observation status,UNIT_MULT,DECIMALS"
    status = {False: ("A", "Normal value", 0, 2), True: ("E", "Estimated value", 6, 2)}
    flow = ["DATAFLOW", "OECD.SDD:DSD(1.0)", "I"]
    body = [
        [*flow, place, PLACES[place], name, SERIES[name][1], year, "", cell, "", *status[at % 4 == 3]]
        for name in SERIES
        for place in PLACES
        for at, (year, cell) in enumerate(zip(YEARS, cells(frame, place, name, ""), strict=True))
    ]
    return lines([head.split(","), *body]).encode()


def eurostat_units(frame: pd.DataFrame) -> bytes:
    """Eurostat with two dimensions next to the place: variables in two units."""
    text = eurostat(frame).decode().replace("PC_GDP,share", "EUR,gdp")
    return text.replace("CP_MEUR", "MEUR").replace("KT,", "MEUR,").encode()


def eurostat_csv(frame: pd.DataFrame) -> bytes:
    """Eurostat in SDMX-CSV: a row an observation."""
    head = "DATAFLOW,LAST UPDATE,freq,unit,na_item,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG"
    flags = ["", "p", "", "", "be", ""]
    body = [
        ["ESTAT:NAMA_10_GDP(1.0)", "24/11/23 23:00:00", "A", "CP_MEUR", name, place, year, cell, flags[at]]
        for name in SERIES
        for place in PLACES
        for at, (year, cell) in enumerate(zip(YEARS, cells(frame, place, name, ""), strict=True))
        if cell
    ]
    return lines([head.split(","), *body]).encode()


def oecd_stat(frame: pd.DataFrame) -> bytes:
    """OECD data portal: LOCATION to Flag Codes, all in quotes."""
    head = ["LOCATION", "INDICATOR", "SUBJECT", "MEASURE", "FREQUENCY", "TIME", "Value", "Flag Codes"]
    body = [
        [place, name.upper(), "TOT", "MLN_USD", "A", year, cell, "E" if at % 4 == 3 else ""]
        for name in SERIES
        for place in PLACES
        for at, (year, cell) in enumerate(zip(YEARS, cells(frame, place, name, ""), strict=True))
        if cell
    ]
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in [head, *body]).encode()


def imf(frame: pd.DataFrame) -> bytes:
    """World Economic Outlook: tabs, UTF-16, marks of thousands, n/a and --, a column that repeats a year."""
    head = ["WEO Country Code", "ISO", "WEO Subject Code", "Country", "Subject Descriptor", "Units", "Scale"]
    head += ["Country/Series-specific Notes", *map(str, YEARS), "Estimates Start After"]
    body = [
        [100 + at, place, name.upper(), PLACES[place], SERIES[name][1], "Units", "", "Source: office, 2008"]
        + [f"{float(cell):,.10g}" if cell else "n/a" for cell in cells(frame, place, name, "")]
        + [2002]
        for at, place in enumerate(PLACES)
        for name in SERIES
    ]
    text = lines([head, *body], mark="\t", end="\r\n")
    text += "\r\nInternational Monetary Fund, World Economic Outlook Database, October 2008\r\n"
    return b"\xff\xfe" + text.encode("utf-16-le")


def imf_csv(frame: pd.DataFrame) -> bytes:
    """IMF data portal: country, indicator and attribute, a column a year, a mark at the end of each line."""
    head = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", "Attribute", *YEARS]
    body = [
        [PLACES[place], at, SERIES[name][1], name, "Value", *cells(frame, place, name, "")]
        for at, place in enumerate(PLACES, start=111)
        for name in SERIES
    ]
    return lines([[*row, ""] for row in (head, *body)]).encode()


def imf_status(frame: pd.DataFrame) -> bytes:
    """IMF data portal with flags as rows of their own."""
    head, *body = imf_csv(frame).decode().splitlines()
    flags = [row.split("Value,")[0] + "Status,B,,E,,,," for row in body]
    rows = [row for pair in zip(body, flags, strict=True) for row in pair]
    return "\n".join([head, *rows]).encode()


def blank_corner(frame: pd.DataFrame) -> bytes:
    """A table with a column a year and series, and nothing above the places."""
    return two_digits(frame).removeprefix(b"place")


def two_digits(frame: pd.DataFrame) -> bytes:
    """Names of columns that end in two digits of a year, from 98 to 03."""
    wide = {
        f"{'open' if name == 'co2' else name}{year % 100:02d}": [
            cells(frame, place, name, "")[at] for place in PLACES
        ]
        for name in SERIES
        for at, year in enumerate(YEARS)
    }
    rows = [
        ["place", *wide],
        *([place, *row] for place, row in zip(PLACES, zip(*wide.values(), strict=True), strict=True)),
    ]
    return lines(rows).encode()


def text_named_xls(frame: pd.DataFrame) -> bytes:
    """Unicode text of a spreadsheet program under the name of a workbook."""
    return frame.to_csv(index=False, sep="\t").encode("utf-16")


def tabs(frame: pd.DataFrame) -> bytes:
    """Tab-separated text with commas in names."""
    named = frame.assign(place=frame["place"].map(lambda place: f"{PLACES[place]}, Rep."))
    return named.to_csv(index=False, sep="\t").encode()


Download = Callable[[pd.DataFrame], bytes]
SHORT, UPPER = ("co2", "gdp", "share"), ("CO2", "GDP", "SHARE")
TITLES = tuple(title for _, title in SERIES.values())
CODED = tuple(f"{title} [{code}]" for code, title in SERIES.values())
ITEMS = ("A001000000", "A002000000", "A003000000")

# File, how it is made, and what it calls co2, gdp and share.
DOWNLOADS: Mapping[str, tuple[str, Download, tuple[str, ...]]] = {
    "World Bank DataBank": ("a.csv", data_bank, TITLES),
    "World Bank DataBank, series side by side": ("b.csv", data_bank_long, CODED),
    "World Bank, two heads": ("c.xlsx", two_heads, TITLES),
    "WDI in bulk": ("d.csv", bulk, TITLES),
    "Eurostat": ("e.tsv", eurostat, SHORT),
    "Eurostat, several units": ("r.tsv", eurostat_units, ("MEUR co2", "MEUR gdp", "EUR gdp")),
    "Eurostat SDMX-CSV": ("f.csv", eurostat_csv, SHORT),
    "CSMAR": ("g.xlsx", csmar, ITEMS),
    "CSMAR text": ("h.csv", csmar_text, ITEMS),
    "CEADs": ("i.xlsx", ceads, SHORT),
    "EPS": ("j.xlsx", eps, SHORT),
    "Penn World Table": ("k.xlsx", penn, SHORT),
    "OECD": ("l.csv", oecd, SHORT),
    "OECD.Stat": ("m.csv", oecd_stat, UPPER),
    "IMF WEO": ("n.txt", imf, UPPER),
    "IMF": ("o.csv", imf_csv, TITLES),
    "IMF, rows of flags": ("s.csv", imf_status, TITLES),
    "blank corner": ("t.csv", blank_corner, ("open", "gdp", "share")),
    "text named xls": ("u.xls", text_named_xls, SHORT),
    "two digits": ("p.csv", two_digits, ("open", "gdp", "share")),
    "tabs": ("q.csv", tabs, SHORT),
}
