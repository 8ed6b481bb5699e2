"""What runs a graph: by option, from several threads, with little padding, without torch."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ishara
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.errors import IsharaError
from ishara.pose.files import write_pose
from ishara.recognizer import Recognizer
from ishara.recognizer.inputs import ModelInput, batches
from ishara.recognizer.runtime import _check_labels, open_runtime


@given(st.lists(st.integers(1, 3000), max_size=120), st.integers(1, 40))
def test_batches_hold_each_clip_once_and_pad_little(lengths: list[int], most: int) -> None:
    found = batches(_features(*lengths), most)
    assert sorted(place for members in found for place in members) == list(range(len(lengths)))
    for members in found:
        inside = [lengths[place] for place in members]
        assert len(inside) <= most
        assert max(inside) - min(inside) <= max(4, 0.2 * max(inside))
        assert len(inside) == 1 or len(inside) * max(inside) <= 1024


def test_one_very_long_clip_does_not_lengthen_the_others() -> None:
    assert batches(_features(30, 9000, 28, 31, 29), 32) == [[2, 4, 0, 3], [1]]


@pytest.mark.parametrize(("side", "together"), [(224, 2), (112, 8), (448, 1)])
def test_fewer_clips_run_together_the_larger_their_pictures(side: int, together: int) -> None:
    clips = [np.broadcast_to(np.uint8(0), (32, 3, side, side))] * 16
    assert [len(members) for members in batches(clips, 16)] == [together] * (16 // together)


def _features(*lengths: int) -> list[np.ndarray]:
    """Clips of so many frames."""
    return [np.empty((length, 1), np.float32) for length in lengths]


def test_clips_of_all_lengths_come_back_in_their_order(tiny_run: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    rng = np.random.default_rng(0)
    clips = [
        ModelInput(rng.standard_normal((length, *recognizer.config.frame)).astype(np.float32), np.zeros(length))
        for length in (40, 1, 7, 200, 3, 41, 7)
    ]
    together = recognizer.run(clips)
    for place, clip in enumerate(clips):
        alone = recognizer.run([clip])
        np.testing.assert_allclose(together.logits[place], alone.logits[0], atol=1e-4)
        np.testing.assert_allclose(together.attention[place], alone.attention[0], atol=1e-4)


def test_many_threads_may_predict_clips_of_many_lengths(tiny_run: Path) -> None:
    recognizer = ishara.load(tiny_run, threads=1).warm_up()
    clips = [synthetic_clip("SYN-01").frames(range(length)) for length in (5, 9, 14, 20) * 8]
    expected = [recognizer.predict(clip).probability for clip in clips]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda clip: recognizer.predict(clip).probability, clips))
    assert found == expected


def test_warming_up_leaves_the_recogniser_as_it_was(tiny_run: Path) -> None:
    clip = synthetic_clip("SYN-01")
    assert ishara.load(tiny_run).warm_up().predict(clip).probability == pytest.approx(
        ishara.load(tiny_run).predict(clip).probability, abs=1e-6
    )


def test_a_clip_of_what_is_no_number_is_refused(tiny_run: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    x = np.full((5, *recognizer.config.frame), np.nan, np.float32)
    with pytest.raises(IsharaError, match="gives scores that are not finite numbers"):
        recognizer.run([ModelInput(x, np.zeros(5))])


def test_the_provider_is_chosen_by_name(tiny_run: Path) -> None:
    assert Recognizer.load(tiny_run, provider="cpu").runtime.provider == "cpu"
    with pytest.raises(IsharaError, match=r"provider tpu: there is no such one\. Choose from: auto, coreml, cpu"):
        Recognizer.load(tiny_run, provider="tpu")
    with pytest.raises(IsharaError, match=r"threads is 0; expected 1 or more"):
        Recognizer.load(tiny_run, threads=0)
    with pytest.raises(IsharaError, match=r"threads is 0"):
        ishara.load(tiny_run, threads=0)


@pytest.mark.parametrize(
    ("provider", "wheel"),
    [("cuda", "pip install onnxruntime-gpu"), ("directml", "pip install onnxruntime-directml"), ("coreml", "macOS")],
)
def test_a_provider_that_is_not_built_in_is_refused_with_the_wheel_that_has_it(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch, provider: str, wheel: str
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["AzureExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(IsharaError, match=rf"has no provider '{provider}', only cpu\. .*{wheel}"):
        Recognizer.load(tiny_run, provider=provider)
    assert Recognizer.load(tiny_run, provider="auto").runtime.provider == "cpu"


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_does_not_start_is_refused_or_passed_over(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the wheel for NVIDIA is installed and its libraries are not."""

    class WithoutLibraries(ort.InferenceSession):
        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: names)
    monkeypatch.setattr(ort, "InferenceSession", WithoutLibraries)
    with pytest.raises(IsharaError, match="has cuda but cannot start it here"):
        Recognizer.load(tiny_run, provider="cuda")
    assert Recognizer.load(tiny_run, provider="auto").runtime.provider == "cpu"


