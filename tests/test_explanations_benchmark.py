"""What `benchmarks/measure_explanations.py` publishes: goes on where it stopped, and tells pages what was measured."""

import json
from pathlib import Path

import pytest

from ishara.explain import measured
from ishara.recognizer import Recognizer
from measure_explanations import BEGIN, COLUMNS, END, RESULT, figures, known_of, main, margin, rows_of, table_of


def test_a_clip_of_several_folds_is_one_unit() -> None:
    rows = [{"clip": f"c{i % 5}", "occlusion": 0.1 + i / 100} for i in range(10)]
    found = margin([*rows, {"clip": "short"}], "occlusion")
    assert found is not None
    assert found.value == pytest.approx(0.145)
    assert found.interval is not None
    assert found.interval.units == 5
    assert margin([{"clip": "short"}], "occlusion") is None


def test_measuring_goes_on_and_pages_are_told(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "tiny-crossval"
    run.mkdir()
    (run / "fold-1").symlink_to(tiny_run, target_is_directory=True)
    keep = tmp_path / "keep.jsonl"
    first = list(rows_of(run, 2, keep))
    assert len(first) == len(keep.read_text().splitlines()) == 2
    monkeypatch.setattr("measure_explanations.measure", lambda *_: pytest.fail("was measured before"))
    assert list(rows_of(run, 2, keep)) == first
    found = figures(run, first)
    recipe = Recognizer.load(tiny_run).recipe
    (tmp_path / "measured.json").write_text(json.dumps(known_of([found])))
    monkeypatch.setattr(measured, "MEASURED", tmp_path / "measured.json")
    measured._all.cache_clear()
    # As what comes with Ishara is trained: on all clips.
    known = measured.measured_of(recipe.with_overrides(["split.by=clip", "split.test=0", "name=shipped"]))
    measured._all.cache_clear()
    assert known is not None
    assert known.occlusion.value == found["occlusion"]["value"]
    assert table_of([found]).count("\n| `tiny` |") == 1


def test_measuring_one_run_keeps_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"value": 0.1, "interval": {"low": 0.05, "high": 0.15}}
    page, known = tmp_path / "page.md", tmp_path / "measured.json"
    page.write_text(f"{BEGIN}\n{END}\n")
    monkeypatch.setattr("measure_explanations.rows_of", lambda *_: [])

    def measure(name: str, clips: int) -> None:
        found = {"recipe": name, "recipe_hash": f"of-{name}", "learning_hash": f"like-{name}", "clips": clips}
        monkeypatch.setattr("measure_explanations.figures", lambda *_: found | dict.fromkeys(COLUMNS, said))
        main([tmp_path / name], out=tmp_path, results=tmp_path, known=known, into=page)

    measure("first", 3)
    measure("second", 4)
    measure("first", 5)
    assert {key: told["clips"] for key, told in json.loads(known.read_text()).items()} == {
        "like-second": 4,
        "like-first": 5,
    }
    runs = json.loads((tmp_path / RESULT).read_text())["runs"]
    assert [(run["recipe"], run["clips"]) for run in runs] == [("first", 5), ("second", 4)]
    assert all("machine" in run for run in runs)
    rows = page.read_text().splitlines()
    assert [row.split(" | ")[0] for row in rows if row.startswith("| `")] == ["| `first`", "| `second`"]
    assert "the same, put back" in page.read_text()
    assert all(row.count("|") == len(COLUMNS) + 3 for row in rows if row.startswith("|"))
