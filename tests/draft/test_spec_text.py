"""Seventeen messy files become studies of the rows that a person would keep, and none is lost silently."""

import warnings
from dataclasses import dataclass, field, replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

import harness
from harness.cli import cli
from harness.data.build import PanelBuilder
from harness.data.expand import expand
from harness.data.read.files import DataFolder
from harness.data.rules import RowFilter
from harness.draft.draft import Answers
from harness.draft.found_data import find_data
from harness.draft.spec_text import summary, write_draft
from harness.installed import installed
from harness.study.spec.load import load_study
from spec_tables import as_workbook, table_of

N_FIRMS, YEARS = 12, range(2005, 2013)
FIRMS = [f"F{number:02d}" for number in range(N_FIRMS)]
NAMES = {"y": "碳排放", "x": "数字经济指数", "z": "人口"}


def clean():
    """Return a panel of firms with an effect of -2."""
    rng = np.random.default_rng(3)
    firm, year = (axis.ravel() for axis in np.indices((N_FIRMS, len(YEARS))))
    x, z = (np.round(rng.normal(size=N_FIRMS)[firm] + rng.normal(size=firm.size), 3) for _ in "xz")
    y = np.round(50.0 - 2.0 * x + z + 3.0 * rng.normal(size=N_FIRMS)[firm] + rng.normal(size=firm.size), 3)
    return pd.DataFrame(
        {"firm": [f"F{number:02d}" for number in firm], "year": YEARS[0] + year, "y": y, "x": x, "z": z}
    )


@dataclass(frozen=True)
class Messy:
    """A file as it was written, what a person would keep of it, and what the draft says of it."""

    name: str
    kept: pd.DataFrame
    says: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=lambda: {"y": "y", "x": "x"})
    controls: tuple[str, ...] = ("z",)


def csv(folder, frame, name="panel.csv", **options):
    frame.to_csv(folder / name, index=False, **options)
    return name


def wide(frame, name):
    return frame.pivot_table(index="firm", columns="year", values=name)


def lines_of(frame, name):
    """Return a row a firm with a variable of each year."""
    return [
        [firm, *values] for firm, values in zip(FIRMS, wide(frame, name).to_numpy().tolist(), strict=True)
    ]


