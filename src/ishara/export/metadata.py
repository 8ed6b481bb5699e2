"""What stands inside a graph about the model: so that a file that was parted from its folder still says what it is.

When a recogniser is loaded, its labels are compared with those of ``config.json``; nothing else is read.
"""

from __future__ import annotations

import json
from pathlib import Path

import onnx

from ishara import __version__
from ishara.clips.corpora import get_corpus
from ishara.errors import IsharaError
from ishara.recipe import Data
from ishara.recognizer.folder import Config
from ishara.recognizer.runtime import LABELS


def graph_metadata(config: Config) -> dict[str, str]:
    """Labels, recipe, what a frame is, and the terms of the clips, as texts by name."""
    recipe = config.recipe
    facts = {
        "ishara.version": __version__,
        "ishara.form": config.form,
        "ishara.recipe": f"{recipe.name} ({recipe.hash})",
        LABELS: json.dumps(config.labels, ensure_ascii=False),
        "ishara.terms": _terms(recipe.data),
    }
    if config.input == "pixels":
        return facts | {"ishara.frame": f"RGB uint8 {config.frame}"}
    return facts | {
        "ishara.skeleton": recipe.pose.skeleton,
        "ishara.landmarks": json.dumps(config.landmarks),
        "ishara.features": json.dumps(config.features),
    }


def stamp(graph: Path, metadata: dict[str, str]) -> None:
    """Add metadata to an ONNX file.

    Protobuf messages that stand one behind the other are one, so nothing that was proven of the file is written anew.
    """
    addition = onnx.ModelProto()
    onnx.helper.set_model_props(addition, metadata)
    with graph.open("ab") as file:
        file.write(addition.SerializeToString())


def _terms(data: Data) -> str:
    """The terms of the clips that a model learnt from, which hold for the model too."""
    if data.corpus is None:
        return "those of the clips that it was trained on"
    try:
        corpus = get_corpus(data.corpus).about(data.root)
    except IsharaError:
        return f"those of the corpus {data.corpus}"
    return f"those of {corpus.title} ({corpus.name}): {corpus.licence}"
