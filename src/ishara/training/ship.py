"""Making a recogniser that comes with Ishara: trained on all clips, with a card that says what was measured, and where.

A recogniser that learnt from every clip has none left to be measured on. So its card gives the accuracy of the models
of a cross-validation with the same recipe, and says that these are not this one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ishara.clips.corpora import get_corpus
from ishara.clips.roots import find_root
from ishara.errors import IsharaError
from ishara.evaluation.card import figures, model_card
from ishara.evaluation.metrics import Summary
from ishara.export.forms import export_form
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CARD, card_of_form
from ishara.training.folds import split_clips
from ishara.training.run import fit

# Nothing is held out but a few clips of every group, for the temperature and the threshold of unknown signs.
_EVERYTHING = ("split.by=clip", "split.test=0", "split.validation=0.1")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def ship(recipe: Recipe, measured: Path, folder: Path, run: Path) -> Recognizer:
    """Train on all clips of a recipe, and write a recogniser folder to ship: without weights, with card and licence.

    Parameters
    ----------
    recipe
        Of a corpus that may be given on.
    measured
        What `ishara crossval` wrote of this very recipe.
    folder
        Where to; its name is what the recogniser will be called. It must not be there yet, or be empty.
    run
        The run folder; a training that was stopped goes on.

    Raises
    ------
    IsharaError
        If the figures are of another recipe, the name is none, or training or export fail.
    """
    if not _NAME.fullmatch(folder.name):
        raise IsharaError(
            f"{folder.name}: is not the name of a recogniser; expected small letters, digits and hyphens."
        )
    result = _read(measured, recipe)
    everything = recipe.with_overrides(list(_EVERYTHING))
    manifest = split_clips(everything)
    trained = fit(everything, manifest, run)
    shipped = export_form(trained.folder, "onnx", folder)
    summary = Summary.model_validate(result["summary"])
    card = model_card(shipped, manifest, summary, measured=_measured(result, measured))
    text = "\n".join([card, *_licence(recipe), card_of_form(shipped.config)])
    (folder / CARD).write_text(text, encoding="utf-8")
    return shipped


def _read(path: Path, recipe: Recipe) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        same = found["recipe_hash"] == recipe.hash
        Summary.model_validate(found["summary"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IsharaError(f"{path}: is not what `ishara crossval` measured ({type(error).__name__}).") from None
    if not same:
        raise IsharaError(
            f"{path}: was measured with another recipe than {recipe.name} as it is now ({found['recipe_hash']}, "
            f"{recipe.hash}); run `ishara crossval` again."
        )
    result: dict[str, Any] = found
    return result


def _measured(result: Mapping[str, Any], source: Path) -> list[str]:
    """What the card says of accuracy."""
    protocol, folds = result["protocol"], len(result["folds"])
    group = protocol.get("group") if protocol["name"] != "stratified-k-fold" else None
    part = f"one {group}" if protocol["name"] == "leave-one-group-out" else f"some {group}s" if group else "some clips"
    return [
        "This recogniser learnt from all parts of the corpus, so no clip is left to measure it on. The figures are",
        f"those of {folds} other models of the same recipe: each left out {part}, and was tested on them alone",
        f"(`results/{source.name}`).",
        "",
        *figures(Summary.model_validate(result["summary"])),
    ]


def _licence(recipe: Recipe) -> list[str]:
    """The terms of the clips that it learnt from, with the notice that the corpus's folder holds."""
    if recipe.data.corpus is None or recipe.data.root is None:
        raise IsharaError(f"{recipe.name}: names no corpus, so nobody knows the terms of its clips.")
    corpus = get_corpus(recipe.data.corpus).about(recipe.data.root)
    root = find_root(recipe.data.root)
    notices = [path for path in (root / "LICENSE", root / "LICENSE.txt") if path.is_file()]
    lines = ["## Licence", "", f"Learnt from clips under {corpus.licence}: {corpus.source} ({corpus.citation}).", ""]
    for notice in notices:
        lines += ["```", notice.read_text(encoding="utf-8").strip(), "```", ""]
    return lines
