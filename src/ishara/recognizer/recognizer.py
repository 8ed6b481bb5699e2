"""`Recognizer`: a trained model in a folder, run on ONNX Runtime without torch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.recipe import Recipe
from ishara.recognizer.folder import (
    CALIBRATION,
    CARD,
    CONFIG,
    Config,
    find_recognizer,
    read_config,
    read_temperature,
    verify,
)
from ishara.recognizer.gallery import GALLERY, Teaching, read_gallery
from ishara.recognizer.inputs import ModelInput, Source, batches, make_reader, pad
from ishara.recognizer.open_set import OPEN_SET, OpenSet, read_open_set
from ishara.recognizer.prediction import Prediction, rank, softmax
from ishara.recognizer.runtime import Provider, Runtime, open_runtime
from ishara.recognizer.taught import TAUGHT, TaughtClips, read_taught

if TYPE_CHECKING:
    from ishara.video.box import Box


_BATCH = 32
Clip = Source | ModelInput
# Several clips; a list of one kind is none of a mixture for a type checker.
Clips = list[str] | list[Path] | list[Pose] | list[ModelInput] | list[Clip] | tuple[Clip, ...]


class Outputs(BaseModel):
    """What the model gives for N clips: logits (N, C), embedding (N, E), and each clip's attention (T_i,)."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]
    attention: list[NDArray[np.float32]]


