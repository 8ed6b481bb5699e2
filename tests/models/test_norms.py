"""Normalisation and pooling of clips of unequal length: what they are on real frames, and nothing for padding."""

import pytest
import torch
from torch import Tensor, nn

from ishara.models.layers import DepthwiseConv, LateDropout
from ishara.models.norms import MaskedBatchNorm, MaskedLayerNorm, make_norm
from ishara.models.pooling import AttentionPooling, ChannelAttention

LENGTHS = (9, 1, 5)
MASK = torch.arange(9) < torch.tensor(LENGTHS)[:, None]


def clips(*shape: int, seed: int = 0) -> Tensor:
    """Clips of LENGTHS with something large where there is padding."""
    x = torch.randn(len(LENGTHS), 9, *shape, generator=torch.Generator().manual_seed(seed)) * 3 + 2
    return torch.where(MASK.reshape(3, 9, *[1] * len(shape)), x, 1e3)


def batch_norms(size: int) -> tuple[MaskedBatchNorm, nn.BatchNorm1d]:
    ours, plain = MaskedBatchNorm(size), nn.BatchNorm1d(size, momentum=0.05)
    with torch.no_grad():
        for norm in (ours.norm, plain):
            norm.weight.copy_(torch.linspace(0.5, 2, size))
            norm.bias.copy_(torch.linspace(-1, 1, size))
    return ours, plain


@pytest.mark.parametrize("shape", [(4,), (5, 4)])
def test_batch_norm_is_torchs_on_real_frames_in_training_and_in_use(shape: tuple[int, ...]) -> None:
    ours, plain = batch_norms(4)
    for seed in range(3):
        x = clips(*shape, seed=seed)
        found = ours(x, MASK)
        torch.testing.assert_close(found[MASK].reshape(-1, 4), plain(x[MASK].reshape(-1, 4)))
        assert (found[~MASK] == 0).all()
    torch.testing.assert_close(ours.norm.running_mean, plain.running_mean)
    torch.testing.assert_close(ours.norm.running_var, plain.running_var)
    ours.eval()
    plain.eval()
    found = ours(x, MASK)
    torch.testing.assert_close(found[MASK].reshape(-1, 4), plain(x[MASK].reshape(-1, 4)))
    assert (found[~MASK] == 0).all()


def test_batch_norms_gradients_are_torchs_and_none_reaches_padding() -> None:
    ours, plain = batch_norms(4)
    x, other = clips(4).requires_grad_(), clips(4).requires_grad_()
    weight = torch.randn(MASK.sum(), 4)
    (ours(x, MASK)[MASK] * weight).sum().backward()
    (plain(other[MASK]) * weight).sum().backward()
    torch.testing.assert_close(x.grad, other.grad)
    torch.testing.assert_close(ours.norm.weight.grad, plain.weight.grad)
    torch.testing.assert_close(ours.norm.bias.grad, plain.bias.grad)
    assert (x.grad[~MASK] == 0).all()


def test_one_frame_alone_is_normalised_as_in_use() -> None:
    norm = MaskedBatchNorm(4)
    x, mask = torch.randn(1, 3, 4), torch.tensor([[True, False, False]])
    trained = norm(x, mask)
    torch.testing.assert_close(trained, norm.eval()(x, mask))
    torch.testing.assert_close(norm.norm.running_mean, torch.zeros(4))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_statistics_are_float32_whatever_the_precision(dtype: torch.dtype) -> None:
    """The mean of 1,024 values near 64 is far off where it is summed in 8 or 11 bits."""
    norm = MaskedBatchNorm(2)
    x = (64 + torch.randn(8, 128, 2, generator=torch.Generator().manual_seed(1))).to(dtype)
    mask = torch.ones(8, 128, dtype=torch.bool)
    found = norm(x, mask)
    assert found.dtype == dtype
    assert norm.norm.running_mean.dtype == torch.float32
    torch.testing.assert_close(norm.norm.running_mean, 0.05 * x.float().mean((0, 1)))
    exact = nn.BatchNorm1d(2)(x.float().flatten(0, 1)).view_as(x)
    torch.testing.assert_close(found.float(), exact, atol=0.02, rtol=0)


def test_synchronised_statistics_are_found_by_torchs_converter() -> None:
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(MaskedBatchNorm(3)))
    assert isinstance(converted[0].norm, nn.SyncBatchNorm)


def test_layer_norm_is_torchs_and_padding_is_0() -> None:
    norm = make_norm("layer", 4)
    assert isinstance(norm, MaskedLayerNorm)
    x = clips(5, 4)
    found = norm(x, MASK)
    torch.testing.assert_close(found[MASK], nn.LayerNorm(4)(x)[MASK])
    assert (found[~MASK] == 0).all()


def test_pooling_begins_as_the_mean_and_its_weights_are_of_real_frames() -> None:
    pool, x = AttentionPooling(4), clips(4)
    pooled, weights = pool(x, MASK)
    torch.testing.assert_close(pooled, torch.stack([clip[:n].mean(0) for clip, n in zip(x, LENGTHS, strict=True)]))
    nn.init.normal_(pool.score.weight)
    pooled, weights = pool(x, MASK)
    assert (weights[~MASK] == 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
    torch.testing.assert_close(pooled, (weights[..., None] * x).sum(1))
    assert weights[0].max() > 1.5 / LENGTHS[0]


def test_channel_attention_does_not_see_how_much_padding_there_is() -> None:
    gate, x = ChannelAttention(), clips(6) * MASK[..., None]
    alone = gate(x[2:, :5], MASK[2:, :5])
    torch.testing.assert_close(gate(x, MASK)[2:, :5], alone)


@pytest.mark.parametrize("length", [1, 2, 17, 40])
def test_depthwise_convolution_is_conv1d_of_each_channel(length: int) -> None:
    conv = DepthwiseConv(6, 17)
    x = torch.randn(3, length, 6)
    expected = nn.functional.conv1d(x.transpose(1, 2), conv.weight[:, :, 0], padding=8, groups=6).transpose(1, 2)
    torch.testing.assert_close(conv(x), expected, atol=1e-5, rtol=1e-5)


def test_late_dropout_begins_after_its_batches_and_a_resumed_run_goes_on_counting() -> None:
    late, x = LateDropout(0.5, after=2), torch.ones(4, 50)
    assert [bool((late(x) == 0).any()) for _ in range(2)] == [False, False]
    resumed = LateDropout(0.5, after=2)
    resumed.load_state_dict(late.state_dict())
    for dropout in (late, resumed):
        assert (dropout(x) == 0).any()
        assert (dropout.eval()(x) == x).all()
