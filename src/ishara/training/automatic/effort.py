"""How large a recipe's model is, how long it learns, and what counts as a mistake."""

from __future__ import annotations

from collections.abc import Iterator

from ishara.training.automatic.choice import Choice
from ishara.training.automatic.constants import (
    BATCHES,
    EPOCHS_STEP,
    FEWEST_EPOCHS,
    FEWEST_STEPS_TO_AVERAGE,
    LEARNING,
    MANY_GLOSSES,
    MODEL,
    MOST_EPOCHS,
    STEPS,
    UNEQUAL,
    WIDTH_FOR_MANY,
    WIDTHS,
)
from ishara.training.automatic.survey import Survey

_WHY = {
    "loss.label_smoothing": "labels are not taken for quite certain",
    "optimizer.lr": "the usual rate of this model",
    "optimizer.weight_decay": "a small corpus is soon known by heart",
    "schedule.name": "the rate falls to 0, so that the last weights are settled",
    "schedule.warmup": "the first tenth of the steps, until averages mean something",
    "train.ema": "averaged weights vary less",
    "train.keep": "the rate ends at 0, and so no clip has to choose the epoch",
}


def choose_model(survey: Survey, training: int) -> Iterator[Choice]:
    """The architecture and its width, for so many training clips."""
    yield Choice(
        "model.name", MODEL, "convolutions over time and attention, after the winner of Kaggle's contest of signs"
    )
    width = _for(WIDTHS, training)
    why = f"for {_clips(training)} to learn from"
    if survey.vocabulary >= MANY_GLOSSES and width < WIDTH_FOR_MANY:
        width, why = WIDTH_FOR_MANY, f"room for {survey.vocabulary:,} glosses"
    yield Choice("model.options.d_model", width, why)


def choose_learning(survey: Survey, training: int) -> Iterator[Choice]:
    """Epochs, batches, the loss and how the rate changes, for so many training clips."""
    batch = _for(BATCHES, training)
    steps = -(-training // batch)
    wanted = round(STEPS / steps / EPOCHS_STEP) * EPOCHS_STEP
    epochs = min(MOST_EPOCHS, max(_for(FEWEST_EPOCHS, training), wanted))
    yield Choice("train.batch_size", batch, f"for {_clips(training)} to learn from")
    batches = "1 batch" if steps == 1 else f"{steps:,} batches"
    yield Choice("train.max_epochs", epochs, f"{batches} an epoch: {epochs * steps:,} steps of learning")
    glosses = survey.glosses
    if glosses.most >= UNEQUAL * glosses.tenth:
        why = f"the largest gloss has {glosses.most:,} clips, a tenth of the glosses at most {glosses.tenth:,}"
        yield Choice("loss.class_weights", "balanced", why)
    else:
        each = f"each gloss has {glosses.least:,} to {glosses.most:,} clips"
        each = f"each gloss has {_clips(glosses.least)}" if glosses.least == glosses.most else each
        yield Choice("loss.class_weights", "none", each)
    for key, value in LEARNING.items():
        if key != "train.ema" or epochs * steps >= FEWEST_STEPS_TO_AVERAGE:
            yield Choice(key, value, _WHY[key])


def _for(table: tuple[tuple[int, int], ...], number: int) -> int:
    """The value of the last row whose bound the number reaches."""
    return [value for bound, value in table if number >= bound][-1]


def _clips(number: int) -> str:
    return "1 clip" if number == 1 else f"{number:,} clips"
