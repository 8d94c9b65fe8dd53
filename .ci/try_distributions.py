"""Build every distribution of the repository, check it, and run studies where nothing else is installed.

Next to their folder a record of them is written: their SHA-256, and what an installation of all of them
holds, as a software bill of materials (CycloneDX).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROWS = [
    f"{city},{year},{3.0 * year - 6000.0 + (7 * city + year) % 5},{(3 * city * year) % 11}"
    for city in range(1, 21)
    for year in range(2010, 2018)
]
REPORT = Path("runs", "towns", "report.html")


def built(dist: Path) -> dict[str, list[Path]]:
    """Return wheels and source distributions of the harness and its plugins, by the end of their names."""
    folders = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
    for folder in folders:
        subprocess.run([sys.executable, "-m", "build", "--outdir", dist, folder], check=True)
    found = {ending: sorted(dist.glob(f"*{ending}")) for ending in (".whl", ".tar.gz")}
    if {len(paths) for paths in found.values()} != {len(folders)}:
        raise SystemExit(f"{dist} has {found}, expected {len(folders)} of each: is it an old folder?")
    every = [path for paths in found.values() for path in paths]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *every], check=True)
    return found


def pythons() -> list[str]:
    """Return this Python, and each other release from 3.11 on that is here and makes environments."""
    here = f"python3.{sys.version_info.minor}"
    others = [name for minor in range(11, 20) if (name := f"python3.{minor}") != here and shutil.which(name)]
    return [sys.executable, *(one for one in others if has_venv(one))]


def has_venv(python: str) -> bool:
    """Return whether a Python runs and can make environments; Debian's may lack a part of it."""
    return (
        subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
        == 0
    )


def tried(
    paths: list[Path], extras: str, plugins: str, folder: Path, materials: Path, python: str = sys.executable
) -> str:
    """Return what installing plugins and running a study took; write the bill of materials."""
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    (folder / "towns.csv").write_text("\n".join(["city,year,y,x", *ROWS]), encoding="utf-8")
    files = {path.name.partition("-")[0].removeprefix("panel_harness").strip("_"): path for path in paths}

    def call(program: str, *words: str) -> float:
        begun = time.monotonic()
        subprocess.run([scripts / program, *words], cwd=folder, check=True)
        return time.monotonic() - begun

    harness = f"panel-harness[{extras}] @ {files[''].as_uri()}"
    wanted = [harness, *(str(files[name]) for name in plugins.split())]
    installed = call("python", "-m", "pip", "install", "--quiet", "--no-compile", *wanted)
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    bill = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "-o", materials]
    subprocess.run([*bill, scripts / "python"], check=True)
    call("harness", "doctor")
    call("harness", "init", "towns.csv", "--outcome", "y", "--exposure", "x")
    ran = call("harness", "run", "towns.yaml", "--quick")
    if not (folder / REPORT).is_file():
        raise SystemExit(f"{files['']}: the run wrote no {REPORT}")
    size = f"{n_bytes / 1e6:.0f} MB"
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    took = f"installed in {installed:.0f} s, {size}; a study ran in {ran:.0f} s"
    return f"{files[''].name}[{extras}], {version}: {took}"


def main(dist: str) -> None:
    """Build all distributions into a folder, and try the wheels and the source distributions."""
    found, said, record = built(Path(dist).resolve()), [], Path(dist).resolve().with_name("record")
    record.mkdir(exist_ok=True)
    files = sorted(path for paths in found.values() for path in paths)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (record / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    standard, every = ("standard", "panel sklearn"), ("all", "app causal neural panel rab sklearn")
    for ending, wanted in ((".whl", standard), (".tar.gz", standard), (".whl", every)):
        with tempfile.TemporaryDirectory() as folder:
            # The last is of all plugins.
            said.append(tried(found[ending], *wanted, Path(folder), record / "panel-harness.cdx.json"))
    for python in pythons()[1:]:
        with tempfile.TemporaryDirectory() as folder:
            bill = Path(folder, "bill.json")
            said.append(tried(found[".whl"], *standard, Path(folder), bill, python))
    print("\n".join(said))


if __name__ == "__main__":
    main(sys.argv[1])
