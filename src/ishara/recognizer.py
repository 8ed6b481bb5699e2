"""`Recognizer`: a trained model in a folder, run on ONNX Runtime without torch."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ishara.errors import IsharaError
from ishara.pose.estimate.shared import SharedEstimator
from ishara.pose.features import extract_features
from ishara.pose.files import is_landmark_file, read_pose
from ishara.pose.pose import Array, Pose
from ishara.pose.prepare import frame_times, model_skeleton, prepare
from ishara.recipe import EstimatorOptions, Recipe
from ishara.recognizer_folder import (
    CALIBRATION,
    CARD,
    CONFIG,
    GRAPH,
    Config,
    find_recognizer,
    read_config,
    read_temperature,
    verify,
)

if TYPE_CHECKING:
    import onnxruntime as ort

    from ishara.video.box import Box

OUTPUTS = ("logits", "embedding", "attention")
_BATCH = 32
Source = str | Path | Pose | BinaryIO
# Several clips; a list of one kind is none of a mixture for a type checker.
Clips = list[str] | list[Path] | list[Pose] | list[Source] | tuple[Source, ...]


@dataclass(frozen=True)
class Candidate:
    """One gloss and its probability."""

    gloss: str
    probability: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a recogniser says of one clip.

    Parameters
    ----------
    ranked
        Every gloss of the vocabulary with its calibrated probability, most likely first.
    attention
        (T,) how much each of the T frames that the model saw counted; sums to 1.
    times
        (T,) the middle of each of these frames, in seconds from the start of the clip.
    """

    ranked: tuple[Candidate, ...]
    attention: Array
    times: Array

    @property
    def gloss(self) -> str:
        """The most likely gloss."""
        return self.ranked[0].gloss

    @property
    def probability(self) -> float:
        """Its calibrated probability."""
        return self.ranked[0].probability


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

    def __init__(self, folder: Path, config: Config, temperature: float, session: ort.InferenceSession) -> None:
        self.folder = folder
        self.config = config
        self.temperature = temperature
        self._session = session
        self._videos = SharedEstimator(_estimator_options(config.recipe))

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None) -> Recognizer:
        """Load a recogniser folder, or the one inside a run folder; `save` copies it to another place.

        Parameters
        ----------
        path
            As written by `ishara train`.
        threads
            Threads that one prediction may use; by default as many as there are cores.

        Raises
        ------
        IsharaError
            If there is no recogniser, a file is missing or is not the one that was written, or the model does not fit
            the configuration.
        """
        folder = find_recognizer(Path(path))
        config = read_config(folder / CONFIG)
        for name in (GRAPH, CALIBRATION):
            verify(folder, name, config)
        temperature = read_temperature(folder / CALIBRATION)
        return cls(folder, config, temperature, _open_session(folder / GRAPH, config, threads))

    @property
    def recipe(self) -> Recipe:
        """The recipe it was trained with."""
        return self.config.recipe

    @property
    def labels(self) -> list[str]:
        """The vocabulary; a gloss's place is its class."""
        return self.config.labels

    def save(self, folder: str | Path) -> Path:
        """Copy the recogniser to another place, whole or not at all.

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
        for name in self.config.files:
            verify(self.folder, name, self.config)
        partial = folder.with_name(folder.name + ".part")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            for name in (*self.config.files, CARD):
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
    def predict(self, source: Source) -> Prediction: ...
    @overload
    def predict(self, source: Clips) -> list[Prediction]: ...

    def predict(self, source: Source | Clips) -> Prediction | list[Prediction]:
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
        read = [self.landmarks(item) for item in source]
        outputs = self.run([self._prepared(pose, item) for pose, item in zip(read, source, strict=True)])
        times = [frame_times(pose, self.recipe.pose) for pose in read]
        probabilities = softmax(outputs.logits, self.temperature)
        return [self._prediction(*item) for item in zip(probabilities, outputs.attention, times, strict=True)]

    def _prediction(self, probabilities: NDArray[np.float64], attention: Array, times: Array) -> Prediction:
        order = np.argsort(-probabilities, kind="stable")
        ranked = tuple(Candidate(self.labels[i], float(probabilities[i])) for i in order)
        return Prediction(ranked, attention, times)

    def prepare(
        self, source: Source, start: float | None = None, end: float | None = None, *, box: Box | None = None
    ) -> Pose:
        """Read one clip, or its stretch of `start` to `end` seconds, and bring it into the form that the model sees."""
        return self._prepared(self.landmarks(source, start, end, box=box), source)

    def _prepared(self, pose: Pose, source: Source) -> Pose:
        """Landmarks as the model sees them; `source` names the clip in errors."""
        try:
            return prepare(pose, self.recipe.pose)
        except IsharaError as error:
            raise error if isinstance(source, Pose) else IsharaError(f"{source}: {error}") from None

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
            If the clip cannot be read, nobody is seen in it, or it is a video and the estimator is not installed.
        """
        if isinstance(source, Pose):
            return source.stretch(start, end)
        if isinstance(source, str | Path):
            return (
                read_pose(source, start, end)
                if is_landmark_file(source)
                else self._videos.landmarks(source, start, end, box)
            )
        if not hasattr(source, "read"):
            raise _not_a_clip(source)
        return self._videos.landmarks(source, start, end, box)

    def run(self, poses: Sequence[Pose]) -> Outputs:
        """The model's raw outputs for prepared clips, batched by length so that little is padded."""
        features = [extract_features(pose, self.recipe.features) for pose in poses]
        order = sorted(range(len(features)), key=lambda i: len(features[i]))
        rows: list[Any] = [None] * len(features)
        for start in range(0, len(order), _BATCH):
            members = order[start : start + _BATCH]
            logits, embedding, attention = self._session.run(OUTPUTS, pad([features[i] for i in members]))
            for row, i in enumerate(members):
                rows[i] = logits[row], embedding[row], attention[row, : len(features[i])]
        logits, embedding, attention = zip(*rows, strict=True)
        return Outputs(logits=np.stack(logits), embedding=np.stack(embedding), attention=list(attention))


