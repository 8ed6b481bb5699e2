"""A hostile or damaged recogniser folder: refused with one line, whatever its hashes say."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from ishara.errors import IsharaError
from ishara.export.folder import write_recognizer
from ishara.export.forms import export_form
from ishara.models.trained import trained_model
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CALIBRATION, CONFIG, GRAPH, digest
from ishara.recognizer.graph import check_graph


@pytest.fixture
def folder(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"))


def change(folder: Path, **values: object) -> None:
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps({**config, **values}), encoding="utf-8")


def vouch(folder: Path, name: str) -> None:
    """Write the hash of a changed file into the configuration, as whoever changed it could."""
    files = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["files"]
    change(folder, files={**files, name: digest(folder / name)})


def refusal(folder: Path) -> str:
    with pytest.raises(IsharaError) as caught:
        Recognizer.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


def rewrite(folder: Path, edit: Callable[[onnx.ModelProto], object]) -> None:
    model = onnx.load(folder / GRAPH)
    edit(model)
    onnx.save(model, folder / GRAPH)
    vouch(folder, GRAPH)


def spoil(value: float) -> Callable[[onnx.ModelProto], None]:
    def edit(model: onnx.ModelProto) -> None:
        tensor = next(item for item in model.graph.initializer if item.name == "head.5.weight")
        numbers = onnx.numpy_helper.to_array(tensor).copy()
        numbers[1, 2] = value
        tensor.CopyFrom(onnx.numpy_helper.from_array(numbers, tensor.name))

    return edit


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_by_name(folder: Path, value: float) -> None:
    rewrite(folder, spoil(value))
    assert "the weights 'head.5.weight' hold numbers that are not finite" in refusal(folder)


def test_weights_as_a_list_of_floats_are_looked_at_too(folder: Path) -> None:
    def edit(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(onnx.helper.make_tensor("spare", onnx.TensorProto.FLOAT, [2], [0.0, np.nan]))

    rewrite(folder, edit)
    assert "the weights 'spare'" in refusal(folder)


def test_another_opset_is_refused(folder: Path) -> None:
    def newer(model: onnx.ModelProto) -> None:
        model.opset_import[0].version = 21

    rewrite(folder, newer)
    assert "was written for opset ai.onnx 21; this version of Ishara runs ai.onnx 18" in refusal(folder)


def test_operators_of_others_are_refused(folder: Path) -> None:
    rewrite(folder, lambda model: model.opset_import.append(onnx.helper.make_opsetid("evil.example", 1)))
    assert "was written for opset ai.onnx 18, evil.example 1" in refusal(folder)


def test_weights_in_another_file_are_refused(folder: Path) -> None:
    def edit(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        onnx.external_data_helper.set_external_data(tensor, "../../secret", offset=0)

    # Its file stays as it is, so that onnx itself does not look for the other one.
    model = onnx.load(folder / GRAPH)
    edit(model)
    (folder / GRAPH).write_bytes(model.SerializeToString())
    vouch(folder, GRAPH)
    assert "in another file; expected all weights inside" in refusal(folder)


@pytest.mark.parametrize("keep", [0, 1, 7, 1000, -1000])
def test_what_is_no_whole_model_is_refused_though_it_is_vouched_for(folder: Path, keep: int) -> None:
    (folder / GRAPH).write_bytes((folder / GRAPH).read_bytes()[:keep])
    vouch(folder, GRAPH)
    assert GRAPH in refusal(folder)


def test_noise_is_refused_and_never_crashes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for length in range(1, 200):
        (tmp_path / GRAPH).write_bytes(rng.bytes(length))
        with pytest.raises(IsharaError):
            check_graph(tmp_path / GRAPH)


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a/b", "..", "", "C:\\x", "a\nb", "model.onnx\x00", "x" * 300],
)
def test_names_that_lead_out_of_the_folder_are_refused(folder: Path, name: str) -> None:
    files = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["files"]
    change(folder, files={**files, name: "0" * 64})
    assert "is not a recogniser's configuration: files." in refusal(folder)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"files": {GRAPH: "0"}}, "files.model.onnx"),
        ({"files": {f"f{n}": "0" * 64 for n in range(1000)}}, "files: "),
        ({"parameters": 10**400}, "parameters: "),
        ({"parameters": -1}, "parameters: "),
        ({"clip_seconds": 1e300}, "clip_seconds: "),
        ({"clip_seconds": 0}, "clip_seconds: "),
        ({"format": 10**400}, "format"),
        ({"labels": []}, "labels: "),
        ({"labels": [f"gloss {n}" for n in range(200_000)]}, "200000 classes"),
        ({"labels": ["a"] * 200_000}, "'a' is there more than once"),
        ({"labels": ["a", "b\x1b[2J"]}, "'b\\x1b[2J' holds a control character"),
        ({"labels": [1, 2, 3]}, "labels.0"),
        ({"form": "onnx-int4"}, "form: "),
        ({"a\n\x1b[31mred": 1}, "a  [31mred: Extra inputs are not permitted"),
        ({"x" * 10_000: 1}, "x…"),
        ({"accuracy": {"measured_on": "x", "clips": 0, "right_before": 0, "right_after": 0}}, "accuracy.clips"),
    ],
)
def test_a_hostile_configuration_is_refused_in_one_line(folder: Path, values: dict[str, object], expected: str) -> None:
    change(folder, **values)
    assert expected in refusal(folder)


@pytest.mark.parametrize(
    "text",
    [
        '{"recipe": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "[" * 1_000_000,
        '{"format": ' + "9" * 100_000 + "}",
        '{"format": 1e999}',
        '{"format": NaN}',
        "null",
        "",
        "\x00",
    ],
    ids=["deep", "deeper", "long number", "infinite", "nan", "null", "empty", "zero byte"],
)
def test_what_is_no_configuration_is_refused_in_one_line(folder: Path, text: str) -> None:
    (folder / CONFIG).write_text(text, encoding="utf-8")
    assert "is not a recogniser's configuration" in refusal(folder)


def test_a_configuration_that_is_no_text_or_too_large_is_refused(folder: Path) -> None:
    (folder / CONFIG).write_bytes(b"\xff\xfe{}")
    assert "is not text in UTF-8" in refusal(folder)
    with (folder / CONFIG).open("wb") as file:
        file.truncate(100 * 2**20)
    assert "holds 104,857,600 bytes; at most 33,554,432 are read" in refusal(folder)


def change_recipe(folder: Path, section: str, **values: object) -> None:
    """Other values for some keys of one section of the recipe in the configuration."""
    recipe = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["recipe"]
    change(folder, recipe={**recipe, section: {**recipe[section], **values}})


@pytest.mark.parametrize(
    ("section", "values", "expected"),
    [
        # How much is held in memory of a clip.
        ("pose", {"length": 10**9}, "recipe.pose.length: Input should be less than or equal to 10000"),
        ("pose", {"length": 10**400}, "recipe.pose.length"),
        ("pose", {"length": 0}, "recipe.pose.length"),
        ("pose", {"max_frames": 10**9}, "recipe.pose.max_frames"),
        ("pose", {"max_frames": -1}, "recipe.pose.max_frames"),
        ("pose", {"max_gap": 10**30}, "recipe.pose.max_gap"),
        ("pixels", {"frames": 10**9}, "recipe.pixels.frames"),
        ("pixels", {"size": 10**9}, "recipe.pixels.size"),
        ("pixels", {"stride": 10**30}, "recipe.pixels.stride"),
        ("pixels", {"frames": 10_000, "size": 4096}, "recipe.pixels: 10000 frames of 4096 × 4096 are more than"),
        ("estimator", {"stride": 10**30}, "recipe.estimator.stride"),
        ("inference", {"views": 10**9}, "recipe.inference.views"),
        # What a clip is: other landmarks give other features than the configuration says.
        ("pose", {"landmarks": ["nose"] * 100_000}, CONFIG),
        ("pose", {"landmarks": ["../../secret"]}, "../../secret"),
        ("pose", {"landmarks": ["a\n\x1b[31mred"]}, f"{CONFIG}: "),
        ("pose", {"skeleton": "../../secret"}, "../../secret"),
        ("pose", {"skeleton": "holistic"}, "its landmarks or features are not those"),
        ("pose", {"dimensions": 10**9}, "recipe.pose.dimensions"),
        ("features", {"distances": True}, "its landmarks or features are not those"),
        # Numbers that are none.
        ("augment", {"noise": float("inf")}, "recipe.augment.noise"),
        ("augment", {"rotation": float("nan")}, "recipe.augment.rotation"),
        # Files of others.
        ("estimator", {"models": "/etc"}, "recipe.estimator.models is /etc, which is outside the recogniser"),
        ("estimator", {"models": "../other"}, "recipe.estimator.models is ../other, which is outside"),
        ("estimator", {"models": "models"}, "recipe.estimator.models is models, which is outside"),
        ("estimator", {"models": "\\\\evil\\share"}, "which is outside the recogniser"),
        ("estimator", {"models": "a\n\x1b[31mred"}, "recipe.estimator.models is a  [31mred, which is outside"),
        ("estimator", {"name": "evil"}, "recipe.estimator.name"),
    ],
)
def test_a_hostile_recipe_is_refused_in_one_line(
    folder: Path, section: str, values: dict[str, object], expected: str
) -> None:
    change_recipe(folder, section, **values)
    assert expected in refusal(folder)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("data", {"root": "/etc"}),
        ("model", {"pretrained": "/etc/passwd"}),
        ("model", {"options": {"d_model": 10**30}}),
        ("train", {"batch_size": 10**30, "workers": 10**9, "threads": 10**9}),
    ],
)
def test_what_only_training_reads_does_no_harm_in_use(folder: Path, section: str, values: dict[str, object]) -> None:
    change_recipe(folder, section, **values)
    Recognizer.load(folder).warm_up()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"d_model": 10**30}, "d_model"),
        ({"layers": 10**9}, "layers"),
        # 256 layers of this size would take 5 TB.
        ({"d_model": 32_400, "layers": 256, "feedforward": 65_536}, "model.safetensors: does not fit this model"),
        ({"layers": 3}, "model.safetensors: does not fit this model"),
    ],
)
def test_a_model_that_its_weights_do_not_fit_is_never_built(
    folder: Path, options: dict[str, int], expected: str
) -> None:
    change_recipe(folder, "model", name="spoter", options=options)
    with pytest.raises(IsharaError, match=expected) as caught:
        trained_model(folder)
    assert "\n" not in str(caught.value)


def test_model_files_of_an_estimator_go_with_the_recogniser(tiny_run: Path, tmp_path: Path) -> None:
    """A recipe names them wherever they are; a recogniser has them inside, and names no other place."""
    place = tmp_path / "models"
    place.mkdir()
    (place / "pose_landmark_heavy.tflite").write_bytes(b"\0\0\0\0TFL3")
    (place / "thesis.txt").write_text("years")
    trained = Recognizer.load(tiny_run)
    recipe = trained.recipe.with_overrides(["estimator.complexity=2", f"estimator.models={place}"])
    assert recipe.hash == trained.recipe.with_overrides(["estimator.complexity=2"]).hash
    written = write_recognizer(
        tmp_path / "recognizer", trained_model(trained.folder), recipe, trained.labels, temperature=lambda _: 1.0,
        card=lambda _: "",
    )  # fmt: skip
    shutil.rmtree(place)
    copies = (
        written.folder,
        written.save(tmp_path / "copy"),
        export_form(written.folder, "onnx", tmp_path / "form").folder,
    )
    for folder in copies:
        text = (folder / CONFIG).read_text(encoding="utf-8")
        assert json.loads(text)["recipe"]["estimator"]["models"] == "."
        assert str(place) not in text
        assert Recognizer.load(folder).recipe.estimator.models == folder
        assert "pose_landmark_heavy.tflite" in json.loads(text)["files"]
        assert (folder / "pose_landmark_heavy.tflite").read_bytes() == b"\0\0\0\0TFL3"
        assert not (folder / "thesis.txt").exists()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, '{"temperature": ' + "9" * 400 + "}", '{"temperature": ' + "9" * 100_000 + "}",
        '{"temperature": 1e-300}', '{"temperature": -1}', '{"temperature": Infinity}',
    ],
    ids=["deep", "huge", "huger", "tiny", "negative", "infinite"],
)  # fmt: skip
def test_a_hostile_calibration_is_refused_in_one_line(folder: Path, text: str) -> None:
    (folder / CALIBRATION).write_text(text, encoding="utf-8")
    vouch(folder, CALIBRATION)
    assert CALIBRATION in refusal(folder)