class Recognizer:
    """A trained recogniser; make one with `Recognizer.load` (or `ishara.load`).

    It may be used from several threads at once.
    """

    def __init__(
        self,
        folder: Path,
        config: Config,
        temperature: float,
        runtime: Runtime,
        *,
        open_set: OpenSet | None = None,
    ) -> None:
        self.folder = folder
        self.config = config
        self.temperature = temperature
        self.runtime = runtime
        self.open_set = open_set
        self._reader = make_reader(config.recipe, pixels=config.input == "pixels")
        # What was taught, and how it is compared with what was trained: one pair, so that it changes at once.
        self._taught: tuple[TaughtClips, Teaching] | None = None

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        threads: int | None = None,
        provider: Provider = "cpu",
        views: int | None = None,
    ) -> Recognizer:
        """Load a recogniser folder, or the one inside a run folder; `save` copies it to another place.

        Parameters
        ----------
        path
            As written by `ishara train` or `ishara export`, or the name of a recogniser that comes with Ishara.
        threads
            Threads that one prediction may use; by default as many as there are cores.
        provider
            What computes: ``cpu``, ``cuda``, ``coreml``, ``directml``, or ``auto`` for the first of the others that is
            there, else the processor.
        views
            How often it looks at a clip (test-time augmentation), where that is to be other than its
            recipe's `inference.views`. The calibration stays that of the recipe's.

        Raises
        ------
        IsharaError
            If there is no recogniser, a file is missing or is not the one that was written, the model does not fit the
            configuration or is not sound, or the provider is not there.
        """
        folder = find_recognizer(Path(path))
        config = read_config(folder / CONFIG)
        if views is not None:
            config = config.model_copy(update={"recipe": _looking(config, views)})
        for name in (*config.graph, CALIBRATION):
            verify(folder, name, config)
        temperature = read_temperature(folder / CALIBRATION)
        open_set = None
        if OPEN_SET in config.files:
            verify(folder, OPEN_SET, config)
            open_set = read_open_set(folder / OPEN_SET)
        runtime = open_runtime(folder, config, threads=threads, provider=provider)
        recognizer = cls(folder, config, temperature, runtime, open_set=open_set)
        recognizer.reload_taught()
        return recognizer

    def warm_up(self, frames: int = 32) -> Recognizer:
        """Run the model once on a clip of so many empty frames, so that the first real one need not wait for it.

        Returns
        -------
        Itself, so that ``ishara.load(folder).warm_up()`` is one line.
        """
        kind = np.uint8 if self.config.input == "pixels" else np.float32
        self.run([ModelInput(np.zeros((frames, *self.config.frame), kind), np.zeros(frames, np.float32))])
        return self

    @property
    def recipe(self) -> Recipe:
        """The recipe it was trained with."""
        return self.config.recipe

    @property
    def labels(self) -> list[str]:
        """The vocabulary; a gloss's place is its class."""
        return self.config.labels

    @property
    def glosses(self) -> list[str]:
        """All signs that it can name: those that it was trained on, then those that it was taught."""
        taught = self._taught
        return [*self.labels, *(taught[0].glosses if taught else ())]

    @property
    def taught(self) -> TaughtClips:
        """The clips that it was taught; `ishara.recognizer.teach` adds and removes them."""
        taught = self._taught
        return taught[0] if taught else TaughtClips.none()

    def reload_taught(self) -> TaughtClips:
        """Read anew what was taught, as another process may have taught it something.

        Raises
        ------
        IsharaError
            If ``taught.npz`` or ``gallery.npz`` is damaged.
        """
        path = self.folder / TAUGHT
        if not path.is_file():
            self._taught = None
            return self.taught
        self.check_gallery()
        gallery = read_gallery(self.folder / GALLERY, len(self.labels))
        size = gallery.embedding.shape[1]
        clips = read_taught(path, size=size, labels=set(self.labels), gallery=self.config.files[GALLERY])
        self._taught = clips, Teaching(gallery, clips.glosses, [clips.of(gloss) for gloss in clips.glosses])
        return clips

    def check_gallery(self) -> None:
        """Make sure that it remembers what it was trained on, which taught signs are compared with.

        Raises
        ------
        IsharaError
            If it does not, or the gallery is not the file that was written.
        """
        if GALLERY not in self.config.files:
            raise IsharaError(
                f"{self.folder}: has no {GALLERY}, which taught signs are compared with: it was written by an older "
                "Ishara. Train it again."
            )
        verify(self.folder, GALLERY, self.config)

    def save(self, folder: str | Path) -> Path:
        """Copy the recogniser to another place, whole or not at all, with what it was taught.

        Every file is compared with the SHA-256 that it was exported with. `Recognizer.load` reads the copy.

        Parameters
        ----------
        folder
            Where to; it must not be there yet, or be empty.

        Returns
        -------
        The folder.

        Raises
        ------
        IsharaError
            If the folder holds something or cannot be written, or a file of the recogniser is missing or damaged.
        """
        folder = Path(folder)
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
            raise IsharaError(f"{folder}: is there already; a recogniser is saved into a new or an empty folder.")
        if folder.resolve() == Path.cwd():
            raise IsharaError(f"{folder}: is the current folder, which cannot be replaced; name a folder below it.")
        for name in self.config.files:
            verify(self.folder, name, self.config)
        partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            for name in (*self.config.files, CARD, TAUGHT):
                if (self.folder / name).is_file():
                    shutil.copyfile(self.folder / name, partial / name)
            (partial / CONFIG).write_text(self.config.model_dump_json(indent=1), encoding="utf-8")
            partial.replace(folder)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise IsharaError(f"{folder}: cannot be written ({error.strerror}).") from None
        return folder

    def __repr__(self) -> str:
        return f"Recognizer({self.recipe.name!r}, {len(self.labels)} glosses, {self.config.parameters:,} parameters)"

    @overload
    def predict(self, source: Clip) -> Prediction: ...
    @overload
    def predict(self, source: Clips) -> list[Prediction]: ...

    def predict(self, source: Clip | Clips) -> Prediction | list[Prediction]:
        """Rank the glosses for one clip or several.

        A video's landmarks are estimated first, which needs ``pip install 'ishara[mediapipe]'``. Landmarks that are
        arrays already become a `Pose`, which says what they are; the recogniser picks its own from it by name::

            pose = Pose(coordinates, confidence, fps, get_skeleton("holistic"))
            recognizer.predict(pose)

        with ``coordinates`` (T, 75, 2 or 3) in any unit, ``confidence`` (T, 75) from 0 (not seen) to 1, and frames per
        second; `ishara.pose.skeleton.get_skeleton` lists the other orders of landmarks.

        Parameters
        ----------
        source
            A video (a path, a URL that fsspec knows, or an open binary file), a ``.pose`` file, ``file.npz#7`` for one
            clip of a landmark array, a `Pose`, or a list of these.

        Raises
        ------
        IsharaError
            If a clip cannot be read, shares no landmark with the model's skeleton or is no clip at all, or the list is
            empty.
        """
        if not isinstance(source, list | tuple):
            return self.predict([source])[0]
        if not source:
            raise IsharaError("There are no clips to predict: the list is empty; expected at least one.")
        predictions: list[Prediction] = []
        for start in range(0, len(source), self._reader.together):
            clips = [self.prepare(item) for item in source[start : start + self._reader.together]]
            predictions += self.classify(clips)
        return predictions

    def classify(self, clips: Sequence[ModelInput]) -> list[Prediction]:
        """Rank the glosses for clips that are prepared, all at once.

        Trained and taught glosses share the probability; the trained ones keep their order. Whether a clip shows a
        known sign is told by its score: the probability of the most likely trained gloss as if nothing were taught, or
        of a taught one beside the trained ones alone, whichever is larger.

        Raises
        ------
        IsharaError
            As for `run`.
        """
        if not clips:
            return []
        outputs = self.run(clips)
        probabilities = softmax(outputs.logits, self.temperature)
        scores, glosses = probabilities.max(axis=1), self.labels
        if (taught := self._taught) is not None:
            odds = taught[1].odds(outputs.embedding, probabilities)
            glosses = [*glosses, *taught[1].glosses]
            scores = np.maximum(scores, (odds / (1 + odds)).max(axis=1))
            shared = np.concatenate([probabilities, odds], axis=1)
            probabilities = shared / shared.sum(axis=1, keepdims=True)
        knows = self.open_set.knows if self.open_set is not None else lambda _: None
        return [
            Prediction(rank(glosses, row), attention, clip.times, known=knows(float(score)), score=float(score))
            for row, attention, clip, score in zip(probabilities, outputs.attention, clips, scores, strict=True)
        ]

    def prepare(
        self, source: Clip, start: float | None = None, end: float | None = None, *, box: Box | None = None
    ) -> ModelInput:
        """Read one clip, or its stretch of `start` to `end` seconds, and bring it into the form that the model sees.

        Errors as for `predict`; what is prepared already comes back as it is.
        """
        return source if isinstance(source, ModelInput) else self._reader.read(source, start, end, box)

    def landmarks(
        self, source: Source, start: float | None = None, end: float | None = None, *, box: Box | None = None
    ) -> Pose:
        """The landmarks of one clip, as they are stored or as they are estimated from its video.

        Parameters
        ----------
        source
            As for `predict`.
        start, end
            Seconds from the beginning; ``None`` for the clip's beginning and end.
        box
            Where in the picture the signer is; for videos alone.

        Raises
        ------
        IsharaError
            If the clip cannot be read, nobody is seen in it, it is a video and the estimator is not installed, or this
            recogniser looks at pictures.
        """
        return self._reader.landmarks(source, start, end, box)

    @property
    def together(self) -> int:
        """How many prepared clips may be held in memory at once."""
        return self._reader.together

    def run(self, clips: Sequence[ModelInput]) -> Outputs:
        """The model's raw outputs for prepared clips, batched by length so that little is padded.

        Of a clip that is looked at several times: the mean logits and embedding, and the attention of the first look.

        Raises
        ------
        IsharaError
            If a logit is not a number: the clip holds some that are not, or is far from what the model knows.
        """
        outputs = self._run([look for clip in clips for look in (clip.x, *clip.views)])
        if any(clip.views for clip in clips):
            outputs = _mean_of_looks(outputs, [1 + len(clip.views) for clip in clips])
        if not np.isfinite(outputs.logits).all():
            raise IsharaError(
                f"{self.folder}: gives scores that are not finite numbers; the clip's numbers are not, or are far "
                "from those of the clips that it was trained on."
            )
        return outputs

    def _run(self, clips: Sequence[NDArray[Any]]) -> Outputs:
        """For clips of (T_i, …) frames."""
        rows: list[Any] = [None] * len(clips)
        for members in batches(clips, min(_BATCH, self.together)):
            found = self.runtime.run(pad([clips[i] for i in members]))
            for row, i in enumerate(members):
                rows[i] = found[0][row], found[1][row], found[2][row, : len(clips[i])]
        logits, embedding, attention = zip(*rows, strict=True)
        return Outputs(logits=np.stack(logits), embedding=np.stack(embedding), attention=list(attention))


def _looking(config: Config, views: int) -> Recipe:
    """The recipe, with so many looks at a clip."""
    recipe = Recipe.from_dict({**config.recipe.model_dump(), "inference": {"views": views}}, source="views")
    if config.input == "pixels":
        recipe.pixels.check_looks(views)
    return recipe


def _mean_of_looks(outputs: Outputs, looks: Sequence[int]) -> Outputs:
    """What the looks at each clip come to; `looks` says how many each has, in their order."""
    count = np.array(looks)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    logits, embedding = (
        (np.add.reduceat(found, first, axis=0) / count[:, None]).astype(np.float32)
        for found in (outputs.logits, outputs.embedding)
    )
    return Outputs(logits=logits, embedding=embedding, attention=[outputs.attention[i] for i in first])
