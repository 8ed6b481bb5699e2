"""What differs between a run that is there and what would be trained now, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.training.run import MANIFEST, RECIPE

_MOST_NAMED = 4


def refuse_another(recipe: Recipe, manifest: Manifest, folder: Path) -> None:
    """`IsharaError` if a folder holds a run of other clips or settings; it says which, and what to do.

    Parameters
    ----------
    recipe, manifest
        What would be trained now: a recipe that was chosen, and its clips with their sides.
    folder
        The run's. Nothing happens where it holds no run yet.
    """
    try:
        before, clips = Recipe.read(folder / RECIPE), Manifest.read(folder / MANIFEST)
    except IsharaError:
        return  # no run; or a damaged one, of which training itself tells
    settings = _settings(before, recipe)
    if data := _data(clips, manifest):
        settled = f", and so {_listed(settings)}" if settings else ""
        raise IsharaError(
            f"{folder}: was trained on other clips: {_listed(data)}{settled}. --restart throws that run away and "
            "trains on what is there now; --out FOLDER keeps both."
        )
    if settings or _sides(clips) != _sides(manifest):
        what = _listed(settings) if settings else "the same clips stand on other sides"
        raise IsharaError(
            f"{folder}: holds a run with other settings: {what}. `ishara train {folder / RECIPE}` goes on with it as "
            "it is; --restart throws it away; --out FOLDER keeps both."
        )


def _data(before: Manifest, now: Manifest) -> list[str]:
    """What was added, taken away or given another gloss."""
    was, is_now = (dict(zip(m.table["id"], m.table["gloss"], strict=True)) for m in (before, now))
    new, gone = is_now.keys() - was.keys(), was.keys() - is_now.keys()
    renamed = [clip for clip in is_now.keys() & was.keys() if is_now[clip] != was[clip]]
    found = [(new, "new"), (gone, "gone"), (renamed, "of another gloss")]
    said = [f"{_count(len(clips))} {'is' if len(clips) == 1 else 'are'} {how}" for clips, how in found if clips]
    for glosses, how in (
        (set(is_now.values()) - set(was.values()), "new"),
        (set(was.values()) - set(is_now.values()), "gone"),
    ):
        if glosses:
            named = ", ".join(sorted(glosses)[:_MOST_NAMED]) + (", …" if len(glosses) > _MOST_NAMED else "")
            said.append(f"{'the gloss' if len(glosses) == 1 else f'{len(glosses)} glosses'} {how}: {named}")
    return said


def _sides(manifest: Manifest) -> dict[str, str]:
    return dict(zip(manifest.table["id"], manifest.table["split"], strict=True))


def _settings(before: Recipe, now: Recipe) -> list[str]:
    """The keys that have another value, with both."""
    if before.hash == now.hash:
        return []
    was, is_now = (dict(_flat(recipe.model_dump(mode="json", exclude={"description"}))) for recipe in (before, now))
    keys = [key for key in {**was, **is_now} if was.get(key) != is_now.get(key)]
    return [f"{key} is {_shown(is_now.get(key))} (there {_shown(was.get(key))})" for key in keys]


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _listed(what: list[str]) -> str:
    return "; ".join(what[:_MOST_NAMED]) + ("; …" if len(what) > _MOST_NAMED else "")


def _count(number: int) -> str:
    return "1 clip" if number == 1 else f"{number:,} clips"
