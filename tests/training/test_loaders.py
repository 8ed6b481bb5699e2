"""Loaders give way to the step where that is done by the same processor."""

import os

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from ishara.training.loaders import begin_loader

pytestmark = pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system has other priorities")


class _Priority(Dataset[int]):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.parametrize("gpu", [False, True])
def test_loaders_give_way_unless_a_gpu_does_the_step(monkeypatch: pytest.MonkeyPatch, gpu: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    loader = DataLoader(
        _Priority(), batch_size=None, num_workers=1, worker_init_fn=begin_loader, multiprocessing_context="fork"
    )
    assert list(loader) == [own if gpu else 19]
    assert os.getpriority(os.PRIO_PROCESS, 0) == own
