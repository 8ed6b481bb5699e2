"""TimeSformer: divided space–time attention over patches of all frames, and a class token.

Origin: Bertasius et al., "Is Space-Time Attention All You Need for Video Understanding?" (ICML 2021); the block is that
of the paper's code and of `transformers`, whose checkpoints it loads. Stochastic depth leaves out a clip's branches.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ishara.models.contract import ModelOutput
from ishara.models.layers import StochasticDepth, TokenLinear, attend, is_recorded, sinusoids, token_linear
from ishara.models.options import TimesformerOptions
from ishara.models.pixels import PixelModel, channels_seen
from ishara.models.pooling import AttentionPooling
from ishara.models.positions import nearest_in_time, resample_grid
from ishara.models.published import Published
from ishara.models.timesformer_checkpoint import load_checkpoint
from ishara.pose.features import FeatureLayout

_EPSILON = 1e-6


class Attention(nn.Module):
    """The weights of one multi-head attention; what attends to what is the block's affair."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = TokenLinear(size, 3 * size)
        self.out = TokenLinear(size, size)

    def project(self, x: Tensor) -> Tensor:
        """(..., N, size) → (..., N, 3, heads, size / heads): queries, keys and values."""
        return self.qkv(x).unflatten(-1, (3, self.heads, -1))


