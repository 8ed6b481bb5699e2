"""What `benchmarks/measure_explanations.py` publishes: goes on where it stopped, and tells pages what was measured."""

import json
from pathlib import Path

import pytest

from ishara.explain import measured
from ishara.recognizer import Recognizer
from measure_explanations import figures, known_of, margin, rows_of, table_of


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
    known = measured.measured_of(recipe)
    measured._all.cache_clear()
    assert known is not None
    assert known.occlusion.value == found["occlusion"]["value"]
    assert table_of([found]).count("\n| `tiny` |") == 1
