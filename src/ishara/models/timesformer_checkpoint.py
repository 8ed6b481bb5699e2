"""TimeSformer checkpoints as Facebook and Hugging Face publish them, brought into our parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ishara.errors import IsharaError
from ishara.models.pixels import widened
from ishara.models.positions import resample_grid, resample_time
from ishara.models.published import Published
from ishara.models.weights import fit_weights

if TYPE_CHECKING:
    from ishara.models.timesformer import Timesformer

# What a name in `transformers` becomes here, in this order.
_NAMES = (
    (r"^timesformer\.", ""),
    (r"^embeddings\.cls_token", "class_token"),
    (r"^embeddings\.position_embeddings", "space_positions"),
    (r"^embeddings\.time_embeddings", "time_positions"),
    (r"^embeddings\.patch_embeddings\.projection", "patches"),
    (r"^layernorm\.", "norm."),
    (r"^classifier\.", "head."),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.temporal_layernorm\.", ".temporal_norm."),
    (r"\.layernorm_before\.", ".spatial_norm."),
    (r"\.layernorm_after\.", ".mlp_norm."),
    (r"\.(temporal_)?attention\.attention\.qkv", r".\1attention.qkv"),
    (r"\.(temporal_)?attention\.output\.dense", r".\1attention.out"),
    (r"\.temporal_attention\.", ".temporal."),
    (r"\.attention\.", ".spatial."),
    (r"\.intermediate\.dense", ".mlp.0"),
    (r"\.output\.dense", ".mlp.3"),
)
_FIRST = "patches.weight"
_HEAD = ("head.weight", "head.bias")


def load_checkpoint(model: Timesformer, published: Published) -> list[str]:
    """Put a published TimeSformer's weights into a model.

    Positions of another frame count or size are resampled. The last layer is left as it is where the classes are not
    as many.

    Returns
    -------
    list[str]
        What does not come from there, or not as it stands there, in sentences.

    Raises
    ------
    IsharaError
        If it is of another architecture, or a tensor does not fit (it is named).
    """
    if model.has_stem:
        raise IsharaError(f"{published.source}: a published TimeSformer has no stem. Leave model.options.stem out.")
    for key, ours, option in (
        ("model_type", "timesformer", "the architecture"),
        ("attention_type", "divided_space_time", "the only one here"),
        ("num_attention_heads", model.heads, "heads"),
        ("patch_size", model.patch, "patch"),
        ("hidden_act", "gelu", "the activation"),
    ):
        published.expect(key, ours, option)
    given = {_our_name(name): tensor for name, tensor in published.weights.items()}
    if _FIRST in given:
        given[_FIRST] = widened(given[_FIRST], model.channels)
    added = [f"{_FIRST} is 0 for motion."] if model.sees == "both" else []
    if model.pooling is not None:
        given |= {f"pooling.{name}": tensor for name, tensor in model.pooling.state_dict().items()}
        added.append("its class token is not asked; attention over frames is new.")
    told = [f"{published.source}: {what}" for what in (*added, *_resampled(model, given), *_new_head(model, given))]
    fit_weights(model, given, Path(published.source))
    return told


def _our_name(name: str) -> str:
    for theirs, ours in _NAMES:
        name = re.sub(theirs, ours, name)
    return name


def _resampled(model: Timesformer, given: dict[str, Tensor]) -> list[str]:
    """Bring published positions to a model's size and frame count, in place; says which."""
    told = []
    space, side = _positions(given, "space_positions"), model.side
    if space is not None and space.shape[1] != 1 + side**2:
        theirs = round((space.shape[1] - 1) ** 0.5)
        given["space_positions"] = resample_grid(space, theirs, (side, side))
        told.append(f"space_positions for {side} × {side} patches are the nearest of its {theirs} × {theirs}.")
    time, frames = _positions(given, "time_positions"), model.time_positions.shape[1]
    if time is not None and time.shape[1] != frames:
        given["time_positions"] = resample_time(time, frames)
        told.append(f"time_positions for {frames} frames are the nearest of its {time.shape[1]}.")
    return told


def _positions(given: Mapping[str, Tensor], name: str) -> Tensor | None:
    found = given.get(name)
    return found if found is not None and found.ndim == 3 and found.shape[1] else None


def _new_head(model: Timesformer, given: dict[str, Tensor]) -> list[str]:
    """Keep a model's own last layer, in place, where the published one has other classes or is not there."""
    weight = given.get(_HEAD[0])
    if weight is not None and weight.shape[0] == model.head.out_features:
        return []
    own = model.state_dict()
    given |= {name: own[name] for name in _HEAD}
    theirs = "no classes" if weight is None else f"{weight.shape[0]} classes"
    return [f"{' and '.join(_HEAD)} are new, for it has {theirs} and this model {model.head.out_features}."]
