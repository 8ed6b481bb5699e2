"""`ishara explain`: a page for every clip, which says what cannot be explained and why."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.explain import Explanation, explain
from ishara.explain.foreign import lacks, load
from ishara.explain.landmarks import LandmarkClip
from ishara.explain.measured import Margin, Measured, learning_hash
from ishara.explain.page import write_explanation
from ishara.explain.words import attention_note, attention_title, measured_note
from ishara.export.onnx import export_onnx
from ishara.models import create_model, list_models
from ishara.pose.features import feature_layout
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.prepare import prepare
from ishara.pose.skeleton import HANDS, get_skeleton
from ishara.recipe import Recipe
from ishara.recognizer import ModelInput, Prediction, Recognizer, softmax
from ishara.recognizer.folder import CONFIG, GRAPH, digest
from ishara.recognizer.gallery import GALLERY
from ishara.recognizer.prediction import rank
from ishara.recognizer.teach import teach


@pytest.fixture(scope="module")
def recognizer(tiny_run: Path) -> Recognizer:
    return Recognizer.load(tiny_run, threads=1)


@pytest.fixture(scope="module")
def found(recognizer: Recognizer) -> Explanation:
    return explain(recognizer, synthetic_clip("SYN-01"), "clip.pose")


def without_hands(pose: Pose) -> Pose:
    confidence = pose.confidence.copy()
    confidence[:, [k for k, name in enumerate(pose.skeleton.landmarks) if name.startswith(HANDS)]] = 0
    return pose.replace(pose.coordinates, confidence)


def page_of(explanation: Explanation, folder: Path) -> str:
    return write_explanation(folder / "why.html", explanation).read_text(encoding="utf-8")


def test_an_effect_is_the_change_of_the_answers_log_odds(recognizer: Recognizer, found: Explanation) -> None:
    clip = LandmarkClip.of(synthetic_clip("SYN-01"), recognizer.recipe)
    part = next(part for part in clip.parts if part.key == "right_hand")
    changed = recognizer.classify([clip.without_part(part, "absent")])[0]
    p = next(c.probability for c in changed.ranked if c.gloss == found.prediction.gloss)
    before = found.prediction.probability
    effect = next(effect for effect in found.effects if effect.key == "right_hand")
    assert effect.absent == pytest.approx(np.log(p / (1 - p)) - np.log(before / (1 - before)), abs=1e-3)


def test_every_frame_and_part_has_its_figure(found: Explanation) -> None:
    frames = len(found.prediction.times)
    assert found.moments.shape == found.attention.shape == (frames,)
    assert len(found.shown) == frames
    assert {effect.key for effect in found.of("part")} == {"left_hand", "right_hand", "arms", "face", "trunk"}
    assert len(found.of("finger")) == 10
    for effect in found.effects:
        assert (effect.absent is None) == (effect.kind == "part" and "hand" not in effect.key)
    assert set(found.curves) == {"moments", "cells"}
    assert set(found.curves["moments"]) == {"occlusion", "attention", "random"}
    assert set(json.loads(json.dumps(found.as_json(), allow_nan=False))) >= {"clip", "moments", "parts", "curves"}


def test_the_same_clip_is_explained_the_same(recognizer: Recognizer, found: Explanation) -> None:
    assert explain(recognizer, synthetic_clip("SYN-01"), "clip.pose").as_json() == found.as_json()


def test_the_page_needs_nothing_but_itself_and_a_name_cannot_break_it(found: Explanation, tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script>&.pose"
    page = page_of(Explanation(**{**vars(found), "name": name}), tmp_path)
    assert name not in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)|url\(|https?://""", page)
    data = re.search(r'<script type="application/json" id="frames">(.*?)</script>', page, re.DOTALL)
    drawn = json.loads(data.group(1))
    assert len(drawn["frames"]) == len(drawn["times"]) == len(found.prediction.times)


