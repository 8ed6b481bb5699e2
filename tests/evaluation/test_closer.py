"""What a report says beyond the figures: kinds of clips, confused pairs, the map, and how large the page may grow."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.evaluation.card import model_card
from ishara.evaluation.closer import look_closer
from ishara.evaluation.conditions import by_length, by_missed_hands, why_no_hands
from ishara.evaluation.confused import confused_pairs
from ishara.evaluation.embedding_map import MOST_DOTS, embedding_map, spread
from ishara.evaluation.insight import Insight, Views
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.report import write_report
from ishara.evaluation.run import Evaluated, evaluate_clips
from ishara.evaluation.traits import ClipTraits, Traits, read_traits
from ishara.pose.estimate.shared import SharedEstimator
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.recipe import Data, Recipe
from ishara.recognizer import Recognizer


@pytest.fixture(scope="module")
def evaluated(tiny_run: Path) -> tuple[Recognizer, Evaluated, Manifest, Manifest]:
    recognizer, manifest = Recognizer.load(tiny_run), Manifest.read(tiny_run / "manifest.csv")
    tested, training = (manifest.where(pl.col("split") == side) for side in ("test", "train"))
    return recognizer, evaluate_clips(recognizer, tested), tested, training


def swapped(predictions: Predictions) -> Predictions:
    """The same clips, of which each gloss is taken for the next."""
    labels = predictions.labels
    place = [(labels.index(gloss) + 1) % len(labels) for gloss in predictions.table["gloss"]]
    clips = [Clip(row["clip"], "-", row["gloss"], row["signer"]) for row in predictions.table.to_dicts()]
    return Predictions.build(clips, np.eye(len(labels))[place] * 0.9 + 0.1 / len(labels), labels)


def test_the_page_and_the_card_of_a_run_tell_what_was_found(ishara, tiny_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "run")
    code, _, err = ishara("evaluate", run)
    assert code == 0, err
    page = (run / "evaluation-test/report.html").read_text(encoding="utf-8")
    bare = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    for target in ("clips", "shortcuts", "map", "confusions"):
        assert f'<h2 id="{target}">' in page
        assert f'href="#{target}"' in page
    assert bare.count("<circle") == 9
    assert len(re.findall(r"<circle[^>]*><title>[^<]+</title>", bare)) == 9
    assert "<script" not in bare
    assert "http" not in bare
    assert page.count("<img") == len(re.findall(r'alt="[^"]{20,}"', page))
    insight = json.loads((run / "evaluation-test/summary.json").read_text(encoding="utf-8"))["insight"]
    check = insight["shortcuts"]
    assert (check["trained_on"], check["tested_on"]) == (18, 9)
    assert {one["cue"] for one in check["shortcuts"]} == {"signer", "length", "hands", "first", "framing"}
    assert sum(part["clips"] for part in insight["by_length"]) == 9
    assert sum(part["clips"] for part in insight["by_hand"]) == 9
    card = (run / "recognizer/README.md").read_text(encoding="utf-8")
    headings = ["for", "not for", "is", "Data", "Clips", "measured", "confuses", "Shortcuts", "not cover"]
    places = [re.search(rf"^## .*{heading}", card, re.M) for heading in headings]
    assert all(places)
    assert "**Synthetic data.**" in card
    assert "**It was tested on one signer alone**" in card
    assert "- Who signs: cannot be tried (nobody who is tested was trained on" in card


def test_clips_that_were_learnt_from_are_not_checked(
    evaluated: tuple[Recognizer, Evaluated, Manifest, Manifest],
) -> None:
    recognizer, found, tested, _ = evaluated
    summary = summarise(found.predictions, resamples=20)
    for training, why in ((tested, "learnt from some of these very clips"), (None, "not listed beside it")):
        insight, _ = look_closer(recognizer, found, summary, tested, training)
        assert insight.shortcuts is None
        assert why in (insight.why_no_shortcuts or "")


def test_clips_that_are_gone_are_said_to_be(evaluated: tuple[Recognizer, Evaluated, Manifest, Manifest]) -> None:
    recognizer, found, tested, training = evaluated
    gone = training.with_column("path", [f"/gone/{i}.pose" for i in range(len(training))])
    insight, _ = look_closer(recognizer, found, summarise(found.predictions, resamples=20), tested, gone)
    assert "cannot be read any more" in (insight.why_no_shortcuts or "")


def test_of_many_clips_an_even_share_is_read_and_the_page_says_so(
    evaluated: tuple[Recognizer, Evaluated, Manifest, Manifest], tmp_path: Path
) -> None:
    recognizer, found, tested, training = evaluated
    summary = summarise(found.predictions, resamples=20)
    insight, views = look_closer(recognizer, found, summary, tested, training, most=6)
    assert insight.shortcuts is not None
    assert (insight.shortcuts.trained_on, insight.shortcuts.tested_on, insight.shortcuts.drawn) == (6, 6, True)
    path = write_report(tmp_path, found.predictions, summary, title="Few", facts={}, insight=insight, views=views)
    assert "these were drawn from more" in path.read_text(encoding="utf-8")


def test_of_videos_the_landmarks_that_were_estimated_on_the_way_are_used(
    evaluated: tuple[Recognizer, Evaluated, Manifest, Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A video is looked at once, and what is known of the landmarks is what is known of the same clip as a file."""
    recognizer, found, tested, training = evaluated
    files = dict(zip((f"/{i}.mp4" for i in range(len(tested))), tested.table["path"], strict=True))
    asked: list[str] = []

    def landmarks(_: object, source: str, *__: object) -> Pose:
        asked.append(source)
        return read_pose(files[source])

    monkeypatch.setattr(SharedEstimator, "landmarks", landmarks)
    videos = tested.with_column("path", list(files))
    seen = evaluate_clips(recognizer, videos)
    assert seen.predictions.table.equals(found.predictions.table)
    summary = summarise(found.predictions, resamples=20)
    expected, _ = look_closer(recognizer, found, summary, tested, training)
    told, _ = look_closer(recognizer, seen, summary, videos, training)
    assert asked == list(files)
    assert told.why_no_hands is None
    assert sum(part.clips for part in told.by_missed_hands) == 9
    assert told == expected


