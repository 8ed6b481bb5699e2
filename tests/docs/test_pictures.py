"""The pictures of README and docs: they are there, small enough to load, and show what the page is about."""

import re
from pathlib import Path

import pytest

from site_markdown import LINK, blocks

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURES = [(page, found) for page in PAGES for found in LINK.finditer(page.read_text("utf-8")) if found["image"]]
MOST_BYTES = 2_000_000
SOURCE = r"WLASL.*C-UDA 1\.0.*academic and computational use only.*blurred"


@pytest.mark.parametrize(
    ("page", "picture"), [pytest.param(page, found, id=found["target"]) for page, found in PICTURES]
)
def test_a_picture_is_there_and_small_and_told_in_words(page: Path, picture: re.Match[str]) -> None:
    assert (page.parent / picture["target"]).stat().st_size < MOST_BYTES
    assert len(picture["text"].split()) > 3


def test_the_readme_shows_the_live_page_with_one_command_and_its_source() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.split("## Point a camera, see a word\n")[1].split("\n## ")[0]
    assert [block.text.strip() for block in blocks(section)] == ["ishara live"]
    assert "(docs/images/live.png)" in section
    assert re.search(SOURCE, section, flags=re.DOTALL)


def test_the_page_on_live_shows_a_film_of_it_and_its_source() -> None:
    image = pytest.importorskip("PIL.Image")
    text = (ROOT / "docs/live.md").read_text("utf-8")
    assert re.search(r"\(images/live\.gif\).*" + SOURCE, text, flags=re.DOTALL)
    with image.open(ROOT / "docs/images/live.gif") as film:
        seconds = sum(_milliseconds(film, number) for number in range(film.n_frames)) / 1000
    assert seconds > 5


def _milliseconds(film, number: int) -> float:
    film.seek(number)
    return film.info["duration"]
