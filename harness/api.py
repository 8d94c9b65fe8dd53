"""Run a study, or open a finished run, from a script or a notebook."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DataError, SpecError
from harness.language import Coded, marked
from harness.results import StudyResult

if TYPE_CHECKING:
    import pandas as pd

    from harness.data.panel import Panel
    from harness.data.read.files import FrameFile
    from harness.registry.choice import PluginChoice
    from harness.registry.registry import Registry
    from harness.report.blocks import Picture
    from harness.report.write import Reporter
    from harness.running.folder import RunFolder
    from harness.running.options import RunOptions
    from harness.running.prepare import Prepared
    from harness.running.progress import Progress
    from harness.study.spec.document import WrittenSpec


@dataclass(frozen=True, init=False, repr=False)
class Spec:
    """A study, checked at once: the text of a YAML file, or a mapping of its keys.

    In a mapping, estimators, protocols, metrics and scenarios may be objects instead of names and mappings;
    ``{"use": object, "id": ..., "label": ...}`` names one. A regressor of scikit-learn is such an object.
    Omitted keys have the defaults of the file, ``spec_version`` among them.

    Parameters
    ----------
    written : text or mapping

    Attributes
    ----------
    text : the YAML file; a text that was given, as it was
    study : name of the study

    Raises
    ------
    SpecError
        Listing every error, as for a file.

    Examples
    --------
    >>> import harness
    >>> from harness_panel import FixedEffects
    >>> harness.Spec(
    ...     {
    ...         "study": "wages",
    ...         "data": {"dataset": "wage_panel"},
    ...         "roles": {"entity": "nr", "time": "year", "outcomes": "lwage", "exposure": "exper"},
    ...         "estimators": ["pooled_ols", {"use": FixedEffects(), "id": "fe", "label": "Within"}],
    ...     }
    ... )
    Spec('wages')
    """

    text: str
    study: str

    def __init__(self, written: str | Mapping[str, Any]) -> None:
        from harness.installed import installed
        from harness.study.spec.document import source_of
        from harness.study.spec.load import load_study

        source = source_of(written, adopt=adopted)
        study = load_study(source, catalogs=installed().catalogs).study
        object.__setattr__(self, "text", source.text)
        object.__setattr__(self, "study", study.study)

    def __repr__(self) -> str:
        return f"Spec({self.study!r})"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the YAML file for `harness run` and return its path; an existing file is replaced."""
        from harness.running.files import replacing_own

        written = Path(path)
        with replacing_own(written) as file:
            file.write(self.text.encode())
        return written


def adopted(value: object) -> object | None:
    """Return the estimator that an object of another library, such as scikit-learn, is; None where none."""
    from harness.estimators.protocol import ESTIMATOR
    from harness.installed import installed

    makers = (getattr(member, "wrapping", None) for member in installed().of(ESTIMATOR).values())
    made = (wrapping(value) for wrapping in makers if wrapping is not None)
    return next((estimator for estimator in made if estimator is not None), None)


# What makes tables and reports of a run, and matplotlib with it.
WRITERS = ("harness.report.write", "scipy.stats", "pyarrow.feather")

# Where a word starts within the name of a class, such as LGBMRegressor.
WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

AnyPath = str | os.PathLike[str]


