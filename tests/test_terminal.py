"""Nothing that a terminal would obey is written to one, whatever a file holds."""

import ast
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from command import ROOT
from harness.terminal import terminal_text
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
