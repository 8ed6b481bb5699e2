"""The numbers behind the automatic choices, all in one place, each with why."""

from __future__ import annotations

from typing import Any

# --- Looking at the data ---------------------------------------------------------------------------------------------
# Clips that are read to find out what the data are: shares are then right to some five points, and it takes seconds.
SAMPLED_CLIPS = 400
SAMPLE_SEED = 0
# A landmark that is seen in fewer frames than this is not there: a constant 0 would only be in the way.
LEAST_SEEN = 0.01
# Above this share of unreadable clips in the sample, something is wrong with the corpus and not with single files.
MANY_UNREADABLE = 0.1
# Below this share of frames with a hand, extraction has missed what counts.
FEW_HANDS = 0.5
# A hand's depths that differ by less than this share of its height and width are no depths.
FLAT = 1e-3
# Corpora that stored only frames with hands have none without; a detector that is merely good still misses some.
ALL_HANDS = 0.999
# Between these shares of clips led by the left hand there are left-handed signers, and not only two-handed signs or
# a mirrored camera.
LEFT_HANDED = (0.1, 0.9)
# A signer is left-handed whose left hand leads in so many clips, of at least so many that were looked at; and there are
# left-handed signers, where at most half of all are: else it is the cameras that mirror.
NEARLY_ALWAYS, FEWEST_TO_TELL_HANDEDNESS = 0.9, 5

# --- Sides -----------------------------------------------------------------------------------------------------------
# With fewer signers, too little is left to learn from when one of them is tested.
FEWEST_GROUPS = 3
# Validation signers fit the temperature and nothing else (the last checkpoint is kept): not at the price of a third.
FEWEST_GROUPS_TO_VALIDATE = 5
# Signers that share no glosses with others cannot be tested: nobody else's clips would teach those glosses.
SHARED_GLOSSES = 0.9
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15  # of groups
VALIDATION_SHARE_OF_CLIPS = 0.1
# In the middle gloss: below 2 nothing can be tested without taking a gloss's only clip, below 4 nothing validated.
FEWEST_CLIPS_TO_TEST = 2
FEWEST_CLIPS_TO_VALIDATE = 4
# Looking for near-identical clips compares every clip with every other: the time grows with the square.
MOST_COMPARED = 20_000
# Leaving out one group at a time, `ishara crossval` trains as many models as there are groups.
MOST_LEFT_OUT = 20
FOLDS = 5
# Two drawings of the folds where one takes minutes: small corpora need them more.
REPEATED_BELOW = 1_000

# --- Frames ----------------------------------------------------------------------------------------------------------
# Clips are squeezed to the length of all but the longest few, to a multiple of this and at most so many: 64 frames are
# two seconds and a half of video, longer than most single signs.
LONGEST_SHARE = 0.98
FRAMES_STEP = 8
MOST_FRAMES = 64
# Large corpora are squeezed further, so that an epoch stays near so many frames; but never below 32, which is what the
# isl30 recipe takes of its 71 (median).
FRAMES_PER_EPOCH = 80_000
FEWEST_FRAMES = 32

# --- Augmentation ----------------------------------------------------------------------------------------------------
# Bodies from a depth camera can be turned in space; what belongs to a picture (perspective, shear, the hands' jitter)
# does not apply to them. The values are those of the isl30 recipe.
MEASURED_AUGMENT: dict[str, Any] = {
    "rotation": 5,
    "scale": [0.9, 1.1],
    "yaw": 50,
    "time_warp": [0.8, 1.2],
    "frame_dropout": 0.1,
    "noise": 0.02,
    "arm_rotation": 15,
    "arm_length": [0.85, 1.18],
}

# --- Model and learning ----------------------------------------------------------------------------------------------
MODEL = "conv_transformer"
# Training clips from which on each width is taken: more clips carry a larger model without learning it by heart.
WIDTHS = ((0, 128), (250, 192), (20_000, 256))
# A wide choice of glosses needs room in the embedding, however few clips each has.
MANY_GLOSSES, WIDTH_FOR_MANY = 500, 256
# Training clips from which on each batch size is taken: a small corpus needs the steps, a large one the speed.
BATCHES = ((0, 16), (1_000, 32), (20_000, 64))
# Optimiser steps of a run: what 60 epochs of fingerspelling or wlasl50 come to. isl30's 30 epochs come to 1,800.
STEPS = 1_200
# In a shorter run, an average of weights with a decay of 0.99 still holds too much of the first ones.
FEWEST_STEPS_TO_AVERAGE = 500
# Each clip is seen so often at least (fewer times in large corpora, which repeat themselves) and at most.
FEWEST_EPOCHS = ((0, 30), (20_000, 20), (100_000, 12))
MOST_EPOCHS = 150
EPOCHS_STEP = 10
LEARNING = {
    "loss.label_smoothing": 0.1,
    "optimizer.lr": 1e-3,
    "optimizer.weight_decay": 0.05,
    "schedule.name": "cosine",
    "schedule.warmup": 0.1,
    "train.ema": 0.99,
    "train.keep": "last",
}
# The largest gloss beside one that only a tenth of the glosses fall short of. One rare gloss alone does not count: a
# weight for it would make its few clips loud. wlasl50 stands at 2.
UNEQUAL = 5.0