def test_the_page_says_why_hands_are_not_known(make, film: Path, tmp_path: Path, tiny_recipe: Recipe) -> None:
    traits, _ = read_traits(Manifest.from_clips([Clip("a", str(film), "A")]), tiny_recipe, pixels=True)
    reason = why_no_hands(traits, pixels=True)
    assert reason == "this recogniser looks at pictures, and no landmarks were looked for in them"
    predictions = make(clips=5)
    insight = Insight(why_no_hands=reason)
    summary = summarise(predictions, resamples=20)
    page = write_report(tmp_path, predictions, summary, title="Pictures", facts={}, insight=insight)
    html = page.read_text(encoding="utf-8")
    assert f"Not by missed hands, and not by the leading hand: {reason}." in html
    assert 'href="#clips"' in html


def test_confused_pairs_show_both_signs(
    evaluated: tuple[Recognizer, Evaluated, Manifest, Manifest], tmp_path: Path
) -> None:
    recognizer, found, tested, training = evaluated
    wrong = swapped(found.predictions)
    summary = summarise(wrong, resamples=20)
    pairs, problems = confused_pairs(wrong, summary, recognizer.recipe, tested, training, most=2)
    assert problems == []
    assert [(pair.count, pair.of, pair.back) for pair in pairs] == [(3, 3, 0), (3, 3, 0)]
    for pair in pairs:
        gloss = dict(zip(tested.table["id"], tested.table["gloss"], strict=True))
        assert gloss[pair.wrong.clip] == pair.gloss
        # No tested clip of it was right, so one that was learnt from is shown.
        assert pair.other is not None
        assert pair.other.clip in training.where(pl.col("gloss") == pair.predicted).table["id"].to_list()
    path = write_report(tmp_path, wrong, summary, title="Pairs", facts={}, views=Views(pairs))
    page = path.read_text(encoding="utf-8")
    assert page.count('class="pair"') == 2
    assert f"{pairs[0].gloss} taken for {pairs[0].predicted}, 3 of 3 times" in page


