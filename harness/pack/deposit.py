"""What data editors and repositories ask of an archive: README, codebook, licences, metadata and checks.

The README follows the template of the social science data editors (Vilhuber et al. 2022), the metadata the
native JSON of Dataverse and the deposit metadata of Zenodo.
"""

from __future__ import annotations

import csv
import json
import platform
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files as resources
from pathlib import Path, PurePosixPath

import pandas as pd

from harness.audit.sources import RunSources
from harness.data.data_spec import DataSource, FileSpec
from harness.data.messages import describe_column
from harness.data.read.files import DataFolder
from harness.data.read.source import DATASET, READER, ComesWithPackage, machine_bytes
from harness.errors import Problem
from harness.language import Coded, marked
from harness.report.render.docx import word_document
from harness.running.prepare import Prepared
from harness.study.spec.reader import Loc, spell
from harness.study.spec.study import Variable
from harness.tables.csv_table import csv_text
from harness.tables.preparation import PREPARATION, SUMMARY
from harness.tables.registry import PARQUET_TABLES
from harness.text.plain_text import text_templates

# What is written for whom, with its template.
READERS: Mapping[str, Mapping[str, str]] = {
    "aea": {"README.md": "aea.md.j2", "LICENSE.txt": "licences.txt.j2"},
    "dataverse": {"dataset.json": "dataverse.json.j2"},
    "zenodo": {".zenodo.json": "zenodo.json.j2"},
}
CODEBOOK = "codebook.csv"

# Keys of a spec that result tables with a column answer.
PARTS = {"scenario": "scenario", "protocol": "evaluation", "estimator": "estimators"}

# Names of columns that tell of persons.
PERSONAL = re.compile(
    r"(?:^|[\W_])(?:e_?mail|mail|phone|telephone|mobile|tel|fax|address|addr|street|passport|ssn|surname|"
    r"(?:first|last|full|middle|maiden|given|family)_?name|dob|birth_?(?:date|day)|id_?card|"
    r"(?:national|citizen|personal)_?id|ip_?address)(?:$|[\W_\d])|^names?$|"
    r"姓名|电话|手机|邮箱|电子邮件|住址|地址|身份证|护照|微信|出生日期|生日"
)

# What a cell that tells of a person holds, and how many of a column are looked at.
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*[A-Za-z]{2}")
MOST_CELLS = 10_000

# Files that hold others, which data editors have unpacked.
PACKED = frozenset({".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz"})

# Absolute paths of the usual systems, not those within a web address.
ABSOLUTE = re.compile(
    r"(?<![\w./:~-])(?:/(?:home|Users|root|tmp|mnt|media|opt|srv|var|work|private|Volumes|scratch)/|"
    r"[A-Za-z]:(?:\\\\?|/)(?=[\w.~-]))[^\s\"'<>&,;)]*"
)
TEXTS = frozenset({".csv", ".html", ".json", ".md", ".tex", ".txt", ".yaml"})


@dataclass(frozen=True)
class DatasetRow:
    """A source of data.

    Attributes
    ----------
    name : of the file in the archive, or of the dataset
    key : what the spec calls its source
    provided : how a reader has it
    """

    name: str
    key: str
    source: DataSource
    provided: str


