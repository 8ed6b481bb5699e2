"""Who is tested: how a recipe parts a corpus into sides, and what its cross-validation leaves out."""

from __future__ import annotations

from dataclasses import dataclass

from ishara.training.automatic.choice import Choice
from ishara.training.automatic.constants import (
    FEWEST_CLIPS_TO_TEST,
    FEWEST_CLIPS_TO_VALIDATE,
    FEWEST_GROUPS,
    FEWEST_GROUPS_TO_VALIDATE,
    FOLDS,
    MOST_COMPARED,
    MOST_LEFT_OUT,
    REPEATED_BELOW,
    SHARED_GLOSSES,
    TEST_SHARE,
    VALIDATION_SHARE,
    VALIDATION_SHARE_OF_CLIPS,
)
from ishara.training.automatic.survey import Groups, Survey

_NAMES = "Name them: a column `signer` in a manifest; of a folder per gloss, data.options.signer='^(s[0-9]+)_'"
_NOTHING_TO_TEST = (
    "Most glosses have a single clip, so nothing is left to test: no figure will say how good the recogniser is. Add "
    "clips of each gloss, best by other people."
)
_UNCALIBRATED = "probabilities are then as the model gives them"


@dataclass(frozen=True)
class Parting:
    """How a corpus is parted.

    Parameters
    ----------
    choices
        Of the sections `split` and `protocol`.
    warnings
        What holds the figures back.
    training
        About how many clips are left to learn from, at least 1.
    """

    choices: tuple[Choice, ...]
    warnings: tuple[str, ...]
    training: int


def choose_sides(survey: Survey) -> Parting:
    """Part a corpus by its own sides, by signer, by language, or by clip, as far as it allows."""
    train, _, test = survey.official
    if sum(survey.official) == survey.clips and train and test:
        parting = _official(survey)
    else:
        by = next((groups for groups in survey.groups if _can_part(groups, survey)), None)
        parting = _by_group(survey, by) if by is not None else _by_clip(survey)
    duplicates = "together"
    why = "the same recording on two sides would be recognised by heart"
    if survey.clips > MOST_COMPARED:
        duplicates = "ignore"
        why = f"comparing {survey.clips:,} clips with one another takes long; `together` does it nonetheless"
    choice = Choice("split.near_duplicates", duplicates, why)
    return Parting((*parting.choices, choice), parting.warnings, max(1, parting.training))


def _can_part(groups: Groups, survey: Survey) -> bool:
    return groups.known == survey.clips and groups.values >= FEWEST_GROUPS and groups.shared >= SHARED_GLOSSES


def _official(survey: Survey) -> Parting:
    train, validation, test = survey.official
    sides = f"{train:,} to learn from, {test:,} to test"
    choices = [Choice("split.by", "official", f"the clips come with their sides: {sides}")]
    if validation:
        return Parting((*choices, _held_out()), (), train)
    signers = survey.groups[0]
    grouped = signers.known == survey.clips
    if (signers.values if grouped else survey.glosses.middle) < FEWEST_GROUPS_TO_VALIDATE:
        share, why = 0.0, f"too little is left over; {_UNCALIBRATED}"
    else:
        share = VALIDATION_SHARE if grouped else VALIDATION_SHARE_OF_CLIPS
        why = "from the training side, for the calibration of probabilities"
    choices.append(Choice("split.validation", share, why))
    return Parting((*choices, _held_out()), (), round(train * (1 - share)))


def _held_out() -> Choice:
    return Choice("protocol.name", "held-out", "`ishara crossval` tests the given side")


