"""Messy files as they are sent around: what a person would keep of each, and what a draft says of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat

from spec_tables import as_workbook

N_FIRMS, YEARS = 12, range(2005, 2013)
FIRMS = [f"F{number:02d}" for number in range(N_FIRMS)]
NAMES = {"y": "碳排放", "x": "数字经济指数", "z": "人口"}


def clean():
    """Return a panel of firms with an effect of -2."""
    rng = np.random.default_rng(3)
    firm, year = (axis.ravel() for axis in np.indices((N_FIRMS, len(YEARS))))
    x, z = (np.round(rng.normal(size=N_FIRMS)[firm] + rng.normal(size=firm.size), 3) for _ in "xz")
    y = np.round(50.0 - 2.0 * x + z + 3.0 * rng.normal(size=N_FIRMS)[firm] + rng.normal(size=firm.size), 3)
    return pd.DataFrame({"firm": np.array(FIRMS)[firm], "year": YEARS[0] + year, "y": y, "x": x, "z": z})


@dataclass(frozen=True)
class Messy:
    """Files as they were written, what a person would keep of them, and what the draft says of them."""

    names: tuple[str, ...]
    kept: pd.DataFrame
    says: tuple[str, ...] = ()
    outcome: str = "y"
    exposure: str = "x"
    controls: tuple[str, ...] = ("z",)


def messy(names, kept, *says, columns=("y", "x", "z")):
    """Return what was written under one name or several, and how it calls outcome, exposure and control."""
    outcome, exposure, *controls = columns
    return Messy(
        (names,) if isinstance(names, str) else names, kept, says, outcome, exposure, tuple(controls)
    )


def csv(folder, frame):
    frame.to_csv(folder / "panel.csv", index=False)
    return "panel.csv"


def workbook(folder, rows):
    (folder / "panel.xlsx").write_bytes(as_workbook({"data": rows}))
    return "panel.xlsx"


def wide(frame, name):
    return frame.pivot_table(index="firm", columns="year", values=name)


def lines_of(frame, name, years=YEARS):
    """Return a row a firm with a variable of each year."""
    values = wide(frame, name)[list(years)].to_numpy().tolist()
    return [[firm, *numbers] for firm, numbers in zip(FIRMS, values, strict=True)]


def stray_years(folder):
    frame = clean()
    kept = frame.drop(index=[5, 50])
    frame.loc[[5, 50], "year"] = [199, 2101]
    says = "leaves out periods far from the others, with their rows: 199 (1), 2101 (1)"
    return messy(csv(folder, frame), kept, says)


def merged_cells(folder):
    frame, book = clean(), openpyxl.Workbook()
    once = frame.assign(firm=frame["firm"].where(frame["year"] == YEARS[0], None))
    for row in ([*frame], *once.itertuples(index=False)):
        book.active.append(list(row))
    for first in range(2, 2 + len(frame), len(YEARS)):
        book.active.merge_cells(f"A{first}:A{first + len(YEARS) - 1}")
    book.save(folder / "panel.xlsx")
    return messy("panel.xlsx", frame, "merged cells: 84 rows below hold their value")


def copies(folder):
    frame = clean()
    doubled = pd.concat([frame, frame.iloc[[3, 7, 90]]])
    return messy(csv(folder, doubled), frame, "3 rows equal an earlier one in all columns")


def rare_control(folder):
    frame = clean()
    rare = np.where(np.arange(len(frame)) % 5 < 2, np.nan, np.sin(np.arange(len(frame))))
    says = "'rare' is no control: it is missing in 39 of the 96 rows that have outcome and exposure"
    return messy(csv(folder, frame.assign(rare=rare)), frame, says)


def codes(folder):
    frame = clean()
    codes = frame.assign(
        provcode=11 + frame["firm"].str[1:].astype(int) // 3,
        indcode=np.resize([13, 17, 26, 31, 39], len(frame)),
    )
    return messy(csv(folder, codes), frame, "groups: 'provcode' by heterogeneity", "clustered")


def units(folder):
    frame = clean().rename(columns={"y": "排放 (万吨)", "x": "x [per cent]"})
    says = ("排放 (万吨): {label: 排放, unit: 万吨}", "{label: x, unit: per cent}")
    return messy(csv(folder, frame), clean(), *says, columns=("排放 (万吨)", "x [per cent]", "z"))


def units_below(folder):
    frame = clean()
    rows = [["企业", "年份", *NAMES.values()], ["单位", None, "万吨", None, "万人"]]
    name = workbook(folder, rows + frame.to_numpy().tolist())
    return messy(name, frame, "unit: 万吨", columns=NAMES.values())


def few_entities(folder):
    kept = clean().query("firm < 'F04'")
    return messy(csv(folder, kept), kept, "{use: held_out_entities, folds: 4}")


def yearbook(folder):
    frame, book = clean(), {}
    for name in NAMES:
        rows = [[f"3-1 {name}"], ["单位：万吨"], ["企业", *(f"{year}年" for year in YEARS)]]
        rows += lines_of(frame, name)
        book[name] = [*rows, [], ["数据来源：统计年鉴"]]
    (folder / "panel.xlsx").write_bytes(as_workbook(book))
    return messy("panel.xlsx", frame)


def world_bank(folder):
    frame = clean()
    names = {"y": "CO2 emissions (kt)", "x": "GDP (current US$)", "z": "Population, total"}
    heads = ("Country Name", "Country Code", "Series Name", "Series Code")
    rows = [[*heads, *(f"{year} [YR{year}]" for year in YEARS)]]
    for name, series in names.items():
        for firm, *values in lines_of(frame, name):
            rows.append([f"Land of {firm}", firm, series, f"WB.{name}", *values])
    rows[5][6], kept = "..", frame.assign(firm="Land of " + frame["firm"]).drop(index=4 * 8 + 2)
    text = pd.DataFrame(rows[1:], columns=rows[0]).to_csv(index=False)
    text += "\n\n\nData from database: World Development Indicators\n"
    (folder / "panel.csv").write_text(text, encoding="utf-8-sig")
    says = "rows left out for missing cells: 1 of 96"
    return messy("panel.csv", kept, says, columns=names.values())


def minus_99(folder):
    frame = clean()
    holed = frame.assign(z=frame["z"].where(~frame.index.isin([4, 30, 61]), -99))
    says = "'-99': look whether they mean missing"
    return messy(csv(folder, holed), frame.drop(index=[4, 30, 61]), says)


def spss(folder):
    frame = clean()
    holed = frame.assign(z=frame["z"].where(~frame.index.isin([2, 60]), -99.0))
    pyreadstat.write_sav(holed, folder / "panel.sav")
    return messy("panel.sav", frame.drop(index=[2, 60]))


def written_once(folder):
    frame = clean()
    once = frame.assign(firm=frame["firm"].where(frame["year"] == YEARS[0], ""))
    says = ("fill_down: [firm]", "empty cells hold what stands above them")
    return messy(csv(folder, once), frame, *says)


def headed(folder):
    """A row with the firm's name alone above its rows."""
    frame, rows = clean(), [["firm", "year", *NAMES.values()]]
    for firm, below in frame.groupby("firm"):
        rows += [[firm], *([None, *line] for line in below[["year", *NAMES]].to_numpy().tolist())]
    return messy(workbook(folder, rows), frame, "fill_down: [firm]", columns=NAMES.values())


