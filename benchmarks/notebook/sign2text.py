"""The video notebook's Sign2Text (ASLive Sign2Text, cells 5 to 8): every frame through the CNN, no mask anywhere.

14,595,915 parameters with 10 classes. ResNet-18 is written out as torchvision has it, without its last layer; the
notebook took it from there.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES = 512
HIDDEN = 256
LAYERS = 2
DROPOUT = 0.1


class BasicBlock(nn.Module):
    """torchvision's block of two 3 × 3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.downsample = shortcut if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C', H', W')."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


def resnet18() -> nn.Sequential:
    """torchvision's ``resnet18`` up to its average pooling: (N, 3, H, W) → (N, 512, 1, 1)."""
    widths = [64, 64, 128, 256, 512]
    stages = [
        nn.Sequential(BasicBlock(inputs, outputs, 1 if i == 0 else 2), BasicBlock(outputs, outputs, 1))
        for i, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False))
    ]
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    model = nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d((1, 1)))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


class PositionalEncoding(nn.Module):
    """Sine and cosine positions from a buffer of fixed length, and dropout (cell 6)."""

    pe: Tensor

    def __init__(self, max_len: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)
        position = torch.arange(max_len, dtype=torch.float32)[:, None]
        rate = torch.exp(torch.arange(0, FEATURES, 2).float() * (-math.log(10000.0) / FEATURES))
        pe = torch.zeros(1, max_len, FEATURES)
        pe[0, :, 0::2] = torch.sin(position * rate)
        pe[0, :, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 512) → the same."""
        return self.dropout(x + self.pe[:, : x.shape[1]])


class NotebookSign2Text(nn.Module):
    """`Sign2TextModel` with the notebook's values (cell 17)."""

    def __init__(self, num_classes: int, *, frames: int = 32, frozen: bool = False) -> None:
        super().__init__()
        self.backbone = resnet18()
        for parameter in self.backbone.parameters():
            parameter.requires_grad = not frozen
        self.positional_encoding = PositionalEncoding(frames)
        self.lstm = nn.LSTM(FEATURES, HIDDEN, LAYERS, batch_first=True, dropout=DROPOUT, bidirectional=True)
        self.attention = nn.Sequential(nn.Linear(2 * HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1))
        self.fc_layer = nn.Sequential(
            nn.Linear(2 * HIDDEN, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, 3, H, W) float32 → (B, C) logits."""
        batch, frames = x.shape[:2]
        features = self.backbone(x.view(batch * frames, *x.shape[2:])).view(batch, frames, FEATURES)
        mixed, _ = self.lstm(self.positional_encoding(features))
        weights = F.softmax(self.attention(mixed), dim=1)
        return self.fc_layer(torch.sum(weights * mixed, dim=1))


def to_ishara(model: NotebookSign2Text) -> dict[str, Tensor]:
    """The weights of the notebook's model under the names of `ishara.models.sign2text`."""
    mapped = {}
    for name, tensor in model.state_dict().items():
        part, _, rest = name.partition(".")
        if part == "backbone":
            mapped[f"backbone.net.{_resnet_name(rest)}"] = tensor
        elif part != "positional_encoding":
            mapped[f"{'head' if part == 'fc_layer' else part}.{rest}"] = tensor
    return mapped


_PARTS = {
    "conv1": "layer.0.convolution",
    "bn1": "layer.0.normalization",
    "conv2": "layer.1.convolution",
    "bn2": "layer.1.normalization",
    "downsample.0": "shortcut.convolution",
    "downsample.1": "shortcut.normalization",
}


def _resnet_name(name: str) -> str:
    """A name of torchvision's ResNet in an `nn.Sequential` → the same tensor's in `transformers`."""
    index, rest = name.split(".", 1)
    if index in ("0", "1"):
        return f"embedder.embedder.{'convolution' if index == '0' else 'normalization'}.{rest}"
    block, part = rest.split(".", 1)
    old = next(old for old in _PARTS if part.startswith(f"{old}."))
    return f"encoder.stages.{int(index) - 4}.layers.{block}.{_PARTS[old]}{part.removeprefix(old)}"
