"""The split or the folds of a recipe: checked for leaks, and for having something to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
from rich.markup import escape

from ishara.clips import load_clips
from ishara.clips.leaks import check, near_duplicates
from ishara.clips.manifest import Manifest
from ishara.clips.splits import Cluster, Fold, assign, folds
from ishara.console import errors
from ishara.errors import IsharaError, choices
from ishara.recipe import Protocol, Recipe

_LEARNT_FROM = ("train", "validation")


def split_clips(recipe: Recipe) -> Manifest:
    """The recipe's clips, each with its side, checked for leaks.

    Raises
    ------
    IsharaError
        If the split cannot be made, or leaks where the recipe says that it must not.
    """
    manifest, clusters = _load(recipe)
    divided = assign(manifest, recipe.split, recipe.train.seed, _kept_together(recipe, clusters))
    _check_leaks(recipe, divided, clusters, grouped=recipe.split.by != "clip")
    _tell_of_shared_groups(recipe, divided)
    return divided


def make_folds(recipe: Recipe) -> list[Fold]:
    """The folds of the recipe's protocol, each checked for leaks and for glosses to learn and to test.

    Raises
    ------
    IsharaError
        As for `split_clips`, and if a fold has fewer than two glosses to learn, or tests none of those.
    """
    return _checked_folds(recipe)[0]


def make_nested_folds(recipe: Recipe) -> list[tuple[Fold, list[Fold]]]:
    """The folds of the recipe's protocol, and the inner folds of each, on which the recipe's values are chosen.

    Raises
    ------
    IsharaError
        As for `make_folds`, and if inner folds cannot be made of what a fold does not test.
    """
    made, clusters = _checked_folds(recipe)
    return [(fold, _checked_inner(recipe, fold, clusters)) for fold in made]


def inner_folds(recipe: Recipe, fold: Fold, together: Sequence[Cluster] = ()) -> list[Fold]:
    """Folds of the clips that a fold does not test, parted as the recipe's own protocol parts clips.

    The clips that the fold tests stand on no side of any of them. They are listed nonetheless, so that all folds share
    one store of prepared clips.

    Parameters
    ----------
    recipe
        With `protocol.choose`.
    fold
        Of the recipe's protocol.
    together
        Clusters of near-identical clips, each of which stays on one side.

    Raises
    ------
    IsharaError
        If there are too few groups or clips for so many inner folds.
    """
    own = fold.manifest.where(pl.col("split").is_in(_LEARNT_FROM))
    split = recipe.split
    if isinstance(split.validation, tuple):
        # These groups are tested too, each in its turn: others of about their number of clips take their part.
        share = len(own.table.filter(pl.col("split") == "validation")) / len(own)
        split = split.model_copy(update={"validation": share})
    return [_onto(fold.manifest, inner) for inner in folds(own, split, inner_protocol(recipe, fold.manifest), together)]


def inner_protocol(recipe: Recipe, manifest: Manifest) -> Protocol:
    """The protocol of a recipe's inner folds: they part groups where the outer ones do.

    Of the corpus's own split that is not known; then they part groups that are known for every clip.
    """
    if recipe.protocol.choose is None:
        raise ValueError("This recipe chooses nothing.")
    by_group = _by_group(recipe)
    if recipe.protocol.name == "held-out" and recipe.split.by == "official":
        by_group = recipe.split.group in manifest.table.columns and not manifest.table[recipe.split.group].null_count()
    return Protocol(name="group-k-fold" if by_group else "stratified-k-fold", folds=recipe.protocol.choose.inner)


def _onto(manifest: Manifest, inner: Fold) -> Fold:
    """An inner fold with all clips of the outer one; those that it does not have get no side."""
    sides = dict(zip(inner.manifest.table["id"], inner.manifest.table["split"], strict=True))
    all_sides = pl.Series("split", [sides.get(clip) for clip in manifest.table["id"]], pl.String)
    return replace(inner, manifest=Manifest(manifest.table.with_columns(all_sides)))


def _checked_folds(recipe: Recipe) -> tuple[list[Fold], list[Cluster]]:
    """The folds, and the near-identical clips that were looked for."""
    manifest, clusters = _load(recipe)
    made = _only(folds(manifest, recipe.split, recipe.protocol, _kept_together(recipe, clusters)), recipe.protocol.only)
    for fold in made:
        _check_leaks(recipe, fold.manifest, clusters, grouped=_by_group(recipe))
        _check_glosses(fold.manifest, f"Fold {fold.name}")
    if not _by_group(recipe):
        _tell_of_shared_groups(recipe, made[0].manifest)
    return made, clusters


def _only(made: list[Fold], names: Sequence[str]) -> list[Fold]:
    """The folds of these names, in their own order; all of them where there are no names."""
    known = [fold.name for fold in made]
    if unknown := [name for name in names if name not in known]:
        raise IsharaError(f"protocol.only: there is no fold {unknown[0]!r}. {choices(unknown[0], known)}")
    return [fold for fold in made if fold.name in names] if names else made


def _checked_inner(recipe: Recipe, fold: Fold, clusters: list[Cluster]) -> list[Fold]:
    try:
        made = inner_folds(recipe, fold, _kept_together(recipe, clusters))
    except IsharaError as error:
        raise IsharaError(f"protocol.choose: inside fold {fold.name}: {error}") from None
    group = recipe.split.group if inner_protocol(recipe, fold.manifest).name == "group-k-fold" else None
    for inner in made:
        check(inner.manifest, group, _kept_together(recipe, clusters)).refuse()
        _check_glosses(inner.manifest, f"protocol.choose: inside fold {fold.name}, {inner.name}")
    return made


def _check_glosses(manifest: Manifest, where: str) -> None:
    """Refuse a fold of which nothing could be learnt, or none of whose test clips could be recognised."""
    glosses = {side: set(rows["gloss"]) for (side,), rows in manifest.table.group_by("split")}
    learnt, tested = glosses.get("train", set()), glosses.get("test", set())
    what_to_do = (
        "Take fewer folds, a smaller split.validation (0 for none, with train.keep=last), or add clips: each gloss "
        "needs some in more than one fold or group."
    )
    if len(learnt) < 2:
        raise IsharaError(
            f"{where}: its training side has only one gloss ({next(iter(learnt))}); a recogniser needs at least two. "
            f"{what_to_do}"
        )
    if not learnt & tested:
        raise IsharaError(
            f"{where}: not one of the {len(tested)} glosses that it tests has a clip to train on. {what_to_do}"
        )


def _by_group(recipe: Recipe) -> bool:
    """Whether the folds of a recipe's protocol part groups, and not only clips."""
    if recipe.protocol.name == "held-out":
        return recipe.split.by != "clip"
    return recipe.protocol.name != "stratified-k-fold"


