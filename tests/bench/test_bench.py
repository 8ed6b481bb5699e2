"""`ishara bench`: what is measured, on what, side by side, and when a budget is not kept. No test asserts a time."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ishara.bench import contestants as bench_contestants
from ishara.bench import memory
from ishara.bench.budgets import MIB, Budgets, judge
from ishara.bench.clips import USUAL, generate_clips, own_clips, read_clips
from ishara.bench.cold import cold_starts
from ishara.bench.contestants import find_contestants, open_all
from ishara.bench.memory import peak_memory
from ishara.bench.race import BATCH, Times, figures, plan, race, runs_of_batches
from ishara.cli.bench import _memory
from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.run import PREDICTIONS, predict_clips
from ishara.export.folder import write_recognizer
from ishara.export.forms import export_form
from ishara.models import create_model
from ishara.models.weights import WEIGHTS
from ishara.pose.files import read_pose
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.inputs import ModelInput

_QUICK = ("--rounds", 1, "--starts", 0, "--limit", 4, "--threads", 1)


def _inputs(*lengths: int) -> list[ModelInput]:
    return [ModelInput(np.zeros((length, 3), np.float32), np.zeros(length, np.float32)) for length in lengths]


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A run of its own, with its manifest."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def pixel_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recogniser of pictures."""
    recipe = Recipe.from_dict(
        {
            "name": "pictures",
            "data": {"corpus": "landmarks", "root": "nowhere"},
            "pixels": {"frames": 3, "size": 32},
            "model": {"name": "timesformer", "options": {"d_model": 24, "heads": 2, "layers": 1}},
        }
    )
    model = create_model("timesformer", num_classes=2, frames=3, size=32, d_model=24, heads=2, layers=1)
    folder = tmp_path_factory.mktemp("pixels") / "recognizer"
    write_recognizer(folder, model, recipe, ["TEA", "TREE"], temperature=lambda _: 1.0, card=lambda _: "")
    return folder


def test_everything_is_measured_and_written(ishara, run: Path, tmp_path: Path) -> None:
    export_form(run, "onnx-int8", force=True)
    code, out, err = ishara("bench", run, *_QUICK, "--json", tmp_path / "b.json", "--max-size-mb", 500)
    assert code == 0, err
    measured = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    names = [row["name"] for row in measured["contestants"]]
    assert names == ["onnx", "onnx-int8", "torch, fused", "torch, eager"]
    for row in measured["contestants"]:
        assert row["name"] in out
        assert 0 < row["alone"]["median_ms"] <= row["alone"]["p95_ms"]
        assert row["batch"]["median_ms"] > 0
        assert row["clips_per_second"]["median"] > 0
        assert row["peak_bytes"] > 10 * MIB
    whole, small = measured["contestants"][:2]
    assert whole["times"]["whole"]["median"] == 1
    folder = run / "recognizer"
    names = ("model.onnx", "config.json", "calibration.json")
    assert whole["size_bytes"] == sum((folder / name).stat().st_size for name in names)
    assert small["size_bytes"] != whole["size_bytes"]
    assert measured["model"]["parameters"] == Recognizer.load(run).config.parameters
    assert measured["clips"]["which"] == "4 of 9 test clips of the run"
    assert measured["device"]["kind"] == "cpu"
    assert measured["device"]["name"] in out
    assert measured["budgets"] == [
        {"name": "size", "unit": "MiB", "bound": 500, "found": whole["size_bytes"] / MIB, "met": True}
    ]
    assert "✓ size is" in out
    runs = measured["batch_runs"]
    assert 1 <= runs["low"] <= runs["high"] <= BATCH
    assert "16 clips: handed over at once, and answered in" in " ".join(out.split())


