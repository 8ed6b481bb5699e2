"""Recipes: every mistake names itself and the choices; overrides and presets mean what they say."""

from pathlib import Path

import pytest
import yaml

from ishara.clips.roots import find_root
from ishara.errors import IsharaError
from ishara.recipe import AUGMENT_PRESETS, PIXEL_PRESETS, Recipe

MINIMAL = {"name": "r", "data": {"corpus": "folder", "root": "clips"}}


def write(folder: Path, **changes: object) -> Path:
    path = folder / "r.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, **changes}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trian": {}}, r"no key 'trian'.*Did you mean 'train'"),
        ({"train": {"max_epoch": 5}}, r"no key 'train.max_epoch'.*Did you mean 'max_epochs'"),
        ({"train": {"max_epochs": "many"}}, r"train.max_epochs: found 'many'.*integer"),
        ({"train": {"max_epochs": 0}}, r"train.max_epochs: found 0.*greater than or equal to 1"),
        (
            {"schedule": {"name": "cosin"}},
            r"schedule.name: found 'cosin'.*constant, cosine, linear, plateau. Did you mean 'cosine'",
        ),
        ({"optimizer": {"lr": float("nan")}}, r"optimizer.lr: found nan"),
        ({"augment": "wild"}, r"no preset 'wild'.*bengali"),
        ({"augment": {"preset": "default", "mirror": 2}}, r"augment.mirror: found 2"),
        ({"data": {"corpus": "folder"}}, r"data.corpus together with data.root"),
        ({"data": {"manifest": "a.csv", "corpus": "folder", "root": "b"}}, r"either data.manifest"),
        ({"name": "a/b"}, r"name: found 'a/b'; expected letters, digits, dots"),
        ({"train": 3}, r"train: found 3; expected a section with keys max_epochs, batch_size"),
        ({"train": None}, r"train: found nothing; expected a section"),
        ({"train": {"precision": 16}}, r"train.precision: found '16'. Choose from: 16-mixed, 32, bf16-mixed"),
        ({"pose": {"dimensions": 4}}, r"pose.dimensions: found 4. Choose from: 2, 3"),
        ({"pose": {"normalise": "none", "dominant_hand": "right"}}, r"pose: dominant_hand: right .*needs normalise"),
        ({"features": {"positions": False, "hand_local": False}}, r"at least one of these must be true: positions"),
        ({"augment": {"preset": ["none"]}}, r"no preset \['none'\].*bengali"),
        ({"pixels": {"frame": 8}}, r"no key 'pixels.frame'.*Did you mean 'frames'"),
        ({"pixels": {"sampling": "even"}}, r"pixels.sampling: found 'even'. Choose from: dense, segments, uniform"),
        (
            {"pixels": {"augment": "bengali"}},
            r"pixels.augment: there is no preset 'bengali'. Choose from: default, none",
        ),
        ({"pixels": {"augment": {"crop_scale": [0.5, 2]}}}, r"pixels.augment: crop_scale is \(0.5, 2\).* at most 1"),
        ({"pixels": {"augment": {"randaugment": [2, 11]}}}, r"pixels.augment.randaugment.*found 11"),
        (
            {"schedule": {"warmup": 1.5}},
            r"schedule: warmup is 1.5; expected a share below 1, or a whole number of steps",
        ),
        ({"train": {"max_epochs": 3, "validate_every": 5}}, r"train: keep: best needs a validation.*or keep to last"),
    ],
)
def test_a_mistake_names_the_key_and_the_choices(tmp_path: Path, changes: dict, expected: str) -> None:
    with pytest.raises(IsharaError, match=expected) as caught:
        Recipe.read(write(tmp_path, **changes))
    assert "r.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["signer-01", 1.5, [1, 2], {"a": 1}])
def test_what_is_neither_of_two_things_is_one_problem(tmp_path: Path, value: object) -> None:
    with pytest.raises(IsharaError) as caught:
        Recipe.read(write(tmp_path, split={"test": value}, data={**MINIMAL["data"], "options": {"a": [1]}}))
    assert str(caught.value) == (
        f"{tmp_path / 'r.yaml'}: data.options.a: found [1]; expected text, a whole number, a number, true or false; "
        f"split.test: found {value!r}; expected a list such as [U4, U8] (numbers in quotes), or a share from 0 to 1"
    )


def test_a_precision_may_be_a_number(tmp_path: Path) -> None:
    recipe = Recipe.read(write(tmp_path), ["train.precision=32"])
    assert recipe == Recipe.read(write(tmp_path))
    assert recipe.train.precision == "32"


def test_overrides_are_dotted_yaml(tmp_path: Path) -> None:
    recipe = Recipe.read(write(tmp_path), ["train.max_epochs=7", "split.test=[U4, U8]", "augment.mirror=0.5"])
    assert recipe.train.max_epochs == 7
    assert recipe.split.test == ("U4", "U8")
    assert recipe.augment.mirror == 0.5


@pytest.mark.parametrize("override", ["train.max_epochs", "=3", "name.x=1"])
def test_a_malformed_override_is_refused(tmp_path: Path, override: str) -> None:
    with pytest.raises(IsharaError, match="Override"):
        Recipe.read(write(tmp_path), [override])


