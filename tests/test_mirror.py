"""A test module has the name of the module that it tests, in the same folder of tests/."""

from source_files import ROOT, files

# Folders whose tests are of no module alone.
BATTERIES = {
    "docs": "pages and the reference against the code",
    "examples": "plugins that the docs teach with",
    "faults": "a fault at every write, and hostile plugins, folders and sizes",
    "language": "all messages of all modules, in every language",
    "replications": "published numbers",
    "statistics": "how often whole studies err",
    "studies": "what a published study says in words",
}

# Modules that test no module alone.
ALONE = {
    "report/test_accessibility.py": "whole pages in a browser",
    "plugins/harness_panel/test_awkward_panels.py": "every estimator of the plugin",
    "test_layers.py": "imports and names of all modules",
    "test_mirror.py": "names of all tests",
    "test_release.py": "versions, the conda recipe and deprecations",
    "test_study_laws.py": "what whole studies do not depend on",
    "test_way.py": "how many files a small study enters",
}

# Modules that test several and have the name of none; none is added.
UNNAMED = {
    "commands/test_commands.py",
    "conformance/test_members.py",
    "plugins/harness_neural/test_projection.py",
    "running/test_decisions.py",
}


def test_every_test_module_has_the_name_of_a_module_in_its_folder():
    modules = {path.relative_to(ROOT / "harness").as_posix() for path in files("harness")}
    modules |= {path.relative_to(ROOT).as_posix() for path in files("plugins")}
    tests = {path.relative_to(ROOT / "tests").as_posix() for path in files("tests")}
    tests = {name for name in tests if name.rpartition("/")[2].startswith("test_")}
    assert {name.partition("/")[0] for name in tests} >= BATTERIES.keys()
    of_none = {
        name
        for name in tests
        if name.partition("/")[0] not in BATTERIES
        and "/".join([*name.split("/")[:-1], name.rpartition("/")[2].removeprefix("test_")]) not in modules
    }
    assert of_none == {*ALONE, *UNNAMED}
