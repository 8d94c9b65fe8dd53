"""Install each wheel and source distribution of a folder into an empty environment and run a study there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROWS = [
    f"{city},{year},{3.0 * year - 6000.0 + (7 * city + year) % 5},{(3 * city * year) % 11}"
    for city in range(1, 21)
    for year in range(2010, 2018)
]
REPORT = Path("runs", "towns", "report.html")


def tried(distribution: Path, folder: Path) -> str:
    """Return what installing a distribution and running a drafted study in a folder took."""
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    (folder / "towns.csv").write_text("\n".join(["city,year,y,x", *ROWS]), encoding="utf-8")

    def call(program: str, *words: str) -> float:
        begun = time.monotonic()
        subprocess.run([scripts / program, *words], cwd=folder, check=True)
        return time.monotonic() - begun

    installed = call("python", "-m", "pip", "install", "--quiet", "--no-compile", str(distribution))
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    call("harness", "init", "towns.csv", "--outcome", "y", "--exposure", "x")
    ran = call("harness", "run", "towns.yaml", "--quick")
    if not (folder / REPORT).is_file():
        raise SystemExit(f"{distribution.name}: the run wrote no {REPORT}")
    size = f"{n_bytes / 1e6:.0f} MB"
    return f"{distribution.name}: installed in {installed:.0f} s, {size}; a study ran in {ran:.0f} s"


def main(dist: str) -> None:
    """Try every distribution of a folder, the wheel of this package and its source."""
    found = sorted(path.resolve() for path in Path(dist).iterdir() if path.suffix in {".whl", ".gz"})
    if {path.suffix for path in found} != {".whl", ".gz"}:
        raise SystemExit(
            f"{dist} has {[path.name for path in found]}, expected a wheel and a source distribution"
        )
    for distribution in found:
        with tempfile.TemporaryDirectory() as folder:
            print(tried(distribution, Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1])
