"""Install packages with pip; what builds those without a wheel is installed once for all of them."""

import subprocess
import sys

BACKENDS = ("editables>=0.5", "hatchling>=1.27", "setuptools", "wheel")


def pip(*words: str) -> int:
    """Return the exit code of an installation."""
    command = [sys.executable, "-I", "-m", "pip", "install", "--no-compile", *words]
    return subprocess.run(command, check=False).returncode


words = sys.argv[1:]
is_done = "-e" in words and not (pip(*BACKENDS) or pip("--no-build-isolation", *words))
# Where nothing of ours is built, or a package asks for another backend.
sys.exit(0 if is_done else pip(*words))
