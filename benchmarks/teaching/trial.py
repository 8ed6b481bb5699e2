"""One held-out choice of glosses: what its recogniser makes of all clips, and how well the glosses are taught to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.evaluation.open_set import auroc
from ishara.recognizer import Recognizer, softmax
from ishara.recognizer.folder import CONFIG, read_config
from ishara.recognizer.gallery import GALLERY, Gallery, Teaching, nearness, read_gallery
from ishara.recognizer.inputs import ModelInput
from teaching import warping
from teaching.parting import SHOTS, Choice, Draw, draw

Floats = NDArray[np.floating[Any]]
# From (Q, E) embeddings of questions and (G, k, E) of what teaches: (Q, G) scores.
Way = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, eq=False)
class Trial:
    """What is known of all N clips: their place by id, gloss, embedding (N, E), probabilities (N, C) and features."""

    choice: Choice
    place: dict[str, int]
    gloss: NDArray[np.str_]
    side: NDArray[np.str_]
    labels: list[str]
    embedding: Floats
    probabilities: Floats
    gallery: Gallery
    threshold: float | None
    warped: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N,) the test clips of trained glosses."""
        return self.side == "test"

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """(N,) the clips of glosses that are held out."""
        return np.isin(self.gloss, self.choice.glosses)


def make(choice: Choice, recognizer: Recognizer) -> Trial:
    """Run the recogniser on all clips, and warp the held-out ones onto all others that may teach."""
    table = choice.manifest.table
    clips = [recognizer.prepare(clip.path, clip.start, clip.end) for clip in choice.manifest]
    outputs = recognizer.run(clips)
    config = read_config(recognizer.folder / CONFIG)
    held_out = np.isin(table["gloss"].to_numpy().astype(str), choice.glosses)
    side = table["split"].fill_null("none").to_numpy().astype(str)
    return Trial(
        choice=choice,
        place={clip: i for i, clip in enumerate(table["id"])},
        gloss=table["gloss"].to_numpy().astype(str),
        side=side,
        labels=config.labels,
        embedding=outputs.embedding,
        probabilities=softmax(outputs.logits, recognizer.temperature),
        gallery=read_gallery(recognizer.folder / GALLERY, len(config.labels)),
        threshold=recognizer.open_set.threshold if recognizer.open_set else None,
        warped=_warped(clips, held_out, held_out | (side == "train")),
    )


