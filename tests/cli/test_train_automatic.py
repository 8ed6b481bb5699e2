"""`ishara train DATA`: from clips to a recogniser without a recipe, and what is said on the way."""

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import yaml

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.extraction import extract_clips
from ishara.clips.manifest import Manifest
from ishara.pose.estimate import EstimatorOptions
from ishara.pose.extract import Work, Workers
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recipe import Recipe
from ishara.training.automatic import start

# A model that learns nothing, in a moment.
QUICK = ("train.max_epochs=1", "model.options={d_model: 8, heads: 2, stages: 1, convolutions: 1, kernel: 3}")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs go where the test stands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ISHARA_DATA", raising=False)
    return tmp_path


def write_clips(folder: str, glosses: int = 2, signers: int = 3, takes: int = 2) -> Path:
    """A folder per gloss, of clips named ``s1-2.pose``."""
    for number in range(1, glosses + 1):
        gloss = Path(folder) / f"SYN-{number:02d}"
        gloss.mkdir(parents=True)
        for signer in range(1, signers + 1):
            for take in range(1, takes + 1):
                write_pose(synthetic_clip(gloss.name, signer, take), gloss / f"s{signer}-{take}.pose")
    return Path(folder)


def test_a_folder_of_clips_becomes_a_recogniser(ishara) -> None:
    write_clips("signs")
    code, out, err = ishara("train", "signs", *QUICK)
    assert code == 0, err
    assert "signs: a folder per gloss" in out
    assert "12 clips of 2 glosses (6 to 6 each), signers not known" in out
    assert "arms and both hands were seen" in out
    assert "as you set it" in out
    assert "Next: ishara evaluate runs/signs --split test" in out
    assert "Who signs is not known" in err
    assert (Recipe.read("runs/signs/recipe.yaml").model.name, Path("runs/signs/recognizer/model.onnx").is_file()) == (
        "conv_transformer",
        True,
    )
    for words in (["signs/", *QUICK], ["runs/signs/recipe.yaml"]):
        code, out, err = ishara("train", *words)
        assert code == 0, err
        assert "was finished already" in out

    write_pose(synthetic_clip("SYN-03"), Path("signs/SYN-01/new.pose"))
    code, _, err = ishara("train", "signs", *QUICK)
    assert code == 1
    assert "runs/signs: was trained on other clips: 1 clip is new" in err
    assert ishara("train", "signs", *QUICK, "--restart")[0] == 0
    assert len(Manifest.read("runs/signs/manifest.csv")) == 13


def test_show_prints_a_recipe_that_can_be_kept_and_trains_nothing(ishara) -> None:
    write_clips("signs")
    code, out, err = ishara("train", "signs", "data.options.signer=^(s[0-9])-", "name=mine", "--show")
    assert code == 0, err
    recipe = Recipe.from_dict(yaml.safe_load(out))
    assert (recipe.name, recipe.split.by, recipe.split.group) == ("mine", "group", "signer")
    assert "the clips of 3 signers" in err
    assert not Path("runs").exists()
    Path("mine.yaml").write_text(out)
    assert ishara("train", "mine.yaml", "--show")[1] == out


def test_one_clip_of_each_gloss_is_learnt_and_nothing_promised(ishara) -> None:
    write_clips("signs", glosses=3, signers=1, takes=1)
    code, out, err = ishara("train", "signs", *QUICK)
    assert code == 0, err
    assert "no figure will say how good the recogniser is" in err
    assert "Next: ishara predict runs/signs CLIP" in out


