"""`ishara predict`: every kind of clip in, ranked glosses, JSON or a table out."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from ishara.cli.inputs import file_places
from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.export.folder import write_recognizer
from ishara.models import create_model
from ishara.pose.address import Address
from ishara.pose.estimate.shared import SharedEstimator
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.recipe import Recipe
from ishara.video.frames import ClipFrames


def _seen(_: object, source: object, start: float | None, end: float | None, box: object) -> Pose:
    """Stands in for MediaPipe: the synthetic signer in every video, and nobody in those called so."""
    if "nobody" in str(source):
        raise IsharaError(f"{source}: no body and no hand was found in any of 30 frames.")
    return synthetic_clip("SYN-01").stretch(start, end)


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedEstimator, "landmarks", _seen)


def test_predicting_an_empty_folder_says_so(ishara, tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = ishara("predict", tiny_run, tmp_path / "empty")
    assert code == 1
    assert out == ""
    assert err.startswith(f"Error: {tmp_path / 'empty'}: holds no clip (.pose, .mp4")


def test_predict_goes_on_after_a_bad_clip_and_says_so(ishara, tiny_run: Path, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pose").write_bytes(b"")
    good = next(corpus.rglob("*.pose"))
    code, out, err = ishara("predict", tiny_run, tmp_path / "bad.pose", good)
    assert code == 1
    assert good.name in out
    assert "bad.pose" in err
    assert "Traceback" not in err


def test_clips_of_a_folder_are_told_apart(ishara, tiny_run: Path, corpus: Path, tmp_path: Path) -> None:
    clip = next(corpus.rglob("*.pose"))
    for gloss in ("TEA", "TREE"):
        (tmp_path / "clips" / gloss).mkdir(parents=True)
        shutil.copy(clip, tmp_path / "clips" / gloss / "1.pose")
    code, out, err = ishara("predict", tiny_run, tmp_path / "clips")
    assert code == 0, err
    assert [line.partition(":")[0] for line in out.splitlines()] == ["TEA/1.pose", "TREE/1.pose"]
    _, out, _ = ishara("predict", tiny_run, clip, tmp_path / "clips")
    names = [str(clip), *(str(tmp_path / "clips" / gloss / "1.pose") for gloss in ("TEA", "TREE"))]
    assert [line.partition(":")[0] for line in out.splitlines()] == names


def test_a_video_is_estimated_first_and_its_landmarks_can_be_kept(
    ishara, somebody: None, tiny_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "clips").mkdir()
    for name in ("a.mp4", "b.webm", "notes.txt"):
        (tmp_path / "clips" / name).write_bytes(b"")
    code, out, err = ishara("predict", tiny_run, tmp_path / "clips", "--save-pose", tmp_path / "poses")
    assert code == 0, err
    assert [line.partition(":")[0] for line in out.splitlines()] == ["a.mp4", "b.webm"]
    kept = read_pose(tmp_path / "poses/a.pose")
    np.testing.assert_allclose(kept.coordinates, synthetic_clip("SYN-01").to(kept.skeleton).coordinates, atol=1e-2)
    code, again, _ = ishara("predict", tiny_run, tmp_path / "poses/a.pose")
    assert code == 0
    assert again.split(":")[1].split()[0] == out.splitlines()[0].split(":")[1].split()[0]


def test_a_manifest_gives_a_table_with_a_row_for_every_clip(
    ishara, somebody: None, tiny_run: Path, corpus: Path, tmp_path: Path
) -> None:
    manifest = Manifest.read(corpus / "index.csv")
    some = manifest.table.head(3).with_columns(
        path=pl.Series([manifest.table["path"][0], str(tmp_path / "nobody.mp4"), str(tmp_path / "somebody.mp4")])
    )
    Manifest(some).write(tmp_path / "some.csv")
    code, out, err = ishara("predict", tiny_run, tmp_path / "some.csv", "-o", tmp_path / "table.csv", "--top", 2)
    assert code == 1
    assert "2 of 3 clips" in out
    assert "nobody.mp4: no body" in err
    table = pl.read_csv(tmp_path / "table.csv")
    assert table.columns == [
        "clip",
        "truth",
        "gloss",
        "probability",
        "gloss_2",
        "probability_2",
        "known",
        "score",
        "error",
    ]
    assert table["clip"].to_list() == some["id"].to_list()
    assert table["truth"].to_list() == some["gloss"].to_list()
    assert table["gloss"].is_null().to_list() == [False, True, False]
    assert table["error"].is_null().to_list() == [True, False, True]
    assert (table["probability"] >= table["probability_2"]).drop_nulls().all()


def test_a_table_of_another_kind_is_refused_before_anything_is_read(ishara, tmp_path: Path) -> None:
    code, _, err = ishara("predict", tmp_path / "nowhere", "a.mp4", "-o", tmp_path / "table.xlsx")
    assert code == 1
    assert "a table is written as .csv or .parquet" in err


def test_a_file_for_landmarks_to_be_kept_in_is_refused_before_anything_is_read(ishara, tmp_path: Path) -> None:
    (tmp_path / "poses").write_bytes(b"")
    code, _, err = ishara("predict", tmp_path / "nowhere", "a.mp4", "--save-pose", tmp_path / "poses")
    assert code == 1
    assert "poses: is a file; expected a folder" in err


@pytest.mark.parametrize("kind", ["pose", "video"])
def test_standard_input_is_a_clip(
    ishara, somebody: None, tiny_run: Path, corpus: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = next(corpus.rglob("*.pose")).read_bytes() if kind == "pose" else b"\0\0\0 ftypisom"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    code, out, err = ishara("predict", tiny_run, "-", "--json")
    assert code == 0, err
    assert json.loads(out)["clip"] == "standard input"


def test_empty_standard_input_says_what_is_expected(ishara, tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    code, _, err = ishara("predict", tiny_run, "-")
    assert code == 1
    assert "standard input: is empty; expected a video or a .pose file" in err


def test_text_on_standard_input_is_called_so(ishara, tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hello, not a video")))
    _, _, err = ishara("predict", tiny_run, "-")
    assert err.startswith("Error: standard input: is truncated, damaged or not a video")


def test_predicting_landmarks_imports_neither_torch_nor_an_estimator(tiny_run: Path, corpus: Path) -> None:
    code = (
        "import sys; from ishara.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'mediapipe', 'cv2', 'av', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", code, "predict", str(tiny_run), str(next(corpus.rglob("*.pose")))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_two_clips_share_the_file_of_their_landmarks(ishara, somebody: None, tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for name in ("a.mp4", "a.mov", "s01.t1.mp4", "s01.t2.mp4", "._a.mp4"):
        (tmp_path / "clips" / name).write_bytes(b"")
    code, out, err = ishara("predict", tiny_run, tmp_path / "clips", "--save-pose", tmp_path / "poses")
    assert code == 0, err
    assert len(out.splitlines()) == 4
    kept = sorted(path.name for path in (tmp_path / "poses").iterdir())
    assert kept == ["a.mov.pose", "a.mp4.pose", "s01.t1.pose", "s01.t2.pose"]


def test_places_of_files_say_which_clip_and_stay_in_their_folder() -> None:
    names = ["f.npz#0", "f.npz?aspect=1.5#1", "/x/b.mp4", "../b.mov", "s3://h/d/c.mp4", "..", "s01.t1"]
    places = file_places(names, ".pose")
    assert [str(place) for place in places] == [
        "f-0.pose", "f-aspect-1.5-1.pose", "x/b.pose", "b.pose", "h/d/c.pose", "clip.pose", "s01.t1.pose"
    ]  # fmt: skip
    assert all(read_as_file(place) for place in places)
    assert [place.with_suffix("") for place in file_places(names, ".png")] == [p.with_suffix("") for p in places]


def test_no_two_inputs_share_a_file_whatever_they_are_called() -> None:
    names = ["1", "1", "1-2", "1", "a.mp4", "A.mov", "x/a.mp4", "../x/a.mp4", "https://h/c.mp4?key=" + "k" * 500]
    places = [str(place).casefold() for place in file_places(names, ".png")]
    assert len(set(places)) == len(names)
    assert all(len(part.encode()) < 230 for place in places for part in Path(place).parts)


def read_as_file(place: Path) -> bool:
    """Whether the name is that of a file, and not taken for the address of a clip in another."""
    return Address.parse(place).file == str(place)


def test_stretch_and_box_of_a_manifest_reach_the_estimator_in_every_command(
    ishara, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def landmarks(_: object, source: object, start: float | None, end: float | None, box: object) -> Pose:
        asked.append((Path(str(source)).name, start, end, str(box)))
        return synthetic_clip("SYN-01")

    monkeypatch.setattr(SharedEstimator, "landmarks", landmarks)
    clip = Clip("a", str(tmp_path / "a.mp4"), "SYN-01", "s", None, 0.5, 1.25, "1 2 30 40")
    manifest = Manifest.from_clips([clip]).write(tmp_path / "m.csv")
    evaluate = ("evaluate", tiny_run, "--manifest", manifest, "-o", tmp_path / "report")
    for words in (("predict", tiny_run, manifest), evaluate):
        code, _, err = ishara(*words)
        assert code == 0, err
    assert asked == [("a.mp4", 0.5, 1.25, "1 2 30 40")] * 2


def attention_of(folder: Path) -> list[str]:
    """The files below a folder, by their paths from it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_attention_is_kept_as_a_picture_and_as_the_numbers_that_json_has(
    ishara, tiny_run: Path, corpus: Path, tmp_path: Path
) -> None:
    clip = next(corpus.rglob("*.pose"))
    for gloss in ("TEA", "TREE"):
        (tmp_path / "clips" / gloss).mkdir(parents=True)
        shutil.copy(clip, tmp_path / "clips" / gloss / "1.pose")
    (tmp_path / "clips/bad.pose").write_bytes(b"")
    code, out, err = ishara("predict", tiny_run, tmp_path / "clips", "--json", "--save-attention", tmp_path / "seen")
    assert code == 1
    assert "bad.pose" in err
    assert attention_of(tmp_path / "seen") == ["TEA/1.csv", "TEA/1.png", "TREE/1.csv", "TREE/1.png"]
    assert (tmp_path / "seen/TEA/1.png").read_bytes().startswith(b"\x89PNG")
    told = json.loads(out.splitlines()[1])
    table = pl.read_csv(tmp_path / "seen/TREE/1.csv")
    assert set(table["clip"]) == {told["clip"]} == {"TREE/1.pose"}
    assert table["time"].to_list() == pytest.approx([frame["time"] for frame in told["attention"]], abs=1e-3)
    assert table["weight"].to_list() == pytest.approx([frame["weight"] for frame in told["attention"]], abs=1e-4)