def test_a_clip_that_cannot_be_drawn_is_told(
    evaluated: tuple[Recognizer, Evaluated, Manifest, Manifest],
) -> None:
    recognizer, found, tested, _ = evaluated
    wrong = swapped(found.predictions)
    gone = tested.with_column("path", ["/gone.pose"] * len(tested))
    pairs, problems = confused_pairs(wrong, summarise(wrong, resamples=20), recognizer.recipe, gone, most=1)
    assert pairs == []
    assert "is not drawn: /gone.pose" in problems[0]


def test_a_corpus_of_ten_thousand_clips_makes_no_large_page(make, tmp_path: Path) -> None:
    predictions = make(clips=10_000, glosses=200, signers=40, skill=3)
    # As if the map were made: its layout is of no matter here, and takes long.
    rows = spread(predictions.table["gloss"].to_list(), MOST_DOTS)
    assert len(rows) == MOST_DOTS
    counts = predictions.table[rows]["gloss"].value_counts()["count"]
    assert counts.max() - counts.min() <= 1
    summary = summarise(predictions, resamples=20)
    insight = Insight(by_length=by_length(predictions))
    page = write_report(tmp_path, predictions, summary, title="Many", facts={}, insight=insight)
    assert page.stat().st_size < 3_000_000


def test_the_map_is_the_same_each_time_and_tells_right_from_wrong(make) -> None:
    predictions = make(clips=40, glosses=3)
    embedding = np.random.default_rng(0).normal(size=(40, 8))
    first, second = (embedding_map(predictions, embedding, most=30) for _ in range(2))
    assert first == second
    assert first is not None
    assert (first.clips, first.shown) == (40, 30)
    assert sum(len(name.dots) for name in first.names) == 30
    assert all(0 <= dot.x <= 1000 and 0 <= dot.y <= 700 for name in first.names for dot in name.dots)
    assert any(dot.wrong and "taken for" in dot.title for name in first.names for dot in name.dots)
    assert embedding_map(predictions.where(pl.col("clip").is_in(["c0", "c1"])), embedding[:2]) is None


def test_parts_by_kind_hold_every_clip_once(make) -> None:
    predictions = make(clips=100, signers=None)
    clips = [Clip(name, "-", "G0") for name in predictions.table["clip"]]
    missed = [0.0, 0.05, 0.1, 0.3, 1.0] * 20
    each = [ClipTraits(i, i / 25, share, None, {}) for i, share in enumerate(missed)]
    traits = Traits(clips, each, [None] * 100)
    lengths = by_length(predictions, traits)
    assert [part.clips for part in lengths] == [25, 25, 25, 25]
    assert lengths[0].name == "0.00 to 0.96 s"
    assert {part.name: part.clips for part in by_missed_hands(predictions, traits)} == {
        "in no frame": 20, "in up to 10 %": 40, "in 25 to 50 %": 20, "in more than 50 %": 20,
    }  # fmt: skip
    assert by_length(predictions) == []


def test_the_card_of_what_was_not_measured_promises_nothing(tiny_run: Path) -> None:
    card = model_card(Recognizer.load(tiny_run), Manifest.read(tiny_run / "manifest.csv"))
    assert "Not measured yet" in card
    assert "## What it confuses" not in card
    assert "## Shortcuts" not in card
    assert "Not for decisions about people" in card
    assert "- Terms, which hold for this model too: MIT, as Ishara" in card


def test_the_card_names_the_terms_of_the_very_file_that_it_learnt_from(tiny_run: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    data = Data(corpus="landmarks", root=Path("data/wlasl50-landmarks.npz"))
    recognizer.config = recognizer.config.model_copy(
        update={"recipe": recognizer.recipe.model_copy(update={"data": data})}
    )
    card = model_card(recognizer, Manifest.read(tiny_run / "manifest.csv"))
    assert "- Terms, which hold for this model too: C-UDA 1.0" in card
