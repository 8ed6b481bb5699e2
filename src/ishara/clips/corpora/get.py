"""Getting a corpus: generated, from Kaggle where its terms allow that, or from an archive that the user was given."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ishara.clips.corpora.base import Corpus, Progress
from ishara.clips.corpora.unpack import extract, whole_or_nothing
from ishara.errors import IsharaError
from ishara.extras import extra


def get_files(corpus: Corpus, folder: Path, source: str | None = None, *, progress: Progress = iter) -> Path:
    """Put a corpus's files into a folder, all of them or none; one that is generated goes on where it was.

    Parameters
    ----------
    corpus
        Which.
    folder
        Where to; must be empty or not there.
    source
        A zip or tar file of the corpus: a path, or a URL that fsspec knows. ``None`` to download or generate it.
    progress
        Given what is to be unpacked, gives it back one by one, such as with a bar.

    Returns
    -------
    The folder.

    Raises
    ------
    IsharaError
        If the folder has something in it; if the corpus may only be had from its owner, whom the message names; if the
        source or the download fails, or the archive is damaged or unsafe (see `ishara.clips.corpora.unpack.extract`).
        Nothing is left behind.
    """
    if corpus.make is not None:
        if source is not None:
            raise IsharaError(f"{corpus.name}: is generated, not unpacked; leave out --from.")
        corpus.make(folder, progress)
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise IsharaError(f"{folder}: is there already. Give another folder with -o, or remove it first.")
    if folder.resolve() == Path.cwd():
        raise IsharaError(f"{folder}: is the current folder, which cannot be replaced. Give a folder below it with -o.")
    if source is None and corpus.kaggle is None:
        raise IsharaError(
            f"Ishara does not download {corpus.name}. Where to get it, or whom to ask: {corpus.source}. "
            f"Terms: {corpus.licence}. Then `ishara corpora get {corpus.name} --from ARCHIVE` unpacks it, or "
            f"`ishara index {corpus.name} DIR` reads a folder. Expected there: {corpus.layout}"
        )
    try:
        with whole_or_nothing(folder) as partial:
            if source is not None:
                _unpack(source, partial, progress)
            elif corpus.kaggle is not None:
                _download(corpus.kaggle, partial)
    except OSError as error:
        where = error.filename or folder
        raise IsharaError(f"{where}: {error.strerror or error}. Nothing was kept of {corpus.name}.") from None
    return folder


def _unpack(source: str, folder: Path, progress: Progress) -> None:
    if "://" in source:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".", suffix=".part") as place:
            archive = Path(place, Path(source.partition("?")[0]).name or "archive")
            _fetch(source, archive)
            extract(archive, folder, progress)
        return
    path = Path(source)
    if path.is_dir():
        raise IsharaError(f"{path}: is a folder, so there is nothing to unpack; `ishara index` reads it.")
    if not path.is_file():
        raise IsharaError(f"{path}: there is no such file; expected a zip or tar file of the corpus.")
    extract(path, folder, progress)


def _fetch(url: str, target: Path) -> None:
    """Copy a file from any place that fsspec knows."""
    import fsspec

    try:
        with fsspec.open(url, "rb") as remote, target.open("wb") as local:
            shutil.copyfileobj(remote, local, length=1 << 20)
    except ImportError as error:
        raise IsharaError(f"{url}: fsspec needs another package for such addresses ({error}).") from None
    except FileNotFoundError:
        raise IsharaError(f"{url}: there is no such file.") from None
    except OSError as error:
        if error.filename is not None:
            raise  # ours: such as a full disk
        raise IsharaError(f"{url}: cannot be fetched ({error.strerror or error}).") from None
    except Exception as error:  # noqa: BLE001  each file system raises classes of its own
        raise IsharaError(f"{url}: cannot be fetched ({type(error).__name__}: {error}).") from None


def _download(handle: str, folder: Path) -> None:
    """A data set of Kaggle, straight into the folder."""
    with extra("download", "Downloads from Kaggle"):
        import kagglehub
    try:
        place = Path(kagglehub.dataset_download(handle, output_dir=str(folder)))
    except Exception as error:  # noqa: BLE001  kagglehub's own errors have no common base
        reason = " ".join(str(error).split()) or type(error).__name__
        raise IsharaError(
            f"https://www.kaggle.com/datasets/{handle}: cannot be downloaded ({reason}). Type the same command to try "
            "again; or download it in a browser and give the file with --from."
        ) from None
    if not place.resolve().is_relative_to(folder.resolve()):
        raise IsharaError(
            f"Kaggle keeps the files at {place} on this machine; use that folder: `ishara index` reads it."
        )
    if not any(folder.iterdir()):
        raise IsharaError(f"https://www.kaggle.com/datasets/{handle}: the download brought no files.")
