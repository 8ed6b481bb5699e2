"""`ishara corpora`: the public data sets that Ishara knows, their terms, and getting their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ishara.cli.app import app
from ishara.console import tell, track

if TYPE_CHECKING:
    from ishara.clips.corpora import Corpus

_FOLDER = Path("corpora")

corpora_app = typer.Typer(help="The data sets that Ishara knows: list them, show one, get its files.")
app.add_typer(corpora_app, name="corpora")

Name = Annotated[str, typer.Argument(help="One of `ishara corpora`.", metavar="NAME")]


@corpora_app.callback(invoke_without_command=True)
def corpora(context: typer.Context) -> None:
    """List the data sets that Ishara knows: language, licence, where to ask; or show one, or get its files."""
    from ishara.clips.corpora import get_corpus, list_corpora

    if context.invoked_subcommand is not None:
        return
    # No table: its columns would be too narrow for addresses, which are to be copied.
    for name in list_corpora():
        corpus = get_corpus(name)
        tell(f"[bold]{escape(name)}[/]: {escape(corpus.title)}")
        tell(f"    language: {escape(corpus.language)}; terms: {escape(corpus.licence)}")
        tell(f"    {escape(corpus.source)}")
    tell("More of one: [bold]ishara corpora show NAME[/]")


@corpora_app.command()
def show(name: Name) -> None:
    """Show a data set: its terms, where to get it, the files expected, the options that `ishara index` takes."""
    from ishara.clips.corpora import get_corpus

    corpus = get_corpus(name)
    _tell_terms(corpus)
    tell(f"[bold]Layout[/]: {escape(corpus.layout)}")
    for option, meaning in corpus.options.items():
        tell(f"[bold]{escape(option)}=[/]: {escape(meaning)}")
    tell(f"[bold]Get[/]: ishara corpora get {escape(name)}{'' if corpus.kaggle or corpus.make else ' --from ARCHIVE'}")
    tell(f"[bold]Index[/]: ishara index {escape(name)} DIR -o {escape(name)}.csv")


@corpora_app.command()
def get(
    name: Name,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", help="A zip or tar file of it, as a path or a URL, instead of a download.", metavar="FILE|URL"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder; corpora/NAME by default.")] = None,
) -> None:
    """Get a data set's files: download them where its terms allow that, unpack an archive, or generate them."""
    from ishara.clips.corpora import get_corpus
    from ishara.clips.corpora.get import get_files

    corpus = get_corpus(name)
    _tell_terms(corpus)
    folder = get_files(corpus, out or _FOLDER / name, source, progress=lambda members: track("Files", members))
    tell(f"The files are in [bold]{escape(str(folder))}[/]")
    tell(f"Next: [bold]ishara index {escape(name)} {escape(str(folder))} -o {escape(name)}.csv[/]")


def _tell_terms(corpus: Corpus) -> None:
    tell(f"[bold]{escape(corpus.name)}[/]: {escape(corpus.title)}")
    tell(f"[bold]Language[/]: {escape(corpus.language)}")
    tell(f"[bold]Terms[/]: {escape(corpus.licence)}")
    tell(f"[bold]Source[/]: {escape(corpus.source)}")
    tell(f"[bold]Cite[/]: {escape(corpus.citation)}")
    if corpus.kaggle is not None:
        tell(f"[bold]Download[/]: https://www.kaggle.com/datasets/{escape(corpus.kaggle)}, under the terms above")
