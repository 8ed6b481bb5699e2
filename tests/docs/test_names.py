"""Every name of ours that a page says is there."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAME = re.compile(r"`(ishara(?:\.[A-Za-z_]\w*)+)`")
NAMES = sorted({(name, page.relative_to(ROOT).as_posix()) for page in PAGES for name in NAME.findall(page.read_text())})


def resolve(name: str) -> object:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize(("name", "page"), NAMES)
def test_a_name_that_a_page_says_is_there(name: str, page: str) -> None:
    assert resolve(name) is not None


def test_names_are_looked_for() -> None:
    assert len(NAMES) > 10
    with pytest.raises(AttributeError):
        resolve("ishara.models.layers.sinusoidal_positions")
