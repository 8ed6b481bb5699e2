"""The page of targets: what is met, missed and not measured, from files as `results/` holds them."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import measure_comparisons
import targets_page
from ishara.clips.clip import Clip
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from targets import Part, Target, comparison_file, figure, met, read_targets

ROOT = Path(__file__).parents[1]


def target(**keys) -> Target:
    return Target(**({"name": "signs", "file": "a.json", "at": "summary.top1", "least": 0.9} | keys))


def measured(folder: Path, value: float, low: float | None = None) -> None:
    interval = None if low is None else {"low": low, "high": 1.0}
    content = {"seeds": [{"seed": 0}], "summary": {"top1": {"value": value, "interval": interval}, "ece": value}}
    (folder / "a.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("keys", "value", "low", "reached"),
    [
        ({"least": 0.9}, 0.9, None, True),
        ({"least": 0.9}, 0.899, 0.85, False),
        ({"least": None, "most": 0.05, "at": "summary.ece"}, 0.05, None, True),
        ({"least": None, "most": 0.05, "at": "summary.ece"}, 0.051, None, False),
        ({"least": None, "above": 0.0}, 0.1, 0.01, True),
        ({"least": None, "above": 0.0}, 0.1, -0.01, False),
        ({"least": None, "above": 0.0}, 0.1, None, False),
    ],
)
def test_a_bound_is_met_or_missed(keys, value, low, reached, tmp_path):
    measured(tmp_path, value, low)
    bound = target(**keys)
    found = figure(tmp_path, bound)
    assert found is not None
    assert met(bound, found) is reached


def test_the_page_says_what_is_met_missed_and_why_and_what_waits(tmp_path):
    measured(tmp_path, 0.8, 0.7)
    rows = (
        target(name="hard", why="Few clips."),
        target(name="easy", least=0.5, stretch=0.75),
        target(name="later", file="b.json"),
    )
    page = targets_page.page(tmp_path, [Part(title="Signs", text="Of five signers.", rows=rows)])
    assert "3 bounds: 1 met, 1 missed, 1 not measured yet." in page
    assert "| hard | 80.0% (70.0% to 100.0%); 1 seed | at least 90.0% | **missed** |" in page
    assert "**Missed: hard.** Few clips." in page
    assert "| easy | 80.0% (70.0% to 100.0%); 1 seed | at least 50.0%, better 75.0% | met, and the higher one |" in page
    assert "| later | not yet | at least 90.0% |  |" in page


@pytest.mark.parametrize(
    ("seconds", "row"),
    [
        (1650.4, "| time | 27.5 min | at most 30 min | met |"),
        (1801, "| time | 30.0 min | at most 30 min | **missed** |"),
        (None, "| time | not yet | at most 30 min |  |"),
    ],
)
def test_a_training_is_timed_where_it_was_not_gone_on_with(tmp_path, seconds, row):
    content = {"seeds": [{"seed": 0}], "seconds": {"fold-0": seconds}}
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    timed = target(name="time", at="seconds.fold-0", least=None, most=1800, unit="seconds")
    assert row in targets_page.page(tmp_path, [Part(title="", text="", rows=(timed,))])


def test_a_target_has_one_source_and_one_bound():
    with pytest.raises(ValidationError, match="either a file or a comparison"):
        target(compare=("a", "b"))
    with pytest.raises(ValidationError, match="one of least, most and above"):
        target(most=0.1)


def test_pairs_are_compared_where_both_runs_are_finished(tmp_path, monkeypatch, capsys):
    clips = [Clip(id=str(i), path="a.pose", gloss="ab"[i % 2], signer=f"s{i % 6}") for i in range(24)]
    right = np.array([[1 - i % 2, i % 2] for i in range(24)], dtype=float)
    for name, probability in (("a-notebook", right[:, ::-1]), ("b-crossval", right)):
        Predictions.build(clips, probability, ["a", "b"]).write(tmp_path / name / PREDICTIONS)
    rows = (
        target(name="better", file="", compare=("a-notebook", "b"), at="top1.difference", least=0.1),
        target(name="later", file="", compare=("a", "b"), at="top1.difference", least=0.1),
    )
    monkeypatch.setattr(measure_comparisons, "read_targets", lambda: (Part(title="", text="", rows=rows),))
    measure_comparisons.main(tmp_path, tmp_path / "results")
    found = figure(tmp_path / "results", rows[0])
    assert found is not None
    assert found.value == 1.0
    assert not (tmp_path / "results" / comparison_file("a", "b")).exists()
    assert "Left out: b against a. Not there: " in capsys.readouterr().err.replace("\n", " ")


def test_where_one_was_measured_on_some_folds_both_are_compared_on_these(tmp_path, monkeypatch):
    clips = [Clip(id=str(i), path="a.pose", gloss="ab"[i % 2], signer=f"s{i % 6}") for i in range(24)]
    right = np.array([[1 - i % 2, i % 2] for i in range(24)], dtype=float)
    folds = [Predictions.build(clips[i::3], right[i::3], ["a", "b"], fold=f"fold-{i}") for i in range(3)]
    Predictions.concat(folds).write(tmp_path / "b-crossval" / PREDICTIONS)
    wrong = Predictions.build(clips[1::3], right[1::3, ::-1], ["a", "b"], fold="fold-1")
    wrong.write(tmp_path / "a-notebook" / PREDICTIONS)
    row = target(name="better", file="", compare=("a-notebook", "b"), at="top1.difference", least=0.1)
    monkeypatch.setattr(measure_comparisons, "read_targets", lambda: (Part(title="", text="", rows=(row,)),))
    measure_comparisons.main(tmp_path, tmp_path / "results")
    content = json.loads((tmp_path / "results" / comparison_file("a-notebook", "b")).read_text())
    assert content["clips"] == 8
    page = targets_page.page(tmp_path / "results", [Part(title="", text="", rows=(row,))])
    assert "; on 1 of 3 folds | at least +10.0 | met |" in page

    # A run that was made once more, of some of the folds that its result is of.
    (tmp_path / "results" / "b.json").write_text(json.dumps({"folds": [{}] * 5}))
    measure_comparisons.main(tmp_path, tmp_path / "results")
    page = targets_page.page(tmp_path / "results", [Part(title="", text="", rows=(row,))])
    assert "; on 1 of 5 folds | at least +10.0 | met |" in page


def test_every_target_names_a_figure_that_its_file_has():
    """A figure that is there is found; a misspelt path would raise."""
    rows = [row for part in read_targets() for row in part.rows]
    assert len({row.name for row in rows}) == len(rows)
    found = [figure(ROOT / "results", row) for row in rows]
    assert sum(value is not None for value in found) > len(rows) / 2


def test_the_page_is_of_the_results_that_are_there():
    page = (ROOT / targets_page.PAGE).read_text(encoding="utf-8")
    assert page == targets_page.page(ROOT / "results", read_targets())
