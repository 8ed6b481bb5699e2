"""Features of a frozen ResNet are computed once and kept: nothing else is learnt, and nothing of another video."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from transformers.models.resnet.configuration_resnet import ResNetConfig
from transformers.models.resnet.modeling_resnet import ResNetModel

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.models import create_model
from ishara.models.backbones import FrameEncoder
from ishara.models.sign2text import Sign2Text
from ishara.recipe import Pixels, Recipe, Train
from ishara.recognizer import Recognizer
from ishara.training import fit, frame_features
from ishara.training.data import ClipKey
from ishara.training.frame_features import FeatureStore, Kept, keep_features
from ishara.training.module import RecognitionModule
from ishara.training.pixel_data import PixelClip, PixelDataset, find_readable
from ishara.training.preflight import check_names
from ishara.training.sides import Sides

PIXELS = Pixels(frames=5, size=32)
# What the corpus of `videos` has outside of its test side.
CLIPS = 12


def save_resnet(folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1], layer_type="basic")
    ResNetModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published weights that fit the small Sign2Text."""
    return save_resnet(tmp_path_factory.mktemp("published") / "resnet")


@pytest.fixture
def frozen(pixel_recipe: Callable[..., Recipe], resnet: Path) -> Callable[..., Recipe]:
    """A recipe whose ResNet is frozen and whose pictures are the same in every epoch."""

    def make(*overrides: str) -> Recipe:
        plain = ["pixels.sampling=uniform", "pixels.augment.preset=none"]
        fixed = ["model.options.frozen=all", f"model.pretrained={resnet}"]
        return pixel_recipe("sign2text", *plain, *fixed, *overrides)

    return make


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each call of the ResNet."""
    calls: list[int] = []
    whole = FrameEncoder.forward

    def counted(self: FrameEncoder, pictures: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return whole(self, pictures)

    monkeypatch.setattr(FrameEncoder, "forward", counted)
    return calls


def model(resnet: Path) -> Sign2Text:
    small = {"stem": 8, "widths": (8, 8), "depths": (1, 1), "features": 8, "hidden": 8, "layers": 1, "size": 32}
    made = create_model("sign2text", num_classes=2, pretrained=resnet, frozen="all", **small)
    assert isinstance(made, Sign2Text)
    return made


@pytest.fixture
def clips(videos: Manifest, tmp_path: Path) -> list[PixelClip]:
    """Copies of four videos, which a test may change."""
    copies = []
    for clip in list(videos)[:4]:
        path = tmp_path / "videos" / Path(clip.path).name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(Path(clip.path).read_bytes())
        copies.append(PixelClip(clip.id, str(path)))
    return find_readable(copies, PIXELS)[0]


def keep(clips: list[PixelClip], resnet: Path, home: Path, options: Pixels = PIXELS, workers: int = 0) -> Kept:
    training = PixelDataset(clips[:-1], [0, 1, 0, 1][: len(clips) - 1], options, 0, augmented=True)
    validation = PixelDataset(clips[-1:], [1], options, 0, augmented=False)
    given = Sides(training, validation, ["COME", "GO"], {})
    return keep_features(given, model(resnet), options, Train(workers=workers), home)


def features(kept: Kept) -> np.ndarray:
    batch = kept.sides.training[[ClipKey(i, 0) for i in range(len(kept.sides.training))]]
    return batch.x.numpy()


def test_logits_are_those_of_the_pictures(clips: list[PixelClip], resnet: Path, tmp_path: Path) -> None:
    whole = model(resnet).eval()
    pictures = PixelDataset(clips[:-1], [0, 1, 0], PIXELS, 0, augmented=False)
    kept = keep(clips, resnet, tmp_path).sides.training
    keys = [ClipKey(i, 0) for i in range(3)]
    seen, read = pictures[keys], kept[keys]
    assert read.x.shape == (3, 5, whole.feature_size)
    assert torch.equal(seen.mask, read.mask)
    assert torch.equal(seen.label, read.label)
    assert kept.lengths.tolist() == pictures.lengths.tolist()
    with torch.no_grad():
        torch.testing.assert_close(
            whole.from_features(read.x, read.mask).logits, whole(seen.x, seen.mask).logits, atol=1e-6, rtol=0
        )


def test_the_network_is_not_called_after_the_first_pass(
    frozen: Callable[..., Recipe],
    videos: Manifest,
    encoded: list[int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(RecognitionModule, "on_train_epoch_end", lambda self: seen.append(len(encoded)), raising=False)
    fit(frozen("train.max_epochs=3"), videos, tmp_path / "first")
    assert seen == [CLIPS] * 3, "each clip once, before the first epoch"
    out = capsys.readouterr().out
    assert "resnet gave the ResNet; all that follows it is new." in out
    assert f"its features of {CLIPS} clips are read from {tmp_path / '.store' / 'features-'}" in out
    assert f"({CLIPS} computed now)" in out
    encoded.clear()
    fit(frozen("train.seed=5"), videos, tmp_path / "second")
    assert seen[3:] == [0, 0], "another run of the same weights and videos finds them"
    assert "(0 computed now)" in capsys.readouterr().out


def test_what_is_learnt_is_what_would_be_learnt_from_pictures(
    frozen: Callable[..., Recipe], videos: Manifest, tmp_path: Path
) -> None:
    paths = [clip.path for clip in videos][:4]
    fit(frozen("train.cutmix=0.5"), videos, tmp_path / "kept")
    fit(frozen("train.cutmix=0.5", "train.cache_features=never"), videos, tmp_path / "anew")
    kept, anew = (Recognizer.load(tmp_path / name) for name in ("kept", "anew"))
    assert len(list((tmp_path / ".store").glob("features-*/*"))) == CLIPS
    for a, b in zip(kept.predict(paths), anew.predict(paths), strict=True):
        assert a.probability == pytest.approx(b.probability, abs=1e-4)
    read, seen = (pl.read_csv(tmp_path / name / "history.csv") for name in ("kept", "anew"))
    np.testing.assert_allclose(read.to_numpy(), seen.to_numpy(), atol=1e-4)


def test_a_run_that_was_stopped_ends_with_the_same_weights(
    frozen: Callable[..., Recipe], videos: Manifest, tmp_path: Path
) -> None:
    chosen = frozen("train.max_epochs=3")
    fit(chosen, videos, tmp_path / "whole", stores=tmp_path / "one")

    def stop(self: RecognitionModule) -> None:
        if self.current_epoch == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecognitionModule, "on_train_epoch_start", stop, raising=False)
        with pytest.raises(KeyboardInterrupt):
            fit(chosen, videos, tmp_path / "parts", stores=tmp_path / "two")
    fit(chosen, videos, tmp_path / "parts", stores=tmp_path / "two")
    whole, parts = ((tmp_path / name / "recognizer/model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_an_interrupted_pass_goes_on(
    clips: list[PixelClip], resnet: Path, tmp_path: Path, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = FeatureStore.write

    def stop_at_third(self: FeatureStore, file: Path, found: np.ndarray) -> None:
        if len(encoded) == 3:
            raise KeyboardInterrupt
        write(self, file, found)

    with monkeypatch.context() as patch:
        patch.setattr(FeatureStore, "write", stop_at_third)
        with pytest.raises(KeyboardInterrupt):
            keep(clips, resnet, tmp_path / "store")
    encoded.clear()
    kept = keep(clips, resnet, tmp_path / "store")
    assert len(encoded) == kept.computed == 2
    assert np.array_equal(features(kept), features(keep(clips, resnet, tmp_path / "other")))


def test_another_video_other_weights_and_other_frames_have_features_of_their_own(
    clips: list[PixelClip], resnet: Path, tmp_path: Path
) -> None:
    home = tmp_path / "store"
    first = keep(clips, resnet, home)
    assert first.computed == 4
    assert keep(clips, resnet, home).computed == 0
    Path(clips[0].path).write_bytes(Path(clips[1].path).read_bytes())
    changed = keep([clips[0]._replace(frames=5), *clips[1:]], resnet, home)
    assert changed.computed == 1
    assert np.array_equal(features(changed)[0], features(first)[1])
    assert keep([clips[0]._replace(box="0 0 20 20"), *clips[1:]], resnet, home).computed == 1
    assert keep([clips[0], clips[1]._replace(start=0.04), *clips[2:]], resnet, home).computed == 1
    for options in (Pixels(frames=5, size=32, margin=0.3), Pixels(frames=5, size=40)):
        assert keep(clips, resnet, home, options).computed == 4
    other = keep(clips, save_resnet(tmp_path / "resnet", seed=1), home)
    assert other.computed == 4
    assert not np.allclose(features(other), features(first))


@pytest.mark.parametrize("lost", [4, 32], ids=["a number", "a frame"])
def test_a_file_that_is_not_whole_is_written_again(
    clips: list[PixelClip], resnet: Path, tmp_path: Path, lost: int
) -> None:
    first = keep(clips, resnet, tmp_path)
    expected, file = features(first), first.store.files(clips)[1]
    file.write_bytes(file.read_bytes()[:-lost])
    with pytest.raises(IsharaError, match=r"no longer there, or not whole\. Give the same command again"):
        features(first)
    again = keep(clips, resnet, tmp_path)
    assert again.computed == 1
    assert np.array_equal(features(again), expected)


def test_what_another_process_has_computed_meanwhile_is_taken(
    clips: list[PixelClip], resnet: Path, tmp_path: Path, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one goes through all clips while this one has its first in hand."""
    write, done = FeatureStore.write, False

    def overtaken(self: FeatureStore, file: Path, found: np.ndarray) -> None:
        nonlocal done
        if not done:
            done = True
            keep(clips, resnet, tmp_path)
        write(self, file, found)

    monkeypatch.setattr(FeatureStore, "write", overtaken)
    kept = keep(clips, resnet, tmp_path)
    assert len(encoded) == 1 + 4
    assert sorted(path.name for path in kept.store.folder.iterdir()) == sorted(
        path.name for path in kept.store.files(clips)
    )