def run(
    spec: AnyPath | Mapping[str, Any] | Spec,
    *,
    data: AnyPath | pd.DataFrame | None = None,
    out: AnyPath | None = None,
    quick: bool = False,
    jobs: int = 1,
    time_limit: float | None = None,
    memory_limit: float | None = None,
    resume: bool = False,
    trust_plugins: bool = False,
    overrides: Sequence[str] = (),
    allow_outside: bool = False,
    calibrated: AnyPath | None = None,
    registered: AnyPath | None = None,
    progress: bool = True,
) -> StudyResult:
    """Run a study and return its tables, figures and report; the same as ``harness run``.

    Parameters
    ----------
    spec : path of a YAML file, its text, such as `init` returns, its contents as a mapping, or a `Spec`.
        Paths in a text or mapping are relative to the current folder, and the run folder keeps it as
        ``spec.yaml``. Estimators of a mapping may be objects. Numbers of a mapping have no trailing zeros:
        give ``digits`` with its claims
    data : data file to use instead of the one in the spec, or a table, which is saved as ``data.parquet``.
        Named index levels of a table become columns
    out : run folder; None for a folder under ``runs/`` named after the study. An earlier run there is
        replaced
    quick : whether to use fewer draws, splits and restarts
    jobs : >= 1, number of worker processes; with one, all but plugins of others runs in this process
    time_limit : seconds, time limit of one task: a fit on a fold, a fit on all rows, or a block of draws
    memory_limit : GB, memory limit of a worker process (Linux); with one job a worker is then started
    resume : whether to resume an interrupted run of the same study
    trust_plugins : whether to fit plugins that do not come with the harness next to all others, for a
        debugger; by default they have a process of their own
    overrides : ``key=value`` changes to the spec, such as ``"evaluation.level=0.9"``
    allow_outside : whether the spec may name data outside its folder
    calibrated : output folder of ``harness calibrate`` for this study; its error rates are shown next to
        findings
    registered : file that ``harness register`` wrote, which the first screen compares the run with; None for
        the one next to a spec that is a file
    progress : whether to show a progress bar

    Raises
    ------
    SpecError, DataError, PluginError, ArtifactError
        Where the command would end with an error. Cells that cannot be fitted are rows with a reason.
    """
    from harness.running.options import RunOptions
    from harness.running.progress import progress as bar

    options = RunOptions(
        spec=_spec(spec),
        data=_data(data),
        out=None if out is None else Path(out),
        quick=quick,
        jobs=jobs,
        time_limit=time_limit,
        memory_limit=memory_limit,
        resume=resume,
        trust_plugins=trust_plugins,
        overrides=tuple(overrides),
        allow_outside=allow_outside,
        calibrated=None if calibrated is None else Path(calibrated),
        registered=None if registered is None else Path(registered),
    )
    with bar() if progress else nullcontext() as on_progress:
        folder = run_study(options, on_progress=on_progress, on_resumed=print if progress else None)
    return StudyResult(folder.path)


def run_study(
    options: RunOptions,
    *,
    find_plugins: Callable[[PluginChoice], Registry] | None = None,
    on_progress: Progress | None = None,
    on_resumed: Callable[[str], None] | None = None,
) -> RunFolder:
    """Run a study, write its report and return its folder.

    Parameters
    ----------
    find_plugins : returns what the chosen plugins offer; None for `harness.installed.installed`

    Raises
    ------
    SpecError, DataError, ArtifactError
        As `harness.running.run.write_run` does.
    """
    from harness.running.workers import TASK_MODULE, CanStartEarly

    with options.local_workers.kept() as local:
        workers = options.cluster or local
        if isinstance(workers, CanStartEarly):  # they import while this process does
            workers.start([TASK_MODULE])
        from harness.installed import installed
        from harness.running.run import write_run

        registry = (find_plugins or installed)(options.plugins)
        folder = write_run(
            options,
            registry,
            workers=workers,
            meanwhile=WRITERS,
            on_progress=on_progress,
            on_resumed=on_resumed,
        )
    return reporter_of(options.plugins).report(folder.path)


def reporter_of(plugins: PluginChoice, *, pictures: Sequence[Picture] = ()) -> Reporter:
    """Return what writes reports with the sections that plugins offer among its own.

    Parameters
    ----------
    pictures : kinds of files of every figure next to the SVG
    """
    from harness.findings.run import RULE
    from harness.installed import installed
    from harness.report.sections.section import SECTION
    from harness.report.write import Reporter

    registry = installed(plugins)
    sections = tuple(registry.of(SECTION).values())
    return Reporter(sections, registry.messages, pictures, tuple(registry.of(RULE).values()))


