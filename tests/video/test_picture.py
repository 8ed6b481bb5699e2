"""From stored to displayed pictures, and the part of them that is wanted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.video import Box
from ishara.video.picture import Picture, View, turns

_ONE = 1 << 16
_SIDE = st.integers(1, 400)


@given(st.integers(0, 3), st.booleans(), st.integers(2, 30), st.integers(2, 30), st.data())
def test_a_box_of_the_displayed_picture_is_found_in_the_stored_one(
    quarters: int, mirrored: bool, width: int, height: int, data: st.DataObject
) -> None:
    picture = Picture(width, height, 1.0, quarters, mirrored)
    stored = np.arange(width * height, dtype=np.int64).reshape(height, width, 1)
    shown = picture.upright(stored)  # type: ignore[arg-type]
    assert (shown.shape[1], shown.shape[0]) == picture.shown
    left = data.draw(st.integers(0, shown.shape[1] - 1))
    top = data.draw(st.integers(0, shown.shape[0] - 1))
    right = data.draw(st.integers(left + 1, shown.shape[1]))
    bottom = data.draw(st.integers(top + 1, shown.shape[0]))
    where = picture.stored(Box(left, top, right, bottom))
    part = stored[where.top : where.bottom, where.left : where.right]
    np.testing.assert_array_equal(picture.upright(part), shown[top:bottom, left:right])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((_ONE, 0, 0, 0, _ONE, 0, 0, 0, 1), (0, False)),
        ((0, _ONE, 0, -_ONE, 0, 0, 0, 0, 1), (1, False)),
        ((-_ONE, 0, 0, 0, -_ONE, 0, 0, 0, 1), (2, False)),
        ((0, -_ONE, 0, _ONE, 0, 0, 0, 0, 1), (3, False)),
        ((-_ONE, 0, 0, 0, _ONE, 0, 0, 0, 1), (0, True)),
        ((_ONE, 0, 0, 0, -_ONE, 0, 0, 0, 1), (2, True)),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0), (0, False)),
    ],
)
def test_display_matrices(matrix: tuple[int, ...], expected: tuple[int, bool]) -> None:
    assert turns(matrix) == expected


@given(_SIDE, _SIDE, _SIDE)
def test_a_short_side_keeps_the_shape(width: int, height: int, side: int) -> None:
    view = View.of((width, height), None, side, None)
    assert view.region == (0, 0, width, height)
    assert min(view.width, view.height) == side
    assert abs(view.width / view.height * height - width) <= max(width, height) / side


@given(_SIDE, _SIDE, _SIDE)
def test_a_square_is_the_middle_at_full_height_or_width(width: int, height: int, side: int) -> None:
    view = View.of((width, height), None, None, side)
    left, top, right, bottom = view.region
    assert (view.width, view.height) == (side, side)
    assert right - left == bottom - top == min(width, height)
    assert abs(left - (width - right)) <= 1
    assert abs(top - (height - bottom)) <= 1


def test_a_box_is_cut_at_the_picture() -> None:
    assert View.of((100, 50), Box(-5, 10, 60, 900), None, None) == View(Box(0, 10, 60, 50), 60, 40)


def test_a_box_outside_of_the_picture_is_refused() -> None:
    with pytest.raises(IsharaError, match="outside of the picture, which is 100×50"):
        View.of((100, 50), Box(100, 0, 120, 20), None, None)


@pytest.mark.parametrize(("short_side", "square"), [(8, 8), (0, None), (None, -3)])
def test_sizes_that_make_no_sense_are_refused(short_side: int | None, square: int | None) -> None:
    with pytest.raises(IsharaError, match="asked for; expected"):
        View.of((100, 50), None, short_side, square)
