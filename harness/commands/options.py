"""What several subcommands share: arguments, the options of a run, and the plugins that count."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import HarnessError
from harness.language import ENGLISH, Coded, languages, marked
from harness.registry.choice import PluginChoice, requested_by_environment, trust_package
from harness.running.options import OPTIONS, Option, RunOptions, require_addresses
from harness.terminal import echo, speak, terminal_text
from harness.text.plain_text import printable

if TYPE_CHECKING:
    from harness.registry.registry import Registry

Command = Callable[..., Any]

PATH = click.Path(path_type=Path)


class FiniteNumber(click.FloatRange):
    """A number within limits; the type of click takes ``nan`` and ``inf`` where a side has none."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail as one outside the limits does."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


spec_argument = click.argument("spec", type=PATH)


def _speak_as_run(context: click.Context, _: click.Parameter, folder: Path) -> Path:
    """Write to the terminal in the language of a finished run's report, and return the folder."""
    from harness.running.folder import RunFolder

    with suppress(HarnessError, OSError):
        speak_in(RunFolder(folder).manifest().study.language, context.obj)
    return folder


run_argument = click.argument("folder", metavar="RUN", type=PATH, callback=_speak_as_run)
run_a_argument = click.argument("a", metavar="A", type=PATH, callback=_speak_as_run)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
open_option = click.option("--open", "opens", is_flag=True, help="Open the report in the browser.")


def n_cores() -> int:
    """Return the cores that this process may use, which a container or a scheduler can hold to few."""
    from joblib import cpu_count

    return int(cpu_count())


def option_of(name: str, text: str = "") -> Callable[[Command], Command]:
    """Return the option of the command for a field of `RunOptions`.

    Parameters
    ----------
    text : what the help says of it; what the field says unless given
    """
    option = OPTIONS[name]
    default = (
        n_cores if name == "jobs" else False if option.kind is bool else next(iter(option.choices), None)
    )
    return click.option(
        option.flag_of(name),
        name,
        help=text or option.help,
        metavar=option.metavar,
        is_flag=option.kind is bool,
        type=None if option.kind is bool else _type_of(option),
        multiple=option.is_repeated,
        default=default,
        show_default=bool(option.choices),
    )


def _type_of(option: Option) -> click.ParamType[Any]:
    if option.kind is Path:
        return PATH
    if option.choices:
        return click.Choice(option.choices)
    if option.kind is int:
        least, most = (None if limit is None else int(limit) for limit in (option.least, option.most))
        return click.IntRange(least, most)
    if option.kind is float:
        return FiniteNumber(min=option.least, max=option.most, min_open=option.is_open)
    return click.STRING


def run_options(*names: str, out: str = "") -> Callable[[Command], Command]:
    """Give a command fields of `RunOptions` as options, and its function them as one value.

    The function gets `spec` and these as ``options``, whatever other options the command has by their names.

    Parameters
    ----------
    out : what the help says of the folder, where that is not a run's
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_options(spec: Path, **given: Any) -> Any:  # noqa: ANN401 - as click calls a command
            require_addresses()
            own = {name: given.pop(name) for name in names}
            options = RunOptions(spec, plugins=click.get_current_context().obj, **own)
            speak_as(options)
            return command(options, **given)

        decorated: Command = with_options
        for name in reversed(names):
            decorated = option_of(name, out if name == "out" else "")(decorated)
        return decorated

    return decorate


def number_option(
    flag: str, kind: click.ParamType[Any], default: float, text: str
) -> Callable[[Command], Command]:
    """Return an option for a number of some kind, whose help is `text` and the default."""
    return click.option(flag, type=kind, default=default, show_default=True, help=text)


def tolerance_option(flag: str, default: float, text: str) -> Callable[[Command], Command]:
    """Return an option for how far two numbers may differ; `text` is its help."""
    return number_option(flag, FiniteNumber(min=0), default, text)


def repeated_option(flag: str, name: str, metavar: str, text: str) -> Callable[[Command], Command]:
    """Return an option that may be given several times."""
    return click.option(flag, name, multiple=True, metavar=metavar, help=f"{text}; repeatable.")


def path_option(flag: str, text: str, *names: str, required: bool = False) -> Callable[[Command], Command]:
    """Return an option for a path."""
    return click.option(flag, *names, type=PATH, required=required, help=text)


def written_line(folder: Path) -> str:
    """Return one line that names the report in a run folder, or the folder where there is none."""
    report = folder / "report.html"
    return Coded("report: {path}", path=report) if report.is_file() else Coded("results: {path}", path=folder)


_OFF = "no:"


def _names_off(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [value for value in values if not value.startswith(_OFF) or value == _OFF]
    if wrong:
        raise click.BadParameter(f"'{wrong[0]}' is not of the form {_OFF}NAME", param=option)
    return tuple(value.removeprefix(_OFF) for value in values)


plugins_off_option = click.option(
    "-p",
    "plugins_off",
    multiple=True,
    callback=_names_off,
    metavar="no:NAME",
    help="Switch off a plugin; repeatable. Environment variable: HARNESS_PLUGINS_OFF, comma-separated.",
)
plugins_folder_option = click.option(
    "--plugins-folder",
    type=PATH,
    metavar="DIR",
    help="Folder of plugins (modules or packages) to load without installation; their code runs. "
    "Environment variable: HARNESS_PLUGINS_FOLDER.",
)
packages_option = repeated_option(
    "--package",
    "packages",
    "NAME",
    "Package whose estimators specs may name by class, such as lightgbm.LGBMRegressor; its code runs. "
    "Environment variable: HARNESS_PACKAGES, comma-separated",
)
lies_option = path_option("--spec", "Current path of the spec, with its data.")


def chosen(
    plugins_off: tuple[str, ...], plugins_folder: Path | None, packages: tuple[str, ...]
) -> PluginChoice:
    """Return what the options say, with what the environment variables say next to them."""
    for name in packages:
        trust_package(name)
    asked = requested_by_environment()
    off = tuple(dict.fromkeys((*asked.off, *plugins_off)))
    return replace(asked, off=off, folder=plugins_folder or asked.folder)


def speak_as(options: RunOptions) -> None:
    """Write in the language of a study's report, where its spec can be read twice."""
    from harness.study.spec.document import read_spec, with_overrides

    if isinstance(options.spec, Path) and not options.spec.is_file():
        return
    with suppress(HarnessError, OSError):
        spec = with_overrides(read_spec(options.spec), options.overrides)
        speak_in(spec.value(("report", "language")), options.plugins)


def speak_in(language: object, choice: PluginChoice) -> None:
    """Write in a language from now on, where there is a catalog of it."""
    from harness.installed import installed

    if isinstance(language, str) and language in languages() and language != ENGLISH:
        speak(language, installed(choice).messages)


def echo_line(text: str, *, err: bool = False) -> None:
    """Write a message that may hold anything of a file, such as line ends, on one line."""
    echo(printable(terminal_text(text)), err=err)


def found(choice: PluginChoice) -> Registry:
    """Return what the chosen plugins offer, and say on standard error which are left out as broken."""
    from harness.installed import installed

    registry = installed(choice)
    for plugin in registry.broken:
        broken = marked("plugin {name} is broken and not loaded: {reason}")
        echo(Coded(broken, name=plugin.name, reason=plugin.broken), err=True)
    return registry