def prepare_study(options: RunOptions) -> Prepared:
    """Read spec and data and plan the fits; see `harness.running.prepare.prepare`."""
    from harness.installed import installed
    from harness.running.prepare import prepare

    return prepare(options, installed(options.plugins))


def panel_from_frame(
    frame: pd.DataFrame,
    *,
    entity: str,
    time: str,
    outcome: str,
    exposure: str,
    controls: Sequence[str] = (),
    moderators: Sequence[str] = (),
    instruments: Sequence[str] = (),
    levels: Sequence[str | int | float] = (),
    weights: str | None = None,
    groups: Sequence[str] = (),
) -> Panel:
    """Return the panel of a table, with the checks that a spec's data go through, to fit an estimator on.

    Named index levels become columns. Missing cells are refused. Rows are sorted by entity and period.

    Parameters
    ----------
    frame : one row an observation
    entity, time : key columns
    outcome : column of the dependent variable
    exposure : key regressor, the first in tables of coefficients
    controls, moderators, instruments, levels, weights : as ``roles`` of a spec
    groups : columns whose effects estimators may absorb (``absorb``), or that they may cluster by

    Raises
    ------
    DataError
        Listing every error in the table.

    Examples
    --------
    >>> from statsmodels.datasets import grunfeld
    >>> import harness
    >>> from harness_panel import FixedEffects
    >>> data = grunfeld.load_pandas().data
    >>> panel = harness.panel_from_frame(
    ...     data, entity="firm", time="year", outcome="invest", exposure="value", controls=["capital"]
    ... )
    >>> fit = FixedEffects(effects=["entity", "time"]).fit(panel)
    >>> fit.coef.round(3).to_dict()
    {'value': 0.117, 'capital': 0.351}
    """
    from harness.data import build
    from harness.data.data_spec import Roles

    regressors = tuple(moderators), tuple(controls)
    roles = Roles(entity, time, (outcome,), exposure, *regressors, tuple(levels), tuple(instruments), weights)
    return build.panel_from_frame(frame, roles, groups=groups)


def compare_models(
    estimators: Sequence[object] | Mapping[str, object],
    panel: Panel,
    *,
    protocols: Sequence[object] = ("held_out_entities",),
    seed: int = 1,
    jobs: int = 1,
    out: AnyPath | None = None,
) -> pd.DataFrame:
    """Return the gain of each estimator over each other, for rows that neither was trained on.

    Parameters
    ----------
    estimators : two or more regressors of scikit-learn, of this package, or names, such as ``pooled_ols``;
        those of a list are called by their classes, those of a mapping by their keys
    panel : of `panel_from_frame`; its outcome is learned from exposure, moderators and controls
    protocols : names, mappings or objects as of a spec; folds are those of `harness.splits` with this seed
    seed : of folds, and of estimators that draw at random and have no ``random_state``
    jobs : >= 1, number of worker processes
    out : run folder to keep, with report and predictions; None for none

    Returns
    -------
    A row for each pair and protocol, as of `StudyResult.gain_between`: ``gain`` is one less the ratio of the
    mean squared error of ``estimator`` to that of ``reference``, with interval, p-values and decision.

    Raises
    ------
    SpecError
        Where there are fewer than two estimators, or one is none.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from statsmodels.datasets import grunfeld
    >>> import harness
    >>> data = grunfeld.load_pandas().data
    >>> panel = harness.panel_from_frame(
    ...     data, entity="firm", time="year", outcome="invest", exposure="value", controls=["capital"]
    ... )
    >>> table = harness.compare_models([Ridge(), RandomForestRegressor(20)], panel)
    >>> table[["estimator", "reference", "decision"]].iloc[0].tolist()
    ['random_forest_regressor', 'ridge', 'open']
    """
    from tempfile import TemporaryDirectory

    named = dict(estimators) if isinstance(estimators, Mapping) else _by_class(estimators)
    if len(named) < 2:
        raise SpecError.at(
            "estimators",
            Coded("there is {n}", n=len(named)),
            marked("two or more"),
            marked("name another one"),
        )
    roles: dict[str, object] = {"entity": panel.entity.name, "time": panel.time.name}
    roles |= {"outcomes": [panel.outcome], "exposure": panel.exposure, "levels": panel.levels}
    roles |= {"moderators": panel.moderators, "controls": panel.controls, "instruments": panel.instruments}
    roles |= {"weights": "weights"} if panel.weights is not None else {}
    study = {
        "study": "comparison",
        "seed": seed,
        "roles": roles,
        "estimators": [{"id": name, "use": one} for name, one in named.items()],
        "evaluation": {"reference": next(iter(named)), "protocols": list(protocols)},
        "scenarios": [],
    }
    with TemporaryDirectory() as folder:
        kept = Path(folder, "run") if out is None else out
        result = run(study, data=panel.frame(), out=kept, jobs=jobs, progress=False)
        return result.gain_between().drop(columns=["outcome", "sample"])


