"""`ishara index`: from a corpus's own files to a manifest of labelled clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ishara.cli.app import MANIFEST, app
from ishara.console import errors, tell


@app.command()
def index(
    corpus: Annotated[str, typer.Argument(help="One of `ishara corpora`.")],
    root: Annotated[Path, typer.Argument(help="Its files.", metavar="DIR")],
    options: Annotated[list[str] | None, typer.Argument(help="Options of the corpus, such as signer='^(s..)'.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The manifest: .csv or .parquet.")] = Path(MANIFEST),
) -> None:
    """Read a corpus's own files into a manifest of labelled clips."""
    from ishara.clips.corpora import read_corpus

    pairs = dict(option.partition("=")[::2] for option in options or [])
    manifest = read_corpus(corpus, root, pairs)
    manifest.write(out)
    signers = manifest.table["signer"].drop_nulls().n_unique() or "unknown"
    tell(f"{len(manifest)} clips of {len(manifest.glosses)} glosses, signers: {signers} → {escape(str(out))}")
    for warning in manifest.warnings():
        errors.print(f"[yellow]Warning[/]: {escape(warning)}", highlight=False, soft_wrap=True)
