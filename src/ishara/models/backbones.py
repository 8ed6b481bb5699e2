"""ResNet as a frame encoder: its modules and weights are those of `transformers`.

Origin: He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016). The default is ResNet-18, laid out as
``microsoft/resnet-18``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers.models.resnet.configuration_resnet import ResNetConfig
from transformers.models.resnet.modeling_resnet import ResNetModel

from ishara.models.options import Sign2TextOptions
from ishara.models.pixels import channels_seen, widened
from ishara.models.published import Published

# Frames at once where no gradient is wanted: enough to keep the processor busy, few enough to bound the memory.
_CHUNK = 32
# Where Hugging Face keeps a ResNet inside a classifier of images, and that classifier.
_PREFIX, _CLASSIFIER = "resnet.", "classifier."
_FIRST = "embedder.embedder.convolution.weight"
# What its config.json must say as ours does, and which of our options says it.
_LAYOUT = {
    "model_type": "the architecture",
    "layer_type": "bottleneck",
    "embedding_size": "stem",
    "hidden_sizes": "widths",
    "depths": "depths",
    "hidden_act": "the activation",
    "downsample_in_first_stage": "the first stage's stride",
    "downsample_in_bottleneck": "the bottleneck's stride",
}


class FrameEncoder(nn.Module):
    """A ResNet up to its pooling over places: (N, 3, H, W) normalised pictures → (N, `size`).

    Frozen parts are not trained, and their batch normalisation keeps its stored statistics in training too.
    """

    def __init__(self, options: Sign2TextOptions) -> None:
        super().__init__()
        self.net = ResNetModel(_config(options))
        self.size = options.widths[-1]
        self.checkpointing = options.checkpointing
        self.pool = options.pool
        self.stored_statistics = options.batch_norm == "stored"
        for module in self.net.modules():
            # transformers keeps a second copy of every activation; torchvision's ResNet does not.
            if isinstance(getattr(module, "activation", None), nn.ReLU):
                module.activation = nn.ReLU(inplace=True)
        parts = dict(zip(options.parts, self._parts(), strict=True))
        self._frozen = [parts[name] for name in options.frozen_parts]
        for part in self._frozen:
            part.requires_grad_(False)
        # A CPU's convolutions take the channels last; so do a GPU's in half precision.
        for parameter in self.net.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self.train()

    def _parts(self) -> list[nn.Module]:
        return [self.net.embedder, *self.net.encoder.stages]

    @property
    def frozen(self) -> bool:
        """Whether nothing of it is trained, so that a frame's features never change."""
        return len(self._frozen) == len(self._parts())

    def train(self, mode: bool = True) -> FrameEncoder:
        super().train(mode)
        for part in self._frozen:
            part.eval()
        if self.stored_statistics:
            for module in _batch_norms(self):
                module.eval()
        return self

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, size)."""
        learns = torch.is_grad_enabled() and not self.frozen
        if learns or torch.onnx.is_in_onnx_export() or any(module.training for module in _batch_norms(self)):
            return self._encode(pictures, checkpointing=self.checkpointing and learns)
        with torch.no_grad():
            return torch.cat([self._encode(part, checkpointing=False) for part in pictures.split(_CHUNK)])

    def _encode(self, pictures: Tensor, *, checkpointing: bool) -> Tensor:
        x = pictures.contiguous(memory_format=torch.channels_last)
        for part in self._parts():
            context = partial(_once, part)
            x = checkpoint(part, x, use_reentrant=False, context_fn=context) if checkpointing else part(x)
        return x.amax((2, 3)) if self.pool == "max" else self.net.pooler(x).flatten(1)

    def named(self, published: Published) -> dict[str, Tensor]:
        """A published ResNet's tensors under the names of this module; its own classifier is left out.

        Raises
        ------
        IsharaError
            If it is laid out otherwise.
        """
        ours = self.net.config
        for key, option in _LAYOUT.items():
            published.expect(key, getattr(ours, key), option)
        # A count that nothing computes with; older files lack it.
        own = self.net.state_dict()
        named = {name: own[name] for name in own if name.endswith("num_batches_tracked")}
        for name, tensor in published.weights.items():
            if not name.startswith(_CLASSIFIER):
                named[name.removeprefix(_PREFIX)] = tensor
        if _FIRST in named:
            named[_FIRST] = widened(named[_FIRST], ours.num_channels)
        return {f"net.{name}": tensor for name, tensor in named.items()}

    def fingerprint(self) -> str:
        """SHA-256 of all that frames' features depend on here: settings and weights."""
        found = hashlib.sha256(f"{self.net.config.to_json_string()}{self.pool}".encode())
        for name, tensor in self.net.state_dict().items():
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return found.hexdigest()


def _config(options: Sign2TextOptions) -> ResNetConfig:
    return ResNetConfig(
        num_channels=channels_seen(options),
        embedding_size=options.stem,
        hidden_sizes=list(options.widths),
        depths=list(options.depths),
        layer_type="bottleneck" if options.bottleneck else "basic",
    )


def _batch_norms(module: nn.Module) -> Iterator[nn.BatchNorm2d]:
    return (part for part in module.modules() if isinstance(part, nn.BatchNorm2d))


def _once(part: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """For a part that is computed twice: the second time its batch statistics are not counted again."""
    return nullcontext(), _uncounted(part)


@contextmanager
def _uncounted(part: nn.Module) -> Iterator[None]:
    counting = [module for module in _batch_norms(part) if module.training]
    momenta = [module.momentum for module in counting]
    for module in counting:
        module.momentum = 0.0
    try:
        yield
    finally:
        for module, momentum in zip(counting, momenta, strict=True):
            module.momentum = momentum
            if module.num_batches_tracked is not None:
                module.num_batches_tracked -= 1
