"""`ishara check`: whether a recipe's model, or a trained one, keeps the promises that training and use rely on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ishara.clips import load_clips
from ishara.errors import IsharaError
from ishara.export.onnx import TOLERANCE, check_parity
from ishara.models.contract import SignModel
from ishara.models.trained import recipe_model, trained_model
from ishara.models.weights import WEIGHTS
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import GRAPH
from ishara.training.preflight import check_names

# Clips of a batch, and frames of the longest, of landmarks and of pictures, which take a thousand times as long.
_OF_LANDMARKS, _OF_PICTURES = (6, 24), (2, 4)
_PADDING = 9
_CLASSES_WITHOUT_DATA = 10
_OVERFIT_STEPS = 400


@dataclass(frozen=True)
class Check:
    """One promise, whether it is kept, and what was found."""

    name: str
    passed: bool
    found: str


def check_recipe(recipe: Recipe) -> list[Check]:
    """Make a recipe's model and try it on random clips: nothing is trained or written.

    Raises
    ------
    IsharaError
        If the recipe names a model, an option, a skeleton, a corpus or pretrained weights that there is not.
    """
    check_names(recipe)
    checks = []
    try:
        classes = len(load_clips(recipe.data).glosses)
        checks.append(Check("data", True, f"{classes} glosses"))
    except IsharaError as error:
        classes = _CLASSES_WITHOUT_DATA
        checks.append(Check("data", False, f"{error} The model is checked with {classes} classes."))
    torch.manual_seed(recipe.train.seed)
    model = recipe_model(recipe, classes)
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    checks.append(Check("parameters", count > 0, f"{count:,} trainable; a frame is {_of_frame(model)}"))
    x, mask, label = _random_batch(model, classes)
    return [
        *checks,
        _check_shapes(model, x, mask, classes),
        _check_padding(model, x),
        _check_gradients(model, x, mask, label),
        _check_overfits(model, x, mask, label),
    ]


def check_model(path: Path) -> list[Check]:
    """Check a trained recogniser: its files, that ONNX Runtime computes what torch does, that padding is nothing.

    Of one without weights, such as those that come with Ishara, only the files can be checked.

    Raises
    ------
    IsharaError
        If there is no recogniser, one of its files is not the one that was exported, or its weights do not fit its
        recipe's model.
    """
    recognizer = Recognizer.load(path)
    config, classes = recognizer.config, len(recognizer.labels)
    files = Check("files", True, "every hash is as written")
    if WEIGHTS not in config.files:
        return [files, Check("weights", True, "left out: only the graph is here, and nothing to compare it with")]
    model = trained_model(recognizer.folder)
    finite = all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())
    x, mask, _ = _random_batch(model, classes)
    return [
        files,
        Check("weights", finite, f"{config.parameters:,} parameters, {'all' if finite else 'not all'} finite"),
        _check_parity(model, recognizer.folder / GRAPH),
        _check_shapes(model, x, mask, classes),
        _check_padding(model, x),
    ]


def _of_frame(model: SignModel) -> str:
    shape = model.input_shape
    return f"{shape[0]} features" if len(shape) == 1 else f"a picture of {shape[2]}×{shape[1]}"


def _check_parity(model: SignModel, graph: Path) -> Check:
    try:
        difference = check_parity(model, graph)
    except IsharaError as error:
        return Check("parity", False, f"the weights are not those that were exported: {error}")
    return Check("parity", True, f"ONNX and torch differ by at most {difference:.1g}")


def _random_batch(model: SignModel, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Clips of different lengths, padded, each with a class of its own as far as there are any."""
    clips, frames = _OF_LANDMARKS if len(model.input_shape) == 1 else _OF_PICTURES
    lengths = np.linspace(frames, frames // 2, clips).astype(int).tolist()
    return *model.random_clips(lengths, seed=0), torch.arange(clips) % classes


@torch.no_grad()
def _check_shapes(model: SignModel, x: Tensor, mask: Tensor, classes: int) -> Check:
    out = model.eval()(x, mask)
    shapes = {name: tuple(value.shape) for name, value in out._asdict().items()}
    total = out.attention.sum(dim=1)
    right = (
        shapes["logits"] == (len(x), classes)
        and shapes["attention"] == tuple(mask.shape)
        and all(bool(torch.isfinite(value).all()) for value in out)
        and bool((total - 1).abs().max() < TOLERANCE)
        and bool((out.attention[~mask] == 0).all())
    )
    return Check("shapes", right, ", ".join(f"{name} {shape}" for name, shape in shapes.items()))


@torch.no_grad()
def _check_padding(model: SignModel, x: Tensor) -> Check:
    mask = torch.ones(x.shape[:2], dtype=torch.bool)
    more = x.new_zeros((len(x), _PADDING, *x.shape[2:]))
    padded, padded_mask = torch.cat([x, more], dim=1), F.pad(mask, (0, _PADDING))
    model.eval()
    difference = float((model(x, mask).logits - model(padded, padded_mask).logits).abs().max())
    return Check("padding", difference <= TOLERANCE, f"{_PADDING} frames of padding change a logit by {difference:.1g}")


def _check_gradients(model: SignModel, x: Tensor, mask: Tensor, label: Tensor) -> Check:
    model.zero_grad()
    F.cross_entropy(model.eval()(x, mask).logits, label).backward()
    dead, wild = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            gradient = parameter.grad
            if gradient is None or not gradient.any():
                dead.append(name)
            elif not torch.isfinite(gradient).all():
                wild.append(name)
    model.zero_grad()
    found = "finite and not 0 in every parameter"
    if dead or wild:
        found = "; ".join(
            f"{what} in {', '.join(names[:4])}" for what, names in (("0", dead), ("not finite", wild)) if names
        )
    return Check("gradients", not (dead or wild), found)


def _check_overfits(model: SignModel, x: Tensor, mask: Tensor, label: Tensor) -> Check:
    if len(label.unique()) < 2:
        return Check("one batch overfits", True, "left out: there is only one gloss")
    model.eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0)
    losses: list[float] = []
    right = 0
    for _ in range(_OVERFIT_STEPS):
        logits = model(x, mask).logits
        loss = F.cross_entropy(logits, label)
        losses.append(float(loss.detach()))
        right = int((logits.argmax(dim=1) == label).sum())
        if right == len(label):
            break
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    found = (
        f"{right} of {len(label)} clips right after {len(losses) - 1} steps, loss {losses[0]:.3f} → {losses[-1]:.3f}"
    )
    return Check("one batch overfits", right == len(label), found)