def _load(recipe: Recipe) -> tuple[Manifest, list[Cluster]]:
    manifest = load_clips(recipe.data)
    missing = manifest.missing_files()
    if missing:
        what = f"{len(missing)} of {len(manifest)} clips have no file; the first that is not there: {missing[0].path}"
        if len(missing) == len(manifest):
            raise IsharaError(f"{what}. Mend the paths of the manifest, or index the corpus again.")
        errors.print(f"[yellow]Warning[/]: {escape(what)}", highlight=False, soft_wrap=True)
    return manifest, [] if recipe.split.near_duplicates == "ignore" else near_duplicates(manifest)


def _kept_together(recipe: Recipe, clusters: list[Cluster]) -> list[Cluster]:
    return clusters if recipe.split.near_duplicates == "together" else []


def _tell_of_shared_groups(recipe: Recipe, manifest: Manifest) -> None:
    """Say that people are tested who were trained on, where a recipe parts clips though it is known who signs."""
    group = recipe.split.group
    if recipe.split.by != "clip" or group not in manifest.table.columns:
        return
    sides = manifest.table.drop_nulls([group, "split"]).group_by(group).agg(pl.col("split").n_unique())
    shared = (sides["split"] > 1).sum()
    if shared:
        errors.print(
            f"[yellow]Warning[/]: {shared} of {len(sides)} values of {escape(repr(group))} stand on several sides, for "
            "split.by is clip: the figures are for people who were trained on, and will be worse for others. "
            "split.by=group tests others.",
            highlight=False,
            soft_wrap=True,
        )


def _check_leaks(recipe: Recipe, manifest: Manifest, clusters: list[Cluster], *, grouped: bool) -> None:
    """Refuse a split of our own that leaks; report it where the split is the corpus's, or the recipe wants that."""
    group = recipe.split.group if grouped and recipe.split.group in manifest.table.columns else None
    report = check(manifest, group, clusters)
    if recipe.split.by != "official" and recipe.split.near_duplicates == "together":
        report.refuse()
    elif not report.clean:
        errors.print(f"[yellow]Warning[/]: {escape(str(report))}", highlight=False, soft_wrap=True)
