"""Export: what is written computes what torch does, or it is not written."""

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

from ishara.errors import IsharaError
from ishara.export.onnx import check_parity, export_onnx
from ishara.export.parity import probes
from ishara.models import create_model, list_models
from ishara.models.contract import ModelOutput

from .moody import Moody

# What makes each architecture small.
SHALLOW = {"conv_transformer": {"stages": 1}, "st_gcn": {"blocks": 1}}


@pytest.mark.parametrize("name", list_models("landmarks"))
def test_every_model_is_the_same_in_onnx(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model(name, num_classes=5, **SHALLOW.get(name, {"layers": 2}))
    export_onnx(model, tmp_path / "model.onnx")
    session = ort.InferenceSession(str(tmp_path / "model.onnx"))
    for batch, length in ((1, 1), (2, 9), (5, 64)):
        x = torch.randn(batch, length, 108)
        mask = torch.arange(length) < torch.linspace(length, 1, batch).long()[:, None]
        with torch.no_grad():
            expected = model.eval()(x, mask)
        found = session.run(["logits", "embedding", "attention"], {"x": x.numpy(), "mask": mask.numpy()})
        for ours, theirs in zip(expected, found, strict=True):
            np.testing.assert_allclose(theirs, ours.numpy(), atol=1e-5)


def test_a_difference_is_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match=r"differs from torch in 'logits' by .*Nothing was written"):
        export_onnx(Moody(), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_parity_sees_other_weights(tmp_path: Path) -> None:
    model = create_model("spoter", num_classes=3, layers=1)
    export_onnx(model, tmp_path / "model.onnx")
    assert check_parity(model, tmp_path / "model.onnx") < 1e-4
    with torch.no_grad():
        model.head[5].bias += 0.01
    with pytest.raises(IsharaError, match="'logits'"):
        check_parity(model, tmp_path / "model.onnx")


SMALL = {
    "sign2text": {"size": 32, "stem": 8, "widths": (8, 8), "depths": (1, 1), "features": 8, "hidden": 8},
    "timesformer": {"size": 32, "d_model": 16, "heads": 2, "layers": 2, "feedforward": 32, "frames": 6},
}


@pytest.mark.parametrize("name", list_models("pixels"))
def test_models_of_pixels_are_the_same_in_onnx_for_every_length(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model(name, num_classes=5, **SMALL[name])
    export_onnx(model, tmp_path / "model.onnx")
    session = ort.InferenceSession(str(tmp_path / "model.onnx"))
    for lengths in ((1,), (9, 4), (6, 6, 2)):
        x, mask = model.random_clips(lengths, seed=1)
        with torch.no_grad():
            expected = model.eval()(x, mask)
        found = session.run(["logits", "embedding", "attention"], {"x": x.numpy(), "mask": mask.numpy()})
        for ours, theirs in zip(expected, found, strict=True):
            np.testing.assert_allclose(theirs, ours.numpy(), atol=1e-4)


@pytest.mark.parametrize("name", list_models("pixels"))
def test_exporting_says_nothing(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_onnx(create_model(name, num_classes=5, **SMALL[name]), tmp_path / "model.onnx")
    assert capfd.readouterr() == ("", "")


class Worried(Moody):
    """A model with a warning of its own."""

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        self.calls = 0
        warnings.warn("the sky is falling", stacklevel=1)
        return super().forward(x, mask)


@pytest.mark.parametrize("side", [64, 224, 512])
def test_pictures_of_any_size_are_tried_in_several_lengths_and_padded(side: int) -> None:
    asked: list[tuple[int, ...]] = []

    def random_clips(lengths: tuple[int, ...], seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(lengths)
        return torch.zeros(1), torch.zeros(1)

    model: Any = SimpleNamespace(input_shape=(3, side, side), random_clips=random_clips)
    list(probes(model))
    assert asked[:2] == [(1,), (5, 2)]


def test_warnings_that_are_not_known_are_heard(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="the sky is falling"):
        export_onnx(Worried(), tmp_path / "model.onnx")
