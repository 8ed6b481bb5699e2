"""What all models of pixels share: what they take, what they refuse, and normalising inside the model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from ishara.errors import IsharaError
from ishara.models.contract import SignModel
from ishara.models.layers import is_recorded
from ishara.models.options import PixelOptions
from ishara.models.published import Published

CHANNELS = 3
_WHITE = 255
# Motion is mostly none: about so much of full brightness on average, and so uneven.
_MOTION_MEAN, _MOTION_STD = 0.08, 0.16


def channels_seen(options: PixelOptions) -> int:
    """Channels of a frame as the network sees it: `PixelModel.pictures`."""
    return 2 * CHANNELS if options.sees == "both" else CHANNELS


def widened(kernels: Tensor, channels: int) -> Tensor:
    """Published first kernels (N, 3, H, W) for so many channels: 0 for further ones, so that it begins as published."""
    more = channels - kernels.shape[1] if kernels.ndim == 4 else 0
    if more <= 0:
        return kernels
    return torch.cat([kernels, kernels.new_zeros(len(kernels), more, *kernels.shape[2:])], dim=1)


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
        self.sees = options.sees
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
        return torch.addcmul(-self.mean / self.std, frames.to(self.mean.dtype), 1 / (_WHITE * self.std))

    def pictures(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, 3, H, W) uint8 frames → (B, T, C, H, W) float: what the network looks at.

        Motion is the distance from the mean of the clip's real frames, as background subtraction knows it; where the
        model sees both it comes after the colours, and C is 6. A clip of one frame has none.
        """
        if self.sees == "colours":
            return self.normalise(x)
        values = x.to(self.mean.dtype)
        share = (mask / mask.sum(dim=1, keepdim=True)).to(values.dtype)
        # Half precision would round the mean.
        with torch.autocast(x.device.type, enabled=False):
            background = torch.bmm(share[:, None], values.flatten(2)).unflatten(2, x.shape[2:])
        # In place: a batch of frames does not fit into any cache.
        motion = values.sub_(background).abs_().mul_(1 / (_WHITE * _MOTION_STD)).sub_(_MOTION_MEAN / _MOTION_STD)
        return motion if self.sees == "motion" else torch.cat([self.normalise(x), motion], dim=2)

    def of_real_frames(self, net: Callable[[Tensor], Tensor], pictures: Tensor, mask: Tensor) -> Tensor:
        """What `net` makes of each real frame, (N, C, H, W) → (N, ...), as (B, T, ...); 0 for padding.

        Except in a graph `net` never sees padding, which is so no part of a batch's statistics.
        """
        if is_recorded() and not self.training:
            found = net(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2])
            return found * mask.view(*pictures.shape[:2], *[1] * (found.ndim - 2))
        if mask.all():
            return net(pictures.flatten(0, 1)).unflatten(0, mask.shape)
        real = net(pictures[mask])
        padded = real.new_zeros(*mask.shape, *real.shape[1:])
        padded[mask] = real
        return padded

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
