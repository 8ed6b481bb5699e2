"""Random predictions tables, and a film."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ishara.clips.clip import Clip
from ishara.evaluation.predictions import Predictions
from ishara.video.write import write_video

Make = Callable[..., Predictions]


def random_predictions(
    seed: int = 0,
    *,
    clips: int = 120,
    glosses: int = 6,
    signers: int | None = 6,
    skill: float = 1.5,
    truth_seed: int = 0,
    fold: str = "test",
    run: int = 0,
) -> Predictions:
    """A table whose truth and signers depend on `truth_seed` alone, and whose probabilities on `seed`."""
    rng = np.random.default_rng(truth_seed)
    labels = [f"G{i}" for i in range(glosses)]
    truth = rng.integers(0, glosses, clips)
    who = rng.integers(0, signers or 1, clips)
    logits = np.random.default_rng((seed, truth_seed)).normal(size=(clips, glosses))
    logits[np.arange(clips), truth] += skill
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = [
        Clip(f"c{i}", f"c{i}.pose", labels[truth[i]], signer=f"s{who[i]}" if signers else None) for i in range(clips)
    ]
    return Predictions.build(table, p, labels, fold=fold, seed=run)


@pytest.fixture(scope="session")
def make() -> Make:
    """`random_predictions`; for the session, so that property tests may use it."""
    return random_predictions


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A second of grey that grows lighter."""
    frames = [np.full((48, 64, 3), 40 + 4 * i, np.uint8) for i in range(25)]
    write_video(tmp_path / "film.mp4", frames, 25)
    return tmp_path / "film.mp4"