def test_workers_decode_for_it(clips: list[PixelClip], resnet: Path, tmp_path: Path) -> None:
    alone, helped = keep(clips, resnet, tmp_path / "a"), keep(clips, resnet, tmp_path / "b", workers=2)
    assert np.array_equal(features(alone), features(helped))


def test_a_clip_that_cannot_be_decoded_is_left_out_and_said_so(
    clips: list[PixelClip], resnet: Path, tmp_path: Path
) -> None:
    Path(clips[1].path).write_text("no video")
    kept = keep(clips, resnet, tmp_path)
    assert list(kept.sides.failures) == [clips[1].id]
    assert clips[1].path in kept.sides.failures[clips[1].id]
    assert (len(kept.sides.training), list(kept.sides.training.labels)) == (2, [0, 0])
    Path(clips[3].path).write_text("no video")
    with pytest.raises(IsharaError, match=r"Not one of 1 clips could be decoded\. The first, 3: .*3\.mp4"):
        keep(clips, resnet, tmp_path)


def test_a_folder_that_cannot_be_written_to_is_named(clips: list[PixelClip], resnet: Path, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(IsharaError, match=r"store/features-.*: features cannot be kept there"):
        keep(clips, resnet, tmp_path / "store")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["train.mixup=0.2"], "train.mixup gives other pictures in every epoch"),
        (["pixels.sampling=segments"], "pixels.sampling gives other pictures in every epoch"),
        (
            ["pixels.augment.rotation=5", "pixels.augment.erase=0.5"],
            "pixels.augment.rotation, pixels.augment.erase give other pictures in every epoch",
        ),
        (["model.options.frozen=[stem, stage1]"], "only a whole ResNet that is frozen"),
        (["model.options.frozen=[]"], "only a whole ResNet that is frozen"),
    ],
)
def test_what_changes_from_epoch_to_epoch_cannot_be_kept(
    frozen: Callable[..., Recipe], overrides: list[str], said: str
) -> None:
    check_names(frozen(*overrides))
    with pytest.raises(IsharaError, match=f"train.cache_features: always was asked for, but {said}"):
        check_names(frozen(*overrides, "train.cache_features=always"))


