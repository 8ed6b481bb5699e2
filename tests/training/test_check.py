"""`ishara check` finds what is not as it was exported, and says it in a line."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ishara.errors import IsharaError
from ishara.models.pixels import PixelModel
from ishara.models.weights import WEIGHTS, load_weights
from ishara.recipe import Recipe
from ishara.recognizer.folder import CONFIG, digest
from ishara.training.check import Check, check_model, check_recipe


@pytest.fixture
def folder(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"))


def reseal(folder: Path) -> None:
    """Vouch for the weights that are there now, as someone would who exchanges them."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    config["files"][WEIGHTS] = digest(folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_run_as_it_was_written_passes(tiny_run: Path) -> None:
    checks = by_name(check_model(tiny_run))
    assert checks.keys() == {"files", "weights", "parity", "shapes", "padding"}
    assert all(check.passed for check in checks.values())


def test_of_a_recogniser_without_weights_the_files_are_checked() -> None:
    checks = by_name(check_model(Path("fingerspelling")))
    assert checks.keys() == {"files", "weights"}
    assert "only the graph is here" in checks["weights"].found


def test_exchanged_weights_are_found_by_their_hash(folder: Path) -> None:
    weights = load_weights(folder / WEIGHTS)
    save_file({name: value + 1 for name, value in weights.items()}, folder / WEIGHTS)
    with pytest.raises(IsharaError, match=r"model\.safetensors: is damaged or not the file that was exported"):
        check_model(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(IsharaError, match=r"model\.safetensors: is missing"):
        check_model(folder)


def test_exchanged_weights_with_their_own_hash_fail_parity(folder: Path) -> None:
    weights = load_weights(folder / WEIGHTS)
    save_file({name: value * 1.5 for name, value in weights.items()}, folder / WEIGHTS)
    reseal(folder)
    parity = by_name(check_model(folder))["parity"]
    assert not parity.passed
    assert "the weights are not those that were exported" in parity.found
    assert "Nothing was written" not in parity.found


def test_weights_of_another_shape_are_one_line(folder: Path) -> None:
    save_file({"encoder.class_token": torch.zeros(1, 1, 5), "other": torch.zeros(2)}, folder / WEIGHTS)
    reseal(folder)
    with pytest.raises(IsharaError, match=r"does not fit this model: encoder\.class_token has shape") as caught:
        check_model(folder)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_fail(folder: Path) -> None:
    weights = load_weights(folder / WEIGHTS)
    weights["head.5.bias"][0] = float("nan")
    save_file(weights, folder / WEIGHTS)
    reseal(folder)
    checks = by_name(check_model(folder))
    assert not checks["weights"].passed
    assert not checks["parity"].passed


def test_a_recipe_without_its_data_is_still_checked(tiny_recipe: Recipe) -> None:
    checks = by_name(check_recipe(tiny_recipe.with_overrides(["data.root=nowhere"])))
    assert not checks["data"].passed
    assert "nowhere" in checks["data"].found
    assert all(checks[name].passed for name in ("parameters", "shapes", "padding", "gradients"))


def test_a_sound_small_model_overfits(tiny_recipe: Recipe) -> None:
    size = "model.options={d_model: 12, heads: 2, layers: 1, feedforward: 16}"
    overfits = by_name(check_recipe(tiny_recipe.with_overrides([size])))["one batch overfits"]
    assert overfits.passed, overfits.found
    assert "6 of 6 clips right" in overfits.found


def test_a_model_that_cannot_learn_does_not_overfit(tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.optim.AdamW.step", lambda self: None)
    assert not by_name(check_recipe(tiny_recipe))["one batch overfits"].passed


def test_a_name_that_is_not_there_is_no_check_but_a_mistake(tiny_recipe: Recipe) -> None:
    with pytest.raises(IsharaError, match="no corpus 'synthetics'"):
        check_recipe(tiny_recipe.with_overrides(["data.corpus=synthetics"]))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sign2text", "{stem: 8, widths: [8, 16, 16, 24], features: 24, hidden: 16}"),
        ("timesformer", "{d_model: 32, heads: 2, layers: 2, feedforward: 64}"),
    ],
)
def test_a_model_of_pictures_is_tried_on_few_of_them(
    tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch, name: str, options: str
) -> None:
    model = f"model={{name: {name}, options: {options}}}"
    recipe = tiny_recipe.with_overrides(["data.root=nowhere", "pixels={frames: 8, size: 64}", model])
    pictures: list[int] = []
    random_clips = PixelModel.random_clips

    def counted(self: PixelModel, lengths: Sequence[int], seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        pictures.append(len(lengths) * max(lengths))
        return random_clips(self, lengths, seed)

    monkeypatch.setattr(PixelModel, "random_clips", counted)
    checks = by_name(check_recipe(recipe))
    assert [check.name for check in checks.values() if not check.passed] == ["data"]
    assert max(pictures) <= 8
