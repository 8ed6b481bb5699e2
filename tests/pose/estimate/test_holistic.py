"""MediaPipe without people: nobody in view, odd pictures, missing packages and models, silence, light imports."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ishara.errors import IsharaError
from ishara.pose.estimate import EstimatorOptions, PoseEstimator, make_estimator


@pytest.fixture(scope="module")
def estimator():
    made = make_estimator(EstimatorOptions(refine=True))
    yield made
    made.close()


@pytest.mark.parametrize("size", [(1, 1), (32, 32), (33, 31), (7, 400), (240, 321)])
def test_pictures_of_any_size_with_nobody_in_them(estimator: PoseEstimator, size: tuple[int, int]) -> None:
    pose = estimator.estimate([np.full((*size, 3), 90, np.uint8)], 25)
    assert pose.coordinates.shape == (1, 75, 3)
    assert not pose.seen.any()


def test_pictures_need_not_be_contiguous_and_may_differ_in_size(estimator: PoseEstimator) -> None:
    wide = np.zeros((40, 60, 3), np.uint8)
    assert len(estimator.estimate([wide, wide[::2, ::-1], wide.transpose(1, 0, 2)], 12.5)) == 3


def test_there_is_a_frame_for_every_picture_whatever_the_stride() -> None:
    made = make_estimator(EstimatorOptions(stride=4))
    pictures = iter([np.zeros((32, 32, 3), np.uint8)] * 10)
    pose = made.estimate(pictures, 30)
    made.close()
    assert (len(pose), pose.fps) == (10, 30)


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "no frames"),
        ([np.zeros((8, 8), np.uint8)], r"Frame 0 is uint8 of shape \(8, 8\)"),
        ([np.zeros((8, 8, 4), np.uint8)], r"shape \(8, 8, 4\); expected uint8 of \(height, width, 3\)"),
        ([np.zeros((8, 8, 3))], "Frame 0 is float64"),
        ([np.zeros((0, 8, 3), np.uint8)], r"shape \(0, 8, 3\)"),
    ],
)
def test_what_is_no_picture_is_refused(estimator: PoseEstimator, pictures: list[np.ndarray], message: str) -> None:
    with pytest.raises(IsharaError, match=message):
        estimator.estimate(pictures, 25)


@pytest.mark.parametrize("wrong", [{"complexity": 3}, {"stride": 0}, {"name": "openpose"}, {"hands": True}])
def test_options_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EstimatorOptions.model_validate(wrong)


@pytest.mark.parametrize(("complexity", "name"), [(0, "lite"), (2, "heavy")])
def test_a_missing_model_is_named_with_where_to_put_it(tmp_path: Path, complexity: int, name: str) -> None:
    file = f"pose_landmark_{name}.tflite"
    with pytest.raises(IsharaError, match=f"{file} is not part.*Put https://.*/{file} into a folder.*--models"):
        make_estimator(EstimatorOptions(complexity=complexity))
    with pytest.raises(IsharaError, match=f"{file}.*it is not in {tmp_path}"):
        make_estimator(EstimatorOptions(complexity=complexity, models=tmp_path))


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pose_landmark_heavy.tflite").write_text("<html>404 not found</html>")
    with pytest.raises(IsharaError, match=r"heavy\.tflite: is not a TensorFlow Lite model"):
        make_estimator(EstimatorOptions(complexity=2, models=tmp_path))


def test_a_damaged_model_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "pose_landmark_heavy.tflite").write_bytes(b"\x20\0\0\0TFL3" + bytes(2000))
    with pytest.raises(IsharaError, match=r"heavy\.tflite: is perhaps damaged; expected https://.* MediaPipe failed: "):
        make_estimator(EstimatorOptions(complexity=2, models=tmp_path))


@pytest.mark.parametrize("missing", ["mediapipe", "mediapipe.python.solutions.holistic", "mediapipe.python"])
def test_a_missing_package_says_what_to_type(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in [name for name in sys.modules if name.startswith("mediapipe")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(IsharaError, match=r"need mediapipe 0\.10\.21.*Type: pip install 'ishara\[mediapipe\]'"):
        make_estimator()


def test_estimating_is_silent_and_loads_no_more_than_it_needs() -> None:
    code = """
import sys, time
import numpy as np
import ishara.pose.estimate.video
assert "mediapipe" not in sys.modules
from ishara.pose.estimate import EstimatorOptions, make_estimator
estimator = make_estimator(EstimatorOptions(face=True, refine=True))
for clip in range(2):
    estimator.estimate([np.zeros((64, 64, 3), np.uint8)] * 2, 25)
estimator.close()
print(*sorted({"torch", "jax", "tensorflow", "matplotlib", "sounddevice"} & set(sys.modules)))
import matplotlib.pyplot, mediapipe
assert mediapipe.solutions.drawing_utils.plt.figure is matplotlib.pyplot.figure
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def break_down(graph: object) -> None:
    """Have a graph of MediaPipe fail."""
    from mediapipe.python.packet_creator import create_string

    graph.add_packet_to_input_stream("image", create_string("no picture").at(10**9))
    graph.wait_until_idle()


def test_a_clip_after_one_at_which_mediapipe_failed_is_estimated() -> None:
    estimator = make_estimator()
    try:
        estimator.estimate([np.zeros((32, 32, 3), np.uint8)], 25)
        with pytest.raises(ValueError, match="Packet type mismatch"):
            break_down(estimator._graph._solution._graph)
        assert len(estimator.estimate([np.zeros((32, 32, 3), np.uint8)] * 2, 25)) == 2
    finally:
        estimator.close()
