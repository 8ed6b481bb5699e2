"""`ishara inspect`: figures over a corpus, what is reported of damaged files, and the pictures."""

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest
from rich.console import Console

from ishara.cli import main
from ishara.errors import IsharaError
from ishara.evaluation.contact_sheet import contact_sheet, strip
from ishara.evaluation.inspection import Inspection, inspect_poses
from ishara.evaluation.inspection_page import write_inspection
from ishara.evaluation.overlay import COLOURS, VideoStretch, draw_on_canvas, draw_on_frames, write_film
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.quality import Limits
from ishara.pose.skeleton import get_skeleton
from ishara.video import read_video

HOLISTIC = get_skeleton("holistic")
WIDTH, HEIGHT = 96, 64


def signer(frames: int = 10, *, hands: int | None = None, fps: float = 25) -> Pose:
    """Somebody in a picture of 96 by 64: shoulders at a third of it, hands at (30, 50) and (70, 50) in some frames."""
    coordinates = np.zeros((frames, len(HOLISTIC), 3), np.float32)
    coordinates[:, :, :2] = (48, 10)
    for name, place in {"left_shoulder": (64, 20), "right_shoulder": (32, 20)}.items():
        coordinates[:, HOLISTIC.index(name), :2] = place
    confidence = np.ones(coordinates.shape[:2], np.float32)
    for hand, place in {"left_hand": (70, 50), "right_hand": (30, 50)}.items():
        columns = [HOLISTIC.index(name) for name in HOLISTIC.groups[hand]]
        coordinates[:, columns, :2] = place
        confidence[hands if hands is not None else frames :, columns] = 0
    return Pose(coordinates, confidence, fps, HOLISTIC)


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    """Three clips of two signers with a manifest: all hands, half of them, none; the first has its video."""
    folder = tmp_path / "poses"
    rows = []
    for number, (clip, person, hands) in enumerate((("a", "s1", 10), ("b", "s1", 5), ("c", "s2", 0))):
        write_pose(signer(hands=hands), folder / f"{clip}.pose")
        rows.append({"id": clip, "path": f"{clip}.pose", "gloss": ("TEA", "চা")[number % 2], "signer": person})
    write_film(folder / "film.mp4", grey_frames(10), 25)
    rows[0]["video"] = "film.mp4"
    pl.DataFrame(rows).write_csv(folder / "manifest.csv")
    return folder


def grey_frames(number: int) -> list[np.ndarray]:
    return [np.full((HEIGHT, WIDTH, 3), 40 + 5 * i, np.uint8) for i in range(number)]


def test_shares_are_of_the_frames_overall_and_by_signer(poses: Path) -> None:
    found = inspect_poses(poses)
    assert found.overall.any_hand == pytest.approx(0.5)
    assert (found.overall.clips, found.overall.frames, found.overall.no_hand, found.overall.no_body) == (3, 30, 15, 0)
    assert (found.overall.body, found.overall.handless, found.overall.suspicious) == (1, 1, 1)
    assert [(part.name, part.clips, part.any_hand) for part in found.by("signer")] == [("s2", 1, 0), ("s1", 2, 0.75)]
    assert [(part.name, part.any_hand) for part in found.by("gloss")] == [("TEA", 0.5), ("চা", 0.5)]
    assert found.suspicious()["id"].to_list() == ["c"]


def test_long_clips_weigh_more_than_short_ones(tmp_path: Path) -> None:
    write_pose(signer(10, hands=10), tmp_path / "short.pose")
    write_pose(signer(30, hands=0), tmp_path / "long.pose")
    assert inspect_poses(tmp_path).overall.any_hand == pytest.approx(0.25)


def test_lengths_and_rates(tmp_path: Path) -> None:
    for name, frames, fps in (("a", 1, 25), ("b", 10, 50), ("c", 60, 30)):
        write_pose(signer(frames, fps=fps), tmp_path / f"{name}.pose")
    found = inspect_poses(tmp_path)
    assert (found.range("frames").least, found.range("frames").median, found.range("frames").most) == (1, 10, 60)
    assert (found.range("fps").least, found.range("fps").most) == (25, 50)
    assert found.range("seconds").median == pytest.approx(0.2)
    assert found.suspicious()["problems"].to_list() == [["only 1 frame"]]


def test_limits_are_heeded(poses: Path) -> None:
    assert inspect_poses(poses, Limits(hands=0.6)).suspicious()["id"].to_list() == ["c", "b"]


def test_a_folder_without_a_manifest_names_clips_by_their_place(tmp_path: Path) -> None:
    write_pose(signer(), tmp_path / "U1" / "tea.pose")
    write_pose(signer(), tmp_path / "U2" / "tea.pose")
    assert inspect_poses(tmp_path).clips["id"].to_list() == ["U1/tea", "U2/tea"]


