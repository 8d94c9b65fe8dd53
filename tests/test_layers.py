"""Imports run downward and in no circle, a class name is one thing, and the core and plugins keep apart."""

import ast
import builtins
import configparser
import graphlib
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from command import python
from harness.installed import KINDS, installed
from harness.registry.hooks import OURS
from source_files import ROOT, files, tree_of

# Top-level folders and modules of the core, those that others import first; the docs list them in this order.
LAYERS = (
    *("language", "errors", "arrays", "rng", "terminal", "tables", "registry", "data", "study", "estimators"),
    *("evaluation", "splits", "scenarios", "record", "findings", "text", "running"),
    *("report", "audit", "printed", "export", "pack", "suite", "installed", "search", "options"),
    *("calibration", "conformance", "preflight", "draft", "results", "api", "__init__", "scaffold"),
    *("commands", "cli"),
    *("__main__", "pytest_plugin", "shipped", "plugin"),
)
PLUGINS = {
    "harness_app",
    "harness_causal",
    "harness_panel",
    "harness_neural",
    "harness_rab",
    "harness_sklearn",
}


@cache
def imports_of(path):
    """Return the dotted names a file imports, those for type checking alone included."""
    names = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def layer_of(path):
    return path.relative_to(ROOT / "harness").parts[0].removesuffix(".py")


def test_every_file_of_the_core_has_a_layer():
    assert {layer_of(path) for path in files("harness")} == set(LAYERS)


def test_core_imports_run_downward():
    assert len(set(LAYERS)) == len(LAYERS)
    upward = []
    for path in files("harness"):
        allowed = LAYERS[: LAYERS.index(layer_of(path)) + 1]
        for name in imports_of(path):
            root, inside, *_ = (*name.split("."), "__init__")
            inside = inside if inside in LAYERS else "__init__"
            if root == "harness" and inside not in allowed:
                upward.append(f"{path} imports {name}")
    assert upward == []