@dataclass(frozen=True, eq=False)
class Deposited:
    """A run, and what its archive has so far.

    Attributes
    ----------
    paths : of the data files in the archive, by those on this machine
    has_data : whether the archive holds them
    files : contents of the archive by their path in it
    command : runs the study again
    """

    sources: RunSources
    again: Prepared
    paths: Mapping[Path, str]
    has_data: bool
    files: Mapping[str, bytes]
    command: str

    def file_specs(self) -> Iterator[tuple[Loc, FileSpec]]:
        """Yield the data and the files that are joined to them, with their places in the spec."""
        data = self.again.loaded.study.data
        yield ("data",), data
        for key in ("append", "merge"):
            yield from ((("data", key, at), file) for at, file in enumerate(getattr(data, key)))
        if data.contiguity is not None:
            yield ("data", "contiguity"), data.contiguity

    def datasets(self) -> Iterator[DatasetRow]:
        """Yield every source once."""
        table, names = self.again.table, set()
        brought = self.sources.registry.of(DATASET).get(self.again.loaded.study.data.dataset or "")
        for loc, file in self.file_specs():
            path = (self.again.root / (file.path or "")).resolve()
            name = self.paths.get(path) or next(iter(self.paths.values()), table.origin)
            source, provided = file.source, "yes" if self.has_data else "no"
            if loc == ("data",) and not self.paths:
                package = brought.package if isinstance(brought, ComesWithPackage) else "panel-harness"
                provided = "simulated by the spec" if table.simulated else f"with the package {package}"
                source = replace(source, citation=source.citation or table.source)
            if name not in names:
                yield DatasetRow(name, f"{spell(loc)}.source", source, provided)
            names.add(name)

    def outputs(self) -> Iterator[tuple[str, str, int, str]]:
        """Yield the files of tables and figures, each with the part and line of the spec that asks for it."""
        run, loaded = self.sources.folder, self.again.loaded
        tables = {table.file: table for table in (*run.manifest().tables.values(), *PARQUET_TABLES)}
        lines = resources(__package__).joinpath("outputs.csv").read_text(encoding="utf-8").splitlines()
        entries = {entry.id: (at, entry.use) for at, entry in enumerate(loaded.study.scenarios)}
        for name in run.files():
            stem = f"{PurePosixPath(name).stem}-"
            _, key, shows = next((row for row in csv.reader(lines) if name.startswith(row[0])), ("", "", ""))
            own = [one for one in entries if f"-{one}-" in stem]
            if name in tables:
                columns, shows = tables[name].columns, tables[name].description
                key = next((part for column, part in PARTS.items() if column in columns), "data")
                own = list(run.read_table(tables[name].name)[key].unique()) if key == "scenario" else []
            own = own or [one for one, (_, use) in entries.items() if use == key]
            locs: list[Loc] = [("scenarios", entries[one][0]) for one in own if one in entries]
            for loc in locs or [(key,)]:
                if shows:
                    place = loaded.document.find(loc)
                    yield name, spell(place.path) or "all", max(place.line, 1), shows

    def codebook(self) -> pd.DataFrame:
        """Return a row for each variable: those with a role first, then the columns that have none."""
        run, study = self.sources.folder, self.again.plan.study
        steps, rows = run.read_table(PREPARATION.name), run.read_table(SUMMARY.name)
        roles = dict(zip(rows["variable"], rows["role"], strict=True))
        roles |= {study.roles.entity: "entity", study.roles.time: "time"}
        made = {row.into: f"{row.step} of {row.inputs}" for row in steps.itertuples()}
        names = dict.fromkeys((study.roles.entity, study.roles.time, *roles, *self.again.table.frame.columns))
        known = ((name, study.variables.get(name, Variable())) for name in names)
        book = [(key, own.label, own.unit, roles.get(key, "unused"), made.get(key, "")) for key, own in known]
        about = pd.DataFrame(book, columns=["variable", "label", "unit", "role", "made_by"])
        return about.merge(rows.drop(columns="role"), "left", "variable")

    def personal(self) -> Iterator[Problem]:
        """Yield the columns of data files in the archive whose names or cells tell of persons."""
        roles = self.again.loaded.study.roles
        folder = DataFolder(self.again.root, allow_outside=True, readers=self.sources.registry.of(READER))
        names = [(self.again.table.origin, name) for name in self.again.table.frame.columns]
        for loc, file in self.file_specs():
            names += [(str(file.path), name) for name in file.rename]
            if loc != ("data",):
                read = folder.read(file, entity=roles.entity, time=roles.time)
                names += [(read.origin, name) for name in read.frame.columns]
        for origin, name in dict.fromkeys(names):
            if self.has_data and (PERSONAL.search(name.lower()) or name in self._with_addresses()):
                hint = marked(
                    "remove the column from the file, or replace it by a number, and run the study again"
                )
                yield Problem(
                    describe_column(name, origin=origin), marked("may tell who a person is"), hint=hint
                )

    def _with_addresses(self) -> Collection[str]:
        """Return the columns of texts among whose first cells is an address of e-mail."""
        frame = self.again.table.frame.head(MOST_CELLS).select_dtypes(exclude="number")
        return {str(name) for name in frame.columns if frame[name].astype(str).str.contains(ADDRESS).any()}

    def unpacked(self) -> Iterator[Problem]:
        """Yield the data files that hold other files."""
        for name in self.paths.values() if self.has_data else ():
            if PurePosixPath(name).suffix.lower() in PACKED:
                hint = marked("unpack it, and name the file that it holds in the spec")
                yield Problem(name, marked("is an archive, which data editors have unpacked"), hint=hint)


def deposit(
    own: Deposited, readers: Sequence[str]
) -> tuple[Mapping[str, bytes], Sequence[str], Sequence[Problem]]:
    """Return files for readers of an archive, what is to be filled in, and what they should not see."""
    to_fill_in: dict[str, None] = {}

    def fill(value: object, what: str) -> str:
        """Return a value as text; of an empty one a mark, and note what is to be filled in."""
        if not value:
            to_fill_in[what] = None
        return str(value) if value else f"TO FILL IN: {what}"

    codebook = own.codebook()
    book = codebook.astype(object).fillna("").to_dict("records")
    host = platform.uname()
    machine = f"{host.system} {host.machine}, {machine_bytes() / 2**30:.0f} GB of memory"
    known = {
        "own": own,
        "fill": fill,
        "manifest": own.sources.folder.manifest(),
        "study": own.again.loaded.study,
    }
    made = {CODEBOOK: csv_text(codebook).encode()} if "aea" in readers else {}
    for name, template in ((name, one) for reader in readers for name, one in READERS[reader].items()):
        text = (
            text_templates(__package__).get_template(template).render(known, codebook=book, machine=machine)
        )
        if name.endswith(".json"):
            text = f"{json.dumps(json.loads(text), indent=1, ensure_ascii=False)}\n"
        made[name] = text.encode()
    if "aea" in readers:
        made["README.docx"] = word_document(made["README.md"].decode())
    nested = own.unpacked() if "aea" in readers else ()
    return made, tuple(to_fill_in), (*own.personal(), *nested, *_absolute({**own.files, **made}))


def _absolute(files: Mapping[str, bytes]) -> Iterator[Problem]:
    """Yield the texts in an archive that name a place on the machine of its author, each once."""
    for name, content in files.items():
        is_read = not name.startswith("code/") and PurePosixPath(name).suffix in TEXTS
        if is_read and (found := ABSOLUTE.search(content.decode("utf-8", "replace"))):
            hint = marked("run the study again in the folder of its spec, with relative paths")
            yield Problem(name, Coded("names the absolute path {found}", found=found[0]), hint=hint)
