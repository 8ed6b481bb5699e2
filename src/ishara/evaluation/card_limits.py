"""The parts of a model card that say where a recogniser goes wrong, and for whom nothing was measured."""

from __future__ import annotations

from ishara.clips.manifest import Manifest
from ishara.evaluation.insight import Insight
from ishara.evaluation.intervals import FEWEST_CLUSTERS, Estimate
from ishara.evaluation.metrics import Part, Summary

_PAIRS, _HARDEST = 6, 6
# A gloss tested on fewer clips than this has no figure of its own worth reading.
_FEW_CLIPS = 5
# Of fewer clips of a kind, the interval is no guide: none right of five would have 0 to 0.
_FEWEST_OF_A_KIND = 20
_MOST_NAMED = 8


def confusions(summary: Summary | None) -> list[str]:
    """What is most often confused, and which signs are hardest; nothing where it was not measured."""
    if summary is None:
        return []
    support = {row.gloss: row.support for row in summary.by_gloss}
    pairs = [
        f"- {pair.gloss} taken for {pair.predicted}: {pair.count} of {support[pair.gloss]} clips"
        for pair in summary.most_confused(_PAIRS)
    ]
    tested = sorted((row for row in summary.by_gloss if row.support), key=lambda row: (row.recall or 0, row.gloss))
    hardest = ", ".join(f"{row.gloss} ({row.recall:.0%} of {row.support})" for row in tested[:_HARDEST])
    return [
        "",
        "## What it confuses",
        "",
        *(pairs or ["It took no sign for another."]),
        f"- Found least often: {hardest}",
    ]


def shortcuts_found(insight: Insight | None) -> list[str]:
    """What the shortcut checks found, in plain language; nothing where nobody looked into the clips."""
    if insight is None:
        return []
    head = ["", "## Shortcuts", ""]
    check = insight.shortcuts
    if check is None:
        return [*head, f"Not checked: {insight.why_no_shortcuts}."]
    lines = [
        "Could its signs be told without looking at the signing? Small classifiers that know one thing alone, learnt",
        f"from {_number(check.trained_on)} and tested on {_number(check.tested_on)}. The recogniser itself names",
        f"{_percent(check.model)} rightly, and a blind guess {check.blind:.1%}.",
        "",
    ]
    for one in check.shortcuts:
        figure = "" if one.top1 is None else f" {_percent(one.top1)}{_between(one.top1)},"
        reason = f" ({one.why_not})" if one.why_not else ""
        hidden = "; the recogniser is not given it" if one.hidden else ""
        lines.append(f"- {one.title}:{figure} {one.verdict}{reason}{hidden}")
    return [*head, *lines, *(f"\n**Look at this.** {warning}" for warning in check.warnings)]


def not_covered(manifest: Manifest, summary: Summary | None, insight: Insight | None) -> list[str]:
    """Whom and what the figures say nothing about."""
    table = manifest.table
    signers = table["signer"].drop_nulls().n_unique()
    languages = sorted(table["language"].drop_nulls().unique())
    lines = [
        "- The clips do not say how old the signers are, their gender, the colour of their skin, whether they are",
        "  Deaf, hard of hearing or hearing, how long they have signed, or whether a disability shapes their signing.",
        "  So nobody knows whether it works as well for all of them. Try it with the people who are to use it.",
        "- Regional and personal forms of a sign that are not among the clips are not known.",
    ]
    if not signers:
        lines.append("- **Who signs is not stated.** Nobody knows how well it works for a person it has never seen.")
    elif summary is not None and 0 < summary.signers < FEWEST_CLUSTERS:
        who = "one signer" if summary.signers == 1 else f"{summary.signers} signers"
        lines.append(f"- **It was tested on {who} alone**: that says little about others.")
    only = (
        f"- Signed languages other than {', '.join(languages)}" if languages else "- The signed language is not stated"
    )
    lines.append(f"{only}: a sign that looks alike may mean something else elsewhere.")
    return ["", "## Whom and what it does not cover", "", *lines, *_weaker(summary, insight), *_few(summary)]


def _weaker(summary: Summary | None, insight: Insight | None) -> list[str]:
    """Left-handed clips, and kinds of clips that surely go worse than all together."""
    if insight is None or summary is None:
        return []
    lines = []
    if insight.by_hand:
        left = next((part for part in insight.by_hand if "left" in part.name), None)
        told = f"{_clips(left)}, {_percent(left.top1)}{_between(left.top1)}" if left else "none was tested"
        lines.append(f"- Clips in which the left hand leads: {told}")
    for title, parts in (("Length", insight.by_length), ("Frames without a hand", insight.by_missed_hands)):
        lines += [
            f"- {title} {part.name}: it goes worse, {_part(part)}" for part in parts if _worse(part, summary.top1)
        ]
    return lines


def _worse(part: Part, overall: Estimate) -> bool:
    """Whether a part has enough clips to say so, and its whole interval lies below the figure of all clips."""
    ends = part.top1.interval
    return part.clips >= _FEWEST_OF_A_KIND and ends is not None and ends.high < (overall.value or 0)


def _few(summary: Summary | None) -> list[str]:
    """Glosses that were never tested, or on a few clips."""
    if summary is None:
        return []
    never = [row.gloss for row in summary.by_gloss if row.in_vocabulary and not row.support]
    few = sum(1 for row in summary.by_gloss if 0 < row.support < _FEW_CLIPS)
    lines = []
    if never:
        more = f" and {len(never) - _MOST_NAMED} more" if len(never) > _MOST_NAMED else ""
        lines.append(f"- Learnt but never tested: {', '.join(never[:_MOST_NAMED])}{more}")
    if few:
        lines.append(f"- Tested on fewer than {_FEW_CLIPS} clips each: {few} of {summary.vocabulary} glosses")
    return lines


def _part(part: Part) -> str:
    return f"{_percent(part.top1)}{_between(part.top1)} of {_clips(part)}"


def _number(clips: int) -> str:
    return "1 clip" if clips == 1 else f"{clips} clips"


def _clips(part: Part) -> str:
    return "1 test clip" if part.clips == 1 else f"{part.clips} test clips"


def _percent(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.1%}"


def _between(estimate: Estimate) -> str:
    ends = estimate.interval
    return f" ({ends.low:.1%} to {ends.high:.1%})" if ends else ""
