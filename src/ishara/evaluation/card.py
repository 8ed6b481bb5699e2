"""The model card: what a recogniser is for, what it learnt from, what was measured, and for whom that says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ishara.clips.corpora import get_corpus, list_corpora
from ishara.clips.corpora.base import SYNTHETIC
from ishara.clips.manifest import Manifest
from ishara.evaluation.card_limits import confusions, not_covered, shortcuts_found
from ishara.evaluation.insight import Insight
from ishara.evaluation.intervals import Estimate
from ishara.evaluation.metrics import Summary
from ishara.evaluation.protocol_words import side_of
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer

_NOT_MEASURED = "Not measured yet: `ishara evaluate` writes the figures of the test side here."
_NOT_FOR: Final = (
    "- **Not for conversation.** It does not translate: it knows neither sentences nor grammar, nor what the face and",
    "  the body say beside the hands. It does not replace an interpreter.",
    "- **Not for decisions about people**, such as grading, hiring, or who is let in or helped.",
    "- **Not for emergencies**, medical or legal matters, or wherever a wrong word does harm.",
    "- **Not for watching people** who have not agreed to it.",
)
_LEARNT = "It learns from the train side; the validation side sets its confidence."
_LEARNT_TWICE = (
    "A first model learnt from the train side, and the validation side set its confidence; this one, made in the same "
    "way, learnt from both, and takes its confidence over."
)


def model_card(
    recognizer: Recognizer,
    manifest: Manifest,
    summary: Summary | None = None,
    *,
    measured: Sequence[str] = (),
    insight: Insight | None = None,
) -> str:
    """The card in Markdown, in plain words.

    Parameters
    ----------
    recognizer, manifest
        What was trained, on which clips.
    summary
        The figures of the test side, where it has been evaluated.
    measured
        Lines that say what was measured instead, where that was something else than this recogniser; `summary` is then
        of that.
    insight
        Accuracy by what the test side's clips are like, and the shortcut checks.
    """
    recipe = recognizer.recipe
    lines = [
        f"# {recipe.name}",
        "",
        recipe.description.strip() or f"A recogniser of {len(recognizer.labels)} signs.",
        *_synthetic(recipe),
        "",
        "## What it is for",
        "",
        "It ranks the glosses of its vocabulary for a clip that shows **one** signed word: for looking up a sign,",
        "for practising, for searching recordings, for research. A gloss is the written name of a sign.",
        "",
        "## What it is not for",
        "",
        *_NOT_FOR,
        f"- **Not for other signs** than those it learnt: {_outside(recognizer)}",
        "",
        "## What it is",
        "",
        f"- Architecture: `{recipe.model.name}`, {recognizer.config.parameters:,} parameters",
        *_seen(recognizer),
        *(f"- Before training: {sentence}" for sentence in recognizer.config.origin),
        f"- Vocabulary: {len(recognizer.labels)} glosses",
        f"- Calibration temperature: {recognizer.temperature:.3f}",
        *_unknown(recognizer),
        "",
        "## Data and terms",
        "",
        *_data(recipe, manifest),
        "",
        "## Clips and signers",
        "",
        "| side | clips | glosses | signers |",
        "|---|---|---|---|",
        *(_side(manifest, name) for name in ("train", "validation", "test")),
        "",
        f"{_LEARNT_TWICE if recipe.train.refit else _LEARNT} The test side: {side_of(recipe)}.",
        "",
        "## What was measured",
        "",
        *(measured or (figures(summary) if summary else [_NOT_MEASURED])),
        *confusions(summary),
        *shortcuts_found(insight),
        *not_covered(manifest, summary, insight),
        "",
    ]
    return "\n".join(lines)


def _synthetic(recipe: Recipe) -> list[str]:
    if recipe.data.corpus not in SYNTHETIC:
        return []
    said = "**Synthetic data.** A program made its clips; nobody signed them. It says nothing about signing people."
    return ["", said]


def _seen(recognizer: Recognizer) -> list[str]:
    """What the model is given of a clip."""
    config, recipe = recognizer.config, recognizer.recipe
    if config.input == "pixels":
        return [f"- Pictures: {recipe.pixels.frames} a clip, {recipe.pixels.size}×{recipe.pixels.size}"]
    return [
        f"- Landmarks: {len(config.landmarks)} (`{recipe.pose.skeleton}`)",
        f"- Features a frame: {len(config.features)}",
    ]


def _outside(recognizer: Recognizer) -> str:
    """What becomes of a sign outside the vocabulary, as the end of a sentence."""
    if recognizer.open_set is None or recognizer.open_set.threshold is None:
        return "a sign outside its vocabulary gets the name of one\ninside it."
    return "a sign outside its vocabulary is called\nunknown or gets the name of one inside it (see below)."


def _unknown(recognizer: Recognizer) -> list[str]:
    """When it calls a sign unknown, and how well it tells."""
    found = recognizer.open_set
    if found is None:
        return []
    if found.threshold is None:
        return [f"- Unknown signs: it has no threshold for them: {found.reason}"]
    said = (
        f"below a probability of {found.threshold:.3f} a sign is called unknown, which is chosen to let "
        f"{found.false_accept:.0%} of unknown signs pass; {found.refused:.0%} of known ones are called unknown, too "
        f"(AUROC {found.auroc:.2f}, {found.known_clips} validation clips; for {found.unknown_clips} unknown ones stood "
        f"{found.unknown})"
    )
    return [f"- Unknown signs: {said}"]


def _data(recipe: Recipe, manifest: Manifest) -> list[str]:
    """Where the clips come from and what may be done with them; they hold for the model too."""
    languages = sorted(manifest.table["language"].drop_nulls().unique())
    named = f"- Languages: {', '.join(languages) or 'not stated'}"
    if recipe.data.corpus is None or recipe.data.corpus not in list_corpora():
        return [
            f"- Clips: {recipe.data.manifest or recipe.data.corpus}",
            named,
            "- Terms: not stated in the manifest. Whoever gives this model on must know that the signers agreed to it.",
        ]
    corpus = get_corpus(recipe.data.corpus).about(recipe.data.root)
    root = f" ({recipe.data.root})" if recipe.data.root else ""
    return [
        f"- Clips: {corpus.name}{root}: {corpus.title}",
        named,
        f"- Terms, which hold for this model too: {corpus.licence}",
        f"- Source: {corpus.source}",
        f"- To cite: {corpus.citation}",
    ]


def _side(manifest: Manifest, split: str) -> str:
    part = manifest.table.filter(manifest.table["split"] == split)
    signers = part["signer"].drop_nulls().n_unique()
    return f"| {split} | {len(part)} | {part['gloss'].n_unique()} | {signers or 'unknown'} |"


def figures(summary: Summary) -> list[str]:
    """A table of the headline figures with their intervals, as lines of Markdown."""
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
        "",
        "Top-1: the right gloss comes first. Top-5: it is among the first five. Per class: each gloss counts the same.",
    ]


def _share(estimate: Estimate) -> str:
    return "not defined" if estimate.value is None else f"{estimate.value:.1%}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.interval.low:.1%} to {estimate.interval.high:.1%}" if estimate.interval else "none can be had"