class Block(nn.Module):
    """Attention over time, attention over space, MLP, each added to what goes in.

    Tokens are (B, T, 1 + P, size): in each frame the class token, the same in all of them, and the frame's patches.
    """

    def __init__(self, options: TimesformerOptions, depth: float) -> None:
        super().__init__()
        size = options.d_model
        self.temporal_norm = nn.LayerNorm(size, _EPSILON)
        self.temporal = Attention(size, options.heads)
        self.temporal_dense = TokenLinear(size, size)
        self.spatial_norm = nn.LayerNorm(size, _EPSILON)
        self.spatial = Attention(size, options.heads)
        self.mlp_norm = nn.LayerNorm(size, _EPSILON)
        self.mlp = nn.Sequential(
            TokenLinear(size, options.feedforward), nn.GELU(), nn.Dropout(options.dropout),
            TokenLinear(options.feedforward, size),
        )  # fmt: skip
        self.branch = nn.Sequential(nn.Dropout(options.dropout), StochasticDepth(depth))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, T, 1 + P, size) → the same; `mask` (B, T) is None where all frames are real."""
        x = self._over_time(x, mask)
        x = x + self.branch(self._over_space(x, mask))
        return x + self.branch(self.mlp(self.mlp_norm(x)))

    def _over_time(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Each patch of a frame attends to the same place in all real frames; the class token stays as it is."""
        batch, patches = x.shape[0], x.shape[2] - 1
        qkv = self.temporal.project(self.temporal_norm(x[:, :, 1:]))
        # (B, T, P, 3, heads, width) → three of (B P, heads, T, width).
        q, k, v = qkv.permute(3, 0, 2, 4, 1, 5).flatten(1, 2).unbind()
        allowed = None
        if mask is not None:
            allowed = mask[:, None, None, None].expand(-1, patches, -1, -1, -1).flatten(0, 1)
        mixed = attend(q, k, v, allowed)
        mixed = mixed.unflatten(0, (batch, patches)).permute(0, 3, 1, 2, 4).flatten(3)
        # Two linear layers with nothing between them are one, and the product of their weights is the smaller work.
        dense, out = self.temporal_dense, self.temporal.out
        change = token_linear(mixed, dense.weight @ out.weight, dense.weight @ out.bias + dense.bias)
        return torch.cat([x[:, :, :1], x[:, :, 1:] + self.branch(change)], dim=2)

    def _over_space(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Each token of a frame attends to that frame's; the class token takes the mean over real frames."""
        qkv = self.spatial.project(self.spatial_norm(x)).flatten(0, 1)
        # (B T, 1 + P, 3, heads, width) → three of (B T, heads, 1 + P, width).
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()
        mixed = attend(q, k, v).transpose(1, 2).flatten(2)
        change = self.spatial.out(mixed).unflatten(0, x.shape[:2])
        token = _mean_over_frames(change[:, :, :1], mask).expand(-1, x.shape[1], -1, -1)
        return torch.cat([token, change[:, :, 1:]], dim=2)

    def class_token(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The block's output for the class token alone, (B, size), and its attention to each frame, (B, T).

        That one query is carried to the tokens through the keys' weights, and the tokens' mean through the values', so
        that neither keys nor values are computed. The keys' bias adds the same to each score and changes nothing.
        """
        x = self._over_time(x, mask)
        size, heads = x.shape[-1], self.spatial.heads
        normal = self.spatial_norm(x)
        to_query, to_key, to_value = self.spatial.qkv.weight.chunk(3)
        query_bias, _, value_bias = self.spatial.qkv.bias.chunk(3)
        query = F.linear(normal[:, 0, 0], to_query, query_bias).unflatten(-1, (heads, -1))
        seeking = torch.einsum("bhw,hws->bhs", query, to_key.unflatten(0, (heads, -1))) * (size // heads) ** -0.5
        scores = normal.flatten(1, 2) @ seeking.transpose(1, 2)
        weights = scores.unflatten(1, x.shape[1:3]).softmax(dim=2)
        found = _mean_over_frames(weights.transpose(2, 3) @ normal, mask).squeeze(1)
        mixed = torch.einsum("bhs,hws->bhw", found, to_value.unflatten(0, (heads, -1))).flatten(1) + value_bias
        token = x[:, 0, 0] + self.branch(self.spatial.out(mixed))
        token = token + self.branch(self.mlp(self.mlp_norm(token)))
        return token, weights[:, :, 1:].sum(dim=2).mean(dim=2)


def _mean_over_frames(x: Tensor, mask: Tensor | None) -> Tensor:
    """(B, T, ...) → (B, 1, ...): the mean over real frames."""
    if mask is None:
        return x.mean(dim=1, keepdim=True)
    share = mask / mask.sum(dim=1, keepdim=True)
    return (x * share.to(x.dtype).view(*mask.shape, *[1] * (x.ndim - 2))).sum(dim=1, keepdim=True)


class Timesformer(PixelModel):
    """See the module's head; options: `TimesformerOptions`.

    Sides that are no multiple of the patch are padded at the right and below with what normalises to 0, which adds
    nothing to a patch. `Timesformer.attention`: how much the class token of the last block looks at each frame's
    patches rather than at itself, mean over heads.
    """

    classifier = "head"

    def __init__(self, options: TimesformerOptions, num_classes: int) -> None:
        super().__init__(options)
        size = options.d_model
        self.smallest = self.patch = options.patch
        self.heads = options.heads
        self.checkpointing = options.checkpointing
        self.side = -(-options.size // options.patch)
        self.channels = channels_seen(options)
        self.has_stem = bool(options.stem)
        self.patches: nn.Module = nn.Conv2d(self.channels, size, options.patch, stride=options.patch)
        if options.stem:
            self.patches = _stem(options, self.channels)
        self.class_token = nn.Parameter(torch.zeros(1, 1, size))
        self.space_positions = nn.Parameter(torch.zeros(1, 1 + self.side**2, size))
        self.time_positions = nn.Parameter(torch.zeros(1, options.frames, size))
        self.dropout = nn.Dropout(options.dropout)
        steps = max(1, options.layers - 1)
        self.blocks = nn.ModuleList(
            Block(options, options.stochastic_depth * layer / steps) for layer in range(options.layers)
        )
        self.norm = nn.LayerNorm(size, _EPSILON)
        self.head = nn.Linear(size, num_classes)
        self.apply(_initialise)
        self.pooling = AttentionPooling(size) if options.pool == "max" else None
        for positions in (self.class_token, self.space_positions):
            nn.init.trunc_normal_(positions, std=0.02)
        if options.stem:
            self._begin_from_nothing()

    @property
    def last(self) -> Block:
        """The last block, of which only the class token is read."""
        block = self.blocks[-1]
        assert isinstance(block, Block)
        return block

    def _tokens(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, 3, H, W) uint8 → (B, T, 1 + P, size), with their positions."""
        # As numbers: while a graph is traced they would be tensors, but frames keep their sides there.
        height, width = (int(side) for side in x.shape[3:])
        below, right = -height % self.patch, -width % self.patch
        frames = self.pictures(x, mask)
        found = self.of_real_frames(
            self.patches, F.pad(frames, (0, right, 0, below)) if below or right else frames, mask
        )
        grid = (height + below) // self.patch, (width + right) // self.patch
        space = resample_grid(self.space_positions, self.side, grid)
        time = F.embedding(nearest_in_time(mask, self.time_positions.shape[1]), self.time_positions[0])
        patches = found.flatten(3).transpose(2, 3) + space[:, None, 1:] + time[:, :, None]
        token = (self.class_token + space[:, :1])[:, None].expand(*x.shape[:2], -1, -1)
        return self.dropout(torch.cat([token, patches], dim=2))

    def _begin_from_nothing(self) -> None:
        """With positions that tell places apart and weights of the width's size: the paper's begin a model of 768."""
        for module in self.patches.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        for module in self.blocks.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
        size = self.time_positions.shape[-1]
        along = sinusoids(self.side, size // 2)
        rows, columns = (along[:, None].expand(-1, self.side, -1), along[None].expand(self.side, -1, -1))
        with torch.no_grad():
            self.space_positions[0, 1:] = torch.cat([rows, columns], dim=-1).flatten(0, 1)
            self.time_positions[0] = sinusoids(self.time_positions.shape[1], size)

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        self.check(x, mask)
        tokens = self._tokens(x, mask)
        # Unmasked attention is faster; an exported graph serves both.
        hidden = mask if is_recorded() or not mask.all() else None
        again = self.checkpointing and torch.is_grad_enabled()
        for block in self.blocks[:-1]:
            tokens = checkpoint(block, tokens, hidden, use_reentrant=False) if again else block(tokens, hidden)
        if self.pooling is not None:
            patches = self.norm(self.last(tokens, hidden)[:, :, 1:])
            embedding, attention = self.pooling(patches.amax(dim=2), mask)
        else:
            token, weights = self.last.class_token(tokens, hidden)
            embedding = self.norm(token)
            attention = weights * mask
            attention = attention / attention.sum(dim=1, keepdim=True)
        return ModelOutput(self.head(self.dropout(embedding)), embedding, attention)

    def load_published(self, published: Published) -> list[str]:
        return load_checkpoint(self, published)


def _stem(options: TimesformerOptions, channels: int) -> nn.Module:
    """Patches by convolutions: Xiao et al., "Early Convolutions Help Transformers See Better" (NeurIPS 2021)."""
    layers: list[nn.Module] = []
    for width in options.stem:
        for stride in (2, 1):
            convolution = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
            # A CPU's convolutions take the channels last.
            convolution.weight.data = convolution.weight.data.contiguous(memory_format=torch.channels_last)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
    left = options.patch // 2 ** len(options.stem)
    if left > 1:
        layers.append(nn.MaxPool2d(left))
    return nn.Sequential(*layers, nn.Conv2d(channels, options.d_model, 1))


def _initialise(module: nn.Module) -> None:
    """As the paper's code begins."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def build(options: TimesformerOptions, layout: FeatureLayout, num_classes: int) -> Timesformer:
    """Make the model; it sees pixels, so no feature layout matters."""
    return Timesformer(options, num_classes)
