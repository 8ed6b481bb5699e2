"""The page on shortcuts says what was measured."""

import json
from pathlib import Path

from measure_shortcuts import RESULT, text

ROOT = Path(__file__).parents[1]


def test_the_page_has_the_figures_of_the_results() -> None:
    measured = json.loads((ROOT / "results" / RESULT).read_text(encoding="utf-8"))
    assert text(measured) in (ROOT / "docs/shortcuts.md").read_text(encoding="utf-8")
    assert {"fingerspelling-spoter", "wlasl50-spoter"} <= measured["recipes"].keys()