def _by_class(estimators: Sequence[object]) -> Mapping[str, object]:
    """Return estimators by the names of their classes in small letters, those alike with a number."""
    named: dict[str, object] = {}
    for one in estimators:
        name = one if isinstance(one, str) else WORD_STARTS.sub("_", type(one).__name__).lower()
        times = sum(known.rstrip("0123456789_") == name for known in named)
        named[f"{name}_{times + 1}" if times else name] = one
    return named


def open_run(path: AnyPath) -> StudyResult:
    """Return the tables, figures and report of a finished run.

    Raises
    ------
    ArtifactError
        Where `path` is not the folder of a finished run.
    """
    from harness.running.folder import RunFolder

    return StudyResult(RunFolder.open(Path(path)).path)


def init(
    frame: pd.DataFrame,
    *,
    outcome: str,
    exposure: str,
    entity: str | None = None,
    time: str | None = None,
    levels: Sequence[str] = (),
    study: str = "study",
) -> str:
    """Return a draft spec for a table as YAML text, to read and change, to save, or to pass to `run`.

    ``harness init`` writes the same for files.

    Parameters
    ----------
    frame : raw table in long or wide format
    outcome : column of the dependent variable
    exposure : column of the key regressor
    entity, time : key columns; guessed unless given
    levels : values of a categorical exposure, the base first; the others follow in their order
    study : short name of the study

    Raises
    ------
    DataError
        If a named column does not exist, or no two columns identify the rows.
    """
    from harness.draft.draft import Answers, draft_of
    from harness.draft.found_data import find_frame
    from harness.draft.spec_text import spec_text
    from harness.installed import installed

    answers = Answers(entity, time, outcome, exposure, tuple(levels))
    found = find_frame(frame, answers, name=study)
    draft = draft_of(found.table.frame, found.answers, origin=study)
    return spec_text(draft, found, installed().catalogs)


def _spec(spec: AnyPath | Mapping[str, Any] | Spec) -> Path | WrittenSpec:
    from harness.study.spec.document import WrittenSpec, source_of

    if isinstance(spec, Spec):
        return WrittenSpec(spec.text)
    # No path has several lines.
    if isinstance(spec, Mapping) or (isinstance(spec, str) and "\n" in spec):
        return source_of(spec, adopt=adopted)
    return Path(spec)


def _data(data: object) -> Path | FrameFile | None:
    if data is None:
        return None
    if isinstance(data, str | os.PathLike):
        return Path(data)
    import pandas as pd

    from harness.data.read.files import frame_file

    if not isinstance(data, pd.DataFrame):
        what = Coded("data of the type {kind}", kind=type(data).__name__)
        expected = marked("the path of a file, or a pandas DataFrame")
        raise DataError.at("data", what, expected, marked("turn it into a DataFrame"))
    return frame_file(data)
