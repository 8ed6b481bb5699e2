"""A recogniser folder: it predicts without torch, and a damaged or foreign one is refused in one line."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import ishara
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.errors import IsharaError
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recognizer import Recognizer, softmax
from ishara.recognizer.folder import CALIBRATION, CONFIG, GRAPH, digest


@pytest.fixture
def folder(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"))


def test_it_is_found_in_its_folder_and_in_its_run(tiny_run: Path) -> None:
    assert ishara.load(tiny_run).labels == ishara.load(tiny_run / "recognizer").labels


def test_a_prediction_ranks_every_gloss(tiny_run: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    prediction = recognizer.predict(synthetic_clip("SYN-01"))
    probabilities = [c.probability for c in prediction.ranked]
    assert sorted(c.gloss for c in prediction.ranked) == recognizer.labels
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert prediction.gloss == prediction.ranked[0].gloss
    assert prediction.attention.sum() == pytest.approx(1, abs=1e-5)
    assert prediction.attention.shape == prediction.times.shape
    assert (np.diff(prediction.times) > 0).all()
    assert prediction.times[-1] < synthetic_clip("SYN-01").duration


def test_many_clips_at_once_are_each_alone(tiny_run: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    clips = [synthetic_clip("SYN-02", signer, take) for signer in (1, 2, 3) for take in range(1, 15)]
    together = recognizer.predict(clips)
    for clip, prediction in zip(clips[::9], together[::9], strict=True):
        alone = recognizer.predict(clip)
        assert alone.gloss == prediction.gloss
        assert alone.probability == pytest.approx(prediction.probability, abs=1e-5)
        np.testing.assert_allclose(alone.attention, prediction.attention, atol=1e-5)


def test_files_and_poses_are_predicted_alike(tiny_run: Path, tmp_path: Path) -> None:
    recognizer, pose = Recognizer.load(tiny_run), synthetic_clip("SYN-03")
    write_pose(pose, tmp_path / "clip.pose")
    from_file = recognizer.predict(tmp_path / "clip.pose")
    assert from_file.probability == pytest.approx(recognizer.predict(pose).probability, abs=1e-3)


def test_threads_may_share_it(tiny_run: Path) -> None:
    recognizer = Recognizer.load(tiny_run, threads=1)
    clips = [synthetic_clip("SYN-01", 1, take) for take in range(1, 9)]
    expected = [recognizer.predict(clip).probability for clip in clips]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda clip: recognizer.predict(clip).probability, clips))
    assert found == pytest.approx(expected, abs=1e-6)


def test_one_frame_is_enough(tiny_run: Path) -> None:
    prediction = Recognizer.load(tiny_run).predict(synthetic_clip("SYN-01").frames([10]))
    assert prediction.attention == pytest.approx([1.0])


def test_it_runs_without_torch(tiny_run: Path, tmp_path: Path) -> None:
    write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose")
    code = (
        "import sys, ishara; ishara.load(sys.argv[1]).predict(sys.argv[2]);"
        "heavy = {'torch', 'lightning', 'transformers', 'matplotlib', 'sklearn', 'scipy', 'cv2'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tiny_run, tmp_path / "clip.pose"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_softmax_is_one_hot_when_sure_and_flat_when_not() -> None:
    logits = np.array([[1000.0, 0.0, -1000.0]])
    assert softmax(logits).tolist() == [[1, 0, 0]]
    np.testing.assert_allclose(softmax(logits, 1e9), 1 / 3, atol=1e-5)


def change(path: Path, **values: object) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, **values}), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda f: (f / GRAPH).unlink(), r"model\.onnx: is missing"),
        (lambda f: (f / GRAPH).write_bytes((f / GRAPH).read_bytes()[:-9]), r"model\.onnx: is damaged"),
        (lambda f: (f / GRAPH).write_bytes(b"foreign"), r"model\.onnx: is damaged or not the file"),
        (lambda f: (f / CALIBRATION).write_text('{"temperature": 9}'), r"calibration\.json: is damaged"),
        (lambda f: (f / CONFIG).write_text("{"), r"config\.json: is not a recogniser's configuration"),
        (lambda f: (f / CONFIG).unlink(), r"is not a recogniser: found a folder with"),
        (lambda f: change(f / CONFIG, format=99), r"has format 99; this version of Ishara reads format 1"),
        (lambda f: change(f / CONFIG, labels=["a", "b"]), r"gives 3 classes.*expected .* 2 classes"),
        (lambda f: change(f / CONFIG, labels=["a", "b", "c"]), r"calls class 0 'a', but the model was exported with "),
        (lambda f: change(f / CONFIG, labels=["a", "b", "a"]), r"labels: 'a' is there more than once\."),
        (lambda f: change(f / CONFIG, landmarks=["nose"]), r"landmarks or features are not those"),
        (lambda f: change(f / CONFIG, surprise=1), r"surprise: Extra inputs are not permitted"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(folder: Path, damage, expected: str) -> None:
    damage(folder)
    with pytest.raises(IsharaError, match=expected) as caught:
        Recognizer.load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ['{"temperature": 0}', '{"temperature": "1"}', '{"temperature": true}', '{"temperature": NaN}', "{}", "[1]", "{"],
)
def test_a_calibration_that_is_vouched_for_must_still_be_one(folder: Path, text: str) -> None:
    (folder / CALIBRATION).write_text(text, encoding="utf-8")
    files = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["files"]
    change(folder / CONFIG, files={**files, CALIBRATION: digest(folder / CALIBRATION)})
    with pytest.raises(IsharaError, match=r"calibration\.json: (found .*; expected .*from 0.001 to 1000|is not JSON)"):
        Recognizer.load(folder)


def test_what_is_no_recogniser_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, found in ((tmp_path / "none", "found nothing"), (tmp_path / "file", "found a file")):
        with pytest.raises(IsharaError, match=found):
            Recognizer.load(path)


def test_arrays_are_predicted_as_a_pose(tiny_run: Path) -> None:
    recognizer, clip = Recognizer.load(tiny_run), synthetic_clip("SYN-01")
    skeleton = get_skeleton("holistic")
    whole = clip.to(skeleton)
    # Arrays of any type and unit, in the skeleton's order.
    pose = Pose(whole.coordinates.astype(np.float64) * 640, whole.confidence.tolist(), 25, skeleton)
    expected = recognizer.predict(Pose(whole.coordinates, whole.confidence, 25, skeleton))
    assert recognizer.predict(pose).probability == pytest.approx(expected.probability, abs=1e-4)


def test_a_pair_of_clips_may_be_a_tuple(tiny_run: Path) -> None:
    clips = (synthetic_clip("SYN-01"), synthetic_clip("SYN-02"))
    assert len(Recognizer.load(tiny_run).predict(clips)) == 2


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ([], "list is empty; expected at least one"),
        (7, "int is not something to predict"),
        (np.zeros((4, 75, 3)), r"ndarray is not something to predict.*Pose\(coordinates, confidence, fps"),
        ([np.zeros((4, 75, 3))], "ndarray is not something to predict"),
        ({"a": 1}, "dict is not something to predict"),
    ],
)
def test_what_is_no_clip_is_refused_in_one_line(tiny_run: Path, wrong: object, expected: str) -> None:
    with pytest.raises(IsharaError, match=expected) as caught:
        Recognizer.load(tiny_run).predict(wrong)
    assert "\n" not in str(caught.value)


def test_a_saved_copy_is_the_recogniser(tiny_run: Path, tmp_path: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    saved = recognizer.save(tmp_path / "new" / "copy")
    original = {path.name: path.read_bytes() for path in recognizer.folder.iterdir()}
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == original
    clip = synthetic_clip("SYN-01")
    assert Recognizer.load(saved).predict(clip).probability == recognizer.predict(clip).probability


def test_saving_is_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    recognizer = Recognizer.load(folder)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years")
    with pytest.raises(IsharaError, match="is there already"):
        recognizer.save(mine)
    with pytest.raises(IsharaError, match="is there already"):
        recognizer.save(folder)
    (folder / "model.safetensors").write_bytes(b"foreign")
    with pytest.raises(IsharaError, match=r"model\.safetensors: is damaged"):
        recognizer.save(tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "recognizer"]


def test_a_configuration_never_names_files_elsewhere(folder: Path) -> None:
    files = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["files"]
    change(folder / CONFIG, files={**files, "../secret": "0"})
    with pytest.raises(IsharaError, match="is not a recogniser's configuration"):
        Recognizer.load(folder)


def test_a_clip_that_cannot_be_used_says_why(tiny_run: Path, tmp_path: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    with pytest.raises(IsharaError, match=r"clip\.mp4: there is no such file"):
        recognizer.predict("clip.mp4")
    with pytest.raises(IsharaError, match=r"none\.pose"):
        recognizer.predict(tmp_path / "none.pose")
    pose = synthetic_clip("SYN-01")
    unseen = Pose(pose.coordinates, np.zeros_like(pose.confidence), pose.fps, pose.skeleton)
    with pytest.raises(IsharaError, match="None of the 49 landmarks"):
        recognizer.predict(unseen)


def test_the_current_folder_is_not_replaced_by_a_copy(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer = Recognizer.load(folder.resolve())
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(IsharaError, match="is the current folder"):
        recognizer.save(".")
