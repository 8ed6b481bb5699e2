"""What all models of pixels share: what they take, what they refuse, and normalising inside the model."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ishara.errors import IsharaError
from ishara.models.contract import SignModel
from ishara.models.options import PixelOptions
from ishara.models.published import Published

CHANNELS = 3


class PixelModel(SignModel):
    """Base of every model of pixels.

    ``forward(x, mask)`` takes RGB frames (B, T, 3, H, W) uint8 and a mask (B, T) bool: a clip's real frames come first,
    at least one, and padding after them. Frames may have other sides than `input_shape`, the one it is made for.
    """

    input_dtype = torch.uint8
    # The smallest side of a frame that the model can look at, in pixels.
    smallest: int

    mean: Tensor
    std: Tensor

    def __init__(self, options: PixelOptions) -> None:
        super().__init__()
        self.input_shape = (CHANNELS, options.size, options.size)
        for name in ("mean", "std"):
            channels = torch.tensor(getattr(options, name)).view(CHANNELS, 1, 1)
            self.register_buffer(name, channels, persistent=False)

    @abstractmethod
    def load_published(self, published: Published) -> list[str]:
        """Start from published weights.

        Returns
        -------
        list[str]
            A sentence for each part that does not come from there, or not as it stands there.

        Raises
        ------
        IsharaError
            If they are of another architecture, or a tensor does not fit (it is named).
        """

    def normalise(self, frames: Tensor) -> Tensor:
        """(..., 3, H, W) uint8 → float of the model's precision, by `mean` and `std` of each channel."""
        return torch.addcmul(-self.mean / self.std, frames.to(self.mean.dtype), 1 / (255 * self.std))

    def check(self, x: Tensor, mask: Tensor) -> None:
        """Refuse what is no batch of clips.

        Raises
        ------
        IsharaError
            If the frames are not (B, T, 3, H, W) uint8, are too small, or the mask is not (B, T) bool.
        """
        if x.ndim != 5 or x.shape[2] != CHANNELS or x.dtype != self.input_dtype:
            found = f"{str(x.dtype).removeprefix('torch.')} of shape {tuple(x.shape)}"
            hint = " A grey picture's one channel is repeated three times." if x.ndim == 5 and x.shape[2] == 1 else ""
            raise IsharaError(f"Found frames as {found}; expected RGB as uint8 of shape (B, T, 3, H, W).{hint}")
        if min(x.shape[3:]) < self.smallest:
            raise IsharaError(
                f"Found frames of {x.shape[3]} × {x.shape[4]} pixels; expected at least {self.smallest} on each side."
            )
        if mask.shape != x.shape[:2] or mask.dtype != torch.bool:
            found = f"{str(mask.dtype).removeprefix('torch.')} of shape {tuple(mask.shape)}"
            raise IsharaError(
                f"Found a mask as {found}; expected bool of shape {tuple(x.shape[:2])}, as the frames have."
            )
