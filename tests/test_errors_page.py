"""The study of errors: other forms of a sign are told from confusions, and the page says what was counted."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import errors_page
from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from measure_errors import errors_of

GLOSSES = ["come", "go", "tea"]


@pytest.fixture
def planted() -> Predictions:
    """Five clips of three glosses by two signers: the second's "come" is always "go", and one "tea" is "come"."""
    clips, probability = [], []
    for signer in ("ann", "ben"):
        for truth, gloss in enumerate(GLOSSES):
            for take in range(5):
                clips.append(Clip(id=f"{signer}-{gloss}-{take}", path="a.pose", gloss=gloss, signer=signer))
                said = 1 if (signer, gloss) == ("ben", "come") else truth
                said = 0 if (signer, gloss, take) == ("ann", "tea", 0) else said
                probability.append(np.eye(3)[said])
    frames = [10 + i for i in range(len(clips))]
    return Predictions.build(clips, np.array(probability), GLOSSES, frames=frames)


def test_another_form_of_a_sign_is_told_from_a_confusion(planted: Predictions) -> None:
    found = errors_of(planted)
    assert (found["errors"], found["predictions"]) == (6, 30)
    forms = found["other_forms"]
    assert (forms["cells"], forms["of"], forms["errors"]) == (1, 6, 5)
    assert forms["most"] == [{"gloss": "come", "who": "ben", "clips": 5, "right": 0, "taken_for": "go"}]
    assert [(pair["a"], pair["b"], pair["count"], pair["by"]) for pair in found["pairs"]] == [
        ("come", "go", 5, {"ben": 5}),
        ("come", "tea", 1, {"ann": 1}),
    ]
    assert found["by_who"][0] == {"name": "ben", "clips": 15, "right": 10}
    assert [third["clips"] for third in found["by_length"]] == [10, 10, 10]


def test_the_page_says_what_was_counted_and_what_was_read_in_it(planted: Predictions, tmp_path: Path) -> None:
    content = {"recipe": "tiny", **errors_of(planted)}
    (tmp_path / "measure-errors-tiny.json").write_text(json.dumps(content), encoding="utf-8")
    page = errors_page.page(tmp_path, {"tiny": ["Ben is from elsewhere."]})
    assert "6 of 30 predictions are wrong (20.0%), over seed 0 alone.\n\nBen is from elsewhere." in page
    assert "| `come` and `go` | 5 | 5 (of 10 `come` and 10 `go`) | ben 5 |" in page
    assert "They are 83% of the errors, 16.7% of all predictions: `come` of ben (0 of 5, mostly `go`)." in page
    with pytest.raises(IsharaError, match="no errors were measured"):
        errors_page.page(tmp_path / "nowhere", {})


def test_errors_are_counted_by_what_the_manifest_knows_of_a_clip(planted: Predictions, tmp_path: Path) -> None:
    clips = planted.table["clip"]
    take = [int(clip[-1]) for clip in clips]
    table = pl.DataFrame({"id": clips, "path": "a.pose", "gloss": planted.table["gloss"], "take": take})
    named = {"take": {"from the front": ["0"], "from the side": ["1", "2"], "from behind": ["9"]}}
    found = errors_of(planted, Manifest(table), named)
    # Of every take of ben's "come" all are wrong, and of ann's first "tea".
    assert found["by_condition"] == [
        {"name": "from the front", "clips": 6, "right": 4},
        {"name": "from the side", "clips": 12, "right": 10},
        {"name": "from behind", "clips": 0, "right": 0},
    ]
    (tmp_path / "measure-errors-tiny.json").write_text(json.dumps({"recipe": "tiny", **found}), encoding="utf-8")
    assert "By how it was recorded: 66.7% from the front, 83.3% from the side." in errors_page.page(tmp_path, {})
    with pytest.raises(IsharaError, match="by camera, and the run's manifest has no such column"):
        errors_of(planted, Manifest(table), {"camera": {"left": ["1"]}})
