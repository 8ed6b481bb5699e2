"""How clips were parted, in words: for a report, a card and a result."""

from __future__ import annotations

from ishara.recipe import Recipe

_SPLITS = {
    "official": "the corpus's own split",
    "group": "whole values of {group}, on no other side",
    "clip": "clips at random, stratified by gloss; the same signer may stand on both sides",
}
NEAR_DUPLICATES = {
    "together": "looked for, and kept on one side",
    "report": "looked for, and only reported",
    "ignore": "not looked for",
}


def side_of(recipe: Recipe) -> str:
    """How the test side of a recipe's split is made."""
    return _SPLITS[recipe.split.by].format(group=recipe.split.group)


def folds_of(recipe: Recipe) -> str:
    """Who is tested by the folds of a recipe's protocol."""
    protocol = recipe.protocol
    if protocol.name == "leave-one-group-out":
        return f"each {recipe.split.group} once, by a model that never saw it (leave one {recipe.split.group} out)"
    repeats = f", {protocol.repeats} times" if protocol.repeats > 1 else ""
    if protocol.name == "group-k-fold":
        return f"whole values of {recipe.split.group}, in {protocol.folds} folds{repeats}"
    return f"{protocol.folds} stratified folds of clips{repeats}; the same signer may stand on both sides"