def _estimator_options(recipe: Recipe) -> EstimatorOptions:
    """The recipe's, with the face where its model looks at one."""
    face = "face" in model_skeleton(recipe.pose).groups
    return recipe.estimator.model_copy(update={"face": recipe.estimator.face or face})


def _not_a_clip(found: object) -> IsharaError:
    return IsharaError(
        f"{type(found).__name__} is not something to predict; expected the path of a clip, an open binary file, a "
        "Pose, or a list of these. An array becomes a Pose by "
        'Pose(coordinates, confidence, fps, get_skeleton("holistic")).'
    )


def pad(features: Sequence[Array]) -> dict[str, NDArray[Any]]:
    """The model's inputs for clips of (T_i, F) features: ``x`` (B, T, F) and ``mask`` (B, T)."""
    longest = max(map(len, features))
    x = np.zeros((len(features), longest, features[0].shape[1]), np.float32)
    mask = np.zeros((len(features), longest), bool)
    for row, clip in enumerate(features):
        x[row, : len(clip)] = clip
        mask[row, : len(clip)] = True
    return {"x": x, "mask": mask}


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """(…, C) logits → (…, C) probabilities of ``logits / temperature``; a higher temperature is less sure.

    Raises
    ------
    IsharaError
        If the temperature is not a finite number above 0.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise IsharaError(f"The temperature is {temperature}; expected a number above 0.")
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return result


def _open_session(path: Path, config: Config, threads: int | None) -> ort.InferenceSession:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  ONNX Runtime's errors share no public base class
        raise IsharaError(f"{path}: ONNX Runtime cannot open it ({str(error).splitlines()[0]}).") from None
    shapes = {item.name: item.shape for item in (*session.get_inputs(), *session.get_outputs())}
    found = (shapes.get("x", [None])[-1], shapes.get("logits", [None])[-1], set(OUTPUTS) <= set(shapes))
    if found != (len(config.features), len(config.labels), True):
        raise IsharaError(
            f"{path}: takes {found[0]} features and gives {found[1]} classes with outputs {sorted(shapes)}; expected "
            f"{len(config.features)} features, {len(config.labels)} classes and {', '.join(OUTPUTS)}."
        )
    return session