def test_attention_is_an_explanation_only_where_it_was_measured_to_be_one(found: Explanation) -> None:
    good, none = Margin(value=0.1, low=0.05, high=0.15), Margin(value=0.01, low=-0.02, high=0.04)

    def of(attention: Margin | None) -> Explanation:
        known = attention and Measured(recipe="r", clips=9, occlusion=good, attention=attention, cells=good)
        return Explanation(**{**vars(found), "measured": known})

    assert attention_title(of(None)) == attention_title(of(none)) == "Where the model pooled"
    assert attention_title(of(good)) == "Attention"
    assert "is no explanation: whether" in attention_note(of(None))
    assert "is no explanation: measured on 9 clips" in attention_note(of(none))
    assert "may be read as an explanation" in attention_note(of(good))


@pytest.mark.parametrize(
    "override",
    ["name=other", "description=Another.", "data.root=elsewhere", "split.test=0", "protocol.folds=3", "train.seed=7",
     "train.threads=2", "train.workers=3", "train.devices=2"],
)  # fmt: skip
def test_what_was_measured_of_the_folds_holds_for_one_that_learnt_from_all(tiny_recipe: Recipe, override: str) -> None:
    other = tiny_recipe.with_overrides([override])
    assert other.hash != tiny_recipe.hash or "description" in override
    assert learning_hash(other) == learning_hash(tiny_recipe)


@pytest.mark.parametrize(
    "override",
    ["pose.max_frames=30", "features.bones=true", "augment.preset=none", "pixels.size=96", "model.options.layers=3",
     "loss.gamma=1", "optimizer.lr=0.01", "schedule.warmup=0", "train.max_epochs=4"],
)  # fmt: skip
def test_what_was_measured_does_not_hold_for_one_that_learnt_otherwise(tiny_recipe: Recipe, override: str) -> None:
    assert learning_hash(tiny_recipe.with_overrides([override])) != learning_hash(tiny_recipe)


def test_the_note_says_further_than_by_chance_only_where_it_is(found: Explanation) -> None:
    good, worse = Margin(value=0.1, low=0.05, high=0.15), Margin(value=-0.1, low=-0.15, high=-0.05)
    none = Margin(value=0.01, low=-0.02, high=0.04)

    def note(moments: Margin, cells: Margin) -> str:
        known = Measured(recipe="folds", clips=9, occlusion=moments, attention=none, cells=cells)
        return measured_note(Explanation(**{**vars(found), "measured": known}))

    assert "9 test clips of folds" in note(good, worse)
    assert "further than by chance (+10.0 points, +5.0 to +15.0) for moments" in note(good, worse)
    assert "less far than by chance (-10.0 points, -15.0 to -5.0) for parts of the body" in note(good, worse)
    assert "no further than by chance (+1.0 points, -2.0 to +4.0) for moments" in note(none, good)


def test_the_page_draws_taking_away_and_putting_back(found: Explanation, tmp_path: Path) -> None:
    page = page_of(found, tmp_path)
    for what, curves in found.curves.items():
        for curve in curves.values():
            for drawn in (curve.deletion, curve.insertion):
                points = " ".join(f"{x * 320:.1f},{(1 - y) * 180:.1f}" for x, y in zip(curve.share, drawn, strict=True))
                assert f'points="{points}"' in page, what
    assert page.count("<h4>Taken away</h4>") == page.count("<h4>Put back</h4>") == len(found.curves)


# What makes each architecture tiny.
TINY = {
    "spoter": {"d_model": 24, "heads": 2, "layers": 1, "feedforward": 32},
    "bdsl_spoter": {"d_model": 24, "heads": 2, "layers": 1, "feedforward": 32},
    "conv_transformer": {"stages": 1},
    "st_gcn": {"blocks": 1},
}