def outlined(folder, year="{:.0f}", head="firm / year"):
    """Firms above their years, in one column."""
    frame, rows = clean(), [[head, *NAMES.values()]]
    for firm, below in frame.groupby("firm"):
        rows.append([firm])
        rows += [[year.format(key), *line] for key, *line in below[["year", *NAMES]].to_numpy().tolist()]
    says = f"outline: {{{head}: firm}}" if "/" in head else "outline: "
    return messy(workbook(folder, rows), frame, says, columns=NAMES.values())


def indented_years(folder):
    return outlined(folder, year="  {:.0f}年", head="地区")


def gbk_with_title(folder):
    frame = clean().rename(columns={"firm": "企业", "year": "年份", **NAMES})
    text = "各企业排放,,,,\n" + frame.to_csv(index=False) + "注：按当年价格计算。,,,,\n"
    (folder / "panel.csv").write_bytes(text.encode("gb18030"))
    return messy("panel.csv", clean(), "encoding: gb18030", columns=NAMES.values())


def yes_and_no(folder):
    frame = clean()
    law = np.where(frame["x"] > 0, "yes", "no")
    return messy(csv(folder, frame.assign(x=law)), frame.assign(x=(frame["x"] > 0).astype(float)))


def quarters(folder, name="{}年第{}季度"):
    frame = clean()
    pairs = [(2005 + (year - 2005) // 4, (year - 2005) % 4 + 1) for year in frame["year"]]
    named = frame.assign(year=[name.format(*pair) for pair in pairs])
    return messy(csv(folder, named), frame.assign(year=["{}Q{}".format(*pair) for pair in pairs]))


def quarters_in_letters(folder):
    return quarters(folder, "{}Q{}")


def quarters_in_digits(folder):
    return quarters(folder, "{}{}")


def quarters_in_two_digits(folder):
    return quarters(folder, "{}0{}")


def two_heads(folder):
    """The variable above its first year, and every year below."""
    frame, n_more = clean(), len(YEARS) - 1
    heads = [[None, *chain.from_iterable([name, *[None] * n_more] for name in NAMES)]]
    heads.append(["firm", *(year for _ in NAMES for year in YEARS)])
    rows = pd.concat([wide(frame, name) for name in NAMES], axis="columns").reset_index().to_numpy().tolist()
    return messy(workbook(folder, [*heads, *rows]), frame)


def eurostat(folder):
    frame = clean()
    rows = [["freq,na_item,geo\\TIME_PERIOD", *(f"{year} " for year in YEARS)]]
    for name in NAMES:
        for firm, *values in lines_of(frame, name):
            marks = {3: " be", 7: " p"}
            marked = [f"{value}{marks.get(column, '')}" for column, value in enumerate(values)]
            rows.append([f"A,{name},{firm}", *marked])
    rows[3][2], rows[4][5], kept = ": ", ": z", frame.drop(index=[2 * 8 + 1, 3 * 8 + 4])
    text = "\n".join("\t".join(map(str, row)) for row in rows)
    (folder / "panel.tsv").write_text(f"{text}\n", encoding="utf-8")
    return messy("panel.tsv", kept, "flags: [", "rows left out for missing cells: 2 of 96")


def bureau(folder):
    """An export of a database: what it is, years from the last to the first, and its source."""
    frame, latest = clean(), YEARS[::-1]
    lines = [["数据库：企业年度数据"], ["时间：最近8年"], ["企业", "指标", *(f"{year}年" for year in latest)]]
    blocks = (
        [[firm, label, *line] for firm, *line in lines_of(frame, name, latest)]
        for name, label in NAMES.items()
    )
    lines += chain.from_iterable(zip(*blocks, strict=True))
    text = "\n".join(",".join(map(str, line)) for line in [*lines, ["数据来源：国家统计局"], []])
    (folder / "panel.csv").write_bytes(text.encode("gb18030"))
    return messy("panel.csv", frame, "encoding: gb18030", columns=NAMES.values())


def exports_of_one_indicator(folder):
    """A file a variable, which its title names."""
    frame, latest = clean(), YEARS[::-1]
    titles = {"y": "碳排放(万吨)", "x": "数字经济指数", "z": "年末常住人口(万人)"}
    for name, title in titles.items():
        lines = [["数据库：分省年度数据"], [f"指标：{title}"], ["时间：最近8年"], []]
        lines += [["地区", *(f"{year}年" for year in latest)], *lines_of(frame, name, latest), []]
        lines += [["注：2011年起口径有调整。"], ["数据来源：国家统计局"], []]
        text = "\n".join(",".join(map(str, line)) for line in lines)
        (folder / f"{title}.csv").write_bytes(text.encode("gb18030"))
    names = tuple(f"{title}.csv" for title in titles.values())
    return messy(names, frame, "unit: 万吨", columns=titles.values())


def stata_with_gaps(folder):
    frame = clean()
    kept = frame[~((frame["firm"] == "F03") & frame["year"].between(2007, 2008))]
    labels = {"y": "Emissions (thousand tonnes)", "x": "R&D stock"}
    kept.to_stata(folder / "panel.dta", write_index=False, variable_labels=labels)
    return messy("panel.dta", kept, "y: {label: Emissions, unit: thousand tonnes}")


def marked_texts(folder):
    """Numbers as texts with separators, per cent signs and blanks, below a title and above a source."""
    frame = clean()
    y, x, z = (frame[name] for name in NAMES)
    shown = frame.assign(
        y=(1000 * y).map("{:,.0f}".format), x=x.map("{:.3f}%".format), z=z.map("{:.3f} ".format)
    )
    rows = [["Table 3"], [*frame], *shown.to_numpy().tolist(), [], ["Source: own survey"]]
    return messy(workbook(folder, rows), frame.assign(y=(1000 * y).round()))


FILES = (
    *(stray_years, merged_cells, copies, rare_control, codes, units, units_below, few_entities, yearbook),
    *(world_bank, minus_99, spss, written_once, headed, outlined, indented_years, gbk_with_title),
    *(yes_and_no, quarters, quarters_in_letters, quarters_in_digits, two_heads, eurostat, bureau),
    *(quarters_in_two_digits, exports_of_one_indicator, stata_with_gaps, marked_texts),
)


@dataclass(frozen=True)
class Refused:
    """A panel that is refused, and what its hint leads to.

    Attributes
    ----------
    spoilt : as it is in the file
    remedy : words of the hint
    mended : as it is once the hint is followed
    options : of the command, that the hint names
    """

    spoilt: pd.DataFrame
    remedy: str
    mended: pd.DataFrame
    options: tuple[str, ...] = ()


def refused():
    """Return panels that are refused by what is wrong with them."""
    frame, is_eighth = clean(), clean().index == 7
    doubled = pd.concat([frame, frame.iloc[[4, 40]].assign(y=0.5)])
    steps = frame["year"] - YEARS[0]
    year, quarter = YEARS[0] + steps // 4, steps % 4 + 1
    joined = year.astype(str) + "Q" + quarter.astype(str)
    two_digits = frame.assign(year=[f"{year % 100:02d}" for year in frame["year"]])
    keys = ("--entity", "firm", "--time", "year")
    return {
        "doubles": Refused(doubled, "take the doubles out", doubled.drop_duplicates(["firm", "year"])),
        "no entity": Refused(frame.assign(firm=frame["firm"].mask(is_eighth)), "fill the cells in", frame),
        "no period": Refused(
            frame.assign(year=frame["year"].astype(str).mask(is_eighth, "n/k")),
            "write the periods in one",
            frame,
        ),
        "no number": Refused(
            frame.assign(y=frame["y"].astype(str).mask(is_eighth, "see note")),
            "correct the cells",
            frame.assign(y=frame["y"].mask(is_eighth)),
        ),
        "two digits": Refused(two_digits, "say --entity and --time", two_digits, keys),
        "two columns": Refused(
            frame.assign(year=year, quarter=quarter), "join them in the file", frame.assign(year=joined)
        ),
    }
