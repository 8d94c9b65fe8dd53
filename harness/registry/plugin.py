"""Where plugins come from, and one as it was found: what it offers, or why it offers nothing."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import inspect
import io
import os
import signal
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import EntryPoint
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import walk_tb
from types import FrameType
from typing import Any

import pluggy

from harness.errors import DataError, HarnessError, MachineError, PluginError, near_names
from harness.language import LOCALE, Coded, all_of, in_series, marked
from harness.registry.catalog import Contributions, Kind, OptionsClass
from harness.registry.hooks import NEEDS_ATTRIBUTE, OURS, PROJECT, SEAM_ATTRIBUTE, SEAM_VERSION, hookspec
from harness.registry.process_state import Ended, end, is_main_thread, output_as_errors, remembered_state

PACKAGE_FILE = "__init__.py"


@dataclass(frozen=True)
class PluginSource:
    """A plugin that was found and not yet loaded.

    Attributes
    ----------
    name : how it is called in the list of plugins and switched off
    distribution, version : what brought it; of a local one its folder, and the hash of its files
    recorded_as : under what the manifest of a run records the version
    module : dotted name of the module with the hooks
    load : returns that module; a stranger's code runs, and may raise anything
    """

    name: str
    distribution: str
    version: str
    recorded_as: str
    module: str
    load: Callable[[], object]

    @property
    def identity(self) -> tuple[str, str, str]:
        """Name, distribution and version."""
        return self.name, self.distribution, self.version

    @property
    def is_ours(self) -> bool:
        """Whether it comes with the harness."""
        return self.distribution in OURS


def installed_sources(points: Sequence[EntryPoint]) -> tuple[PluginSource, ...]:
    """Return the plugins of entry points of the group ``harness``, in an order that no installation changes.

    Our own are first, so that no other can take a name of theirs; the rest are in the order of their names.
    """
    brought = [
        (point, point.dist.name, point.dist.version) if point.dist else (point, "", "") for point in points
    ]

    def place(found: tuple[EntryPoint, str, str]) -> tuple[bool, str, str, str]:
        point, name, _ = found
        return name not in OURS, point.name, name, point.value

    return tuple(
        PluginSource(point.name, name, version, name, point.module, point.load)
        for point, name, version in sorted(brought, key=place)
    )


def plugins_folder(path: Path) -> Path:
    """Return a folder of plugins, links followed.

    Raises
    ------
    PluginError
        Where there is no folder.
    """
    if not path.is_dir():
        hint = "name a folder of plugins, each a .py file or a package"
        raise PluginError.at(str(path), "there is no such folder of plugins", hint=hint)
    return path.resolve()


def local_sources(folder: Path) -> tuple[PluginSource, ...]:
    """Return modules and packages directly in a folder, by name; a leading underscore says it is none."""
    paths = (
        path
        for path in folder.iterdir()
        if path.suffix == ".py" or (path / PACKAGE_FILE).is_file()
        if not path.name.startswith(("_", "."))
    )
    return tuple(map(_local_source, sorted(paths)))


# What the names of plugins of a folder begin with in the manifest of a run.
LOCAL = "local plugin"


def _local_source(path: Path) -> PluginSource:
    return PluginSource(
        name=path.stem,
        distribution=f"local folder {path.parent}",
        version=f"sha256:{tree_sha256(path) if path.is_dir() else _file_sha256(path)}",
        recorded_as=f"{LOCAL} {path.stem}",
        module=path.stem,
        load=partial(_load_local, path),
    )


def _load_local(path: Path) -> object:
    """Import a module, by its own name, from its folder.

    Worker processes import it the same way, since they start with this process's path. The folder stands last
    on the path, so nothing in it hides what is installed.

    Raises
    ------
    PluginError
        Where the name is none of Python's, or that of another module.
    """
    name = path.stem
    if not name.isidentifier():
        hint = f"rename it, such as {name.replace('-', '_')}"
        raise PluginError.at(name, "its file has a name that Python cannot import", hint=hint)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    importlib.invalidate_caches()
    file = path / PACKAGE_FILE if path.is_dir() else path
    spec = importlib.util.find_spec(name)
    found = Path(spec.origin) if spec and spec.origin else None
    if found is None or found.resolve() != file.resolve():
        what = f"another module of this name comes first: {found or name}"
        raise PluginError.at(name, what, hint="rename the file")
    return importlib.import_module(name)


def _file_sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def tree_sha256(folder: Path) -> str:
    """Return the hash of all modules in a folder at any depth, of their places in it and their bytes."""
    files = sorted(folder.rglob("*.py"))
    lines = [f"{_file_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class LocalFiles:
    """The files of a folder of plugins, which go wherever tasks of these plugins are done.

    Attributes
    ----------
    folder : where they are in the process that hands out the tasks
    sha256 : as `tree_sha256` has it
    content : archive of the folder's modules and packages
    """

    folder: str
    sha256: str
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, folder: Path) -> LocalFiles:
        """Return the files of a folder."""
        path, buffer = plugins_folder(folder), io.BytesIO()
        packages = (file.parent for file in sorted(path.glob(f"*/{PACKAGE_FILE}")))
        files = [*sorted(path.glob("*.py")), *(file for one in packages for file in sorted(one.rglob("*")))]
        with zipfile.ZipFile(buffer, "w") as archive:
            for file in files:
                if file.is_file() and "__pycache__" not in file.parts:
                    name = zipfile.ZipInfo(file.relative_to(path).as_posix())
                    archive.writestr(name, file.read_bytes())
        return cls(str(path), tree_sha256(path), buffer.getvalue())

    def here(self) -> str:
        """Return a folder of this machine with these files: that one, or where it is not here a copy."""
        return _folder_with(self)


# Copies of folders of other machines, which end with the process.
_copies: list[TemporaryDirectory[str]] = []


@cache
def _folder_with(files: LocalFiles) -> str:
    folder = Path(files.folder)
    if folder.is_dir() and tree_sha256(folder) == files.sha256:
        return files.folder
    _copies.append(TemporaryDirectory(prefix=f"{PROJECT}-plugins-"))
    with zipfile.ZipFile(io.BytesIO(files.content)) as archive:
        archive.extractall(_copies[-1].name)
    return _copies[-1].name


@dataclass(frozen=True)
class Plugin:
    """One plugin: the harness itself, an entry point of the group ``harness``, or a module of a local folder.

    Attributes
    ----------
    name : of the entry point or module
    distribution, version : that brought it; of a module its folder, and the hash of its files
    offers : names of what it offers by kind, such as ``estimators``; kinds without any are left out
    broken : why it offers nothing; empty for a plugin that works
    absent : which library it needs that is not installed, and the command that installs it; its names are
        known then, and cannot be chosen
    off : whether the user switched it off, so that it was not loaded
    contributions : what it offers; nothing where it is broken, absent or off
    messages : folder of its catalogs in other languages; None where it has none
    """

    name: str
    distribution: str
    version: str
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    broken: str = ""
    absent: str = ""
    off: bool = False
    contributions: Contributions = field(default_factory=dict, repr=False)
    messages: Path | None = field(default=None, repr=False)

    def names(self, kind: Kind[Any]) -> tuple[str, ...]:
        """Return the names of what it offers of a kind."""
        return self.offers.get(kind.plural, ())


def load_plugin(source: PluginSource, kinds: Kinds, *, before: Iterable[Plugin]) -> Plugin:
    """Load a plugin and ask what it offers; whatever goes wrong is told in `Plugin.broken`.

    What that of a stranger changes of this process is put back, and its options are read as from a spec.

    Parameters
    ----------
    kinds : of what may be offered
    before : plugins whose names are taken
    """
    try:
        # What a plugin prints must not get into output that is read by machines.
        with (
            contextlib.nullcontext() if source.is_ours else _unchanged_process(),
            contextlib.redirect_stdout(sys.stderr),
            output_as_errors(),
        ):
            module = source.load()
            found = collect(module, kinds)
            if not source.is_ours:
                _refuse_unreadable(kinds, found)
        absent = _absent_libraries(getattr(module, NEEDS_ATTRIBUTE, {}))
        names = {kind.plural: tuple(found[kind.name]) for kind in kinds if kind.name in found}
        _refuse_taken(names, tuple(before))
    except Ended:
        raise
    except BaseException as error:  # noqa: BLE001 - a stranger's import may raise anything; it is reported
        return Plugin(*source.identity, broken=_reason(error))
    # Catalogs stand next to the module that a plugin is loaded from.
    file = getattr(module, "__file__", None)
    folder = Path(file).parent / LOCALE if file else None
    messages = folder if folder is not None and folder.is_dir() else None
    return Plugin(
        *source.identity, names, absent=absent, contributions={} if absent else found, messages=messages
    )


@contextlib.contextmanager
def _unchanged_process() -> Iterator[None]:
    """Put back what an import changes of this process; a copy that comes back from one that forked ends here.

    Raises
    ------
    PluginError
        Where it exchanged functions that everybody calls.
    """
    process, put_back = os.getpid(), remembered_state()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler and is_main_thread():
        signal.signal(signal.SIGINT, end)  # to tell Ctrl-C from a `KeyboardInterrupt` of the plugin
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)
        names = put_back()
    if names:
        raise PluginError.at("", f"exchanges {', '.join(names)} for its own when it is imported")


def _refuse_unreadable(kinds: Kinds, offered: Contributions) -> None:
    """Refuse members whose options are of no type that a spec could give."""
    for kind in kinds:
        for member in offered.get(kind.name, {}).values():
            if isinstance(kind.member, OptionsClass) and (fault := kind.member.unreadable(member)):
                raise PluginError.at("", f"{kind.name} {kind.member.title(member)} {fault}")


# Why a plugin is absent, by the number of its libraries, two for more.
ABSENT = {1: marked("{names} is not installed: {command}"), 2: marked("{names} are not installed: {command}")}


def _absent_libraries(needs: object) -> str:
    """Return which libraries are not installed, with the command for each; none of them is imported.

    Raises
    ------
    PluginError
        Where a plugin does not name its libraries as it should.
    """
    if not isinstance(needs, Mapping) or not all(
        isinstance(word, str) for pair in needs.items() for word in pair
    ):
        raise PluginError.at("", f"{NEEDS_ATTRIBUTE} is {needs!r}, and not commands by library")
    lacks: dict[str, list[str]] = {}
    for library, command in needs.items():
        if importlib.util.find_spec(library) is None:
            lacks.setdefault(command, []).append(library)
    texts = [
        Coded(ABSENT[min(len(names), 2)], names=all_of(names), command=command)
        for command, names in lacks.items()
    ]
    return in_series(texts) if texts else ""


def _refuse_taken(offers: Mapping[str, tuple[str, ...]], before: Iterable[Plugin]) -> None:
    for kind, names in offers.items():
        owners = {name: plugin.name for plugin in before for name in plugin.offers.get(kind, ())}
        both = [f"{name} (of {owners[name]})" for name in names if name in owners]
        if both:
            raise PluginError.at("", f"offers {kind} whose names are taken: {', '.join(both)}")


def _reason(error: BaseException) -> str:
    """Return what went wrong in one line, the kind of error with it where it is not one of ours."""
    if isinstance(error, HarnessError):
        return ": ".join(filter(None, (error.what, error.hint)))
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


# All kinds of what can be chosen by name.
Kinds = Sequence[Kind[Any]]


def collect(plugin: object, kinds: Kinds) -> Contributions:
    """Return what a loaded plugin offers; kinds of which it offers nothing are left out.

    Raises
    ------
    PluginError
        Where it needs a newer seam, misspells a hook, or offers nothing or what cannot be used.
    pluggy.PluginValidationError
        Where a hook takes arguments that there are none of.
    """
    seam = getattr(plugin, SEAM_ATTRIBUTE, SEAM_VERSION)
    if type(seam) is not int:
        raise PluginError.at("", f"{SEAM_ATTRIBUTE} is {seam!r}, and not a whole number")
    if seam > SEAM_VERSION:
        what = f"needs seam {seam}, this harness has {SEAM_VERSION}: upgrade panel-harness"
        raise PluginError.at("", what)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(type("Hooks", (), {kind.hook: hookspec(lambda: None) for kind in kinds}))
    manager.register(plugin)
    _check_hooks(plugin, manager, [kind.hook for kind in kinds])
    found = {kind.name: _by_name(kind, getattr(manager.hook, kind.hook)()) for kind in kinds}
    kept = {name: members for name, members in found.items() if members}
    if not kept:
        raise PluginError.at("", "offers nothing: its hooks return empty lists")
    return kept


def _check_hooks(plugin: object, manager: pluggy.PluginManager, hooks: Sequence[str]) -> None:
    """Refuse hooks that do not exist, and functions that only look like hooks."""
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if not caller.has_spec() and not all(made.optionalhook for made in caller.get_hookimpls()):
            hint = near_names(caller.name, hooks) or f"the hooks are {', '.join(hooks)}"
            raise PluginError.at("", f"there is no hook '{caller.name}': {hint}")
    marked = {caller.name for caller in callers}
    for name, _ in inspect.getmembers(plugin, inspect.isroutine):
        if name.startswith(f"{PROJECT}_") and name not in marked:
            raise PluginError.at("", f"{name} is not marked: write @hookimpl above it")
    if not callers:
        raise PluginError.at("", f"implements no hook: write one of {', '.join(hooks)}")


def _by_name(kind: Kind[Any], results: Iterable[object]) -> Mapping[str, Any]:
    """Return what a hook gave by name; results of pluggy are one a plugin, and none where it gave None."""
    found: dict[str, Any] = {}
    for offered in results:
        if isinstance(offered, type | str) or not isinstance(offered, Iterable):
            raise PluginError.at("", f"{kind.hook} returns {offered!r}, and not a list")
        for member in offered:
            name = kind.name_of(member)
            if name in found:
                raise PluginError.at("", f"{kind.hook} returns two of the name '{name}'")
            found[name] = member
    return found


def faulty_member(error: BaseException) -> str:
    """Return plugin, kind, member and method that raised an error; empty where no plugin did.

    What a step learned is no member, and is named by the column that it computes.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    own = [(frame, *found) for frame in reversed(frames) if (found := _plugin_of(frame))]
    if not own:
        return ""
    frame, plugin, _ = own[0]
    named = [f", {kind} {name}" for one, _, module in own for kind, name in _members(one, module)][:1]
    selves = (getattr(one.f_locals.get("self"), "__dict__", {}) for one, *_ in own)
    named += [f", column '{into}'" for into in (own.get("into") for own in selves) if into][:1]
    return f"plugin {plugin}{''.join(named)}, {frame.f_code.co_qualname}"


