"""Nothing that a terminal would obey is written to one, whatever a file holds."""

import ast
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import ROOT
from harness.language import ENGLISH
from harness.terminal import speak, terminal_text
from language.test_chinese import NAMES, english_in
from small_run import exit_code
from source_files import files, tree_of

LABELS = ("Bath\x1b[2J", "Deal\x1b]0;owned\x07", "Hove\u202e", "York\x9b31m")

STUDY = """spec_version: 1
study: towns
data: {path: towns.csv}
roles: {entity: town, time: year, outcomes: [income], exposure: tax}
estimators: [pooled_ols, mean]
evaluation: {reference: mean, protocols: [forward]}
"""


@given(st.text())
def test_nothing_but_text_and_line_ends_is_left(text):
    left = terminal_text(text)
    assert {one for one in left if unicodedata.category(one) == "Cc"} <= {"\n", "\t"}
    turning = {"RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}
    assert not turning & {unicodedata.bidirectional(one) for one in left}


def test_nothing_else_writes_to_a_terminal():
    writers = []
    for path in (*files("harness"), *files("plugins")):
        for node in ast.walk(tree_of(path)):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}:
                writers.append(path.relative_to(ROOT).as_posix())
    assert writers == ["harness/terminal.py"]


def test_labels_of_a_data_file_turn_no_terminal_around(tmp_path, monkeypatch, capsys):
    rows = [f"{label},{year},{year % 7},{year % 5}" for label in LABELS for year in range(2001, 2005)]
    rows += [f"{label},2005,,1" for label in LABELS]
    (tmp_path / "towns.csv").write_text("\n".join(["town,year,income,tax\u202e", *rows]), encoding="utf-8")
    (tmp_path / "towns.yaml").write_text(STUDY)
    assert exit_code(monkeypatch, "validate", str(tmp_path / "towns.yaml")) == 3
    said = capsys.readouterr().err
    assert "Bath[2J, 2005" in said
    assert "Hove, 2005" in said
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*said}


# What a spec calls things, and words of commands.
GIVEN = frozenset({*re.findall(r"[A-Za-z][A-Za-z_0-9]+", STUDY), "curve", "TOWNS", "GB", "Tax", "runs"})


def written_in_chinese(folder, monkeypatch, capsys, command, *options):
    """Return what a command writes on a Chinese study, without paths."""
    cells = [(index, town, year) for index, town in enumerate("abcdefgh") for year in range(2001, 2009)]
    rows = [f"{town},{year},{year % 7 + index},{(year + index) % 5}" for index, town, year in cells]
    (folder / "towns.csv").write_text("\n".join(["town,year,income,tax", *rows]), encoding="utf-8")
    spec = folder / "towns.yaml"
    spec.write_text(f"{STUDY}scenarios: [curve]\nreport: {{language: zh, formats: []}}\n", encoding="utf-8")
    exit_code(monkeypatch, command, str(spec), *options)
    speak(ENGLISH)
    written = capsys.readouterr()
    return (written.out + written.err).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    "command",
    [
        ("validate",),
        ("plan", "--list-only"),
        pytest.param(("plan", "--within", "9"), marks=pytest.mark.slow),
        pytest.param(("run", "--quick"), marks=pytest.mark.slow),
    ],
)
def test_the_terminal_speaks_the_language_of_the_report(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    written = written_in_chinese(tmp_path, monkeypatch, capsys, *command)
    assert re.search("[\u4e00-\u9fff]", written)
    assert not english_in(re.sub("harness run .*", "", written), NAMES | GIVEN)


@pytest.mark.slow
def test_commands_on_a_finished_run_speak_the_language_of_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    written_in_chinese(tmp_path, monkeypatch, capsys, "run", "--quick")
    run = "runs/towns"
    (tmp_path / "numbers.csv").write_text("outcome,estimator,term,estimate\n", encoding="utf-8")
    for command in (
        ("verify", run),
        ("compare", run, run),
        ("compare", run, "numbers.csv"),
        ("report", run),
        ("report", run, "--brief"),
        ("gain", run, "mean", "pooled_ols"),
        ("pack", run),
        ("export", run, "--to", "r"),
        ("table", run, "tows"),
        ("pin", run, "--table", "tows"),
    ):
        exit_code(monkeypatch, *command)
        speak(ENGLISH)
        written = capsys.readouterr()
        text = re.sub("应为：.*", "", written.out + written.err)
        assert re.search("[\u4e00-\u9fff]", text), command
        assert not english_in(text.replace(f"{tmp_path}/", ""), NAMES | GIVEN | {"zip", "tows"}), command


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            "roles.exposure=taxes",
            ("没有这一列", "    应为：town, year, income, tax", "    提示：是否指 'tax'？"),
        ),
        ("scenarios=[curv]", ("未知的情景 'curv'", "    应为：", "    提示：是否指 'curve'")),
        ("data.path=tows.csv", ("没有这个文件", "    应为：已存在的文件", "    提示：是否指 'towns.csv'？")),
    ],
)
def test_errors_are_in_the_language_of_the_report(tmp_path, monkeypatch, capsys, change, lines):
    written = written_in_chinese(tmp_path, monkeypatch, capsys, "validate", "--set", change)
    first, *others = written.splitlines()
    assert first.startswith("错误：")
    assert first.endswith(lines[0])
    assert all(line.startswith(start) for line, start in zip(others, lines[1:], strict=True))
