"""`Box`: a rectangle of the picture, in pixels."""

from __future__ import annotations

from typing import NamedTuple

from ishara.errors import IsharaError


class Box(NamedTuple):
    """A rectangle of the displayed picture (rotation applied), in pixels from its top left corner.

    ``right`` and ``bottom`` are the first column and row outside of it, as in the labels of WLASL.
    """

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def parse(cls, text: str) -> Box:
        """The box of a text such as ``"385 37 885 720"`` (left, top, right, bottom).

        Raises
        ------
        IsharaError
            If that is not four whole numbers, or the box is empty.
        """
        try:
            box = cls(*(int(word) for word in text.split()))
        except (TypeError, ValueError):
            raise IsharaError(
                f"The box {text!r} is not four whole numbers (left top right bottom, in pixels): '385 37 885 720'."
            ) from None
        if box.left >= box.right or box.top >= box.bottom:
            raise IsharaError(
                f"The box {text!r} is empty: left must be less than right and top less than bottom "
                "(left top right bottom, in pixels)."
            )
        return box

    def __str__(self) -> str:
        return f"{self.left} {self.top} {self.right} {self.bottom}"
