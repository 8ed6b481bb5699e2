"""The README's table is what the files in results/ say."""

import json
from pathlib import Path

import pytest

from ishara.errors import IsharaError
from ishara.evaluation.table import BEGIN, END, put_into, results_table
from ishara.recipe import Recipe

ROOT = Path(__file__).parents[2]


def test_the_readme_holds_the_table_of_the_results() -> None:
    assert results_table(ROOT / "results", ROOT / "recipes") in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_table_is_put_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert put_into(page, "| new |")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"
    assert not put_into(page, "| new |")


def test_a_page_without_markers_and_a_folder_without_results_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(IsharaError, match="has no place for what was measured"):
        put_into(tmp_path / "page.md", "| new |")
    with pytest.raises(IsharaError, match="there are no results"):
        results_table(tmp_path)
    (tmp_path / "a.json").write_text(json.dumps({"summary": {}}), encoding="utf-8")
    with pytest.raises(IsharaError, match=r"a\.json: is not a result"):
        results_table(tmp_path)


def test_a_result_of_earlier_settings_says_so(tmp_path: Path) -> None:
    result = json.loads((ROOT / "results/wlasl50-spoter.json").read_text(encoding="utf-8"))
    recipe = Recipe.read(ROOT / "recipes/wlasl50-spoter.yaml")
    (tmp_path / "wlasl50-spoter.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    for digits, told in ((recipe.hash, False), ("0" * 12, True)):
        (tmp_path / "wlasl50-spoter.json").write_text(json.dumps(result | {"recipe_hash": digits}), encoding="utf-8")
        assert ("`wlasl50-spoter`, earlier settings" in results_table(tmp_path, tmp_path)) is told


def test_a_result_of_some_of_the_folds_names_them(tmp_path: Path) -> None:
    result = json.loads((ROOT / "results/isl30-spoter.json").read_text(encoding="utf-8"))
    some = {"protocol": result["protocol"] | {"only": ["s02", "s06"]}}
    (tmp_path / "isl30-spoter.json").write_text(json.dumps(result | some), encoding="utf-8")
    assert "| leave one signer out, only s02, s06 |" in results_table(tmp_path)


def test_a_result_of_invented_signs_says_so_below_all_others(tmp_path: Path) -> None:
    result = json.loads((ROOT / "results/isl30-spoter.json").read_text(encoding="utf-8"))
    (tmp_path / "demo.json").write_text(json.dumps(result | {"corpus": "synthetic-video"}), encoding="utf-8")
    (tmp_path / "isl30-spoter.json").write_text(json.dumps(result), encoding="utf-8")
    real, drawn = results_table(tmp_path).splitlines()[-2:]
    assert real.startswith("| isl30-kinect (")
    assert drawn.startswith("| synthetic-video, **synthetic: invented signs** (")
