"""The pages that Ishara writes, in a real browser: light and dark, on a phone and on a desk, without a fault."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.evaluation.closer import look_closer
from ishara.evaluation.compare import compare
from ishara.evaluation.confused import confused_pairs
from ishara.evaluation.insight import Views
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.report import write_report
from ishara.evaluation.run import evaluate_clips
from ishara.explain import explain
from ishara.explain.page import write_explanation
from ishara.recognizer import Recognizer
from live.camera import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (375, 1280)
THEMES = ("light", "dark")
# Words that no line can hold are the ones that push a page wide.
LONG = "RHYTHM-AND-BLUES-WITH-A-VERY-LONG-NAME"


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    pytest.importorskip("axe_playwright_python.sync_playwright")
    with playwright.sync_playwright() as started:
        # Containers run as root, which Chromium's sandbox refuses.
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an evaluation with all that a page can have: kinds of clips, shortcuts, pairs side by side, a map."""
    recognizer, manifest = Recognizer.load(tiny_run), Manifest.read(tiny_run / "manifest.csv")
    tested, training = (manifest.where(pl.col("split") == side) for side in ("test", "train"))
    found = evaluate_clips(recognizer, tested)
    labels = found.predictions.labels
    taken = np.eye(len(labels))[[(labels.index(clip.gloss) + 1) % len(labels) for clip in tested]]
    wrong = Predictions.build(tested, taken * 0.9 + 0.1 / len(labels), labels)
    summary = summarise(wrong, resamples=100)
    insight, views = look_closer(recognizer, found, summarise(found.predictions, resamples=100), tested, training)
    pairs, _ = confused_pairs(wrong, summary, recognizer.recipe, tested, training)
    return write_report(
        tmp_path_factory.mktemp("report"),
        wrong,
        summary,
        title="An evaluation",
        facts={"Corpus": "synthetic", "Recipe": "/a/path/that/goes/on/and/on/without/a/space/recipe-of-a-run.yaml"},
        history=pl.read_csv(tiny_run / "history.csv"),
        synthetic=True,
        insight=insight,
        views=Views(pairs, views.map),
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 70 glosses with long names by 70 signers, beside another run."""
    rng = np.random.default_rng(0)
    labels = [f"{LONG}-{i}" for i in range(70)]
    clips = [Clip(f"{LONG}/{i}.pose", "-", labels[i % 70], signer=f"{LONG}-signer-{i % 70}") for i in range(280)]
    runs = []
    for skill in (2.0, 3.0):
        odds = np.exp(rng.normal(size=(280, 70)) + skill * np.eye(70)[np.arange(280) % 70])
        runs.append(Predictions.build(clips, odds / odds.sum(axis=1, keepdims=True), labels))
    both = compare(*runs, name_a="runs/one-with-a-long-name", name_b="runs/another-with-a-long-name")
    summary = summarise(runs[1], resamples=100)
    folder = tmp_path_factory.mktemp("many")
    return write_report(folder, runs[1], summary, title=LONG, facts={}, comparison=both)


@pytest.fixture(scope="module")
def explanation(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = explain(Recognizer.load(tiny_run), synthetic_clip("SYN-01"), "clip.pose")
    return write_explanation(tmp_path_factory.mktemp("explanation") / "why.html", found)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The start page of the documentation as it is built."""
    for name in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(name, reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return folder / "index.html"


@pytest.fixture
def opened(browser: "Browser", tmp_path: Path) -> "Iterator[Callable[[Path, str, int], Page]]":
    """Opens a page; at the end nothing was complained of, and a picture of all of it is in the test's folder."""
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(path: Path, theme: str, width: int) -> "Page":
        context = browser.new_context(
            color_scheme=theme,  # type: ignore[arg-type]
            viewport={"width": width, "height": 900},
            # Or axe would judge colours half-way from one to another.
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_load_state("load")
        page.screenshot(path=tmp_path / f"{path.stem}-{theme}-{width}.png", full_page=True)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert complaints == []


def faults(page: "Page") -> list[str]:
    """What axe-core finds that is serious."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{fault['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        # Or it would load the style sheets again, which a page from a disk may not.
        for fault in Axe().run(page, options={"preload": False}).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["report", "many", "explanation", "site"])
def test_a_page_is_whole(
    name: str, theme: str, width: int, opened: "Callable[[Path, str, int], Page]", request: pytest.FixtureRequest
) -> None:
    page = opened(request.getfixturevalue(name), theme, width)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.body.scrollWidth") <= width
    unlabelled = page.evaluate("[...document.images].filter(one => !one.hasAttribute('alt')).map(one => one.src)")
    assert unlabelled == []
    assert faults(page) == []
