"""A right spec becomes a study; a wrong one gives one error with every mistake, its place and its remedy."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import SpecError
from harness.study.spec.study import ReportSpec, Study


def problems(load, text, *overrides):
    with pytest.raises(SpecError) as caught:
        load(text, *overrides)
    return caught.value.problems


def only(load, text, *overrides):
    (problem,) = problems(load, text, *overrides)
    return problem


def line_of(text, fragment):
    return next(number for number, line in enumerate(text.splitlines(), start=1) if fragment in line)


# What is right


def test_a_right_spec_becomes_a_study(load, good):
    loaded = load(good)
    study = loaded.study
    assert (study.spec_version, study.study, study.seed) == (1, "digital-carbon", 20251)
    assert study.description == ""
    assert study.data.dataset == "cities"
    assert study.data.prepare[0].into == "co2_intensity"
    assert study.roles.outcomes == ("co2", "co2_intensity")
    assert study.variables["co2"].unit == "10^4 t"
    assert (study.evaluation.reference, study.evaluation.level, study.evaluation.draws) == ("ols", 0.95, 2000)
    assert study.report == ReportSpec(formats=("html",), language="en")
    assert loaded.document.text == good


def test_entries_are_built_from_their_options(load, good):
    study = load(good).study
    _, net, bag = study.estimators
    assert [(estimator.id, estimator.use, estimator.label) for estimator in study.estimators] == [
        ("ols", "ols", ""),
        ("small_net", "net", "A small network"),
        ("bag", "bag", ""),
    ]
    assert (net.estimator.hidden, net.estimator.activation) == (3, "tanh")
    assert (bag.estimator.draws, bag.estimator.base.activation) == (50, "sigmoid")
    rows, groups = study.evaluation.protocols
    assert (rows.id, rows.protocol.share) == ("rows", 0.1)
    assert (groups.id, groups.use, groups.protocol.folds) == ("groups", "groups", 4)
    (curve,) = study.scenarios
    assert (curve.id, curve.use, curve.scenario.grid) == ("curve", "curve", 30)


def test_what_is_left_out_has_defaults(load, good):
    study = load(good.replace("report: {formats: [html]}\n", "")).study
    assert study.report.formats == ("html", "latex")
    study = load(good.replace("scenarios:\n  - {use: curve, grid: 30}\n", "")).study
    assert study.scenarios == ()


def test_a_study_survives_pickling_for_workers(load, good):
    study = load(good).study
    assert pickle.loads(pickle.dumps(study)) == study  # noqa: S301 - our own bytes, as loky sends them


@pytest.mark.parametrize(
    "title",
    ["<script>alert(1)</script>", "=cmd", "a\nb", "../x", "x" * 300, "CON", "${HOME}", "{{7*7}}"],
)
def test_s19_and_s32_hostile_titles_are_kept_as_text(load, good, title):
    written = good.replace("Digital economy and city carbon emissions", json.dumps(title))
    assert load(written).study.title == title


@given(random=st.randoms())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_keys_does_not_matter(load, good, random):
    def shuffled(value):
        if isinstance(value, dict):
            items = list(value.items())
            random.shuffle(items)
            return {key: shuffled(entry) for key, entry in items}
        return [shuffled(entry) for entry in value] if isinstance(value, list) else value

    first = load(good)
    other = load(json.dumps(shuffled(first.document.data)))
    assert other.study == first.study
    assert other.document.data == first.document.data


# What is wrong: (what is written, by what it is replaced, path, what is found, what is expected, hint)

WRONG = {
    "S1 unknown key": (
        "outcomes:",
        "ouctomes:",
        "roles.ouctomes",
        "unknown key 'ouctomes'",
        "entity, time, outcomes, exposure, moderators, controls",
        "did you mean 'outcomes'?",
    ),
    "S1 unknown key at the top": (
        "report:",
        "figures: []\nreport:",
        "figures",
        "unknown key 'figures'",
        "report",
        "remove it",
    ),
    "S2 text for a number": (
        "draws: 50",
        "draws: many",
        "estimators[2].draws",
        "found the text 'many'",
        "a whole number, at least 2",
        "write an allowed value, or leave the key out for 200",
    ),
    "S3 exponent": (
        "draws: 50",
        "draws: 1e3",
        "estimators[2].draws",
        "found 1000.0",
        "a whole number",
        "write 1000",
    ),
    "S4 negative seed": (
        "seed: 20251",
        "seed: -1",
        "seed",
        "found -1",
        "a whole number, at least 0",
        "write",
    ),
    "S4 large seed": (
        "seed: 20251",
        f"seed: {2**70}",
        "seed",
        f"found {2**70}",
        "at most 9223372036854775807",
        "write",
    ),
    "S4 true is not 1": ("seed: 20251", "seed: true", "seed", "found true", "a whole number", "write"),
    "quoted number": (
        "seed: 20251",
        "seed: '7'",
        "seed",
        "found the text '7'",
        "a whole number",
        "write it without quotes: 7",
    ),
    "number for a text": (
        "title: Digital",
        "title: 5 #",
        "title",
        "found 5",
        "a text",
        'write it in quotes: "5"',
    ),
    "truth for a text": (
        "title: Digital",
        "title: true #",
        "title",
        "found true",
        "a text",
        'write it in quotes: "true"',
    ),
    "nothing for a text": ("title: Digital", "title: #", "title", "found nothing", "a text", "write"),
    "S19 slug": (
        "study: digital-carbon",
        "study: ../Digital",
        "study",
        "found the text '../Digital'",
        "1 to 64 characters of a-z, 0-9 and -",
        "write",
    ),
    "S19 long slug": (
        "study: digital-carbon",
        "study: " + "a" * 65,
        "study",
        f"found the text '{'a' * 60}...'",
        "1 to 64 characters",
        "write",
    ),
    "S21 outcome as control": (
        "controls: [density",
        "controls: [co2",
        "roles.controls",
        "'co2' is already in outcomes",
        "one part for each column",
        "remove it from one of the two",
    ),
    "S22 exposure as moderator": (
        "moderators: [gdp]",
        "moderators: [digital]",
        "roles.moderators",
        "'digital' is already in exposure",
        "one part for each column",
        "remove it",
    ),
    "S22 entity as control": (
        "controls: [density",
        "controls: [city",
        "roles.controls",
        "'city' is already in entity",
        "one part for each column",
        "remove it",
    ),
    "S23 control twice": (
        "controls: [density",
        "controls: [roads",
        "roles.controls",
        "'roads' is listed more than once",
        "one part for each column",
        "remove it",
    ),
    "S24 unknown estimator": (
        "use: net, hidden",
        "use: nett, hidden",
        "estimators[1].use",
        "unknown estimator 'nett'",
        "bag, net, ols",
        "did you mean 'net'?",
    ),
    "S24 estimator of a broken plugin": (
        "- ols\n",
        "- {id: ols, use: far}\n",
        "estimators[0].use",
        "unknown estimator 'far'",
        "bag, net, ols",
        "broken plugins: far (ImportError: no module named far)",
    ),
    "S24 unknown nested estimator": (
        "base: {use: net,",
        "base: {use: nex,",
        "estimators[2].base.use",
        "unknown estimator 'nex'",
        "bag, net, ols",
        "did you mean 'net'?",
    ),
    "unknown protocol": (
        "[rows,",
        "[row,",
        "evaluation.protocols[0]",
        "unknown protocol 'row'",
        "groups, rows",
        "did you mean 'rows'?",
    ),
    "unknown scenario": (
        "use: curve",
        "use: curves",
        "scenarios[0].use",
        "unknown scenario 'curves'",
        "curve",
        "did you mean 'curve'?",
    ),
    "unknown step": (
        "- ratio:",
        "- rato:",
        "data.prepare[0].rato",
        "unknown step 'rato'",
        "ratio",
        "did you mean 'ratio'?",
    ),
    "S25 unknown option": (
        "hidden: 3",
        "hiden: 3",
        "estimators[1].hiden",
        "unknown key 'hiden'",
        "use, id, label, entity_means, exposure, controls, rows, time_limit, hidden, activation",
        "did you mean 'hidden'?",
    ),
    "S25 unknown option of a nested estimator": (
        "activation: sigmoid",
        "activaton: sigmoid",
        "estimators[2].base.activaton",
        "unknown key 'activaton'",
        "use, hidden, activation",
        "did you mean 'activation'?",
    ),
    "unknown option of a step": (
        "over: gdp",
        "over: gdp, of_: gdp",
        "data.prepare[0].ratio.of_",
        "unknown key 'of_'",
        "into, of, over",
        "did you mean 'of'?",
    ),
    "S20 formula as a step": (
        "- ratio: {into: co2_intensity, of: co2, over: gdp}",
        "- co2 / gdp",
        "data.prepare[0]",
        "a step is one name with its options",
        "",
        "",
    ),
    "one of several texts": (
        "activation: sigmoid",
        "activation: sigmod",
        "estimators[2].base.activation",
        "found the text 'sigmod'",
        "'tanh' or 'sigmoid'",
        "did you mean 'sigmoid'?",
    ),
    "a union is one mistake": (
        "hidden: 3",
        "hidden: 0.5",
        "estimators[1].hidden",
        "found 0.5",
        "a whole number, at least 1 or 'auto'",
        "leave the key out for 'auto'",
    ),
    "S26 share of 1.5": (
        "[rows,",
        "[{use: rows, share: 1.5},",
        "evaluation.protocols[0].share",
        "found 1.5",
        "a number, above 0, below 1",
        "leave the key out for 0.1",
    ),
    "S26 share of 0": (
        "[rows,",
        "[{use: rows, share: 0},",
        "evaluation.protocols[0].share",
        "found 0",
        "a number, above 0, below 1",
        "write",
    ),
    "S26 share with a percent sign": (
        "[rows,",
        "[{use: rows, share: 90%},",
        "evaluation.protocols[0].share",
        "found the text '90%'",
        "a number, above 0, below 1",
        "write",
    ),
    "S27 level of 95": (
        "reference: ols",
        "reference: ols\n  level: 95",
        "evaluation.level",
        "found 95",
        "a number, above 0, below 1",
        "leave the key out for 0.95",
    ),
    "S27 level that is no number": (
        "reference: ols",
        "reference: ols\n  level: .nan",
        "evaluation.level",
        "found nan",
        "a number, above 0, below 1",
        "write",
    ),
    "S27 one bootstrap draw": (
        "reference: ols",
        "reference: ols\n  draws: 1",
        "evaluation.draws",
        "found 1",
        "a whole number, at least 2",
        "leave the key out for 2000",
    ),
    "S28 one grid point": (
        "grid: 30",
        "grid: 1",
        "scenarios[0].grid",
        "found 1",
        "a whole number, at least 2",
        "leave the key out for 40",
    ),
    "S30 contradictory options": (
        "dataset: cities",
        "dataset: cities\n  path: cities.csv",
        "data",
        "give either path or dataset or simulate, not several",
        "",
        "change one of the values",
    ),
    "list of one for one": (
        "exposure: digital",
        "exposure: [digital]",
        "roles.exposure",
        "found a list of 1",
        "a text",
        "one is meant: write `exposure: digital`",
    ),
    "list of several for one": (
        "exposure: digital",
        "exposure: [digital, gdp_pc]",
        "roles.exposure",
        "found a list of 2",
        "a text",
        "one is meant: write one of them, without brackets",
    ),
    "kind of a mapping": (
        "- ols\n",
        "- {use: ols, covariance: {use: clusterd, by: [time]}}\n",
        "estimators[0].covariance.use",
        "unknown name 'clusterd'",
        "'classical' or 'clustered'",
        "did you mean 'clustered'?",
    ),
    "kind of a mapping is missing": (
        "- ols\n",
        "- {use: ols, covariance: {by: [time]}}\n",
        "estimators[0].covariance",
        "the key 'use' is missing",
        "'classical' or 'clustered'",
        "add `use:`",
    ),
    "kind of a mapping under another key": (
        "- ols\n",
        "- {use: ols, covariance: {kind: clustered, by: [time]}}\n",
        "estimators[0].covariance",
        "the key 'use' is missing",
        "'classical' or 'clustered'",
        "write `use: clustered` in the place of `kind: clustered`",
    ),
    "text for a mapping with a kind": (
        "- ols\n",
        "- {use: ols, covariance: clustered}\n",
        "estimators[0].covariance",
        "found the text 'clustered'",
        "{use: classical} or {use: clustered}",
        "write",
    ),
    "key of a kind": (
        "- ols\n",
        "- {use: ols, covariance: {use: clustered, by: [time], x: 1}}\n",
        "estimators[0].covariance.x",
        "unknown key 'x'",
        "by, use",
        "remove it",
    ),
    "empty list of a kind": (
        "- ols\n",
        "- {use: ols, covariance: {use: clustered, by: []}}\n",
        "estimators[0].covariance.by",
        "found a list of 0",
        "entries: at least 1",
        "write",
    ),
    "missing key": (
        "  exposure: digital\n",
        "",
        "roles",
        "the key 'exposure' is missing",
        "a text",
        "add `exposure:`",
    ),
    "missing nested choice": (
        "base: {use: net, activation: sigmoid}, ",
        "",
        "estimators[2]",
        "the key 'base' is missing",
        "{use: net}",
        "add `base:`",
    ),
    "entry without a name": (
        "{id: small_net, use: net, hidden: 3",
        "{id: small_net, hidden: 3",
        "estimators[1]",
        "the key 'use' is missing",
        "net",
        "add `use:`",
    ),
    "choice under another key": (
        "{use: curve, grid: 30}",
        "{kind: curve, grid: 30}",
        "scenarios[0]",
        "the key 'use' is missing",
        "curve",
        "write `use: curve` in the place of `kind: curve`",
    ),
    "entry with a number for a name": (
        "{id: small_net, use: net,",
        "{id: small_net, use: 5,",
        "estimators[1].use",
        "found 5",
        "'net'",
        "write",
    ),
    "entry that is a number": (
        "- ols\n",
        "- ols\n  - 5\n",
        "estimators[1]",
        "found 5",
        "{use: net}",
        "write",
    ),
    "id with a capital": (
        "id: small_net",
        "id: Small",
        "estimators[1].id",
        "found the text 'Small'",
        "a name of a-z, 0-9 and _ that starts with a letter",
        "write",
    ),
    "id twice": (
        "id: small_net",
        "id: ols",
        "estimators[1].id",
        "the id 'ols' is taken by the entry at x.yaml:20:5",
        "each id once",
        "give this entry an `id:` of its own",
    ),
    "protocol twice": (
        "[rows,",
        "[rows, rows,",
        "evaluation.protocols[1]",
        "the id 'rows' is taken by the entry at x.yaml:25:15",
        "each id once",
        "give this entry an `id:`",
    ),
    "scenario twice": (
        "grid: 30}",
        "grid: 30}\n  - curve",
        "scenarios[1]",
        "the id 'curve' is taken",
        "each id once",
        "give this entry an `id:`",
    ),
    "reference that does not exist": (
        "reference: ols",
        "reference: smal_net",
        "evaluation.reference",
        "no estimator has the id 'smal_net'",
        "ols, small_net, bag",
        "did you mean 'small_net'?",
    ),
    "featured estimator that does not exist": (
        "formats: [html]",
        "formats: [html], featured: [ols, smal_net]",
        "report.featured[1]",
        "no estimator has the id 'smal_net'",
        "ols, small_net, bag",
        "did you mean 'small_net'?",
    ),
    "moderator of a scenario": (
        "{use: curve, grid: 30}",
        "{use: curve, grid: 30, moderator: gpd}",
        "scenarios[0].moderator",
        "'gpd' is no moderator or control of the study",
        "gdp, density, roads",
        "did you mean 'gdp'?",
    ),
    "no estimator": (
        "estimators:",
        "estimators: []\nvariables_:",
        "estimators",
        "found a list of 0",
        "entries: at least 1",
        "write",
    ),
    "format of the report": (
        "[html]",
        "[html, pdf]",
        "report.formats[1]",
        "found the text 'pdf'",
        "'html' or 'latex'",
        "write",
    ),
    "label of a variable": (
        "label: Emissions",
        "lable: Emissions",
        "variables.co2.lable",
        "unknown key 'lable'",
        "label, unit",
        "did you mean 'label'?",
    ),
}


@pytest.mark.parametrize(("written", "instead", "path", "what", "allowed", "hint"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_named_with_place_value_and_remedy(
    load, good, written, instead, path, what, allowed, hint
):
    assert good.count(written) == 1
    found = problems(load, good.replace(written, instead))
    at_path = [problem for problem in found if problem.where.endswith(f": {path}") and what in problem.what]
    (problem,) = at_path
    assert allowed in problem.expected
    assert hint in problem.hint


@pytest.mark.parametrize("name", ["S2 text for a number", "S25 unknown option", "a union is one mistake"])
def test_one_mistake_gives_one_problem_at_its_line_and_column(load, good, name):
    written, instead, path, what, _, _ = WRONG[name]
    text = good.replace(written, instead)
    problem = only(load, text)
    line = line_of(text, instead)
    column = text.splitlines()[line - 1].index(instead) + 1
    assert problem.where == f"x.yaml:{line}:{column}: {path}"
    assert problem.what == what


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(load, good):
    text = (
        good.replace("study: digital-carbon", "study: Digital Carbon")
        .replace("seed: 20251", "seed: 20251\nseed: 5")
        .replace("dataset: cities", "dataset: !city cities")
        .replace("controls: [density", "controls: [co2")
        .replace("use: net, hidden: 3", "use: nett, hidden: 3")
        .replace("draws: 50", "draw: 50")
        .replace("reference: ols", "reference: olss")
        .replace("folds: 4", "folds: 1")
        .replace("use: curve, grid: 30", "grid: 30")
        .replace("formats: [html]", "format: [html]")
    )
    assert [problem.where for problem in problems(load, text)] == [
        "x.yaml:2:1: study",
        "x.yaml:5:1",
        "x.yaml:7:12",
        "x.yaml:17:3: roles.controls",
        "x.yaml:22:21: estimators[1].use",
        "x.yaml:23:55: estimators[2].draw",
        "x.yaml:25:3: evaluation.reference",
        "x.yaml:26:35: evaluation.protocols[1].folds",
        "x.yaml:28:5: scenarios[0]",
        "x.yaml:29:10: report.format",
    ]


def test_an_empty_spec_names_every_key_it_needs(load):
    found = problems(load, "description: nothing\n")
    missing = [problem.what for problem in found]
    # The protocols that stand in for missing ones are not among this test's.
    keys = ["spec_version", "study", "data", "roles", "estimators", "protocols"]
    assert missing == [f"the key '{key}' is missing" for key in keys]
    assert {problem.where for problem in found} == {"x.yaml:1:1", "x.yaml:1:1: evaluation"}


def test_s31_a_newer_version_is_the_only_mistake_told(load):
    problem = only(load, "spec_version: 2\nwhatever: 1\n")
    assert problem.where == "x.yaml:1:1: spec_version"
    assert problem.what == "version 2 of the spec format is newer than this harness reads"
    assert "pip install --upgrade panel-harness" in problem.hint


def test_s31_a_version_that_never_was(load):
    problem = only(load, "spec_version: 0\n")
    assert problem.what == "there is no version 0 of the spec format"
    assert problem.hint == "write `spec_version: 1`"


@pytest.mark.parametrize("version", ["true", "1.0", "'1'"])
def test_a_version_that_is_no_number_is_reported_with_the_rest(load, good, version):
    problem = only(load, good.replace("spec_version: 1", f"spec_version: {version}"))
    assert problem.where == "x.yaml:1:1: spec_version"
    assert problem.expected == "1"


def test_the_error_has_the_exit_code_of_a_spec(load):
    with pytest.raises(SpecError) as caught:
        load("{}")
    assert caught.value.exit_code == 2


def test_one_name_stands_for_a_list_of_one(load, good):
    study = load(good, "estimators=ols", "evaluation.protocols=rows", "scenarios=curve").study
    assert [entry.id for entry in study.estimators] == ["ols"]
    assert [entry.id for entry in study.evaluation.protocols] == ["rows"]
    assert [entry.id for entry in study.scenarios] == ["curve"]


def test_a_plugin_whose_options_cannot_be_read_breaks_no_message(load, good, catalogs, monkeypatch):
    class Unreadable:
        """Its annotation names nothing."""

        __annotations__ = {"x": "NoSuchType"}

    import dataclasses

    unreadable = dataclasses.dataclass(Unreadable)
    monkeypatch.setitem(catalogs["estimator"].members, "bad", unreadable)
    assert only(load, good.replace("hidden: 3", "hiden: 3")).what == "unknown key 'hiden'"


def test_importing_the_loader_imports_no_heavy_library():
    code = (
        "import sys, harness.study.spec.load; "
        "print(sorted({'pandas', 'scipy', 'torch', 'sklearn', 'statsmodels', 'linearmodels', 'pandera'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_types_are_frozen(load, good):
    study = load(good).study
    with pytest.raises(ValueError, match="frozen"):
        study.seed = 1
    with pytest.raises(ValueError, match="frozen"):
        study.estimators[0].id = "x"
    assert isinstance(study, Study)
