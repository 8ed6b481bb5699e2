"""`ishara`, but folds only guess, and all but the first hold where they are told to: a program for test_workers.py.

    python held_folds.py crossval RECIPE --out HOME/folds ...

A fold holds where the named pipe HOME/here is: it writes its process into that and waits for ever.
"""

import os
import sys
import threading
from pathlib import Path

import numpy as np
import polars as pl

from ishara.clips.manifest import Manifest
from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe

HOLDS_NOT = "signer-01-seed0"


def guess_and_hold(recipe: Recipe, manifest: Manifest, folder: Path, *, stores: Path) -> Predictions:
    """Every gloss is as likely as the others."""
    here = stores.parents[1] / "here"
    if folder.name != HOLDS_NOT and here.exists():
        with here.open("a") as pipe:
            pipe.write(f"{os.getpid()}\n")
        threading.Event().wait()
    tested = manifest.where(pl.col("split") == "test")
    classes = len(manifest.glosses)
    return Predictions.build(tested, np.full((len(tested), classes), 1 / classes), manifest.glosses)


if __name__ == "__main__":
    from ishara.cli import main
    from ishara.training import protocol

    protocol.learn = guess_and_hold
    sys.argv = ["ishara", *sys.argv[1:]]
    main()
