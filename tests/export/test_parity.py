"""How far one form of a model may be from another."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.export.parity import Batch, Run, compare

BATCH: Batch = {"x": np.zeros((1, 2, 3), np.float32), "mask": np.ones((1, 2), bool)}


def _gives(logits: Sequence[float]) -> Run:
    def run(batch: Batch) -> list[NDArray[np.float32]]:
        return [np.array([logits], np.float32), np.zeros((1, 4), np.float32), np.full((1, 2), 0.5, np.float32)]

    return run


@pytest.mark.parametrize(
    ("expected", "found"),
    [([1.0, 0.0], [1.0, 0.00009]), ([25.0, 0.0], [25.0, 0.0002]), ([-25.0, 0.0], [-25.0002, 0.0])],
)
def test_rounding_is_accepted_more_where_the_numbers_are_large(expected: list[float], found: list[float]) -> None:
    worst = compare(_gives(expected), _gives(found), [BATCH], what="The copy", source="the model")
    assert worst == pytest.approx(np.abs(np.subtract(expected, found)).max(), rel=0.1)


@pytest.mark.parametrize(
    ("expected", "found", "message"),
    [
        ([1.0, 0.0], [1.0, 0.0002], r"'logits' by 0.0002 for 1 clips of up to 2 frames; at most 0.0001 is accepted"),
        ([25.0, 0.0], [25.0, 0.0003], r"at most 0.00025 is accepted"),
        ([float("inf"), 0.0], [25.0, 0.0], r"'logits' by inf"),
        ([float("nan"), 0.0], [float("nan"), 0.0], r"'logits' by nan"),
    ],
)
def test_what_is_more_than_rounding_is_refused(expected: list[float], found: list[float], message: str) -> None:
    with pytest.raises(IsharaError, match=rf"The copy differs from the model in .*{message}"):
        compare(_gives(expected), _gives(found), [BATCH], what="The copy", source="the model")
