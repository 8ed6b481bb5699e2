from __future__ import annotations

import base64
import builtins
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ishara.clips.clip import Clip
from ishara.errors import IsharaError
from ishara.evaluation.compare import compare
from ishara.evaluation.drawing import labels
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.report import percent, write_report

Make = Callable[..., Predictions]


HISTORY = pl.DataFrame(
    {
        "epoch": [0, 1, 2],
        "train/loss": [3.0, 2.0, 1.0],
        "train/top1": [0.1, 0.4, 0.8],
        "validation/loss": [3.0, None, 1.5],
        "validation/top1": [0.1, None, 0.6],
        "lr": [0.0, 1e-3, 5e-4],
    }
)
FACTS = {"Split": "test signers s1 & s2", "Recipe": "demo"}


@pytest.fixture(scope="module")
def folder(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    predictions = make(1)
    folder = tmp_path_factory.mktemp("report")
    write_report(
        folder, predictions, summarise(predictions, resamples=200), title="Six <signs>", facts=FACTS,
        history=HISTORY, comparison=compare(make(2), predictions, resamples=200),
    )  # fmt: skip
    return folder


@pytest.fixture
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_nothing_half_written_is_left(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "summary.json"]


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    sources = re.findall(r"""(?:src|href|srcset|url)\s*[=(]\s*["']?([^"'\s>)]*)""", page)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "<script" not in page
    assert "@import" not in page
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    for picture in re.findall(r"base64,([A-Za-z0-9+/=]+)", page):
        svg = base64.b64decode(picture).decode()
        assert not re.search(r"""href="(?!#)""", svg)


def test_the_page_has_the_figures_of_the_json(page: str, folder: Path) -> None:
    numbers = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    s = numbers["summary"]
    for name in ("top1", "top5", "class_top1", "class_top5"):
        assert percent(s[name]["value"]) in page
        assert percent(s[name]["interval"]["high"]) in page
    assert f"{s['nll']['value']:.3f}" in page
    assert f"{s['ece']:.3f}" in page
    assert f"Worst signer: {s['worst_signer']['name']}" in page
    assert percent(s["worst_signer"]["top1"]["value"]) in page
    assert numbers["comparison"]["verdict"] in page
    assert numbers["facts"] == FACTS


def test_the_page_is_accessible(page: str) -> None:
    assert page.count("<table") == page.count("<caption>") > 5
    assert page.count("<img") == len(re.findall(r'alt="[^"]{20,}"', page)) == 5
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    assert "prefers-color-scheme: dark" in page
    for target in re.findall(r'href="#(\w+)"', page):
        assert f'id="{target}"' in page


def test_what_was_given_is_escaped(page: str) -> None:
    assert "Six &lt;signs&gt;" in page
    assert "test signers s1 &amp; s2" in page
    assert "<signs>" not in page


@pytest.mark.parametrize(
    ("argument", "facts", "said"),
    [(True, {}, True), (False, {"Synthetic": "yes"}, True), (False, {"Synthetic": "no"}, False), (False, {}, False)],
)
def test_synthetic_data_are_called_so(
    make: Make, tmp_path: Path, argument: bool, facts: dict[str, str], said: bool
) -> None:
    predictions = make(clips=5, glosses=2)
    summary = summarise(predictions, resamples=20)
    path = write_report(tmp_path / "page.html", predictions, summary, title="T", facts=facts, synthetic=argument)
    assert ("Synthetic data." in path.read_text(encoding="utf-8")) is said
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["synthetic"] is said


@pytest.mark.parametrize("signer", [None, "s1"])
def test_one_clip_of_an_unknown_gloss_still_makes_a_page(tmp_path: Path, signer: str | None) -> None:
    predictions = Predictions.build([Clip("a", "a", "WATER", signer=signer)], np.array([[1.0]]), ["TEA"])
    path = write_report(tmp_path, predictions, summarise(predictions), title="One", facts={})
    page = path.read_text(encoding="utf-8")
    assert "(never taught)" in page
    assert "nan" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page).lower()


@pytest.mark.filterwarnings("error")
def test_any_script_and_any_sign_of_markup_can_be_a_gloss(tmp_path: Path) -> None:
    labels = ["চা", "水", "قلب", "$x_{$", "<b>&", "\U00010450", "two\nlines", "x" * 300, "ক্ষ\u200d"]
    clips = [Clip(str(i), str(i), gloss) for i, gloss in enumerate(labels)]
    predictions = Predictions.build(clips, np.roll(np.eye(len(labels)), 1, axis=0), labels)
    path = write_report(
        tmp_path, predictions, summarise(predictions), title="Scripts", facts={}, history=HISTORY.clear()
    )
    page = path.read_text(encoding="utf-8")
    assert "চা" in page
    assert "&lt;b&gt;&amp;" in page


def test_more_glosses_than_can_be_read_are_cut_to_the_worst(make: Make, tmp_path: Path) -> None:
    predictions = make(clips=400, glosses=90, signers=None, skill=5)
    path = write_report(tmp_path, predictions, summarise(predictions, resamples=20), title="Many", facts={})
    assert "The 60 glosses found least often are shown" in path.read_text(encoding="utf-8")


def test_a_history_with_missing_columns_is_drawn(make: Make, tmp_path: Path) -> None:
    predictions = make(clips=5)
    history = pl.DataFrame({"epoch": [0], "train/loss": [1.0], "validation/loss": [None]})
    path = write_report(
        tmp_path, predictions, summarise(predictions, resamples=20), title="T", facts={}, history=history
    )
    assert "over 1 epochs" in path.read_text(encoding="utf-8")


def test_the_summary_of_other_predictions_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match="not about these predictions"):
        write_report(tmp_path, make(clips=5), summarise(make(clips=6), resamples=20), title="T", facts={})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_a_missing_extra_says_what_to_type(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("ishara.evaluation.figures", "ishara.evaluation.drawing"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    import ishara.evaluation

    for name in ("figures", "drawing"):
        monkeypatch.delattr(ishara.evaluation, name, raising=False)
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    predictions = make(clips=5)
    with pytest.raises(IsharaError, match=rf"{missing}.*pip install 'ishara\[report\]'"):
        write_report(tmp_path, predictions, summarise(predictions, resamples=20), title="T", facts={})
    assert not list(tmp_path.iterdir())


def test_figures_are_computed_without_the_report_extra() -> None:
    code = (
        "import sys, ishara.evaluation.metrics, ishara.evaluation.compare, ishara.evaluation.report\n"
        "heavy = {'torch', 'sklearn', 'matplotlib', 'jinja2', 'scipy'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_long_names_that_begin_alike_stay_apart_in_pictures() -> None:
    names = [f"recorded-in-the-morning-by-signer-{i}" for i in (7, 12)]
    short = labels([*names, "TEA"], [1, 2, 3])
    assert short[2] == "TEA"
    assert short[0].endswith("signer-7")
    assert short[1].endswith("igner-12")
    assert all(name.startswith("recorded-") and len(name) <= 18 for name in short[:2])