def test_one_file_is_enough(poses: Path) -> None:
    assert inspect_poses(poses / "b.pose").clips["id"].to_list() == ["b"]


def test_every_clip_of_a_landmark_array_is_read(tmp_path: Path) -> None:
    file = tmp_path / "clips.npz"
    frames = np.random.default_rng(0).normal(size=(9, 3, 2)).astype(np.float32)
    names = np.array(["nose", "left_shoulder", "right_shoulder"])
    people = np.array(["s1", "s2"])
    np.savez(file, frames=frames, offsets=np.array([0, 3, 9]), landmarks=names, signer=people, fps=np.array(10.0))
    found = inspect_poses(file)
    assert found.clips.select("id", "signer", "frames", "no_hand").rows() == [
        ("clips-0", "s1", 3, None), ("clips-1", "s2", 6, None)
    ]  # fmt: skip
    assert found.overall.any_hand is None
    assert inspect_poses(f"{file}#1").clips["frames"].to_list() == [6]


def test_a_stretch_of_a_file_is_measured_alone(tmp_path: Path) -> None:
    write_pose(signer(20, hands=5), tmp_path / "long.pose")
    table = pl.DataFrame({"id": ["x"], "path": ["long.pose"], "gloss": ["TEA"], "start": [0.0], "end": [0.2]})
    table.write_csv(tmp_path / "one.csv")
    found = inspect_poses(tmp_path / "one.csv")
    assert (found.clips["frames"][0], found.clips["no_hand"][0]) == (5, 0)


def test_damaged_files_are_told_apart_and_left_out(poses: Path) -> None:
    (poses / "b.pose").write_bytes((poses / "b.pose").read_bytes()[:300])
    (poses / "c.pose").unlink()
    found = inspect_poses(poses)
    assert found.clips["id"].to_list() == ["a"]
    assert set(found.failures) == {"b", "c"}
    assert found.failures["b"].startswith("is truncated, damaged")
    assert found.failures["c"] == "there is no such file."


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere", "there is no such file or folder"),
        (lambda folder: folder, "holds no .pose file; expected the folder that `ishara extract"),
        (lambda folder: write(folder / "clip.mp4", "x"), "holds no landmarks; expected a .pose"),
        (
            lambda folder: write(folder / "m.csv", "id,path,gloss\na,clip.mp4,TEA\n"),
            r"names no landmark file \(its first clip is .*clip\.mp4\).* ishara extract .*m\.csv -o FOLDER",
        ),
        (lambda folder: write(folder / "a.pose", "damaged"), "none of its 1 clips can be read. The first, a: "),
        (lambda folder: write(folder / "m.csv", "id,path\na,b\n"), "has no column gloss"),
    ],
)
def test_what_cannot_be_inspected_is_said(make: Callable[[Path], Path], message: str, tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match=message):
        inspect_poses(make(tmp_path))


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_json_has_everything(poses: Path) -> None:
    found = json.loads(json.dumps(inspect_poses(poses).as_json(), allow_nan=False))
    assert found["overall"]["any_hand"] == pytest.approx(0.5)
    assert [clip["id"] for clip in found["clips"]] == ["a", "b", "c"]
    assert found["suspicious"] == ["c"]
    assert found["clips"][2]["problems"] == ["no hand was ever found"]


def colour_at(picture: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(value) for value in picture[y, x])


def test_landmarks_are_drawn_where_they_are_in_the_colour_of_their_part() -> None:
    drawn = list(draw_on_frames(signer(hands=5), grey_frames(10)))
    assert len(drawn) == 10
    assert drawn[0].shape == (HEIGHT, WIDTH, 3)
    assert colour_at(drawn[0], 70, 50) == COLOURS["left_hand"]
    assert colour_at(drawn[0], 30, 50) == COLOURS["right_hand"]
    assert colour_at(drawn[0], 48, 20) == pytest.approx(COLOURS["body"], abs=20)
    assert colour_at(drawn[9], 70, 50) == (85, 85, 85), "a hand that was not seen is not drawn"
    assert colour_at(drawn[9], 5, 60) == (85, 85, 85), "the picture itself stays as it is"


@pytest.mark.parametrize("factor", [1e-3, 1, 1e4])
def test_a_canvas_holds_the_signer_whatever_the_unit(factor: float) -> None:
    pose = signer(3)
    (first, *_) = draw_on_canvas(pose.replace(pose.coordinates * np.float32(factor) - np.float32(7)))
    assert max(first.shape) == 480
    for colour in (COLOURS["left_hand"], COLOURS["right_hand"], COLOURS["body"]):
        assert (first == colour).all(axis=-1).any()


