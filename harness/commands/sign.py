"""``harness sign``: put a signature beside the manifest of a run."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import run_argument


@click.command()
@run_argument
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path),
    help="Private key of ssh, or the public one where an ssh agent has the private one.",
)
def sign(folder: Path, key: Path) -> None:
    """Sign a finished run with a key of yours; `harness verify RUN --signer KEY.pub` knows it as yours.

    The signature is of the manifest, which has the hashes of all other files. ssh-keygen makes it, as
    manifest.json.sig; a run whose files are not as they were written is refused.
    """
    from harness.audit.verify.integrity import require_whole
    from harness.running.folder import RunFolder
    from harness.running.layout import SIGNATURE
    from harness.running.signature import sign as signed

    run = RunFolder.open(folder)
    require_whole(run)
    signed(run, key)
    click.echo(f"signature: {folder / SIGNATURE}")