def test_the_command_takes_threads_and_a_provider(ishara, tiny_run: Path, tmp_path: Path) -> None:
    write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose")
    code, out, err = ishara("predict", tiny_run, tmp_path / "clip.pose", "--threads", 1, "--provider", "auto")
    assert (code, err) == (0, "")
    assert "SYN-0" in out
    code, _, err = ishara("predict", tiny_run, tmp_path / "clip.pose", "--provider", "npu")
    assert code == 1
    assert err.startswith("Error: provider npu: there is no such one.")


def test_predicting_arrays_files_and_lists_imports_nothing_of_training(tiny_run: Path, tmp_path: Path) -> None:
    write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose")
    code = (
        "import sys, ishara, numpy as np\n"
        "from ishara.pose.files import read_pose\n"
        "recognizer = ishara.load(sys.argv[1], threads=1).warm_up()\n"
        "pose = read_pose(sys.argv[2])\n"
        "recognizer.predict([sys.argv[2], pose, pose.frames(range(3))])\n"
        "heavy = {'torch', 'lightning', 'transformers', 'onnx', 'safetensors', 'sympy', 'matplotlib', 'sklearn',\n"
        "         'scipy', 'cv2', 'mediapipe', 'openvino', 'av', 'dask'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    command = [sys.executable, "-c", code, tiny_run, tmp_path / "clip.pose"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_openvino_is_asked_for_by_its_command(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = Recognizer.load(tiny_run)
    config = recognizer.config.model_copy(update={"form": "openvino"})
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(IsharaError, match=r"pip install 'ishara\[openvino\]', or export it as onnx"):
        open_runtime(recognizer.folder, config)
    with pytest.raises(IsharaError, match="an OpenVINO graph runs on the processor, not on cuda"):
        open_runtime(recognizer.folder, config, provider="cuda")


def _standing_in(frame: tuple[int, ...], labels: list[str], operator: Any) -> SimpleNamespace:
    """What OpenVINO would be, with a model that has one operator and its labels inside."""

    def port(name: str, *sizes: int | None) -> SimpleNamespace:
        dims = [SimpleNamespace(is_static=size is not None, get_length=lambda size=size: size) for size in sizes]
        return SimpleNamespace(names={name}, partial_shape=dims)

    compiled = SimpleNamespace(
        inputs=[port("x", None, None, *frame), port("mask", None, None)],
        outputs=[port("logits", None, len(labels)), port("embedding", None, 8), port("attention", None, None)],
    )
    stamped = SimpleNamespace(astype=lambda _: json.dumps(labels))
    model = SimpleNamespace(
        get_ops=lambda: [operator], has_rt_info=lambda _: True, get_rt_info=lambda path: {"labels": stamped}[path[-1]]
    )
    core = SimpleNamespace(read_model=lambda _: model, compile_model=lambda *_: compiled)
    return SimpleNamespace(Core=lambda: core)


def _operator(values: list[float], kind: str = "Constant", version: str = "opset1") -> SimpleNamespace:
    return SimpleNamespace(
        get_type_info=lambda: SimpleNamespace(name=kind, version_id=version),
        get_friendly_name=lambda: "head.weight",
        data=np.array(values, np.float32),
    )


@pytest.mark.parametrize(
    ("operator", "swapped", "expected"),
    [
        (_operator([0.0, 1.0]), False, None),
        (_operator([-np.inf]), False, None),
        (_operator([0.0, np.nan]), False, r"model\.xml: the weights 'head\.weight' hold numbers that are not finite"),
        (_operator([0.0, np.inf]), False, r"model\.xml: the weights 'head\.weight' hold numbers that are not finite"),
        (
            _operator([], "Own", "extension"),
            False,
            r"model\.xml: has the operator 'Own' of extension, not of OpenVINO's",
        ),
        (_operator([0.0]), True, r"model\.xml: config\.json calls class 0 .* but the model was exported with"),
    ],
)
def test_an_openvino_graph_is_checked_as_an_onnx_graph_is(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch, operator: Any, swapped: bool, expected: str | None
) -> None:
    recognizer = Recognizer.load(tiny_run)
    config = recognizer.config.model_copy(update={"form": "openvino"})
    labels = config.labels[::-1] if swapped else config.labels
    monkeypatch.setitem(sys.modules, "openvino", _standing_in(config.frame, labels, operator))
    if expected is None:
        assert open_runtime(recognizer.folder, config).provider == "cpu"
    else:
        with pytest.raises(IsharaError, match=expected):
            open_runtime(recognizer.folder, config)


@pytest.mark.parametrize("stamped", ["{", "7", "null", "[" * 100_000])
def test_labels_inside_a_graph_that_are_no_list_are_refused(tiny_run: Path, stamped: str) -> None:
    recognizer = Recognizer.load(tiny_run)
    with pytest.raises(IsharaError, match=r"its own labels \(ishara\.labels\) are no list in JSON"):
        _check_labels(recognizer.folder, recognizer.config, stamped)
