"""The model card: what a recogniser is for, what it was trained on, and what was measured."""

from __future__ import annotations

from ishara.clips.manifest import Manifest
from ishara.evaluation.intervals import Estimate
from ishara.evaluation.metrics import Summary
from ishara.recognizer import Recognizer

_NOT_MEASURED = "Not measured yet: `ishara evaluate` writes the figures of the test side here."


def model_card(recognizer: Recognizer, manifest: Manifest, summary: Summary | None = None) -> str:
    """The card in Markdown; `summary` are the figures of the test side, where it has been evaluated."""
    recipe = recognizer.recipe
    lines = [
        f"# {recipe.name}",
        "",
        recipe.description.strip() or f"A recogniser of {len(recognizer.labels)} signs.",
        "",
        "## What it is for",
        "",
        "It ranks the glosses of its vocabulary for a clip that shows **one** signed word. It does not translate",
        "signing: it knows neither sentences nor grammar, and a sign outside its vocabulary gets the name of one",
        "inside it. It is not meant for decisions about people, such as grading or hiring.",
        "",
        "## What it is",
        "",
        f"- Architecture: `{recipe.model.name}`, {recognizer.config.parameters:,} parameters",
        *_seen(recognizer),
        *(f"- Before training: {sentence}" for sentence in recognizer.config.origin),
        f"- Vocabulary: {len(recognizer.labels)} glosses",
        f"- Calibration temperature: {recognizer.temperature:.3f}",
        "",
        "## Clips and signers",
        "",
        "| side | clips | glosses | signers |",
        "|---|---|---|---|",
        *(_side(manifest, name) for name in ("train", "validation", "test")),
        "",
        f"Corpus: {recipe.data.corpus or recipe.data.manifest}. Languages: {_languages(manifest)}.",
        "The terms of the corpus hold for this model too; `ishara corpora` names them.",
        "",
        "## What was measured",
        "",
        *(_figures(summary) if summary else [_NOT_MEASURED]),
        "",
    ]
    return "\n".join(lines)


def _seen(recognizer: Recognizer) -> list[str]:
    """What the model is given of a clip."""
    config, recipe = recognizer.config, recognizer.recipe
    if config.input == "pixels":
        return [f"- Pictures: {recipe.pixels.frames} a clip, {recipe.pixels.size}×{recipe.pixels.size}"]
    return [
        f"- Landmarks: {len(config.landmarks)} (`{recipe.pose.skeleton}`)",
        f"- Features a frame: {len(config.features)}",
    ]


def _side(manifest: Manifest, split: str) -> str:
    part = manifest.table.filter(manifest.table["split"] == split)
    signers = part["signer"].drop_nulls().n_unique()
    return f"| {split} | {len(part)} | {part['gloss'].n_unique()} | {signers or 'unknown'} |"


def _languages(manifest: Manifest) -> str:
    languages = sorted(manifest.table["language"].drop_nulls().unique())
    return ", ".join(languages) or "not stated"


def _figures(summary: Summary) -> list[str]:
    rows = [
        ("top-1 per instance", summary.top1),
        ("top-5 per instance", summary.top5),
        ("top-1 per class", summary.class_top1),
    ]
    worst = summary.worst_signer or summary.worst_group
    return [
        f"On {summary.clips} test clips; chance is {summary.chance:.1%}.",
        "",
        "| figure | value | 95 % interval |",
        "|---|---|---|",
        *(f"| {name} | {_share(estimate)} | {_interval(estimate)} |" for name, estimate in rows),
        *(
            [f"| worst signer or group ({worst.name}) | {_share(worst.top1)} | {_interval(worst.top1)} |"]
            if worst
            else []
        ),
    ]


def _share(estimate: Estimate) -> str:
    return "not defined" if estimate.value is None else f"{estimate.value:.1%}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.interval.low:.1%} to {estimate.interval.high:.1%}" if estimate.interval else "none can be had"
