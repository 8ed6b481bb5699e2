"""One model twice, with the same weights: the notebook's in PyTorch, and ours as a recogniser folder.

No tensor keeps the values that it is made with (a norm's ones, a bias's zeros), and no two are alike: a graph cannot be
made smaller by what training would have changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ishara.export.folder import write_recognizer
from ishara.models import create_model
from ishara.models.contract import SignModel
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from notebook.model import FEATURES, NotebookBdslSpoter, NotebookSpoter, to_ishara

CLASSES = 60
# Where each feature of a frame that alternates x and y stands in one that is all x, then all y: the notebook's weights
# of landmarks fit the second, ours the first.
SPLIT_AXES = [*range(0, FEATURES, 2), *range(1, FEATURES, 2)]
_NOTEBOOK = {"spoter": NotebookSpoter, "bdsl_spoter": NotebookBdslSpoter}
_CHANGE = 0.05
_Module = TypeVar("_Module", bound=nn.Module)


def recipe(name: str) -> Recipe:
    """The notebook's input and sizes in Ishara's words."""
    return Recipe.from_dict(
        {
            "name": "bench",
            "data": {"corpus": "landmarks", "root": "nowhere"},
            "pose": {"skeleton": "spoter54"},
            "features": {"hand_local": False},
            "model": {"name": name},
        }
    )


def distinct(model: _Module) -> _Module:
    """The model in evaluation mode, each of its weights changed at random."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(_CHANGE * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def notebook_model(name: str) -> NotebookSpoter:
    """The notebook's model of what we call `spoter` or `bdsl_spoter`."""
    torch.manual_seed(0)
    model = distinct(_NOTEBOOK[name](CLASSES))
    assert isinstance(model, NotebookSpoter)
    return model


def our_model(name: str, theirs: NotebookSpoter) -> SignModel:
    """Our model with the notebook's weights; it takes x and y in turns."""
    model = create_model(name, num_classes=CLASSES).eval()
    weights: dict[str, Tensor] = to_ishara(theirs)
    weights["encoder.project.weight"] = torch.empty(FEATURES, FEATURES)
    weights["encoder.project.weight"][:, SPLIT_AXES] = theirs.input_projection.weight.data
    model.load_state_dict(weights)
    return model


def write(folder: Path, model: SignModel, its_recipe: Recipe, classes: int) -> Recognizer:
    """A recogniser folder of a model that was not trained."""
    labels = [f"GLOSS-{i:03d}" for i in range(classes)]
    return write_recognizer(
        folder, model, its_recipe, labels, temperature=lambda _: 1.0, card=lambda _: "# Benchmark\n"
    )


def difference(theirs: NotebookSpoter, ours: Recognizer, x: NDArray) -> float:
    """The largest difference between the notebook's logits and ours, for features (B, T, 108)."""
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x)[..., SPLIT_AXES]).numpy()
    found = ours.runtime.run({"x": x, "mask": x[..., 0] == x[..., 0]})[0]
    return float(abs(expected - found).max())