def test_the_docs_list_the_layers_in_this_order():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = re.findall("^[|] (`.*?) [|]", page.partition("## The map of folders")[2], flags=re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)/?`", row)] == list(LAYERS)


def modules():
    """Return the files of the core and of the plugins by the dotted name that they are imported by."""
    found = {}
    for root in (ROOT, ROOT / "plugins"):
        for path in files(root / "harness") if root == ROOT else files(root):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def modules_needed(path, known):
    """Return those of our modules that a file imports, or imports names from; a package only as such."""
    needed = set()
    for node in ast.walk(tree_of(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            inside = (f"{node.module}.{alias.name}" for alias in node.names)
            names = [name if name in known else node.module for name in inside]
        needed.update(name for name in names if name in known)
    return needed


def test_imports_make_no_circle():
    known = modules()
    graph = {name: modules_needed(path, known) - {name} for name, path in known.items()}
    assert sum(map(len, graph.values())) > len(graph)
    graphlib.TopologicalSorter(graph).prepare()


def test_no_class_name_stands_twice():
    trees = map(tree_of, modules().values())
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_the_core_names_no_plugin_and_no_torch():
    barred = {*PLUGINS, "torch", "minisom"}
    named = [(path, name) for path in files("harness") for name in imports_of(path)]
    assert [(path, name) for path, name in named if name.split(".")[0] in barred] == []


def strings_of(path):
    """Return the strings of a file, but for docstrings."""
    tree = tree_of(path)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    return [node.value for node in constants if isinstance(node.value, str)]


def test_the_core_names_no_plugin_in_a_string():
    """Names of one word, such as mean and between, are words of the language as well."""
    plugins = [plugin for plugin in installed().plugins if plugin.name in PLUGINS]
    members = {name for plugin in plugins for kind in KINDS for name in plugin.names(kind)}
    names = {*PLUGINS, *(name for name in members if "_" in name)}
    assert len(names) > 12
    texts = {path: strings_of(path) for path in files("harness")}
    templates = (path for path in (ROOT / "harness").rglob("*") if path.suffix in {".j2", ".html", ".js"})
    texts |= {path: [path.read_text(encoding="utf-8")] for path in templates}
    named = re.compile(rf"(?<!\w)({'|'.join(sorted(names))})(?!\w)")
    found = {
        (path.name, *named.findall(text)) for path, own in texts.items() for text in own if named.search(text)
    }
    assert found == set()


@pytest.mark.parametrize("plugin", sorted(PLUGINS))
def test_plugins_import_public_names_and_themselves_alone(plugin):
    for path in files(f"plugins/{plugin}"):
        for name in imports_of(path):
            root, *rest = name.split(".")
            assert root not in PLUGINS - {plugin}, f"{path} imports {name}"
            if root == "harness" and rest:
                assert rest[0] == "plugin", f"{path} imports {name}"


def test_workers_use_public_names_of_libraries_alone():
    """An underscore is for what a class of ours has, and for `os._exit`, which Python documents."""
    private = []
    for name in ("cluster", "graph", "isolation", "processes", "workers"):
        tree = tree_of(ROOT / f"harness/running/{name}.py")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr):
                private.append(ast.unparse(node))
            assert not (isinstance(node, ast.Call) and ast.unparse(node.func) in {"vars", "setattr"}), name
    assert {one for one in private if not one.startswith("self._")} == {"os._exit"}


SEEN_BY_AUTHORS = ["docs/extend.md", "docs/add_an_estimator.md", "docs/reference/api.md"]


def test_every_public_name_is_needed_by_a_plugin_an_example_or_the_docs_for_their_authors():
    public = {
        alias.name
        for path in files("harness/plugin")
        for node in tree_of(path).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert len(public) > 100
    sources = [path for folder in ("plugins", "examples") for path in files(folder)]
    sources += [*(ROOT / "harness/scaffold").rglob("*.j2"), *(ROOT / page for page in SEEN_BY_AUTHORS)]
    words = {word for path in sources for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    assert public - words == set()


def loaded_by(code, *further):
    """Return which heavy libraries, and code that runs studies, a process from nothing has loaded."""
    heavy = {"torch", "pandas", "scipy", "sklearn", "statsmodels", "linearmodels", "matplotlib", "pandera"}
    heavy |= {"pyfixest", "minisom", "harness.running.plan", *further}
    code += "print(file=sys.stderr)\nprint(*sys.modules, file=sys.stderr)"
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    return heavy & set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words",
    [["--help"], ["plugins", "--json"], ["validate", "--spec-only", "specs/grunfeld.yaml"]],
    ids=" ".join,
)
def test_light_commands_load_no_heavy_library(words):
    code = (
        "import sys, harness.cli\n"
        f"sys.argv = ['harness', *{words!r}]\n"
        "try: harness.cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
    )
    assert loaded_by(code, *(["pydantic", "numpy", "filelock"] if words == ["--help"] else [])) == set()


def test_the_package_specs_plugins_and_pytest_load_no_heavy_library():
    code = (
        "import sys, harness; harness.run; harness.StudyResult\n"
        "assert not {'rich', 'ruamel'} & set(sys.modules)\n"
        "import harness.data.shipped, harness.study.spec.load, harness.pytest_plugin.spec_file\n"
        "import harness_neural, harness_panel\n"
        "harness_neural.harness_estimators(), harness_panel.harness_estimators()\n"
    )
    assert loaded_by(code) == set()


PROJECT, *OF_PLUGINS = (
    tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    for path in (ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml")))
)
# Every extra but that of data, which no code of ours needs: tables of R packages are fifty megabytes.
ALL, OF_DATA = "all", "arena"


def test_the_oldest_versions_are_the_lower_bounds():
    asked = [
        one
        for project in (PROJECT, *OF_PLUGINS)
        for extra, listed in {"": project["dependencies"], **project.get("optional-dependencies", {})}.items()
        for one in listed
        if not one.startswith("panel-harness") and extra != OF_DATA
    ]
    lines = (ROOT / "tests/oldest.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.replace("==", ">=") for line in lines if not line.startswith("#")]
    assert pinned == sorted(set(asked))


def names(requirements):
    return {re.match(r"[A-Za-z0-9_.-]+", one)[0] for one in requirements}


def test_all_stands_for_every_extra_but_that_of_data_and_the_tests_have_them_all():
    extras = PROJECT["optional-dependencies"]
    others = sorted(set(extras) - {ALL, OF_DATA})
    assert extras[ALL] == [f"panel-harness[{','.join(others)}]"]
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    ours = [".[all]", *(f"./{path.as_posix()}" for path in sorted(Path("plugins").glob("harness_*")))]
    for line in ours:
        assert f"-e {line}" in tox["testenv"]["deps"].splitlines()


def test_the_core_depends_on_no_plugin_and_on_no_library_of_theirs_alone():
    core = names(PROJECT["dependencies"])
    assert not core & {"torch", "plotly", "pyfixest", "distributed", *OURS}
    assert not core & {name for own in OF_PLUGINS for name in names(own["dependencies"])} - {"statsmodels"}


def test_the_doctor_names_what_brings_every_library_that_the_core_does_without():
    from harness.commands.plugins import _BROUGHT_BY

    extras, core = PROJECT["optional-dependencies"], names(PROJECT["dependencies"])
    brought = {name: own["name"] for own in OF_PLUGINS for name in names(own["dependencies"])}
    for extra in extras:
        brought = dict.fromkeys(names(extras[extra]), f"panel-harness[{extra}]") | brought
    brought |= {"pyfixest": "panel-harness[fixest]", "scikit-learn": "panel-harness-sklearn"}
    assert {name: by for name, by in brought.items() if name not in (*core, *OURS)} == _BROUGHT_BY


SECTION = r"{title}\n-+\n(.*?)(?:\n\n[A-Z]\w+\n---|\Z)"
# Exceptions of libraries that are raised.
FOREIGN = {"ValidationError", "PydanticCustomError", "PluginValidationError", "SkipTest"}


@cache
def nodes(kind):
    """Return the nodes of a kind in all source files."""
    paths = [path for folder in ("harness", "plugins", "examples") for path in files(folder)]
    return [node for path in paths for node in ast.walk(tree_of(path)) if isinstance(node, kind)]


@cache
def classes():
    """Return our classes by name."""
    return {node.name: node for node in nodes(ast.ClassDef)}


def section(node, title):
    """Return the lines of a section of a docstring that are not indented."""
    found = re.search(SECTION.format(title=title), ast.get_docstring(node) or "", flags=re.DOTALL)
    return [line for line in found[1].splitlines() if line[:1].strip()] if found else []


def named(node, title):
    """Return the names that a section describes, such as ``low, high : limits``."""
    heads = (line.partition(" : ") for line in section(node, title))
    return {name.strip("* ") for head, colon, _ in heads if colon for name in head.split(",")}


def members(node):
    """Return the names of what a class has, its bases among our classes included."""
    found = {entry.target.id for entry in node.body if isinstance(entry, ast.AnnAssign)}
    found |= {one.id for entry in node.body if isinstance(entry, ast.Assign) for one in entry.targets}
    found |= {entry.name for entry in node.body if isinstance(entry, ast.FunctionDef)}
    found |= {
        place.attr
        for place in ast.walk(node)
        if isinstance(place, ast.Attribute) and isinstance(place.ctx, ast.Store)
    }
    for base in node.bases:
        name = ast.unparse(base).partition("[")[0]
        if name in classes() and name != node.name:
            found |= members(classes()[name])
    return found


def test_attributes_are_there():
    wrong = {node.name: named(node, "Attributes") - members(node) for node in classes().values()}
    assert {name: extra for name, extra in wrong.items() if extra} == {}


def test_parameters_are_there():
    wrong = {}
    for node in nodes(ast.FunctionDef):
        given = node.args
        further = [parameter for parameter in (given.vararg, given.kwarg) if parameter is not None]
        names = {
            parameter.arg for parameter in (*given.posonlyargs, *given.args, *given.kwonlyargs, *further)
        }
        if extra := named(node, "Parameters") - names:
            wrong[node.name] = extra
    assert wrong == {}


def test_exceptions_are_there():
    lines = (
        line for node in [*nodes(ast.FunctionDef), *classes().values()] for line in section(node, "Raises")
    )
    raised = {name.strip() for line in lines for name in line.split(",")}
    assert len(raised) > 5
    known = {*classes(), *dir(builtins), *FOREIGN}
    assert {name for name in raised if name.rpartition(".")[2] not in known} == set()