def test_attention_of_a_clip_is_the_same_with_and_without_its_picture(
    ishara, somebody: None, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A video's landmarks are estimated once; what is kept of them is what was predicted."""
    asked: list[object] = []

    def landmarks(self: object, source: object, start: float | None, end: float | None, box: object) -> Pose:
        asked.append(source)
        return _seen(self, source, start, end, box)

    monkeypatch.setattr(SharedEstimator, "landmarks", landmarks)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\0\0\0 ftypisom")))
    keep = ("--save-pose", tmp_path / "poses", "--save-attention", tmp_path / "seen")
    code, out, err = ishara("predict", tiny_run, "-", *keep)
    assert (code, len(asked)) == (0, 1), err
    assert attention_of(tmp_path / "seen") == ["standard input.csv", "standard input.png"]
    _, plain, _ = ishara("predict", tiny_run, tmp_path / "poses/standard input.pose")
    assert plain.split(":")[1].split()[0] == out.split(":")[1].split()[0]


def test_clips_of_one_name_in_two_manifests_keep_a_picture_each(
    ishara, tiny_run: Path, corpus: Path, tmp_path: Path
) -> None:
    clips = [Clip("7", str(path), "SYN-01", "s") for path in sorted(corpus.rglob("*.pose"))[:2]]
    manifests = [Manifest.from_clips([clip]).write(tmp_path / f"{i}.csv") for i, clip in enumerate(clips)]
    code, _, err = ishara("predict", tiny_run, *manifests, "--save-attention", tmp_path / "seen")
    assert code == 0, err
    assert attention_of(tmp_path / "seen") == ["7-2.csv", "7-2.png", "7.csv", "7.png"]


def test_a_file_for_attention_is_refused_before_anything_is_read(ishara, tmp_path: Path) -> None:
    (tmp_path / "seen").write_bytes(b"")
    code, _, err = ishara("predict", tmp_path / "nowhere", "a.mp4", "--save-attention", tmp_path / "seen")
    assert code == 1
    assert "seen: is a file; expected a folder for the attention" in err


def _without(module: str, *words: object) -> subprocess.CompletedProcess[str]:
    """`ishara predict` where a package is not installed; the heavy modules that it imported come last."""
    code = (
        f"import sys; sys.modules[{module!r}] = None\nfrom ishara.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('torch', 'mediapipe', 'cv2', 'av', 'sklearn') if sys.modules.get(name)])"
    )
    words = (sys.executable, "-c", code, "predict", *map(str, words))
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_pictures_of_attention_need_the_report_extra_and_no_torch(tiny_run: Path, corpus: Path, tmp_path: Path) -> None:
    words = (tiny_run, next(corpus.rglob("*.pose")), "--save-attention", tmp_path / "seen")
    done = _without("matplotlib", *words)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Figures need matplotlib")
    assert "which is not installed. Type: pip install 'ishara[report]'" in done.stderr
    assert not (tmp_path / "seen").exists()
    done = _without("torch", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"
    assert len(attention_of(tmp_path / "seen")) == 2


@pytest.fixture(scope="module")
def of_pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recogniser of pictures, as it is before training."""
    options = {"size": 32, "stem": 8, "widths": (8, 8), "depths": (1, 1), "features": 8, "hidden": 8}
    settings = {"name": "tiny", "data": {"manifest": "clips.csv"}, "pixels": {"frames": 4, "size": 32}}
    recipe = Recipe.from_dict(settings | {"model": {"name": "sign2text"}})
    model = create_model("sign2text", num_classes=2, **options)
    folder = tmp_path_factory.mktemp("of-pixels") / "recognizer"
    write_recognizer(folder, model, recipe, ["TEA", "TREE"], temperature=lambda _: 1.0, card=lambda _: "")
    return folder


def test_the_picture_of_a_model_of_pixels_shows_the_frames_that_it_saw(
    ishara, of_pixels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[NDArray[np.uint8]] = []

    def red(source: object, options: object, **_: object) -> ClipFrames:
        # Four reds, from black to bright; nothing else on the page is red.
        frames = np.zeros((4, 3, 32, 32), np.uint8)
        frames[:, 0] = np.array([51, 102, 153, 255])[:, None, None]
        decoded.append(frames)
        return ClipFrames(frames, 2.0 + np.arange(4) / 10)

    monkeypatch.setattr("ishara.video.frames.read_clip", red)
    clip = Clip("a", str(tmp_path / "a.mp4"), "TREE", "s", None, 2.0, 2.5)
    manifest = Manifest.from_clips([clip]).write(tmp_path / "m.csv")
    code, _, err = ishara("predict", of_pixels, manifest, "--save-attention", tmp_path / "seen")
    assert (code, len(decoded)) == (0, 1), err
    assert pl.read_csv(tmp_path / "seen/a.csv")["time"].to_list() == pytest.approx([0, 0.1, 0.2, 0.3])
    page = (imread(tmp_path / "seen/a.png")[..., :3] * 255).round()
    lefts = [np.argwhere((page == (level, 0, 0)).all(axis=2))[:, 1].min() for level in (51, 102, 153, 255)]
    assert lefts == sorted(lefts)
    assert np.ptp(np.diff(lefts)) <= 8


def test_a_model_of_pixels_has_no_landmarks_to_keep(ishara, of_pixels: Path, tmp_path: Path) -> None:
    code, _, err = ishara("predict", of_pixels, tmp_path / "a.mp4", "--save-pose", tmp_path / "poses")
    assert code == 1
    assert "looks at pictures and has no landmarks" in err
