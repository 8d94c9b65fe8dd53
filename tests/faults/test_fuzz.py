"""Any spec, data file, run folder, message or answer of a plugin ends in words, and none in a fault.

`tox -e fuzz` goes on drawing; what it found is kept in tests of the default run.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import harness
from command import ROOT, invoked
from harness import DataError, HarnessError, SpecError
from harness.api import prepare_study
from harness.commands import mcp
from harness.data.data_spec import DataSpec
from harness.errors import ExitCode
from harness.evaluation.fold_fit import FoldCell, FoldTask
from harness.evaluation.protocol import InSample
from harness.installed import installed
from harness.plugin import (
    CoefficientTable,
    Correction,
    HasChoice,
    HasCoefficients,
    HasDetails,
    HasDraws,
    HasEffects,
    HasIntervals,
    HasNotes,
    HasResultRows,
)
from harness.registry.choice import ALL_INSTALLED
from harness.running import processes
from harness.running.checkpoints import decode
from harness.running.comparison import predictions_table
from harness.running.folder import RunFolder
from harness.running.graph import Job
from harness.running.options import RunOptions
from harness.scenarios.full_fit import FullTask
from harness.scenarios.scenario import Subject
from harness.study.spec.document import WrittenSpec
from harness.study.spec.json_schema import file_schema
from harness.study.spec.load import load_study
from panels import panel_from_arrays
from small_run import LEAST, SPEC, few_rows
from spec_tables import table_of

# Of a test whose examples are many and each of which begins anew.
MANY = settings(
    settings.default,
    suppress_health_check=[
        *(HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large),
        *(HealthCheck.large_base_example, HealthCheck.filter_too_much),
    ],
)
# Of one whose examples take up to a second each, where those of the others take up to thirty milliseconds.
FEWER = settings(MANY, max_examples=settings.default.max_examples // 2)
pytestmark = pytest.mark.slow


@cache
def catalogs():
    return installed().catalogs


@contextmanager
def foreseen(kind=HarnessError):
    """Take mistakes of a kind that say what was found; any other error is a fault."""
    errors = []
    try:
        yield
    except kind as error:
        errors.append(error)
    for error in errors:
        assert error.exit_code != ExitCode.FAULT, error
        assert error.problems
        assert all(problem.what for problem in error.problems)


# What a spec's author never means, and YAML gives a meaning to.
ODD = (
    *("null", "~", "[]", "{}", "-1", "1e400", ".nan", "0x1f", "1_000", "yes", "2011-01-01", "''", "&a *a"),
    *(
        "!!python/name:os.system",
        "<<: {}",
        "? a",
        "%YAML 9",
        "---",
        "\t",
        "\u202e",
        "'\\x07'",
        "@",
        "`",
        "|",
        ">",
    ),
)
SPECS = sorted((ROOT / "specs").glob("*.yaml"))


@FEWER
@given(data=st.data())
def test_a_damaged_spec_is_refused_in_words_or_read(tmp_path, data):
    lines = data.draw(st.sampled_from(SPECS)).read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        odd = data.draw(st.one_of(st.sampled_from(ODD), st.text(max_size=12)))
        key, colon, _ = lines[index].partition(":")
        lines[index] = data.draw(
            st.sampled_from([f"{key}{colon} {odd}", f"{odd}{lines[index]}", f" {lines[index]}", ""])
        )
    path = tmp_path / "spec.yaml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    with foreseen(SpecError):
        load_study(path, catalogs=catalogs())


COLUMNS = ["firm", "year", "invest", "value", "capital"]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@cache
def schema():
    return file_schema(catalogs())


def drawn(draw, part, depth=0):
    """Draw what a part of the JSON Schema of a spec describes; deep within it, what is plain."""
    part = part if "$ref" not in part else {**schema()["$defs"][part["$ref"].rpartition("/")[2]], **part}
    if choices := part.get("anyOf") or part.get("oneOf"):
        plain = [one for one in choices if "$ref" not in one and one.get("type") not in ("array", "object")]
        return drawn(draw, draw(st.sampled_from(plain if plain and depth > 3 else choices)), depth + 1)
    if "const" in part or "enum" in part:
        return draw(st.sampled_from(part.get("enum", [part.get("const")])))
    match part.get("type"):
        case "object":
            known, needed = part.get("properties", {}), {*part.get("required", ())}
            more = draw(st.sets(st.sampled_from(sorted(known)), max_size=2)) if known and depth < 6 else set()
            made = {key: drawn(draw, known[key], depth + 1) for key in sorted(needed | more) if key in known}
            if isinstance(others := part.get("additionalProperties"), dict) and others.get("not") != {}:
                names = draw(st.sets(st.sampled_from(COLUMNS), max_size=2))
                made |= {name: drawn(draw, others, depth + 1) for name in sorted(names)}
            return made
        case "array":
            first, least = part.get("prefixItems", []), part.get("minItems", 0)
            n_more = 0 if first else draw(st.integers(least, min(least + 2, part.get("maxItems", 99))))
            return [drawn(draw, one, depth + 1) for one in [*first, *[part.get("items", {})] * n_more]]
        case "string":
            return draw(st.from_regex(part["pattern"]) if "pattern" in part else st.sampled_from(COLUMNS))
        case "integer" | "number" as kind:
            least = part.get("minimum", part.get("exclusiveMinimum", -3))
            most = min(part.get("maximum", part.get("exclusiveMaximum", least + 30)), least + 30)
            return draw(st.integers(int(least), int(most)) if kind == "integer" else st.floats(least, most))
        case "boolean":
            return draw(st.booleans())
        case "null":
            return None
    return draw(JSON)


def places(document):
    """Yield every object or list in a document, each with its keys or positions."""
    keys = [*document] if isinstance(document, dict) else [*range(len(document))]
    for key in keys:
        yield document, key
        if isinstance(document[key], dict | list):
            yield from places(document[key])


def one_step_away(draw, document):
    """Return a document of which one entry is gone, another, or odd, or that has one more."""
    document = json.loads(json.dumps(document))
    holder, key = draw(st.sampled_from([*places(document)]))
    match draw(st.sampled_from(["gone", "odd", "another", "more"])):
        case "gone":
            del holder[key]
        case "odd":
            holder[key] = draw(JSON)
        case "another":
            holder[key] = drawn(draw, draw(st.sampled_from([*schema()["$defs"].values()])), 2)
        case _:
            more = draw(st.sampled_from(sorted(schema()["properties"])))
            document[more] = drawn(draw, schema()["properties"][more], 1)
    return document


def as_spec(document):
    """Return a document as the text of a spec; YAML has JSON but for numbers that are none."""
    text = json.dumps(document)
    return WrittenSpec(text.replace("Infinity", ".inf").replace("NaN", ".nan"), is_seen=True)


@FEWER
@given(data=st.data())
def test_a_spec_by_the_schema_is_refused_in_words_or_read(data):
    spec = drawn(data.draw, schema())
    with foreseen(SpecError):
        load_study(as_spec(spec), catalogs=catalogs())


@FEWER
@given(data=st.data())
def test_a_spec_one_step_away_is_refused_in_words_or_planned(rows, data):
    spec = as_spec(one_step_away(data.draw, SPEC))
    with foreseen():
        prepare_study(RunOptions(spec, data=rows, quick=True, allow_outside=True)).plan.describe()


@FEWER
@given(data=st.data())
def test_a_small_study_one_step_away_is_refused_in_words_or_run(tmp_path_factory, data):
    spec = one_step_away(data.draw, LEAST)
    out = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
    with foreseen():
        harness.run(spec, data=few_rows(), out=out / "run", quick=True, time_limit=5.0, progress=False)
    shutil.rmtree(out)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    few_rows().to_csv(path)
    return path


WRITERS = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "dta": lambda frame, path: frame.to_stata(path, write_index=False),
    "xlsx": lambda frame, path: frame.to_excel(path, index=False),
}


@pytest.mark.parametrize("ending", WRITERS)
@MANY
@given(data=st.data())
def test_a_damaged_data_file_is_refused_in_words_or_read(tmp_path, ending, data):
    whole = tmp_path / f"whole.{ending}"
    if not whole.exists():
        index = np.arange(12)
        frame = pd.DataFrame(
            {"city": [f"c{one // 4}" for one in index], "year": 2000 + index % 4, "y": index / 7}
        )
        WRITERS[ending](frame, whole)
    damaged = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        index = data.draw(st.integers(0, len(damaged) - 1))
        damaged[index : index + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path = tmp_path / f"damaged.{ending}"
    path.write_bytes(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    with foreseen(DataError):
        table_of(DataSpec(path=path.name), tmp_path, entity="city")


CELLS = st.sampled_from(
    ["a", "1", "-1.5", "1,5", "2011", "2011Q1", "NA", "", '"', "1e999", "=1+1", "\x00", "é"]
)


@MANY
@given(
    table=st.lists(st.lists(CELLS | st.text(max_size=4), max_size=5), max_size=6),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "gb18030", "latin-1"]),
)
def test_any_text_is_refused_in_words_or_read(tmp_path, table, separator, encoding):
    text = "\n".join(separator.join(row) for row in table)
    (tmp_path / "any.csv").write_bytes(text.encode(encoding, "replace"))
    with foreseen(DataError):
        table_of(DataSpec(path="any.csv"), tmp_path, entity="city")


@pytest.fixture(scope="module")
def least(tmp_path_factory):
    """The folder of the least study with a spec beside it, so that it can be packed."""
    folder = tmp_path_factory.mktemp("least")
    harness.run(LEAST, data=few_rows(), out=folder / "run", progress=False)
    return folder / "run"


COMMANDS = (
    *(("verify",), ("report",), ("pin",), ("pack",), ("export", "--to", "r"), ("export", "--to", "stata")),
    *(("report", "--brief"), ("compare", "OTHER"), ("suite", "report")),
)


@FEWER
@given(data=st.data())
def test_a_run_folder_with_another_byte_is_refused_in_words_or_read(least, tmp_path_factory, data):
    """Its hashes are those of before, or of a forger."""
    base = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
    run = Path(shutil.copytree(least, base / "run"))
    file = run / data.draw(
        st.sampled_from(sorted(one.relative_to(run) for one in run.rglob("*") if one.is_file()))
    )
    content = bytearray(file.read_bytes())
    if content:
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(content))
    with foreseen():
        if data.draw(st.booleans()):
            RunFolder(run).write_manifest(RunFolder(run).manifest())
        words = data.draw(st.sampled_from(COMMANDS))
        invoked(words[0], run, *(str(least) if word == "OTHER" else word for word in words[1:]))
    shutil.rmtree(base)


METHODS = [
    "initialize",
    "ping",
    "tools/list",
    "tools/call",
    "notifications/cancelled",
    "notifications/initialized",
]
TOOLS = ["validate", "plan", "run", "table", "plugins", "schema", "none"]
ARGUMENTS = st.dictionaries(
    st.sampled_from(["spec", "data", "out", "run", "name", "rows", "overrides", "jobs", "quick", "other"]),
    JSON
    | st.sampled_from(["study.yaml", "..", "rows.csv", "runs/tiny", "gain", "a\nb: c", "/etc", ["seed=1"]]),
    max_size=3,
)
PARAMETERS = {"name": st.sampled_from(TOOLS) | JSON, "arguments": ARGUMENTS | JSON, "requestId": JSON}
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": st.integers(0, 3) | st.text(max_size=3) | JSON,
        "method": st.sampled_from(METHODS) | JSON,
        "params": JSON | st.fixed_dictionaries({}, optional=PARAMETERS),
    },
)
LINES = MESSAGES.map(lambda message: json.dumps(message).encode()) | st.binary(max_size=30)


@MANY
@given(lines=st.lists(LINES, max_size=4))
def test_any_message_of_an_assistant_is_answered_in_words(tmp_path, rows, lines):
    """Calls are done here, and not in processes of their own."""
    (tmp_path / "study.yaml").write_text("spec_version: 1\nstudy: tiny\n", encoding="utf-8")
    done_here = SimpleNamespace(
        call=lambda call, *arguments: call(*arguments), is_dead=False, end=lambda: None
    )
    answers = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setattr(processes, "start_worker", lambda: done_here)
        server = mcp.Server(mcp.Session(ALL_INSTALLED, tmp_path), answers.append)
        for line in lines:
            server.take(line)
        server.end()
    for answer in answers:
        text = json.dumps(answer, allow_nan=False)
        assert answer["jsonrpc"] == "2.0"
        assert ("result" in answer) != ("error" in answer)
        assert '"FAULT"' not in text, text


def raises(kind):
    raise kind("of a plugin \ud800")


NUMBERS = (np.nan, np.inf, 1e300, True, "x", None, 1 + 2j, object())
ANSWERS = st.sampled_from(
    [
        *(
            None,
            3,
            -1,
            2**80,
            "text",
            "\ud800\x00",
            b"bytes",
            [],
            (),
            {},
            {"a": [1, 2]},
            {"a": [1], "b": [1, 2]},
        ),
        *(
            {1: [1]},
            {"../x": {"a": [1]}},
            {"search": {"a": [object()]}},
            {"gain": {"gain": [1.0]}},
            object(),
            int,
        ),
        *(partial(raises, kind) for kind in (ValueError, KeyError, MemoryError, RecursionError, SystemExit)),
        *(partial(raises, kind) for kind in (StopIteration, GeneratorExit, HarnessError, UnicodeError)),
        *(
            np.zeros(3),
            np.zeros((2, 3)),
            np.array("x"),
            pd.DataFrame({"a": [1]}),
            pd.Series([1.0]),
            range(10),
        ),
        *(np.full(24, number, dtype=object) for number in NUMBERS),
        *(np.full(24, number) for number in (np.nan, np.inf, 1e300, 1, "x")),
    ]
)
SOUND = {
    "predict": lambda panel: np.zeros(panel.n_obs),
    "intervals": lambda panel: np.zeros((2, panel.n_obs)),
    "n_unseen": 0,
    "choice": "one",
    "notes": (),
    "details": {"search": {"size": [1, 2]}},
    "result_rows": {},
    "draws": SimpleNamespace(predict=lambda panel: np.zeros((2, panel.n_obs))),
    "coefficients": CoefficientTable(
        ("const",), np.zeros(1), np.eye(1), Correction("classical", 24, 1, 0, (), 1.0, 23.0)
    ),
}


def answered(answer, panel=None):
    """Return an answer, or what it gives when it is called, with a panel or without."""
    if isinstance(answer, partial):
        return answer()
    return answer(panel) if callable(answer) and not isinstance(answer, type) else answer


@dataclass(frozen=True, eq=False)
class Fit:
    answers: dict

    def predict(self, panel):
        return answered(self.answers["predict"], panel)

    def intervals(self, panel, level):
        return answered(self.answers["intervals"], panel)

    def n_unseen(self, panel):
        return answered(self.answers["n_unseen"])

    def details(self):
        return answered(self.answers["details"])

    def result_rows(self):
        return answered(self.answers["result_rows"])

    def coefficients(self):
        return answered(self.answers["coefficients"])

    @property
    def notes(self):
        return answered(self.answers["notes"])

    @property
    def choice(self):
        return answered(self.answers["choice"])

    @property
    def draws(self):
        return answered(self.answers["draws"])


@dataclass(frozen=True)
class Answers:
    """An estimator whose fits answer anything."""

    name: ClassVar[str] = "answers"
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(HasChoice, HasCoefficients, HasDetails, HasDraws, HasEffects, HasIntervals),
            *(HasNotes, HasResultRows),
        }
    )
    answers: dict = field(default_factory=dict, hash=False)

    def fit(self, panel, *, rng, selection=None):
        fit = self.answers.get("fit", Fit({**SOUND, **self.answers}))
        return answered(fit)


def of_plugin(answers):
    """Return how a fit on a fold, and one on all rows, end whose estimator gives some answers."""
    rows, estimator = np.arange(24), Answers(answers)
    panel = panel_from_arrays(entity=rows // 4, period=rows % 4, outcome=np.sqrt(rows), X=rows)
    (fold,) = InSample().split(panel, rng=np.random.default_rng(1))
    cell = FoldCell(panel.outcome, "answers", "in_sample", fold.name)
    on_fold = decode(Job(FoldTask(cell, estimator, panel, fold, 1)).run())
    if on_fold.status == "ok":
        predictions_table([on_fold], {panel.outcome: panel}, {("in_sample", fold.name): fold})
    subject = Subject(panel, estimator, "answers", 1)
    return on_fold, decode(Job(FullTask(subject, {}, panel.exposure, 0.95)).run())


@MANY
@given(answers=st.dictionaries(st.sampled_from(["fit", *SOUND]), ANSWERS, max_size=2))
def test_any_answer_of_a_plugin_is_a_result_or_a_failed_cell_with_its_reason(answers):
    for result in of_plugin(answers):
        assert result.status in ("ok", "refused", "failed")
        assert bool(result.reason) == (result.status != "ok")