def _by_group(survey: Survey, groups: Groups) -> Parting:
    column, values = groups.column, groups.values
    tested = max(1, round(TEST_SHARE * values))
    validated = max(1, round(VALIDATION_SHARE * (values - tested))) if values >= FEWEST_GROUPS_TO_VALIDATE else 0
    why = f"the clips of {values} {column}s: whole ones are tested, as new people would be"
    if column != "signer":
        why = f"who signs is not known, but {values} {column}s are: whole ones are tested, and other people with them"
    choices = [
        Choice("split.by", "group", why),
        Choice("split.group", column, f"each {column} stands on one side"),
        Choice("split.test", TEST_SHARE, f"{tested} of {values} {column}s"),
    ]
    if validated:
        why = f"{validated} of the other {values - tested}, for the calibration of probabilities"
        choices.append(Choice("split.validation", VALIDATION_SHARE, why))
    else:
        choices.append(Choice("split.validation", 0.0, f"{values} {column}s are too few; {_UNCALIBRATED}"))
    if values <= MOST_LEFT_OUT:
        why = f"`ishara crossval` then tests each {column} once"
        choices.append(Choice("protocol.name", "leave-one-group-out", why))
    else:
        why = f"`ishara crossval` then tests each {column} in one of the folds"
        choices.append(Choice("protocol.name", "group-k-fold", why))
        choices.append(Choice("protocol.folds", FOLDS, f"one for each of {values} would take long"))
    left = 1 - (tested + validated) / values
    return Parting(tuple(choices), (), round(survey.clips * left))


def _by_clip(survey: Survey) -> Parting:
    usual = survey.glosses.middle
    test = TEST_SHARE if usual >= FEWEST_CLIPS_TO_TEST else 0.0
    validation = VALIDATION_SHARE_OF_CLIPS if usual >= FEWEST_CLIPS_TO_VALIDATE else 0.0
    few = f"glosses have {survey.glosses.least} to {survey.glosses.most} clips, half of them at most {usual}"
    choices = [
        Choice("split.by", "clip", _why_no_groups(survey)),
        Choice("split.test", test, "of each gloss alike" if test else f"{few}: all are learnt from"),
        Choice(
            "split.validation",
            validation,
            "of each gloss alike, for the calibration of probabilities" if validation else f"{few}; {_UNCALIBRATED}",
        ),
    ]
    if test:
        folds = max(2, min(FOLDS, usual))
        twice = survey.clips < REPEATED_BELOW
        choices += [
            Choice("protocol.name", "stratified-k-fold", "`ishara crossval` then tests each clip in one of the folds"),
            Choice("protocol.folds", folds, f"half of the glosses have {usual} clips or more to deal to them"),
            Choice("protocol.repeats", 2 if twice else 1, f"{survey.clips:,} clips are {'few' if twice else 'enough'}"),
        ]
        warnings = (_warn_of_signers(survey),)
    else:
        warnings = (_NOTHING_TO_TEST,)
    left = (1 - test) * (1 - validation)
    return Parting(tuple(choices), warnings, round(survey.clips * left))


def _why_no_groups(survey: Survey) -> str:
    signers = survey.groups[0]
    if not signers.known:
        return "who signs is not known"
    if signers.known < survey.clips:
        return f"who signs is not known of {survey.clips - signers.known:,} of {survey.clips:,} clips"
    if signers.values == 1:
        return "all clips are of one signer"
    if signers.values < FEWEST_GROUPS:
        return f"there are only {signers.values} signers"
    return f"only {signers.shared:.0%} of the glosses are signed by two signers or more"


def _warn_of_signers(survey: Survey) -> str:
    signers = survey.groups[0]
    if signers.known < survey.clips:
        unknown = "Who signs is not known" + (f" of {survey.clips - signers.known:,} clips" if signers.known else "")
        return (
            f"{unknown}, so the same people may stand on both sides, and the figures will be better than for people "
            f"never seen. {_NAMES}."
        )
    if signers.values == 1:
        return (
            "All clips are of one signer: the figures will say how well that person is recognised, and nothing of "
            f"others. Add clips of at least {FEWEST_GROUPS - 1} other people."
        )
    return (
        "The same signers stand on both sides, so the figures will be better than for people never seen. Add clips: "
        f"each gloss needs several signers, and the corpus at least {FEWEST_GROUPS}."
    )