def test_glosses_that_are_not_tested_are_named(ishara) -> None:
    write_clips("signs", signers=1, takes=6)
    write_pose(synthetic_clip("SYN-09"), write_clips("signs/SYN-09", glosses=0) / "once.pose")
    code, _, err = ishara("train", "signs", *QUICK)
    assert code == 0, err
    assert "1 gloss has no clip on the test side (SYN-09)" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: there is no such file or folder"),
        (["signs", "--corpus", "wlaslx"], "There is no corpus 'wlaslx'"),
        (["signs", "train.max_epoch=3"], "there is no key 'train.max_epoch'"),
        (["signs", "data.options.signer=(x"], "is not a regular expression"),
        (["signs/SYN-01"], "its clips lie in no folder of their own"),
        (["one"], "Only one gloss has clips"),
        (["a.yaml", "--corpus", "folder"], "Change data.corpus instead"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(ishara, words: list[str], said: str) -> None:
    write_clips("signs", signers=1)
    write_clips("one", glosses=1, signers=1)
    code, _, err = ishara("train", *words)
    assert code == 1
    assert said in err.splitlines()[-1]
    assert not Path("runs").exists()


def test_damaged_clips_say_so(ishara) -> None:
    for gloss in ("A", "B"):
        Path("signs", gloss).mkdir(parents=True)
        Path("signs", gloss, "x.pose").write_bytes(b"no pose")
    code, _, err = ishara("train", "signs")
    assert code == 1
    assert "Not one of 2 clips could be read" in err


# --- videos ---------------------------------------------------------------------------------------------------------


class Estimator:
    """Sees another sign for each number of frames."""

    options = EstimatorOptions()
    skeleton = get_skeleton("holistic")

    def estimate(self, frames, fps: float) -> Pose:
        count = len(list(frames))
        return synthetic_clip(f"SYN-{count:02d}").resampled(count)

    def close(self) -> None:
        pass


def write_video(path: Path, frames: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Ten videos of two glosses in ``films``; how many of them were looked at so far."""
    looked: list[int] = []

    def extract(videos, folder, work, *, progress):
        extracted = extract_clips(videos, folder, Work(Estimator, {}), workers=Workers(0), progress=progress)
        looked.append(len(extracted.extraction.finished) - extracted.extraction.found)
        return extracted

    monkeypatch.setattr(start, "extract_clips", extract)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    for frames in range(10, 20):
        write_video(Path("films", "AB"[frames % 2], f"{frames}.mp4"), frames)
    return lambda: sum(looked)


def test_videos_are_extracted_first_and_only_once(ishara, films) -> None:
    code, _, err = ishara("train", "films", "--show")
    assert code == 1
    assert "without --show extracts them first" in err
    code, out, err = ishara("train", "films", *QUICK)
    assert code == 0, err
    assert "The clips are videos: first their landmarks are extracted to runs/films-landmarks." in out
    assert "10 clips extracted" in out
    assert Recipe.read("runs/films/recipe.yaml").data.manifest == Path("runs/films-landmarks/manifest.csv")
    assert ishara("train", "films", *QUICK, "--restart")[0] == 0
    assert ishara("train", "films", *QUICK, "train.seed=1", "-o", "runs/again")[0] == 0
    assert films() == 10
    code, out, err = ishara("train", "films", *QUICK, "--show")
    assert code == 0, err
    assert yaml.safe_load(out)["name"] == "films"


def test_landmarks_of_other_videos_are_not_mixed_with_these(ishara, films, here: Path) -> None:
    assert ishara("train", "films", *QUICK)[0] == 0
    shutil.copytree("films", "other/films")
    code, _, err = ishara("train", "other/films", *QUICK)
    assert code == 1
    assert f"runs/films-landmarks: holds the landmarks of other videos (first: {here}/films/A/10.mp4)" in err
    assert ishara("train", "other/films", *QUICK, "name=other")[0] == 0


def test_videos_need_mediapipe(ishara, films, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = ishara("train", "films")
    assert code == 1
    assert "Landmarks of videos need mediapipe, which is not installed. Type: pip install 'ishara[mediapipe]'" in err
    assert not Path("runs").exists()


def test_videos_beside_landmarks_are_not_mixed(ishara, films) -> None:
    write_pose(synthetic_clip("SYN-01"), Path("films/A/more.pose"))
    code, _, err = ishara("train", "films")
    assert code == 1
    assert "10 of 11 clips are videos and the others are landmarks" in err
