"""Boxes as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.video import Box

_SIDES = st.tuples(st.integers(-50, 4000), st.integers(1, 4000))


@given(_SIDES, _SIDES)
def test_a_box_written_and_read_is_the_same(across: tuple[int, int], down: tuple[int, int]) -> None:
    box = Box(across[0], down[0], across[0] + across[1], down[0] + down[1])
    assert Box.parse(str(box)) == box


@pytest.mark.parametrize("text", ["", "1 2 3", "1 2 3 4 5", "a b c d", "1.5 2 3 4", "1,2,3,4"])
def test_what_is_not_four_whole_numbers_is_refused(text: str) -> None:
    with pytest.raises(IsharaError, match="not four whole numbers"):
        Box.parse(text)


@pytest.mark.parametrize("text", ["5 0 5 9", "0 9 5 3"])
def test_an_empty_box_is_refused(text: str) -> None:
    with pytest.raises(IsharaError, match="is empty"):
        Box.parse(text)