def test_a_missed_budget_is_named_and_ends_with_1(ishara, run: Path, tmp_path: Path) -> None:
    (run / "recognizer" / WEIGHTS).unlink()
    code, _, err = ishara(
        "bench", run, *_QUICK, "--json", tmp_path / "b.json", "--max-latency-ms", 0, "--max-memory-mb", 1,
        "--max-size-mb", 0.0001, "--min-throughput", 1e9,
    )  # fmt: skip
    assert code == 1
    assert "Traceback" not in err
    for name, side in (("latency", "most 0"), ("memory", "most 1"), ("size", "most 0.0001"), ("throughput", "least")):
        assert any(f"Error: {name} is" in line and f"expected at {side}" in line for line in err.splitlines())
    assert not any(row["met"] for row in json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["budgets"])


def test_torch_is_left_out_where_there_are_no_weights_or_no_torch(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, left_out = find_contestants(run, [])
    assert [contestant.name for contestant in found] == ["onnx", "torch, fused", "torch, eager"]
    assert list(left_out) == ["onnx-int8"]
    assert f"`ishara export {run / 'recognizer'} --to onnx-int8`" in left_out["onnx-int8"]
    monkeypatch.setitem(sys.modules, "ishara.bench.torch_model", None)
    opened, left_out = open_all(found, 1, "cpu")
    assert [contestant.name for contestant in opened] == ["onnx"]
    assert list(left_out) == ["torch, fused", "torch, eager"]
    (run / "recognizer" / WEIGHTS).unlink()
    found, left_out = find_contestants(run, [])
    assert [contestant.name for contestant in found] == ["onnx"]
    assert WEIGHTS in left_out["torch"]


def test_a_missing_torch_is_named_with_what_to_type(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ishara.bench.torch_model", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    _, left_out = open_all(find_contestants(run, [])[0], 1, "cpu")
    assert "pip install 'ishara[train]'" in left_out["torch, fused"]


def test_other_recognisers_are_measured_beside_it_once(run: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(run, tmp_path / "other"))
    found, _ = find_contestants(run, [other, other / "recognizer", run])
    assert [contestant.name for contestant in found[:2]] == ["onnx", f"onnx, {other / 'recognizer'}"]
    assert [contestant.kind for contestant in found].count("runtime") == 2
    with pytest.raises(IsharaError, match="is not a recogniser"):
        find_contestants(run, [tmp_path])


def test_a_recogniser_of_other_labels_is_no_form_of_it(run: Path, tiny_recipe: Recipe) -> None:
    changed = tiny_recipe.with_overrides(["train.max_epochs=9"])
    whole = Recognizer.load(run)
    folder = run / "recognizer-other"
    shutil.copytree(run / "recognizer", folder)
    config = whole.config.model_copy(update={"form": "onnx-fp16", "recipe": changed})
    (folder / "config.json").write_text(config.model_dump_json(), encoding="utf-8")
    (run / "broken").mkdir()
    (run / "broken" / "config.json").write_text("{}", encoding="utf-8")
    assert [contestant.name for contestant in find_contestants(run, [])[0]][0:2] == ["onnx", "torch, fused"]


def test_pytorch_computes_the_same_both_ways(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ishara.bench import torch_model

    recognizer = Recognizer.load(run)
    clips = own_clips(recognizer, most=3, folder=run).inputs
    expected = recognizer.run(clips).logits
    found: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for fused, rows in found.items():
        runner = torch_model.TorchRunner(run / "recognizer", fused=fused, together=32, threads=1, device="cpu")
        forward = runner._model.forward

        def keep(x, mask, forward=forward, rows=rows):
            out = forward(x, mask)
            rows += list(out.logits.detach().numpy())
            return out

        monkeypatch.setattr(runner._model, "forward", keep)
        runner(clips)
        order = np.argsort([len(clip) for clip in clips], kind="stable")
        np.testing.assert_allclose(np.stack(rows), expected[order], atol=1e-4)


def test_clips_are_the_runs_own_or_noise_as_long(run: Path, tmp_path: Path) -> None:
    recognizer = Recognizer.load(run)
    clips = own_clips(recognizer, most=None, folder=tmp_path)
    tested = [clip for clip in Manifest.read(run / "manifest.csv") if clip.split == "test"]
    assert clips.which == "test clips of the run"
    assert not clips.generated
    assert sorted(clips.frames) == sorted(len(recognizer.prepare(clip.path)) for clip in tested)
    assert clips.example is not None
    assert len(read_pose(clips.example)) in [
        len(recognizer.landmarks(clip.path, clip.start, clip.end)) for clip in tested
    ]

    predictions, _ = predict_clips(recognizer, Manifest.from_clips(tested))
    predictions.write(run / PREDICTIONS)
    lost = Manifest.from_clips([Clip(clip.id, f"gone/{clip.id}.pose", clip.gloss, split="test") for clip in tested])
    lost.write(run / "manifest.csv")
    noise = own_clips(recognizer, most=8, folder=tmp_path)
    assert noise.generated
    assert "which are not there" in noise.which
    assert set(noise.frames) <= set(clips.frames)

    (run / PREDICTIONS).unlink()
    unknown = own_clips(recognizer, most=8, folder=tmp_path)
    assert (min(unknown.frames), max(unknown.frames)) == (25, 125)
    assert unknown.which == "8 generated clips of 25 to 125 frames"
    assert Recognizer.load(run).predict(str(unknown.example)).gloss


def test_given_clips_that_cannot_be_read_are_counted_and_all_of_them_an_error(run: Path, tmp_path: Path) -> None:
    recognizer = Recognizer.load(run)
    good = next(clip for clip in Manifest.read(run / "manifest.csv") if clip.split == "test")
    bad = Clip("bad", str(tmp_path / "bad.pose"), "")
    clips = read_clips(recognizer, [bad, good, bad], "given clips", most=None, folder=tmp_path)
    assert (len(clips.inputs), clips.unreadable) == (1, 2)
    assert clips.which == "1 of 3 given clips"
    with pytest.raises(IsharaError, match=r"bad\.pose"):
        read_clips(recognizer, [bad], "given clips", most=None, folder=tmp_path)
    with pytest.raises(IsharaError, match="no clips"):
        read_clips(recognizer, [], "given clips", most=None, folder=tmp_path)


def test_a_model_of_pixels_is_measured_on_pictures(ishara, pixel_model: Path, tmp_path: Path) -> None:
    code, out, err = ishara("bench", pixel_model, *_QUICK, "--json", tmp_path / "b.json")
    assert code == 0, err
    assert "3 frames, which is all that the model looks at" in out
    measured = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert measured["clips"]["generated"]
    assert [row["name"] for row in measured["contestants"]] == ["onnx", "torch, fused", "torch, eager"]


def test_generated_clips_are_the_same_each_time(run: Path, pixel_model: Path, tmp_path: Path) -> None:
    for model in (run, pixel_model):
        recognizer = Recognizer.load(model)
        first, again = (generate_clips(recognizer, [7, 30], "as long", most=3, folder=tmp_path) for _ in range(2))
        for a, b in zip(first.inputs, again.inputs, strict=True):
            assert a.x.shape[1:] == recognizer.config.frame
            np.testing.assert_array_equal(a.x, b.x)
        assert (
            len(generate_clips(recognizer, [], "", most=None, folder=tmp_path).inputs) == USUAL[recognizer.config.input]
        )


def test_a_round_runs_clips_of_all_lengths_alone_16_together_and_all_at_once() -> None:
    todo = plan(_inputs(*range(1, 101)))
    alone = [len(clip) for clip in todo.alone]
    assert alone == sorted(alone)
    assert (alone[0], alone[-1]) == (1, 100)
    assert all(len(batch) == BATCH for batch in todo.batches)
    assert len(todo.whole) == 100
    few = plan(_inputs(5, 9, 7))
    assert [len(clip) for clip in few.alone] == [5, 7, 9]
    assert [len(batch) for batch in few.batches] == [BATCH]


def test_of_16_clips_it_is_told_in_how_many_runs_they_are_answered() -> None:
    assert runs_of_batches(plan(_inputs(*[60] * 16)), 32) == {"median": 1, "low": 1, "high": 1}
    # 1,024 frames at most in a run: ten clips of 100 frames, and then six.
    assert runs_of_batches(plan(_inputs(*[100] * 16)), 32)["high"] == 2
    assert runs_of_batches(plan(_inputs(*[60] * 16)), 4)["high"] == 4
    assert runs_of_batches(plan(_inputs(10, 25, 60)), 32)["high"] == 3


def test_contestants_have_their_turns_and_begin_in_turns() -> None:
    said: list[tuple[str, int]] = []
    runs = {name: lambda clips, name=name: said.append((name, len(clips))) for name in "abc"}
    times = race(runs, _inputs(4, 5), 3)
    after_burn_in = [name for name, _ in said[3:]]
    turns = [name for i, name in enumerate(after_burn_in) if i == 0 or after_burn_in[i - 1] != name]
    assert turns == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    for own in times.values():
        assert [len(own.alone), len(own.batches), len(own.whole)] == [3, 3, 3]
        assert [len(row) for row in own.alone] == [2, 2, 2]


def test_ratios_are_taken_within_rounds_and_latencies_over_all() -> None:
    first = Times([[2.0, 4.0], [20.0, 40.0]], [[6.0], [60.0]], [8.0, 80.0])
    own = Times([[1.0, 2.0], [5.0, 10.0]], [[3.0], [15.0]], [2.0, 20.0])
    found = figures(own, first, 40)
    assert found["times"]["alone"] == {"median": 3.0, "low": 2.0, "high": 4.0}
    assert found["times"]["whole"]["median"] == 4
    assert found["alone"]["median_ms"] == 3500
    assert found["clips_per_second"]["high"] == 20


def test_only_budgets_that_are_given_are_judged() -> None:
    measured = {
        "alone": {"p95_ms": 10.0},
        "peak_bytes": 100 * MIB,
        "size_bytes": 4 * MIB,
        "clips_per_second": {"median": 50.0},
    }
    assert judge(Budgets(), measured) == []
    met = judge(Budgets(latency=10, memory=100, size=4, throughput=50), measured)
    assert [verdict.met for verdict in met] == [True] * 4
    missed = judge(Budgets(latency=9.9, throughput=51), measured)
    assert [str(verdict) for verdict in missed] == [
        "latency is 10 ms (95 of 100 clips); expected at most 9.9 ms (95 of 100 clips)",
        "throughput is 50 clips per second; expected at least 51 clips per second",
    ]


def test_memory_is_of_a_process_of_its_own(run: Path) -> None:
    held = np.ones(200 * MIB, np.uint8)
    contestant = find_contestants(run, [])[0][0]
    found = peak_memory(contestant, [20, 30], 1, "cpu")
    assert list(found) == ["peak_bytes"]
    assert found["peak_bytes"] > 20 * MIB
    # This process holds more than that: the other has none of it.
    assert found["peak_bytes"] < held.nbytes + 100 * MIB
    (run / "recognizer" / "model.onnx").write_bytes(b"")
    with pytest.raises(IsharaError, match=r"its memory could not be measured: .*model\.onnx: is damaged"):
        peak_memory(contestant, [20], 1, "cpu")


@pytest.mark.parametrize(
    ("said", "code", "expected"),
    [
        ("1, 512\nPID, 300\n", 0, 300),
        ("PID, 300\nPID, 20\n", 0, 320),
        ("1, 512\n", 0, None),
        ("PID, [N/A]\n", 0, None),
        ("", 0, None),
        ("NVIDIA-SMI has failed", 9, None),
    ],
)
def test_a_gpus_memory_is_what_its_driver_counts_for_the_process_or_not_measured(
    said: str, code: int, expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{said.replace('PID', str(os.getpid()))}'\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert memory.gpu_process_memory() == (None if expected is None else expected * MIB)


def test_without_nvidias_program_a_gpus_memory_is_not_measured_and_never_0(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OnGpu:
        def open(self, *_: object) -> object:
            return lambda clips: clips

    monkeypatch.setattr(memory, "Contestant", lambda *_: OnGpu())
    monkeypatch.setenv("PATH", str(tmp_path))
    work = memory.Work(kind="runtime", folder=run / "recognizer", threads=1, device="cuda", frames=[5])
    found = memory.measure(work)
    assert found["gpu_process_bytes"] is None
    assert _memory(found).endswith("; GPU not measured")
    assert _memory({"peak_bytes": MIB, "gpu_process_bytes": 300 * MIB}) == "1; GPU 300, the whole process"
    assert _memory({"peak_bytes": MIB, "gpu_allocated_bytes": 2 * MIB, "gpu_reserved_bytes": 4 * MIB}) == (
        "1; GPU 2, reserved 4"
    )
    assert _memory(memory.measure(work.model_copy(update={"device": "cpu"}))).isdecimal()


def test_cold_starts_are_counted_after_the_first_and_a_failure_is_told() -> None:
    found = cold_starts({"nothing": ["-c", "pass"], "more": ["-c", "import json"]}, 2)
    assert [len(row["seconds"]) for row in found.values()] == [2, 2]
    with pytest.raises(IsharaError, match="broken failed: no"):
        cold_starts({"broken": ["-c", "import sys; sys.exit('no')"]}, 1)


def test_a_device_that_is_none_is_refused(ishara, run: Path) -> None:
    code, _, err = ishara("bench", run, "--device", "tpu")
    assert code == 1
    assert "Choose from: cpu, cuda" in err


def test_a_gpu_that_is_not_there_is_told(ishara, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, _, err = ishara("bench", run, *_QUICK, "--device", "cuda")
    assert code == 1
    assert "finds no GPU" in err


def test_what_cannot_run_is_left_out_unless_it_is_the_model_itself(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise IsharaError("it has no such provider.")

    found, _ = find_contestants(run, [])
    monkeypatch.setattr(bench_contestants.Recognizer, "load", refuse)
    opened, left_out = open_all(found[::-1], 1, "cpu")
    assert left_out == {"onnx": "it has no such provider."}
    assert [contestant.name for contestant in opened] == ["torch, eager", "torch, fused"]
    with pytest.raises(IsharaError, match="no such provider"):
        open_all(found, 1, "cpu")


def test_predicting_a_clip_of_landmarks_loads_no_more_than_it_needs(run: Path, tmp_path: Path) -> None:
    clips = own_clips(Recognizer.load(run), most=2, folder=tmp_path)
    program = """
import sys
from ishara.cli import main
try:
    main()
finally:
    sys.stderr.write(" ".join(sorted(sys.modules)))
"""
    words = [sys.executable, "-c", program, "predict", str(run), str(clips.example)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "onnxruntime" in loaded
    unneeded = {
        "torch", "lightning", "transformers", "polars", "matplotlib", "av", "mediapipe", "cv2", "distributed", "onnx",
        "sklearn", "scipy", "ishara.clips.corpora", "ishara.clips.manifest", "ishara.training", "ishara.export.onnx",
        "ishara.bench.measure", "yaml",
    }  # fmt: skip
    assert loaded & unneeded == set()


@pytest.mark.parametrize("words", [["--help"], ["bench", "--help"], ["predict", "--help"]])
def test_help_loads_nothing_that_computes(words: list[str]) -> None:
    program = (
        "import sys\nfrom ishara.cli import main\n"
        "try:\n    main()\nfinally:\n    sys.stderr.write(str(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stderr))
    unneeded = {"numpy", "onnxruntime", "polars", "yaml", "torch", "ishara.recipe"}
    # Typer itself imports Pydantic for a command's own help.
    assert loaded & (unneeded | {"pydantic"} if words == ["--help"] else unneeded) == set()


def test_importing_ishara_loads_nothing_heavy() -> None:
    program = "import sys, ishara; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"numpy", "onnxruntime", "pydantic", "polars", "typer", "rich", "torch"} == set()