@pytest.mark.parametrize("preset", sorted(AUGMENT_PRESETS))
def test_a_preset_stands_for_its_values_and_can_be_changed(tmp_path: Path, preset: str) -> None:
    plain = Recipe.read(write(tmp_path, augment=preset)).augment
    changed = Recipe.read(write(tmp_path, augment=preset), ["augment.noise=0.25"]).augment
    assert plain.model_dump(include=set(AUGMENT_PRESETS[preset])) == AUGMENT_PRESETS[preset]
    assert changed == plain.model_copy(update={"noise": 0.25})


@pytest.mark.parametrize("override", ["augment.preset=bengali", "augment=bengali", "augment={preset: bengali}"])
def test_a_preset_as_override_replaces_what_was_written_out(tmp_path: Path, override: str) -> None:
    written = Recipe.read(write(tmp_path, augment="default"))
    (tmp_path / "r.yaml").write_text(written.to_yaml(), encoding="utf-8")
    expected = Recipe.from_dict({**MINIMAL, "augment": "bengali"}).augment
    assert Recipe.read(tmp_path / "r.yaml", [override]).augment == expected
    assert written.with_overrides([override]).augment == expected
    then = Recipe.read(tmp_path / "r.yaml", ["augment.mirror=0.5", override, "augment.noise=0.25"]).augment
    assert then == expected.model_copy(update={"noise": 0.25})


@pytest.mark.parametrize("preset", sorted(PIXEL_PRESETS))
def test_presets_of_pixels_are_named_changed_and_replaced_alike(tmp_path: Path, preset: str) -> None:
    named = Recipe.read(write(tmp_path, pixels={"frames": 16, "augment": preset}))
    assert named.pixels.frames == 16
    values = PIXEL_PRESETS[preset]
    assert named.pixels.augment.model_dump(include=set(values)) == values
    expected = named.pixels.augment.model_copy(update={"erase": 0.5})
    assert Recipe.read(tmp_path / "r.yaml", ["pixels.augment.erase=0.5"]).pixels.augment == expected
    written = named.with_overrides(["pixels.augment.mirror=0.5"])
    for override in (f"pixels.augment.preset={preset}", f"pixels.augment={preset}"):
        assert written.with_overrides([override]) == named


def test_the_last_checkpoint_needs_no_validation_and_a_warmup_may_be_whole(tmp_path: Path) -> None:
    train = {"max_epochs": 3, "validate_every": 5, "keep": "last"}
    recipe = Recipe.read(write(tmp_path, train=train, schedule={"warmup": 500}))
    assert (recipe.train.keep, recipe.schedule.warmup) == ("last", 500)


def test_yaml_and_back_is_the_same_recipe(tmp_path: Path) -> None:
    recipe = Recipe.read(write(tmp_path, augment="bengali", split={"test": ["U4", "U8"]}))
    again = Recipe.from_dict(yaml.safe_load(recipe.to_yaml()))
    assert again == recipe
    assert again.hash == recipe.hash


def test_the_hash_changes_with_what_determines_the_run(tmp_path: Path) -> None:
    recipe = Recipe.read(write(tmp_path))
    assert recipe.with_overrides(["train.seed=1"]).hash != recipe.hash
    assert recipe.with_overrides(["description=other words"]).hash == recipe.hash
    assert recipe.with_overrides(["loss.gamma=2.0"]).hash == recipe.hash, "a default that is written out"


def test_sections_that_came_later_leave_the_hash_of_earlier_recipes_as_it_was(tmp_path: Path) -> None:
    recipe = Recipe.read(write(tmp_path))
    assert recipe.hash == "71b472dba645", "as before there was a section `pixels`"
    assert recipe.with_overrides(["pixels.frames=32", "pixels.augment=none"]).hash == recipe.hash
    assert recipe.with_overrides(["pixels.frames=16"]).hash != recipe.hash
    assert recipe.with_overrides(["pixels.augment.hue=0.1"]).hash != recipe.hash


def test_a_missing_recipe_lists_those_beside_it(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(IsharaError, match=r"no such recipe.*r\.yaml"):
        Recipe.read(tmp_path / "q.yaml")


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "just words"])
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(IsharaError, match=r"r\.yaml: is not"):
        Recipe.read(path)


def test_data_are_found_in_the_data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wlasl").mkdir()
    monkeypatch.setenv("ISHARA_DATA", str(tmp_path))
    assert find_root(Path("wlasl")) == tmp_path / "wlasl"
    with pytest.raises(IsharaError, match=r"no data at autsl: looked in .* \(the current folder\)") as caught:
        find_root(Path("autsl"))
    assert f"in {Path.cwd()} (the current folder) and in {tmp_path} ($ISHARA_DATA)" in str(caught.value)
    monkeypatch.delenv("ISHARA_DATA")
    with pytest.raises(IsharaError, match="Set ISHARA_DATA"):
        find_root(Path("wlasl"))
    with pytest.raises(IsharaError, match=r"no data at /gone/wlasl\. Give data.root=PATH"):
        find_root(Path("/gone/wlasl"))


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[1].glob("recipes/*.yaml")), ids=lambda p: p.stem)
def test_every_recipe_is_valid_and_named_after_its_file(path: Path) -> None:
    from ishara.models.options import model_options

    recipe = Recipe.read(path)
    assert recipe.name == path.stem
    assert recipe.description
    model_options(recipe.model.name, recipe.model.options)
