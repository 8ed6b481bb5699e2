"""Where a cross-validation stands, and the time left of one and of a queue of several."""

import json
from pathlib import Path

import pytest

from ishara.recipe import Recipe
from ishara.training.jobs import Outcome
from ishara.training.outlook import outlook
from ishara.training.progress import Standing, Tracker, about, shown, write_plan

COSTS = {"a": 100.0, "b": 100.0, "c": 300.0, "d": 100.0}


def finished(home: Path, name: str, seconds: float | None) -> None:
    (home / name).mkdir(parents=True)
    (home / name / "predictions.parquet").touch()
    (home / name / "seconds.json").write_text(json.dumps(seconds))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (61, "about 1 min"),
        (59.6 * 60, "about 1 h 0 min"),
        (7800, "about 2 h 10 min"),
        (100_000, "about 27 h 47 min"),
    ],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_the_time_left_follows_from_what_jobs_cost_and_took(tmp_path: Path) -> None:
    told: list[Standing] = []
    tracker = Tracker(COSTS, tmp_path, set(), report=told.append)
    assert told == [], "nothing was done before"
    assert tracker.standing().left is None
    tracker.ended(Outcome("a", 50), 1)
    assert told[-1].left == 0.5 * 500
    tracker.ended(Outcome("c", 250), 1)
    assert told[-1].left == 0.75 * 200
    tracker.ended(Outcome("b", failure="No."), 1)
    assert told[-1].left == 0.75 * 100, "what failed is not waited for"
    tracker.ended(Outcome("d", None), 1)
    assert [(where.done, where.total, where.left) for where in told][-1] == (3, 4, 0)


def test_jobs_beside_each_other_share_the_time(tmp_path: Path) -> None:
    told: list[Standing] = []
    tracker = Tracker(COSTS, tmp_path, set(), beside=2, report=told.append)
    tracker.ended(Outcome("a", 100), 2)
    assert told[-1].left == 500 / 2
    tracker.ended(Outcome("c", 300), 8)
    assert told[-1].left == 200 / 2, "no more than wait can be beside each other"


def test_a_run_that_goes_on_knows_its_time_from_before_until_it_has_its_own(tmp_path: Path) -> None:
    finished(tmp_path, "a", 1000)
    finished(tmp_path, "b", None)
    told: list[Standing] = []
    tracker = Tracker(COSTS, tmp_path, {"a", "b"}, report=told.append)
    assert [(where.done, where.left) for where in told] == [(2, 4000)]
    tracker.ended(Outcome("d", 10), 1)
    assert told[-1].left == 30


def test_each_standing_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(bar=True) as report:
        report(Standing(12, 30, 4200))
        report(Standing(13, 30, 4000, Outcome("s03-seed0", 146.2)))
        report(Standing(13, 30, 4000, Outcome("s[04]-seed0", failure="No room.")))
        report(Standing(30, 30, 0, Outcome("s05-seed0", said="Warning: it is late.\nVery.\n")))
    assert capsys.readouterr().err.splitlines() == [
        "12 of 30 were done before, about 1 h 10 min left",
        "13 of 30 done (s03-seed0: 146 s), about 1 h 7 min left",
        "s[04]-seed0 failed: No room. 13 of 30 done, about 1 h 7 min left",
        "s05-seed0: Warning: it is late.",
        "s05-seed0: Very.",
        "30 of 30 done (s05-seed0)",
    ]


def test_a_queue_of_recipes_says_how_long_it_will_take(tmp_path: Path) -> None:
    runs, results = tmp_path / "runs", tmp_path / "results"
    results.mkdir()
    recipes = [tmp_path / f"{name}.yaml" for name in ("new", "begun", "earlier", "done", "other")]
    for path in recipes:
        path.write_text(f"name: {path.stem}\ndata: {{manifest: clips.csv}}\n")

    def queue(number: int) -> str:
        return outlook(recipes, number, runs=runs, results=results)

    assert queue(2) == "recipe 2 of 5"
    # One of two folds was done, in half an hour.
    write_plan(runs / "begun-crossval", {"a": 1, "b": 2}, 1)
    finished(runs / "begun-crossval", "a", 1800)
    assert queue(1) == "recipe 1 of 5, about 1 h 0 min left without 4 of which nothing is known"
    # Measured before with the same settings; that of `other` with others.
    for name in ("earlier", "done", "other"):
        known = Recipe.read(tmp_path / f"{name}.yaml").hash if name != "other" else "another"
        measured = {"recipe_hash": known, "seconds": {"a": 600, "b": None, "c": 1200}}
        (results / f"{name}.json").write_text(json.dumps(measured))
    write_plan(runs / "done-crossval", {"a": 1}, 1)
    finished(runs / "done-crossval", "a", 50)
    assert queue(2) == "recipe 2 of 5, about 1 h 45 min left without 1 of which nothing is known"
    assert queue(4) == "recipe 4 of 5, less than a minute left without 1 of which nothing is known"
    assert queue(5) == "recipe 5 of 5"
