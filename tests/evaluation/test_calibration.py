from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import softmax as scipy_softmax

from ishara.errors import IsharaError
from ishara.evaluation.calibration import calibrate, ece, ece_by_chance, fit_temperature, reliability, softmax
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions

Make = Callable[..., Predictions]


def _validation(seed: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are perfectly calibrated at the temperature `sharpness`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(4000, 6))
    p = softmax(logits)
    truth = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1).clip(max=5)
    return logits * sharpness, truth


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_the_logits_were_made_with_is_found(temperature: float) -> None:
    logits, truth = _validation(1, temperature)
    fitted = fit_temperature(logits, truth)
    assert fitted == pytest.approx(temperature, rel=0.08)

    def nll(log_t: float) -> float:
        return float(-np.log(softmax(logits, np.exp(log_t))[np.arange(len(truth)), truth]).mean())

    best = minimize_scalar(nll, bounds=(np.log(0.1), np.log(10)), method="bounded", options={"xatol": 1e-8})
    assert fitted == pytest.approx(np.exp(best.x), rel=1e-4)


def test_log_probabilities_serve_as_logits() -> None:
    logits, truth = _validation(2, 2.0)
    assert fit_temperature(np.log(softmax(logits)), truth) == pytest.approx(fit_temperature(logits, truth), rel=1e-4)


def test_fitting_lowers_the_calibration_error() -> None:
    logits, truth = _validation(3, 3.0)

    def error(temperature: float) -> float:
        p = softmax(logits, temperature)
        value = ece(reliability(p.max(axis=1), (p.argmax(axis=1) == truth).astype(float)))
        assert value is not None
        return value

    assert error(fit_temperature(logits, truth)) < 0.03 < 0.1 < error(1.0)


def test_clips_that_are_all_right_name_no_temperature() -> None:
    assert fit_temperature(np.eye(4) * 8, np.arange(4)) == 1.0


def test_unknown_glosses_are_left_out() -> None:
    logits, truth = _validation(4, 1.5)
    extra = np.concatenate([logits, np.full((50, 6), 3.0)]), np.concatenate([truth, np.full(50, -1)])
    assert fit_temperature(*extra) == fit_temperature(logits, truth)


@pytest.mark.parametrize(
    ("logits", "truth", "message"),
    [
        (np.zeros((2, 3)), np.array([-1, -1]), "at least one"),
        (np.array([[0.0, np.nan]]), np.array([0]), "NaN"),
        (np.zeros((2, 3)), np.array([0]), "do not fit together"),
        (np.zeros((1, 3)), np.array([3]), "do not fit together"),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits: np.ndarray, truth: np.ndarray, message: str) -> None:
    with pytest.raises(IsharaError, match=message):
        fit_temperature(logits, truth)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=8), st.floats(0.1, 10))
def test_softmax_is_scipys_and_keeps_the_first_choice_first(logits: list[float], temperature: float) -> None:
    p = softmax(np.array(logits), temperature)
    np.testing.assert_allclose(p, scipy_softmax(np.array(logits) / temperature), atol=1e-12)
    assert p[int(np.argmax(logits))] == p.max()


@settings(max_examples=15, deadline=None)
@given(temperature=st.floats(0.1, 10))
def test_calibrating_never_changes_what_is_predicted(make: Make, temperature: float) -> None:
    predictions = make(5)
    after = calibrate(predictions, temperature)
    assert after.table["predicted"].equals(predictions.table["predicted"])
    assert summarise(after, resamples=20).top1 == summarise(predictions, resamples=20).top1


def test_calibrating_at_one_changes_nothing(make: Make) -> None:
    predictions = make()
    np.testing.assert_allclose(calibrate(predictions, 1.0).probabilities, predictions.probabilities, atol=1e-6)


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(IsharaError, match="above 0"):
        softmax(np.zeros(3), 0.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_the_error_is_between_0_and_1_and_no_clip_is_lost(rows: list[tuple[float, bool]]) -> None:
    confidence, correct = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], dtype=float)
    bins = reliability(confidence, correct)
    error = ece(bins)
    assert error is not None
    assert 0 <= error <= 1
    assert sum(b.count for b in bins) == len(rows)


def test_the_error_of_a_worked_example() -> None:
    bins = reliability(np.array([0.9, 0.9, 0.6, 0.6]), np.array([1.0, 0.0, 1.0, 1.0]), bins=10)
    assert ece(bins) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)
    assert ece(reliability(np.array([]), np.array([]))) is None


def test_perfect_confidences_show_an_error_that_shrinks_with_the_number_of_clips() -> None:
    rng = np.random.default_rng(0)
    values = []
    for clips in (100, 10_000):
        confidence = rng.uniform(0.2, 1, clips)
        found = ece(reliability(confidence, (rng.random(clips) < confidence).astype(float)))
        by_chance = ece_by_chance(confidence, [str(i) for i in range(clips)])
        assert by_chance == pytest.approx(found, abs=0.04 if clips == 100 else 0.004)
        values.append(by_chance)
    assert values[1] < 0.02 < values[0]
    confidence = rng.uniform(0.2, 1, 100)
    once = ece_by_chance(confidence, [str(i) for i in range(100)])
    again = ece_by_chance(np.repeat(confidence, 3), [str(i) for i in range(100) for _ in range(3)])
    assert once == pytest.approx(again, rel=0.1), "several rows of one clip are not several clips"
    assert ece_by_chance(np.zeros(0), []) is None