def _plugin_of(frame: FrameType) -> tuple[str, dict[str, Any]] | None:
    """Return the name and the hooks of the package or module of a plugin that runs in a frame."""
    first, *rest = frame.f_globals.get("__name__", "").split(".")
    # The harness's own members come through the same hooks, and are no plugin's.
    for name in accumulate((first, *rest), "{}.{}".format) if first != PROJECT else ():
        inside = vars(sys.modules[name]) if name in sys.modules else {}
        if hooks := {key: own for key, own in inside.items() if hasattr(own, f"{PROJECT}_impl")}:
            return name, hooks
    return None


def _members(frame: FrameType, hooks: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the members of a plugin whose method runs in a frame."""
    for hook, offered in hooks.items():
        for member in offered():
            cls = member if isinstance(member, type) else type(member)
            is_own = isinstance(frame.f_locals.get("self"), cls)
            codes = [getattr(own, "__code__", None) for own in getattr(member, "__dict__", {}).values()]
            if is_own or frame.f_code in codes:
                yield hook.removeprefix(f"{PROJECT}_").removesuffix("s"), member.name


def unforeseen(error: Exception) -> HarnessError:
    """Return an error that no part of the harness has words for as one that has."""
    match error:
        case MemoryError():
            what, hint = "not enough memory on this machine", "use fewer --jobs, draws or rows"
            return MachineError.at("", what, hint=hint)
        case RecursionError():
            return DataError.at("", "the input is nested too deeply", hint="flatten it")
        case OSError():
            return MachineError.of(error)
    at = faulty_member(error)
    what = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    whose = "plugin" if at else "harness or a plugin"
    hint = f"this is a bug in the {whose}; harness --debug COMMAND shows where"
    return HarnessError.at(at, what, hint=hint)