def test_a_canvas_for_one_point_and_for_flat_landmarks() -> None:
    pose = signer(1)
    flat = Pose(pose.coordinates[..., :2], pose.confidence, 25, HOLISTIC)
    assert len(list(draw_on_canvas(flat))) == 1
    still = pose.replace(np.zeros_like(pose.coordinates))
    assert len(list(draw_on_canvas(still))) == 1


def test_points_far_outside_the_picture_do_no_harm() -> None:
    pose = signer(2)
    pose.coordinates[:, HOLISTIC.index("left_wrist")] = 1e30
    assert len(list(draw_on_frames(pose, grey_frames(2)))) == 2


@pytest.mark.parametrize(("height", "width", "size"), [(64, 96, (64, 96)), (33, 51, (32, 52)), (400, 1280, (200, 640))])
def test_a_film_has_every_frame_and_even_sides(tmp_path: Path, height: int, width: int, size: tuple[int, int]) -> None:
    pictures = [np.full((height, width, 3), 10 + 20 * i, np.uint8) for i in range(7)]
    frames = read_video(write_film(tmp_path / "film.mp4", pictures, 29.97))
    assert frames.rgb.shape == (7, *size, 3)
    assert frames.info.fps == pytest.approx(29.97, abs=0.01)
    assert (np.diff(frames.rgb.mean(axis=(1, 2, 3))) > 10).all()


def test_a_film_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match="there is no frame to write"):
        write_film(tmp_path / "empty.mp4", [], 25)
    (tmp_path / "file").write_text("")
    with pytest.raises(IsharaError, match="cannot be written"):
        write_film(tmp_path / "file" / "film.mp4", grey_frames(1), 25)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_strip_shows_first_and_last_frame_of_the_video(poses: Path) -> None:
    video = VideoStretch(str(poses / "film.mp4"))
    shown = strip("a", signer(hands=0), video, 3)
    assert [round(float(picture[60, 5].mean())) for picture in shown.frames] == pytest.approx([40, 60, 85], abs=3)
    assert len(strip("a", signer(2), video, 8).frames) == 2


def test_a_strip_of_a_stretch_and_a_box_shows_these(poses: Path) -> None:
    video = VideoStretch(str(poses / "film.mp4"), start=0.2, end=0.4, box="0 0 48 64")
    shown = strip("a", signer(5, hands=0), video, 2)
    assert [picture.shape for picture in shown.frames] == [(64, 48, 3)] * 2
    assert [round(float(picture[60, 5].mean())) for picture in shown.frames] == pytest.approx([65, 85], abs=3)


