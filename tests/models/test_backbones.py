"""Published weights: from a folder or the hub's cache, whole and of the right layout, or refused by name."""

import pickle
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from transformers.models.resnet.configuration_resnet import ResNetConfig
from transformers.models.resnet.modeling_resnet import ResNetForImageClassification

from ishara.errors import IsharaError
from ishara.models import create_model, published
from ishara.models.published import fetch
from ishara.models.sign2text import Sign2Text

SMALL = {"stem": 8, "widths": (8, 16), "depths": (1, 1), "hidden": 12, "size": 32}


def make(pretrained: Path | None = None, **options: Any) -> Sign2Text:
    model = create_model("sign2text", num_classes=3, pretrained=pretrained, **{**SMALL, **options})
    assert isinstance(model, Sign2Text)
    return model


@pytest.fixture
def resnet(tmp_path: Path) -> ResNetForImageClassification:
    """A small classifier of images with random weights and statistics, saved as Hugging Face does."""
    torch.manual_seed(0)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_labels=4)
    model = ResNetForImageClassification(config).eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if "running" in name:
                tensor.uniform_(0.5, 1.5)
    model.save_pretrained(tmp_path / "resnet")
    return model


def as_pickle(folder: Path, state: Any) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")


@pytest.mark.parametrize("form", ["safetensors", "bin"])
def test_features_are_those_of_transformers(tmp_path: Path, resnet: ResNetForImageClassification, form: str) -> None:
    folder = tmp_path / "resnet"
    if form == "bin":
        as_pickle(folder, resnet.state_dict())
    model = make(folder).eval()
    x, mask = model.random_clips([3], seed=1)
    with torch.no_grad():
        expected = resnet.resnet((x[0] / 255 - 0.45) / 0.225).pooler_output.flatten(1)
        torch.testing.assert_close(model.frame_features(x, mask)[0], expected, atol=1e-5, rtol=0)
    assert "gave the ResNet; all that follows it is new" in model.origin[0]
    wider = make(folder, sees="both").eval()
    with torch.no_grad():
        found = wider.frame_features(x, mask)[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert wider.origin[1] == "Its first kernels are 0 for motion."


def test_of_a_channel_the_greatest_value_can_be_kept_instead_of_the_mean(
    tmp_path: Path, resnet: ResNetForImageClassification
) -> None:
    mean, most = (make(tmp_path / "resnet", pool=pool).eval() for pool in ("mean", "max"))
    x, mask = most.random_clips([3], seed=1)
    with torch.no_grad():
        places = resnet.resnet((x[0] / 255 - 0.45) / 0.225).last_hidden_state
        torch.testing.assert_close(most.frame_features(x, mask)[0], places.amax((2, 3)), atol=1e-5, rtol=0)
    assert most.fingerprint() != mean.fingerprint()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"depths": (2, 1)}, r"depths: \[1, 1\], and this model has \[2, 1\]"),
        ({"widths": (8, 32)}, r"hidden_sizes: \[8, 16\]"),
        ({"bottleneck": True}, "layer_type: 'basic'"),
    ],
)
def test_another_layout_is_refused(
    tmp_path: Path, resnet: ResNetForImageClassification, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(IsharaError, match=expected):
        make(tmp_path / "resnet", **options)


def test_tensors_that_do_not_fit_are_named(tmp_path: Path, resnet: ResNetForImageClassification) -> None:
    state = resnet.state_dict()
    lost = state.pop("resnet.encoder.stages.1.layers.0.layer.0.convolution.weight")
    as_pickle(tmp_path / "resnet", state | {"resnet.extra": lost})
    with pytest.raises(IsharaError, match=r"stages\.1\.layers\.0\.layer\.0\.convolution\.weight is missing.*extra is"):
        make(tmp_path / "resnet")


def test_what_is_missing_from_a_folder_is_named(tmp_path: Path, resnet: ResNetForImageClassification) -> None:
    folder = tmp_path / "resnet"
    (folder / "model.safetensors").rename(tmp_path / "elsewhere")
    with pytest.raises(IsharaError, match=r"resnet: model\.safetensors or pytorch_model\.bin not found there"):
        make(folder)
    (folder / "config.json").unlink()
    with pytest.raises(IsharaError, match=r"config\.json and model\.safetensors or pytorch_model\.bin not found"):
        make(folder)


class Harmful:
    """What a pickle can do when it is trusted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_no_code_is_run_from_a_pickle(tmp_path: Path, resnet: ResNetForImageClassification) -> None:
    folder = tmp_path / "resnet"
    as_pickle(folder, {"weight": Harmful(tmp_path / "harm")})
    with pytest.raises(IsharaError, match=r"pytorch_model\.bin: is not a whole file of tensors and nothing else"):
        make(folder)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Harmful(tmp_path / "harm"), protocol=2))
    with pytest.raises(IsharaError, match="is not a whole file of tensors"):
        make(folder)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a zip"])
def test_damaged_files_are_refused(tmp_path: Path, resnet: ResNetForImageClassification, content: bytes) -> None:
    folder = tmp_path / "resnet"
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(IsharaError, match="is not a whole safetensors file"):
        make(folder)
    as_pickle(folder, {})
    (folder / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(IsharaError, match="is not a whole file of tensors"):
        make(folder)
    (folder / "config.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(IsharaError, match="found a list; expected the settings"):
        make(folder)


def test_without_the_hub_the_error_says_which_files_go_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(IsharaError, match=r"microsoft/resnet-18: is no folder here and could not be had .*") as caught:
        fetch("microsoft/resnet-18")
    for part in ("config.json", "model.safetensors or pytorch_model.bin", "https://huggingface.co/microsoft/resnet-18"):
        assert part in str(caught.value)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, and no word of being offline; nothing may be downloaded."""
    import huggingface_hub
    import huggingface_hub.constants as hub

    def must_not(*_: object, **__: object) -> None:
        raise AssertionError("the hub's own library tries for long")

    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", must_not)


@pytest.mark.usefixtures("online")
def test_a_hub_that_cannot_be_reached_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    # A port of this machine where nobody listens.
    url, asked = huggingface_hub.hf_hub_url, []

    def here(source: str, name: str) -> str:
        asked.append(name)
        return url(source, name, endpoint="http://127.0.0.1:9")

    monkeypatch.setattr(huggingface_hub, "hf_hub_url", here)
    with pytest.raises(
        IsharaError, match=r"could not be had .*refused.*Download config\.json and model\.safetensors or"
    ):
        fetch("microsoft/resnet-18")
    assert asked == ["config.json"]


@pytest.mark.usefixtures("online")
def test_a_hub_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    silence = Event()
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda *_, **__: silence.wait())
    monkeypatch.setattr(published, "_PATIENCE", 0.01)
    try:
        with pytest.raises(IsharaError, match=r"no answer in 0\.01 s; HF_HUB_ETAG_TIMEOUT=60 .*into a folder"):
            fetch("microsoft/resnet-18")
    finally:
        silence.set()


@pytest.mark.parametrize("source", ["../nowhere/at/all", "/tmp/no such folder"])
def test_what_is_neither_folder_nor_id_is_refused(source: str) -> None:
    with pytest.raises(IsharaError, match="is neither a folder nor an id on the Hugging Face hub"):
        fetch(source)


def test_the_hubs_cache_is_enough_without_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, resnet: ResNetForImageClassification
) -> None:
    """The cache's layout: a snapshot of the revision that ``main`` points to; weights as older models have them."""
    import huggingface_hub.constants as hub

    as_pickle(tmp_path / "resnet", resnet.state_dict())
    home = tmp_path / "cache" / "models--someone--small"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("a" * 40, encoding="utf-8")
    (home / "snapshots").mkdir()
    (tmp_path / "resnet").rename(home / "snapshots" / ("a" * 40))
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "cache"))
    found = fetch("someone/small")
    assert found.config["model_type"] == "resnet"
    assert found.weights.keys() == resnet.state_dict().keys()
