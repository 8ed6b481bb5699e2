"""A ranking that knows what counts is ahead of chance; one that does not is not."""

import numpy as np
import pytest

from ishara.explain.curves import RANDOM, Curve, Gone, curves
from ishara.explain.moments import moment_effects, segments
from ishara.explain.pixels import GRID, PictureClip, blurred
from ishara.recognizer import ModelInput


class Known:
    """Stands in for a recogniser: the log-odds are the sum of the weights of what is still there."""

    def __init__(self, weights: list[float]) -> None:
        self.weights = np.array(weights)

    def log_odds(self, clips: list[ModelInput]) -> np.ndarray:
        return np.array([self.weights[clip.x.astype(int).ravel()].sum() - 3 for clip in clips])


def without(gone: Gone) -> ModelInput:
    return ModelInput(np.flatnonzero(~gone).astype(np.float32)[:, None], np.zeros(0, np.float32))


def test_the_true_order_beats_chance_and_the_reverse_does_not() -> None:
    weights = [0.0, 4, 0, 0, 2, 0, 0, 0]
    scorer = Known(weights)
    found = curves({"true": np.array(weights), "reverse": -np.array(weights)}, without, scorer)  # type: ignore[arg-type]
    assert found["true"].deletion_area < found[RANDOM].deletion_area < found["reverse"].deletion_area
    assert found["true"].insertion_area > found[RANDOM].insertion_area > found["reverse"].insertion_area
    for curve in found.values():
        assert curve.deletion[0] == curve.insertion[-1] == pytest.approx(1 / (1 + np.exp(-3)))
        assert curve.deletion[-1] == curve.insertion[0]
        assert (curve.share[0], curve.share[-1]) == (0, 1)


def test_areas_are_those_of_lines_that_are_known() -> None:
    share = np.linspace(0, 1, 5)
    assert Curve(share, 1 - share, np.ones(5)).deletion_area == pytest.approx(0.5)
    assert Curve(share, 1 - share, np.ones(5)).insertion_area == 1


def test_the_moment_that_counts_is_found() -> None:
    weights = np.zeros(24)
    weights[10:12] = 3
    scorer = Known(list(weights))
    effects = moment_effects(24, without, scorer, scorer.log_odds([without(np.zeros(24, bool))])[0])  # type: ignore[arg-type]
    assert effects is not None
    assert len(effects) == 12
    assert effects.argmin() == segments(24)[10]
    assert effects[0] == 0
    assert moment_effects(1, without, scorer, 0.0) is None  # type: ignore[arg-type]


def test_a_blurred_cell_leaves_the_rest_of_the_picture_as_it_is() -> None:
    x = np.random.default_rng(0).integers(0, 255, (6, 3, 32, 32)).astype(np.uint8)
    clip = PictureClip(ModelInput(x, np.arange(6, dtype=np.float32)))
    gone = np.zeros(clip.cells, bool)
    gone[1, 0, GRID - 1] = True
    changed = clip.without_cells(gone.ravel()).x != x
    assert changed[clip.segment == 1][:, :, :8, 24:].mean() > 0.9
    changed[clip.segment == 1, :, :8, 24:] = False
    assert not changed.any()


def test_blurring_keeps_one_colour_and_loses_detail() -> None:
    plain = np.full((2, 3, 30, 30), 77, np.uint8)
    np.testing.assert_array_equal(blurred(plain), plain)
    noisy = np.random.default_rng(1).integers(0, 255, (2, 3, 64, 64)).astype(np.uint8)
    assert blurred(noisy).std() < 0.15 * noisy.std()