def test_the_contact_sheet_holds_each_frame_as_it_is() -> None:
    import cv2

    strips = [strip("1 · TEA", signer(10), None, 4), strip("2 · চা $x_1$", signer(3), None, 4)]
    sheet = cv2.imdecode(np.frombuffer(contact_sheet(strips), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    for picture in (strips[0].frames[0], strips[1].frames[2]):
        height, width = picture.shape[:2]
        places = np.lib.stride_tricks.sliding_window_view(sheet[:, :, 0], (height, width))
        first_rows = (places[:, :, height // 2, :] == picture[height // 2, :, 0]).all(axis=-1)
        assert first_rows.any()


@pytest.fixture
def inspection(poses: Path) -> Inspection:
    return inspect_poses(poses)


def test_the_page_needs_no_other_file(inspection: Inspection, tmp_path: Path) -> None:
    page, warnings = write_inspection(tmp_path / "out", inspection)
    text = page.read_text(encoding="utf-8")
    assert warnings == []
    assert {file.name for file in page.parent.iterdir()} == {
        "inspection.html", "inspection.json", "contact-sheet.png", "overlay.mp4"
    }  # fmt: skip
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert [link[:12] for link in links if not link.startswith(("data:", "#"))] == []
    assert "চা" in text
    assert "no hand was ever found" in text
    assert json.loads((page.parent / "inspection.json").read_text(encoding="utf-8"))["overall"]["clips"] == 3


def test_the_film_shows_the_clip_that_is_asked_for_on_its_video_where_that_is_there(
    inspection: Inspection, tmp_path: Path
) -> None:
    page, _ = write_inspection(tmp_path / "a.html", inspection)
    assert read_video(tmp_path / "overlay.mp4").rgb.shape == (10, HEIGHT, WIDTH, 3)
    assert "drawn on its video" in page.read_text(encoding="utf-8")
    page, _ = write_inspection(tmp_path / "c.html", inspection, video_of="c")
    assert max(read_video(tmp_path / "overlay.mp4").rgb.shape[1:3]) == 480
    assert "drawn on its video" not in re.search(r"<figcaption>.*</figcaption>", page.read_text(encoding="utf-8"))[0]


def test_a_clip_that_is_not_there_cannot_be_filmed(inspection: Inspection, tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match=r"--video-of d: there is no such clip in .*Choose from: a, b, c"):
        write_inspection(tmp_path, inspection, video_of="d")


def test_a_damaged_video_is_told_and_a_canvas_taken(poses: Path, tmp_path: Path) -> None:
    (poses / "film.mp4").write_bytes(b"no video")
    page, warnings = write_inspection(tmp_path / "out", inspect_poses(poses), video_of="a")
    assert len(warnings) == 2
    assert all("a: " in text and "film.mp4" in text for text in warnings)
    assert max(read_video(page.parent / "overlay.mp4").rgb.shape[1:3]) == 480


def test_the_sheet_shows_suspicious_clips_first_and_no_clip_twice(tmp_path: Path) -> None:
    for number in range(12):
        write_pose(signer(6, hands=0 if number == 7 else 6), tmp_path / f"{number:02}.pose")
    page, _ = write_inspection(tmp_path / "out", inspect_poses(tmp_path), clips=4)
    rows = re.findall(r'<tr><td class="n">\d+</td><th scope="row">(\d\d)</th>', page.read_text(encoding="utf-8"))
    assert rows[0] == "07"
    assert (rows[1], rows[-1], len(set(rows))) == ("00", "11", 4)


def test_without_opencv_the_command_is_said(
    inspection: Inspection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(IsharaError, match=r"pip install 'ishara\[mediapipe\]'"):
        write_inspection(tmp_path, inspection)


def run(*words: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["ishara", "inspect", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_command_shows_signers_and_clips_to_check(poses: Path, monkeypatch, capsys) -> None:
    (poses / "b.pose").write_bytes(b"damaged")
    code, out, err = run(poses, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert re.search(r"s1 +1 +10 +100% +100% +100% +100% +0 +0 +0", out)
    assert re.search(r"all +2 +20 +50\.0% +50\.0% +50\.0% +100% +10 +0 +1", out)
    assert "no hand was ever found" in out
    assert "Left out b: is truncated, damaged" in err
    assert "1 clip could not be read" in err


def test_in_a_narrow_terminal_the_signers_and_their_shares_remain(poses: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("ishara.cli.inspect.console", Console(width=60))
    _, out, _ = run(poses, monkeypatch=monkeypatch, capsys=capsys)
    assert "signer" in out
    assert re.search(r"s1 +20 +75\.0% +75\.0% +75\.0% +100% +0", out)
    assert re.search(r"all +30 +50\.0% +50\.0% +50\.0% +100% +1", out)
    assert "…" not in out


def test_the_command_writes_json_and_a_page(poses: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    code, out, err = run(
        poses, "--json", "--hands", "0.6", "-o", tmp_path / "out", monkeypatch=monkeypatch, capsys=capsys
    )
    assert code == 0
    assert json.loads(out)["suspicious"] == ["c", "b"]
    assert "inspection.html" in err
    assert (tmp_path / "out" / "overlay.mp4").is_file()


def test_video_of_without_a_page_is_a_mistake(poses: Path, monkeypatch, capsys) -> None:
    code, _, err = run(poses, "--video-of", "a", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 1
    assert "say with -o where to write it" in err


def test_pictures_of_a_varying_rate_come_at_the_times_of_the_landmarks(tmp_path: Path) -> None:
    times = [0, 1, 2, 3, 4, 12, 13, 14, 15, 16, 24, 25]  # in 1/50 s; the brightness tells which
    with av.open(str(tmp_path / "clip.mkv"), "w") as film:
        stream = film.add_stream("ffv1", rate=50)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "gray"
        stream.codec_context.time_base = Fraction(1, 50)
        for time in times:
            frame = av.VideoFrame.from_ndarray(np.full((32, 32), 20 + 8 * time, np.uint8), format="gray")
            frame.pts = time
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    fps = read_video(tmp_path / "clip.mkv").info.fps
    shown = [(float(picture.mean()) - 20) / 8 / 50 for picture in VideoStretch(str(tmp_path / "clip.mkv")).frames()]
    even = np.arange(len(shown)) / fps
    assert len(shown) == round(0.5 * fps) + 1
    nearest = [min(times, key=lambda time, at=at: abs(time / 50 - at)) / 50 for at in even]
    np.testing.assert_allclose(shown, nearest, atol=0.01)


def test_the_page_is_never_put_among_the_landmarks(ishara, poses: Path) -> None:
    before = sorted(poses.iterdir())
    code, _, err = ishara("inspect", poses, "-o", poses)
    assert code == 1
    assert "holds the landmarks, and a film among them would be taken for a clip" in err
    assert sorted(poses.iterdir()) == before
