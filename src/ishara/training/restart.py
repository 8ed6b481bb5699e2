"""`--restart`: throw an earlier run away, and never anything else."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from ishara.clips import load_clips
from ishara.clips.roots import find_root
from ishara.errors import IsharaError
from ishara.evaluation.run import PREDICTIONS
from ishara.pose.address import file_of
from ishara.recipe import Recipe
from ishara.training.jobs import ERROR, LOCK
from ishara.training.nested import CHOICE, INNER
from ishara.training.progress import PLAN
from ishara.training.run import MANIFEST, RECIPE
from ishara.training.sides import STORES
from ishara.whole import meant_for

# What a cross-validation writes beside its folds, and how it names these.
_BESIDE_FOLDS = {PREDICTIONS, "report.html", "summary.json", PLAN}
_FOLD = re.compile(r".+-seed\d+")
# What may lie in the folder of a fold that failed before it was a run, or was about to begin.
_BEFORE_RUN = {LOCK, ERROR, CHOICE}


def throw_away(folder: Path, recipe: Recipe, *, keep: Path | None = None) -> None:
    """Delete what an earlier run or cross-validation left in a folder.

    Parameters
    ----------
    folder
        Nothing happens where it is not there or is empty.
    recipe
        What is to be run instead; nothing that it reads is deleted.
    keep
        A further file that is still needed, such as the recipe's own.

    Raises
    ------
    IsharaError
        If the folder is neither a run nor a cross-validation, holds something that the recipe reads or the current
        folder, or the recipe's clips cannot be found. Nothing is deleted then.
    """
    if any(int(os.environ.get(rank, 0)) for rank in ("LOCAL_RANK", "NODE_RANK")):
        return  # of several processes that were given the same command, the first has done so before the others began
    if not folder.exists() or (folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())):
        return
    if folder.is_symlink() or not (_is_run(folder) or _is_crossval(folder, recipe)):
        raise IsharaError(
            f"{folder}: does not look like a run of Ishara; it is not thrown away. Choose another folder with --out."
        )
    home = folder.resolve()
    for path in (*_read_by(recipe), *([keep] if keep else []), Path.cwd()):
        if path.resolve().is_relative_to(home):
            raise IsharaError(
                f"{folder}: holds {path}, which is still needed; it is not thrown away. Choose another folder with "
                "--out, or move that elsewhere."
            )
    shutil.rmtree(folder)


def _is_run(folder: Path) -> bool:
    return (folder / RECIPE).is_file() and (folder / MANIFEST).is_file()


def _is_crossval(folder: Path, recipe: Recipe) -> bool:
    """Whether a folder holds folds and nothing else; a folder of other runs is none."""
    if not folder.is_dir():
        return False
    inside = [path for path in folder.iterdir() if path.name != STORES]
    folds = [path for path in inside if _is_fold(path) or (path.name == INNER and _holds_inner_folds(path))]
    own = _BESIDE_FOLDS | {f"{recipe.name}.json"}
    return bool(folds) and all(
        path in folds or (path.is_file() and (meant_for(path.name) or path.name) in own) for path in inside
    )


def _is_fold(path: Path) -> bool:
    if not path.is_dir() or path.is_symlink() or not _FOLD.fullmatch(path.name):
        return False
    return _is_run(path) or all(file.name in _BEFORE_RUN for file in path.iterdir())


def _holds_inner_folds(path: Path) -> bool:
    """Whether a folder has a folder for each outer fold, with inner folds and nothing else."""
    return all(of.is_dir() and all(_is_fold(fold) for fold in of.iterdir()) for of in path.iterdir())


def _read_by(recipe: Recipe) -> list[Path]:
    """What a recipe reads: its data, each file that these name, and the weights that it starts from."""
    data = recipe.data
    roots = [find_root(path) for path in (data.root, data.manifest) if path is not None]
    weights = [Path(recipe.model.pretrained)] if recipe.model.pretrained else []
    files = {file_of(clip.path) for clip in load_clips(data)}
    return [*roots, *weights, *(Path(file) for file in sorted(files) if "://" not in file)]