def _warped(clips: Sequence[ModelInput], rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> Floats:
    """(N, N): how far some clips are from others by time warping of the features; infinite for the rest."""
    found = np.full((len(clips), len(clips)), np.inf, np.float32)
    chosen = ([clips[i].x for i in np.flatnonzero(part)] for part in (rows, columns))
    found[np.ix_(rows, columns)] = warping.distances(*chosen)
    return found


def drawings(trial: Trial, own: dict[str, list[list[str]]], draws: int) -> Iterator[tuple[int, int, Draw]]:
    """Shots, number and drawing of each."""
    mine = {gloss: own[gloss] for gloss in trial.choice.glosses}
    for shots in SHOTS:
        for number in range(draws):
            yield shots, number, draw(mine, shots, np.random.default_rng([shots, number]))


def measure(trial: Trial, drawn: Draw) -> dict[str, float]:
    """All figures of one drawing."""
    support, query, truth = _places(trial, drawn, trial.choice.glosses)
    teaching = Teaching(trial.gallery, trial.choice.glosses, [trial.embedding[places] for places in support])
    asked, known = _shared(trial, teaching, query), _shared(trial, teaching, np.flatnonzero(trial.known))
    trained = len(trial.labels)
    right = np.array([trial.labels.index(gloss) for gloss in trial.gloss[trial.known]])
    before = trial.probabilities[trial.known].argmax(axis=1) == right
    # The nearest clip of each taught gloss, then of all that training learnt from, too.
    near = trial.warped[query[:, None, None], support[None]].min(axis=2)
    other = trial.warped[np.ix_(query, np.flatnonzero(trial.side == "train"))].min(axis=1)
    by_warping = near.argmin(axis=1) == truth
    return {
        "among_taught": float((asked[:, trained:].argmax(axis=1) == truth).mean()),
        "among_all": float((asked.argmax(axis=1) == trained + truth).mean()),
        "trained_before": float(before.mean()),
        "trained_after": float((known.argmax(axis=1) == right).mean()),
        "warping_among_taught": float(by_warping.mean()),
        "warping_among_all": float((by_warping & (near.min(axis=1) < other)).mean()),
    }


def _places(
    trial: Trial, drawn: Draw, glosses: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Where the clips are that teach each gloss (G, k) and those that ask (Q,), and which of the glosses these show."""
    support = np.array([[trial.place[clip] for clip in drawn.support[gloss]] for gloss in glosses])
    query = np.array([trial.place[clip] for gloss in glosses for clip in drawn.query[gloss]])
    return support, query, np.array([place for place, gloss in enumerate(glosses) for _ in drawn.query[gloss]])


def _shared(trial: Trial, teaching: Teaching, rows: NDArray[np.integer[Any]]) -> Floats:
    """(n, C + G) weights of trained and taught glosses."""
    probabilities = trial.probabilities[rows]
    return np.concatenate([probabilities, teaching.odds(trial.embedding[rows], probabilities)], axis=1)


def open_set(trial: Trial, drawn: Draw, number: int) -> dict[str, float] | None:
    """Half of the glosses taught, the others unknown: how many of each are called known; none without a threshold."""
    if trial.threshold is None:
        return None
    order = np.random.default_rng([7, number]).permutation(trial.choice.glosses).tolist()
    glosses, strange = order[: len(order) // 2], order[len(order) // 2 :]
    support, query, _ = _places(trial, drawn, glosses)
    teaching = Teaching(trial.gallery, glosses, [trial.embedding[places] for places in support])
    rows = {
        "taught": query,
        "trained": np.flatnonzero(trial.known),
        "unknown": np.flatnonzero(np.isin(trial.gloss, strange)),
    }
    scores = {name: _scores(trial, teaching, places) for name, places in rows.items()}
    called = {f"{name}_called_known": float((own >= trial.threshold).mean()) for name, own in scores.items()}
    return called | {"auroc_of_taught": auroc(scores["taught"], scores["unknown"])}


def _scores(trial: Trial, teaching: Teaching, rows: NDArray[np.integer[Any]]) -> Floats:
    """As `ishara.recognizer.Recognizer.classify` has them."""
    probabilities = trial.probabilities[rows]
    odds = teaching.odds(trial.embedding[rows], probabilities)
    found: Floats = np.maximum(probabilities.max(axis=1), (odds / (1 + odds)).max(axis=1))
    return found


def untaught(trial: Trial) -> dict[str, Any]:
    """How the threshold of training does with nothing taught, and how other scores would tell."""
    top = trial.probabilities.argmax(axis=1)
    inside = trial.gallery.space(trial.embedding)
    trained = ~trial.gallery.validated
    kept, gloss = trial.gallery.space(trial.gallery.embedding[trained]), trial.gallery.gloss[trained]
    own = np.array([nearness(row[None], kept[gloss == place])[0] for row, place in zip(inside, top, strict=True)])
    logs = np.log(np.sort(trial.probabilities, axis=1))
    scores = {
        "probability": trial.probabilities.max(axis=1),
        "margin to the second": logs[:, -1] - logs[:, -2],
        "nearness to the gloss's training clips": own,
        "nearest training clip": (inside @ kept.T).max(axis=1),
    }
    found: dict[str, Any] = {
        "auroc": {name: auroc(own[trial.known], own[trial.unknown]) for name, own in scores.items()}
    }
    if trial.threshold is not None:
        for name, part in (("trained", trial.known), ("unknown", trial.unknown)):
            found[f"{name}_called_known"] = float((scores["probability"][part] >= trial.threshold).mean())
    return found


def ways(trial: Trial) -> dict[str, Way]:
    """Other ways to compare clips, for the choice among them."""
    mean = trial.gallery.space.mean

    def plain(values: Floats) -> Floats:
        return _unit(values - mean)

    def inside(values: Floats) -> Floats:
        return trial.gallery.space(values)

    found: dict[str, Way] = {}
    for name, to in (("centred", plain), ("whitened", inside)):
        found[f"{name}, nearest clip"] = partial(_nearest, to)
        found[f"{name}, mean prototype"] = partial(_to_mean, to)
        found[f"{name}, mean of exponentials"] = partial(_by_exponentials, to)
    return found


def _nearest(to: Callable[[Floats], Floats], asked: Floats, taught: Floats) -> Floats:
    return _cosines(to, asked, taught).max(axis=2)


def _to_mean(to: Callable[[Floats], Floats], asked: Floats, taught: Floats) -> Floats:
    return to(asked) @ _unit(to(taught).mean(axis=1)).T


def _by_exponentials(to: Callable[[Floats], Floats], asked: Floats, taught: Floats) -> Floats:
    return np.stack([nearness(to(asked), to(clips)) for clips in taught], axis=1)


def _cosines(to: Callable[[Floats], Floats], asked: Floats, taught: Floats) -> Floats:
    found: Floats = np.einsum("qe,gke->qgk", to(asked), to(taught))
    return found


def _unit(values: Floats) -> Floats:
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def try_ways(trial: Trial, drawn: Draw) -> dict[str, float]:
    """The share of the questions that each way gets right among the taught glosses."""
    support, query, truth = _places(trial, drawn, trial.choice.glosses)
    return {
        name: float((way(trial.embedding[query], trial.embedding[support]).argmax(axis=1) == truth).mean())
        for name, way in ways(trial).items()
    }
