"""ST-GCN: convolutions over a skeleton's graph and multi-branch convolutions over time, by turns.

Origin: ST-GCN++ of Duan et al., "PYSKL: Towards Good Practices for Skeleton Action Recognition" (ACM MM 2022), after
Yan et al., "Spatial Temporal Graph Convolutional Networks" (AAAI 2018). Differences, the first two for speed on a CPU:
each of the three subsets of the graph (a joint itself, inward, outward) carries a third of the channels and not all,
much as in DG-STGCN (Duan et al., 2022); the branches over time take the channels as they come, without a layer before
them; joints are told apart by a learnt vector and not by normalising each by itself, which would make much of what
hardly moved in training; joints are pooled by their mean and frames by attention.

Time may be halved at a stage's end. What is left of it is laid out over all frames again before they are pooled, so
`attention` is of single frames.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ishara.models.contract import ModelOutput, SignModel
from ishara.models.joints import joint_features, joint_graph
from ishara.models.layers import StochasticDepth, TokenLinear
from ishara.models.norms import make_norm
from ishara.models.options import StGcnOptions
from ishara.models.pooling import AttentionPooling
from ishara.pose.features import FeatureLayout


class OverJoints(nn.Module):
    """A graph convolution: each subset of the graph mixes the joints of a third of the channels."""

    graph: Tensor

    def __init__(self, size: int, wide: int, graph: Tensor, options: StGcnOptions) -> None:
        super().__init__()
        self.enter = TokenLinear(size, wide)
        self.register_buffer("graph", graph, persistent=False)
        self.learnt = nn.Parameter(torch.zeros_like(graph)) if options.adaptive else None
        self.leave = TokenLinear(wide, wide, bias=False)
        self.norm = make_norm(options.norm, wide)
        self.drop_path = StochasticDepth(options.drop_path)
        self.shortcut = nn.Identity() if size == wide else TokenLinear(size, wide, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, K, size) → (B, T, K, wide), 0 for padding in both."""
        graph = self.graph if self.learnt is None else self.graph + self.learnt
        subsets = self.enter(x).unflatten(-1, (len(graph), -1))
        mixed = torch.einsum("skj,btjsc->btksc", graph, subsets).flatten(-2)
        return F.relu(self.shortcut(x) + self.drop_path(self.norm(self.leave(mixed), mask)))


class OverTime(nn.Module):
    """Convolutions over time of several dilations, a maximum, and the frame itself, each on a part of the channels."""

    def __init__(self, size: int, stride: int, options: StGcnOptions) -> None:
        super().__init__()
        self.stride = stride
        branches = len(options.dilations) + 2
        self.parts = [size // branches + (part < size % branches) for part in range(branches)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(part, part, (3, 1), (stride, 1), (dilation, 0), (dilation, 1), bias=False)
            for part, dilation in zip(self.parts, options.dilations, strict=False)
        )
        self.leave = TokenLinear(size, size, bias=False)
        self.norm = make_norm(options.norm, size)
        self.drop_path = StochasticDepth(options.drop_path)

    def forward(self, x: Tensor, shorter: Tensor) -> Tensor:
        """(B, T, K, size) → (B, ⌈T / stride⌉, K, size), 0 for padding in both; `shorter` is the mask of the result."""
        branch = self.norm(self.leave(self._branches(x)), shorter)
        return F.relu(x[:, :: self.stride] + self.drop_path(branch))

    def _branches(self, x: Tensor) -> Tensor:
        # Channels come first for a convolution; in memory they stay last, which it takes as it is.
        *dilated, highest, same = x.permute(0, 3, 1, 2).split(self.parts, dim=1)
        mixed = [convolve(part) for convolve, part in zip(self.convolutions, dilated, strict=True)]
        # Nothing is below 0 here, so padding is never the highest.
        mixed.append(F.max_pool2d(highest, (3, 1), (self.stride, 1), (1, 0)))
        mixed.append(same[:, :, :: self.stride])
        return torch.cat(mixed, dim=1).permute(0, 2, 3, 1)


class StGcn(SignModel):
    """See the module's head; options: `StGcnOptions`."""

    classifier = "head.1"

    table: Tensor

    def __init__(self, options: StGcnOptions, layout: FeatureLayout, num_classes: int) -> None:
        super().__init__()
        self.input_shape = (len(layout),)
        self.register_buffer("table", joint_features(layout), persistent=False)
        joints, channels = self.table.shape
        graph = joint_graph(layout)
        size = options.channels[0]
        self.project = TokenLinear(channels, size, bias=False)
        self.joints = nn.Parameter(torch.randn(joints, size) * 0.02)
        self.norm = make_norm(options.norm, size)
        self.over_joints, self.over_time = nn.ModuleList(), nn.ModuleList()
        for wide, stride in zip(options.channels, options.strides, strict=True):
            for block in range(options.blocks):
                self.over_joints.append(OverJoints(size, wide, graph, options))
                self.over_time.append(OverTime(wide, stride if block == options.blocks - 1 else 1, options))
                size = wide
        self.pool = AttentionPooling(size)
        self.head = nn.Sequential(nn.Dropout(options.head_dropout), nn.Linear(size, num_classes))

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        x, steps, stride = self.norm(self.project(self._by_joint(x)) + self.joints, mask), mask, 1
        for over_joints, over_time in zip(self.over_joints, self.over_time, strict=True):
            x = over_joints(x, steps)
            if over_time.stride == 2:
                steps, stride = halve(steps), stride * 2
            x = over_time(x, steps)
        step_of = torch.arange(mask.shape[1], device=x.device) // stride
        embedding, attention = self.pool(x.mean(dim=2)[:, step_of], mask)
        return ModelOutput(self.head(embedding), embedding, attention)

    def _by_joint(self, x: Tensor) -> Tensor:
        """(B, T, F) → (B, T, K, C); 0 where a joint has no such channel."""
        with_missing = F.pad(x, (0, 1))
        return with_missing[..., self.table.flatten()].unflatten(-1, self.table.shape)


def halve(mask: Tensor) -> Tensor:
    """(B, T) → (B, ⌈T / 2⌉): whether one of two frames is real."""
    even = F.pad(mask, (0, 1))
    return even[:, :-1:2] | even[:, 1::2]


def build(options: StGcnOptions, layout: FeatureLayout, num_classes: int) -> StGcn:
    """Make the model for a feature layout."""
    return StGcn(options, layout, num_classes)
