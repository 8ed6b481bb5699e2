"""Mixed batches: what is blended is real, of the right class, and nothing else changes."""

import pytest
import torch

from ishara.recipe import Train
from ishara.training.data import Batch
from ishara.training.mixing import mix

LENGTHS = (5, 3, 8, 8)


def batch(dtype: torch.dtype = torch.float32) -> Batch:
    """Clip number i says 10 (i + 1) in each of its frames."""
    mask = torch.arange(8) < torch.tensor(LENGTHS)[:, None]
    said = torch.arange(10, 50, 10)[:, None, None]
    return Batch((mask[..., None] * said.expand(-1, 8, 2)).to(dtype), mask, torch.arange(4))


def test_nothing_is_mixed_by_default() -> None:
    before = batch()
    after, _, share = mix(before, Train())
    assert after is before
    assert share == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
@pytest.mark.parametrize("seed", range(10))
def test_mixup_blends_both_classes_by_their_shares(seed: int, dtype: torch.dtype) -> None:
    torch.manual_seed(seed)
    own = batch(dtype)
    mixed, other, share = mix(own, Train(mixup=0.5))
    assert 0.5 <= share <= 1
    assert torch.equal(mixed.label, own.label)
    assert mixed.x.dtype == dtype
    for i, j in enumerate(other.tolist()):
        both, longest = min(LENGTHS[i], LENGTHS[j]), max(LENGTHS[i], LENGTHS[j])
        blended = share * 10 * (i + 1) + (1 - share) * 10 * (j + 1)
        alone = 10.0 * ((i if LENGTHS[i] > both else j) + 1)
        wanted = torch.tensor([blended] * both + [alone] * (longest - both) + [0.0] * (8 - longest))
        torch.testing.assert_close(
            mixed.x[i, :, 0].float(), wanted, atol=0.51 if dtype == torch.uint8 else 1e-4, rtol=0
        )
        assert mixed.mask[i].tolist() == [True] * longest + [False] * (8 - longest)


@pytest.mark.parametrize("seed", range(10))
def test_cutmix_puts_a_stretch_of_the_partner_into_each_clip(seed: int) -> None:
    torch.manual_seed(seed)
    own = batch()
    mixed, other, share = mix(own, Train(cutmix=1.0))
    assert torch.equal(mixed.mask, own.mask)
    for i, j in enumerate(other.tolist()):
        said = mixed.x[i, : LENGTHS[i], 0].tolist()
        taken = [frame for frame, value in enumerate(said) if value == 10 * (j + 1)]
        if i != j:
            assert len(taken) == round((1 - share) * LENGTHS[i])
            assert taken == list(range(taken[0], taken[-1] + 1)) if taken else True
        assert set(said) <= {10.0 * (i + 1), 10.0 * (j + 1)}
        assert not mixed.x[i, LENGTHS[i] :].any()


def test_a_part_of_the_partner_comes_from_the_same_part_of_its_time() -> None:
    frames = torch.arange(1.0, 9).repeat(2, 1)[..., None]
    mask = torch.arange(8) < torch.tensor([8, 4])[:, None]
    clips = Batch(frames * mask[..., None], mask, torch.arange(2))
    for seed in range(20):
        torch.manual_seed(seed)
        mixed, other, _ = mix(clips, Train(cutmix=1.0))
        if other.tolist() == [1, 0]:
            assert all(value in (t + 1, t // 2 + 1) for t, value in enumerate(mixed.x[0, :, 0].tolist()))
            assert all(value in (t + 1, 2 * t + 1) for t, value in enumerate(mixed.x[1, :4, 0].tolist()))


def test_what_is_drawn_follows_from_torchs_seed() -> None:
    options = Train(mixup=0.4, cutmix=0.5)
    for seed in range(5):
        torch.manual_seed(seed)
        first = mix(batch(), options)
        torch.manual_seed(seed)
        again = mix(batch(), options)
        assert torch.equal(first.batch.x, again.batch.x)
        assert torch.equal(first.other, again.other)
        assert first.share == again.share