@pytest.mark.parametrize("name", list_models("landmarks"))
def test_every_model_of_landmarks_is_explained(name: str, tiny_run: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer")
    pose = tiny_recipe.pose
    layout = feature_layout(get_skeleton(pose.skeleton), tiny_recipe.features, pose.dimensions)
    config = json.loads((folder / CONFIG).read_text())
    model = create_model(name, num_classes=len(config["labels"]), layout=layout, **TINY[name])
    # Its clips are placed by the trained model.
    (folder / GALLERY).unlink()
    config["files"].pop(GALLERY)
    (folder / GRAPH).unlink()
    export_onnx(model, folder / GRAPH)
    config["files"][GRAPH] = digest(folder / GRAPH)
    (folder / CONFIG).write_text(json.dumps(config))
    found = explain(load(folder, threads=1), synthetic_clip("SYN-01"), "clip.pose")
    frames = len(found.prediction.times)
    assert found.moments.shape == found.attention.shape == (frames,)
    assert np.isfinite(found.moments).all()
    assert np.abs(found.moments).max() > 0
    assert {effect.key for effect in found.of("part")} == {"left_hand", "right_hand", "arms", "face", "trunk"}
    assert all(np.isfinite(effect.change) for effect in found.of("part"))
    assert set(found.curves["moments"]) == {"occlusion", "attention", "random"}
    assert set(found.curves["cells"]) == {"occlusion", "random"}
    for curves in found.curves.values():
        for curve in curves.values():
            assert ((curve.deletion >= 0) & (curve.deletion <= 1)).all()
            assert curve.deletion[0] == curve.insertion[-1]


def test_without_hands_the_page_says_that_they_cannot_be_explained(recognizer: Recognizer, tmp_path: Path) -> None:
    found = explain(recognizer, without_hands(synthetic_clip("SYN-01")), "clip.pose")
    assert all(effect.change is None for effect in found.effects if effect.kind == "finger" or "hand" in effect.key)
    page = page_of(found, tmp_path)
    assert "No hand was found in any frame of this clip" in page
    assert "never found in this clip" in page


def test_where_a_recogniser_goes_by_hands_there_is_no_answer_to_explain(recognizer: Recognizer, tmp_path: Path) -> None:
    options = recognizer.recipe.pose.model_copy(update={"frames": "with-hands"})
    strict = Recognizer(
        recognizer.folder,
        recognizer.config.model_copy(update={"recipe": recognizer.recipe.model_copy(update={"pose": options})}),
        1.0,
        recognizer.runtime,
    )
    found = explain(strict, without_hands(synthetic_clip("SYN-01")), "clip.pose")
    assert found.prediction is None
    assert found.as_json()["explained"] is False
    page = page_of(found, tmp_path)
    assert "There is no answer to explain" in page
    assert "No hand was found in any of the clip" in page


def test_one_frame_has_no_moments(recognizer: Recognizer, tmp_path: Path) -> None:
    found = explain(recognizer, synthetic_clip("SYN-01").frames([12]), "clip.pose")
    assert found.moments is None
    assert "moments" not in found.curves
    page = page_of(found, tmp_path)
    assert "The clip has one frame that the model sees, so which moment matters cannot be told." in page


def test_a_foreign_graph_without_attention_is_explained_by_occlusion(tiny_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_run / "recognizer", tmp_path / "foreign")
    graph = onnx.load(folder / GRAPH)
    kept = [output for output in graph.graph.output if output.name == "logits"]
    del graph.graph.output[:]
    graph.graph.output.extend(kept)
    onnx.save(graph, folder / GRAPH)
    config = json.loads((folder / CONFIG).read_text())
    config["files"][GRAPH] = digest(folder / GRAPH)
    (folder / CONFIG).write_text(json.dumps(config))
    recognizer = load(folder, threads=1)
    assert lacks(recognizer) == ("embedding", "attention")
    found = explain(recognizer, synthetic_clip("SYN-01"), "clip.pose")
    assert found.attention is None
    assert set(found.curves["moments"]) == {"occlusion", "random"}
    assert found.moments is not None
    page = page_of(found, tmp_path)
    assert "no output called attention" in page
    assert "no output called embedding" in page
    assert lacks(load(tiny_run, threads=1)) == ()


def test_of_a_taught_sign_the_page_says_what_its_probability_is(tiny_run: Path, tmp_path: Path) -> None:
    recognizer = Recognizer.load(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"), threads=1)
    clip = synthetic_clip("SYN-01")
    teach(recognizer, "TEA", [clip])
    found = explain(recognizer, clip, "clip.pose")
    assert found.taught == (found.prediction.gloss == "TEA")
    assert found.taught
    assert any(neighbour.taught for neighbour in found.neighbours)
    assert found.log_odds == pytest.approx(
        np.log(found.prediction.probability / (1 - found.prediction.probability)), abs=1e-4
    )
    assert "TEA was taught from 1 clip, not trained." in page_of(found, tmp_path)


class Bright:
    """Stands in for a recogniser of pictures: it answers COME for fine detail in the upper left corner."""

    together, labels, taught, temperature, runtime = 16, ["COME", "GO"], (), 1.0, None
    folder, config = Path("nowhere"), SimpleNamespace(input="pixels", files={})

    def __init__(self, recognizer: Recognizer) -> None:
        self.recipe = recognizer.recipe

    def run(self, clips: list[ModelInput]) -> SimpleNamespace:
        seen = [clip.x[:, :, :8, :8].astype(float).std(axis=(2, 3)).max() / 20 for clip in clips]
        return SimpleNamespace(logits=np.array([[s, 2.0] for s in seen]), embedding=np.zeros((len(clips), 2)))

    def classify(self, clips: list[ModelInput]) -> list[Prediction]:
        return [
            Prediction(rank(self.labels, row), np.full(len(clip), 1 / len(clip), np.float32), clip.times)
            for row, clip in zip(softmax(self.run(clips).logits), clips, strict=True)
        ]


def test_pictures_have_a_map_of_places(recognizer: Recognizer, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(100, 120, (8, 3, 32, 32)).astype(np.uint8)
    x[4:6, :, :8, :8] = 255 * (np.indices((8, 8)).sum(axis=0) % 2)
    clip = ModelInput(x, np.arange(8, dtype=np.float32) / 8)
    found = explain(Bright(recognizer), clip, "clip.mp4")  # type: ignore[arg-type]
    assert found.prediction.gloss == "COME"
    assert np.unravel_index(found.space.effect.argmin(), found.space.effect.shape) == (2, 0, 0)
    assert (found.space.effect < -0.1).sum() == 1
    assert found.ahead("cells", "occlusion") > 0.1
    page = page_of(found, tmp_path)
    assert page.count("data:image/jpeg") == 8
    assert "knows of no hands or fingers" in page


def test_the_command_writes_a_page_slides_and_json(ishara, tiny_run: Path, tmp_path: Path) -> None:
    write_pose(synthetic_clip("SYN-01").frames(range(0, 30, 3)), tmp_path / "clip.pose")
    places = [tmp_path / f"why.{kind}" for kind in ("html", "png", "gif", "mp4")]
    words = ["--png", places[1], "--gif", places[2], "--mp4", places[3], "--threads", 1]
    code, out, err = ishara("explain", tiny_run, tmp_path / "clip.pose", "-o", places[0], *words)
    assert code == 0, err
    assert "→" in out
    for place, begin in zip(places, (b"<!doctype", b"\x89PNG", b"GIF8", b"\0\0\0"), strict=True):
        assert place.read_bytes().startswith(begin)
    code, out, err = ishara("explain", tiny_run, tmp_path / "clip.pose", "--json")
    assert code == 0, err
    assert json.loads(out)["explained"] is True
    code, out, err = ishara("explain", tiny_run, tmp_path / "clip.pose", "-o", tmp_path / "why.pdf")
    assert code == 1
    assert "expected a name that ends with .html" in err


def test_explaining_needs_no_torch(tiny_run: Path, tmp_path: Path) -> None:
    write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose")
    code = (
        "import sys; from ishara.explain import explain; from ishara.explain.foreign import load;"
        "r = load(__import__('pathlib').Path(sys.argv[1]), threads=1); explain(r, r.landmarks(sys.argv[2]), 'c');"
        "print(sorted({'torch', 'matplotlib', 'mediapipe', 'polars'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", code, str(tiny_run), str(tmp_path / "clip.pose")]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_is_shown_is_what_was_found_at_that_time(recognizer: Recognizer) -> None:
    pose = synthetic_clip("SYN-01")
    clip = LandmarkClip.of(pose, recognizer.recipe)
    assert len(clip.shown) == len(clip.times) == len(prepare(pose, recognizer.recipe.pose))
    nearest = np.abs((np.arange(len(pose)) + 0.5)[:, None] / pose.fps - clip.times).argmin(axis=0)
    np.testing.assert_array_equal(clip.shown.coordinates, pose.coordinates[nearest])