def test_settings_that_do_nothing_are_not_random(frozen: Callable[..., Recipe]) -> None:
    idle = ["pixels.augment.randaugment=[0, 5]", "pixels.augment.erase_scale=[0.1, 0.2]"]
    check_names(frozen("train.cache_features=always", *idle, "model.options.frozen=[stem, stage1, stage2]"))


def test_random_pictures_are_never_taken_from_what_was_kept(
    frozen: Callable[..., Recipe],
    videos: Manifest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def must_not(*_: object) -> None:
        raise AssertionError("features were kept")

    monkeypatch.setattr(frame_features, "_compute", must_not)
    fit(frozen("pixels.augment.brightness=0.3", "train.max_epochs=1"), videos, tmp_path / "run")
    out = " ".join(capsys.readouterr().out.split())
    assert "The ResNet is frozen, but computes its features anew in every epoch: pixels.augment.brightness" in out
    assert not (tmp_path / ".store").exists()


def test_what_is_new_stands_in_the_recogniser_and_on_its_card(
    frozen: Callable[..., Recipe], videos: Manifest, resnet: Path, tmp_path: Path
) -> None:
    recognizer = fit(frozen("train.max_epochs=1"), videos, tmp_path / "run")
    sentence = f"{resnet} gave the ResNet; all that follows it is new."
    assert recognizer.config.origin == [sentence]
    assert f"- Before training: {sentence}" in (recognizer.folder / "README.md").read_text(encoding="utf-8")