def sheet(folder, rows, merged=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(folder / "panel.xlsx")
    return "panel.xlsx"


def stray_years(folder):
    frame = clean()
    kept = frame.drop(index=[5, 50])
    frame.loc[[5, 50], "year"] = [199, 2101]
    says = "leaves out periods far from the others, with their rows: 199 (1), 2101 (1)"
    return Messy(csv(folder, frame), kept, (says,))


def merged_cells(folder):
    frame = clean()
    once = frame.assign(firm=frame["firm"].where(frame["year"] == 2005, None))
    rows = [list(row) for row in once.itertuples(index=False)]
    merged = [f"A{first}:A{first + 7}" for first in range(2, 2 + 8 * N_FIRMS, 8)]
    says = ("merged cells: 84 rows below hold their value",)
    return Messy(sheet(folder, [[*frame], *rows], merged), frame, says)


def copies(folder):
    frame = clean()
    doubled = pd.concat([frame, frame.iloc[[3, 7, 90]]])
    return Messy(csv(folder, doubled), frame, ("3 rows equal an earlier one in all columns",))


def rare_control(folder):
    frame = clean()
    rare = np.where(np.arange(len(frame)) % 5 < 2, np.nan, np.sin(np.arange(len(frame))))
    what = "'rare' is no control: it is missing in 39 of the 96 rows that have outcome and exposure"
    return Messy(csv(folder, frame.assign(rare=rare)), frame, (what,))


def codes(folder):
    frame = clean()
    code = 11 + frame["firm"].str[1:].astype(int) // 3
    return Messy(csv(folder, frame.assign(provcode=code)), frame, ("groups: 'provcode' by heterogeneity",))


def units(folder):
    frame = clean().rename(columns={"y": "排放 (万吨)", "x": "x [per cent]"})
    says = ("排放 (万吨): {label: 排放, unit: 万吨}", "{label: x, unit: per cent}")
    return Messy(csv(folder, frame), clean(), says, {"y": "排放 (万吨)", "x": "x [per cent]"})


def yearbook(folder):
    frame, book = clean(), {}
    for name in NAMES:
        rows = [[f"3-1 {name}"], ["单位：万吨"], ["企业", *(f"{year}年" for year in YEARS)]]
        rows += lines_of(frame, name)
        book[name] = [*rows, [], ["数据来源：统计年鉴"]]
    (folder / "panel.xlsx").write_bytes(as_workbook(book))
    return Messy("panel.xlsx", frame)


def world_bank(folder):
    frame = clean()
    names = {"y": "Emissions", "x": "Digital", "z": "Population"}
    rows = [["Country Name", "Series Name", *(f"{year} [YR{year}]" for year in YEARS)]]
    for name, series in names.items():
        rows += [[firm, series, *values] for firm, *values in lines_of(frame, name)]
    rows[5][4], kept = "..", frame.drop(index=4 * 8 + 2)
    pd.DataFrame(rows[1:], columns=rows[0]).to_csv(folder / "panel.csv", index=False)
    says = ("rows left out for missing cells: 1 of 96",)
    return Messy("panel.csv", kept, says, {"y": "Emissions", "x": "Digital"}, ("Population",))


def minus_99(folder):
    frame = clean()
    holed = frame.assign(z=frame["z"].where(~frame.index.isin([4, 30, 61]), -99))
    return Messy(
        csv(folder, holed), frame.drop(index=[4, 30, 61]), ("'-99': look whether they mean missing",)
    )


def written_once(folder):
    frame = clean()
    once = frame.assign(firm=frame["firm"].where(frame["year"] == 2005, ""))
    return Messy(csv(folder, once), frame, ("fill_down: [firm]", "empty cells hold what stands above them"))


def headed(folder):
    """A row with the firm's name alone above its rows."""
    frame, rows = clean(), [["firm", "year", *NAMES.values()]]
    for firm, below in frame.groupby("firm"):
        rows += [[firm], *([None, *line] for line in below[["year", *NAMES]].to_numpy().tolist())]
    return Messy(sheet(folder, rows), frame, ("fill_down: [firm]",), NAMES, (NAMES["z"],))


def outlined(folder):
    """Firms above their years, in one column."""
    frame, rows = clean(), [["firm / year", *NAMES.values()]]
    for firm, below in frame.groupby("firm"):
        rows += [[firm], *below[["year", *NAMES]].to_numpy().tolist()]
    return Messy(sheet(folder, rows), frame, ("outline: {firm / year: firm}",), NAMES, (NAMES["z"],))


def gbk_with_title(folder):
    frame = clean().rename(columns={"firm": "企业", "year": "年份", **NAMES})
    text = "各企业排放,,,,\n" + frame.to_csv(index=False) + "注：按当年价格计算。,,,,\n"
    (folder / "panel.csv").write_bytes(text.encode("gb18030"))
    return Messy("panel.csv", clean(), ("encoding: gb18030",), NAMES, (NAMES["z"],))


def yes_and_no(folder):
    frame = clean()
    law = np.where(frame["x"] > 0, "yes", "no")
    return Messy(csv(folder, frame.assign(x=law)), frame.assign(x=(frame["x"] > 0).astype(float)))


def quarters(folder):
    frame = clean()
    named = [f"{2005 + (year - 2005) // 4}{(year - 2005) % 4 + 1}季度" for year in frame["year"]]
    named = [f"{text[:4]}年第{text[4]}季度" for text in named]
    kept = frame.assign(year=[f"{text[:4]}Q{text[6]}" for text in named])
    return Messy(csv(folder, frame.assign(year=named)), kept)


def two_heads(folder):
    frame = clean()
    heads = [
        [None, *(name for name in NAMES for _ in YEARS)],
        ["firm", *(year for _ in NAMES for year in YEARS)],
    ]
    body = pd.concat([wide(frame, name) for name in NAMES], axis="columns")
    rows = [[firm, *values] for firm, values in zip(body.index, body.to_numpy().tolist(), strict=True)]
    return Messy(sheet(folder, [*heads, *rows]), frame)


def eurostat(folder):
    frame = clean()
    rows = [["freq,na_item,geo\\TIME_PERIOD", *(f"{year} " for year in YEARS)]]
    for name in NAMES:
        for firm, *values in lines_of(frame, name):
            marked = [f"{value} p" if column == 7 else str(value) for column, value in enumerate(values)]
            rows.append([f"A,{name},{firm}", *marked])
    rows[3][2], kept = ": ", frame.drop(index=2 * 8 + 1)
    text = "\n".join("\t".join(map(str, row)) for row in rows)
    (folder / "panel.tsv").write_text(f"{text}\n", encoding="utf-8")
    return Messy("panel.tsv", kept, ("flags: [p]", "rows left out for missing cells: 1 of 96"))


def bureau(folder):
    """An export of a database: what it is, years from the last to the first, and its source."""
    frame, lines = clean(), ["数据库：企业年度数据", "时间：最近8年"]
    lines.append(",".join(["企业", "指标", *(f"{year}年" for year in reversed(YEARS))]))
    for firm in sorted(set(frame["firm"])):
        for name, label in NAMES.items():
            values = wide(frame, name).loc[firm].to_numpy()[::-1]
            lines.append(",".join([firm, label, *map(str, values.tolist())]))
    lines.append("数据来源：国家统计局")
    (folder / "panel.csv").write_bytes("\n".join([*lines, ""]).encode("gb18030"))
    return Messy("panel.csv", frame, ("encoding: gb18030",), NAMES, (NAMES["z"],))


def stata_with_gaps(folder):
    frame = clean()
    kept = frame[~((frame["firm"] == "F03") & frame["year"].between(2007, 2008))]
    labels = {"y": "Emissions (thousand tonnes)", "x": "Digital index"}
    kept.to_stata(folder / "panel.dta", write_index=False, variable_labels=labels)
    return Messy("panel.dta", kept, ("y: {label: Emissions, unit: thousand tonnes}",))


FILES = (
    *(stray_years, merged_cells, copies, rare_control, codes, units, yearbook, world_bank, minus_99),
    *(
        written_once,
        headed,
        outlined,
        gbk_with_title,
        yes_and_no,
        quarters,
        two_heads,
        eurostat,
        bureau,
        stata_with_gaps,
    ),
)


def drafted(folder, messy):
    """Return the study of a file without an edit, and spec and summary."""
    catalogs = installed().catalogs
    answers = Answers(outcome=messy.names["y"], exposure=messy.names["x"])
    rows = find_data([folder / messy.name], answers, folder=DataFolder(folder))
    draft = write_draft(rows, catalogs, out=folder / "drafted.yaml")
    text = (folder / "drafted.yaml").read_text(encoding="utf-8")
    return load_study(folder / "drafted.yaml", catalogs=catalogs).study, f"{text}\n{summary(draft, rows)}"


@pytest.mark.parametrize("written", FILES, ids=lambda written: written.__name__)
def test_a_messy_file_is_drafted_with_the_rows_that_a_person_would_keep(written, tmp_path):
    messy = written(tmp_path)
    study, text = drafted(tmp_path, messy)
    assert [words for words in messy.says if words not in " ".join(text.split()) and words not in text] == []
    roles = study.roles
    assert roles.controls == messy.controls
    made = expand(table_of(study.data, tmp_path, entity=roles.entity, time=roles.time), study.data, roles)
    rows = PanelBuilder.build(made.table, made.spec, made.roles).frame()
    rows.columns = ["firm", "year", "y", "x", "z"]
    kept = messy.kept.sort_values(["firm", "year"], ignore_index=True).astype({"year": str})
    rows = rows.astype({"year": str}).sort_values(["firm", "year"], ignore_index=True)
    pd.testing.assert_frame_equal(rows, kept[list(rows)], check_dtype=False, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("written", FILES, ids=lambda written: written.__name__)
def test_the_coefficient_of_a_messy_file_is_pyfixest_s(written, tmp_path):
    feols = pytest.importorskip("pyfixest").feols
    messy = written(tmp_path)
    drafted(tmp_path, messy)
    few = ["estimators=[{id: fe, use: fixed_effects, effects: [entity, time]}]", "report.formats=[html]"]
    few += ["evaluation={reference: fe, protocols: [in_sample]}", "scenarios=[]"]
    run = harness.run(tmp_path / "drafted.yaml", out=tmp_path / "run", jobs=1, overrides=few)
    ours = run.coefficients["estimate"].iloc[0]  # of the exposure, which may be an indicator of a text
    with warnings.catch_warnings(action="ignore"):  # of pandas, about the way pyfixest uses it
        theirs = feols("y ~ x + z | firm + year", messy.kept).coef()["x"]
    assert ours == pytest.approx(theirs, rel=1e-8)
    assert (tmp_path / "run" / "report.html").is_file()


def test_without_its_rule_a_year_far_from_the_others_is_refused_and_each_remedy_works(tmp_path):
    study, _ = drafted(tmp_path, stray_years(tmp_path))
    table = table_of(study.data, tmp_path, entity="firm", time="year")
    bare = study.data.__class__(path="panel.csv")
    with pytest.raises(harness.DataError) as caught:
        PanelBuilder.build(table, bare, study.roles)
    assert caught.value.what == "199, 2101, in 2 of 96 rows, lie apart from the other periods, 2005 to 2012"
    assert caught.value.where.startswith("panel.csv: column 'year', lines 7 (F00, 199), 52 (F06, 2101)")
    assert caught.value.hint == (
        "correct the cells; or data: rows: {year: {from: 2005, to: 2012}} leaves them out, and data: rows: "
        "{year: {from: 199, to: 2101}} keeps them"
    )
    keeps = RowFilter(from_=199, to=2101)
    for rows, n_rows in ((study.data.rows, 94), ({"year": keeps}, 96)):
        assert PanelBuilder.build(table, replace(bare, rows=rows), study.roles).n_obs == n_rows


@pytest.mark.slow
def test_validate_and_plan_say_how_many_rows_are_left_out(tmp_path):
    drafted(tmp_path, stray_years(tmp_path))
    for command in ("validate", "plan --list-only"):
        name, *words = command.split()
        done = CliRunner().invoke(cli, [name, str(tmp_path / "drafted.yaml"), *words], catch_exceptions=False)
        assert "2 of the 96 rows read are left out" in done.output


def test_rows_that_repeat_a_pair_and_differ_are_refused_with_copies_dropped_or_not(tmp_path):
    frame = clean()
    differing = pd.concat([frame, frame.iloc[[3]].assign(y=0.5)])
    (tmp_path / "panel.csv").write_text(differing.to_csv(index=False), encoding="utf-8")
    with pytest.raises(harness.DataError, match="1 rows repeat the entity and period of another"):
        drafted(tmp_path, Messy("panel.csv", frame))


def test_a_positive_variable_that_is_skewed_is_proposed_in_logarithms(tmp_path):
    frame = clean()
    name = csv(tmp_path, frame.assign(x=np.exp(2.0 * frame["x"])))
    _, text = drafted(tmp_path, Messy(name, frame))
    assert "# x is positive and skewed (skewness " in text
    assert "`prepare: [{log: {into: log_x, of: x}}]`" in text
    assert "# y is positive" not in text


def test_exports_of_one_indicator_are_called_by_their_titles(tmp_path):
    frame, files = clean(), []
    for name, title in (("y", "碳排放(万吨)"), ("x", "数字经济指数")):
        lines = [
            "数据库：分省年度数据",
            f"指标：{title}",
            f"地区,{','.join(f'{year}年' for year in reversed(YEARS))}",
        ]
        for firm, values in wide(frame, name).iterrows():
            lines.append(",".join([firm, *map(str, values.tolist()[::-1])]))
        files.append(tmp_path / f"{name}.csv")
        files[-1].write_bytes("\n".join([*lines, "数据来源：国家统计局", ""]).encode("gb18030"))
    rows = find_data(
        files, Answers(outcome="碳排放(万吨)", exposure="数字经济指数"), folder=DataFolder(tmp_path)
    )
    assert {"碳排放(万吨)", "数字经济指数"} <= set(rows.table.frame)
    assert rows.table.frame["碳排放(万吨)"].sum() == pytest.approx(frame["y"].sum())
    assert rows.table.labels.units["碳排放(万吨)"] == "万吨"
