"""`Predictions`: one row per clip with truth and probabilities; every number in a report is computed from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.whole import whole

if TYPE_CHECKING:
    from ishara.clips.clip import Clip

COLUMNS: dict[str, pl.DataType] = {
    "clip": pl.String(),
    "gloss": pl.String(),
    "signer": pl.String(),
    "group": pl.String(),
    "fold": pl.String(),
    "repeat": pl.Int64(),
    "seed": pl.Int64(),
    "predicted": pl.String(),
    "frames": pl.Int64(),
}
KEY = ("clip", "fold", "repeat", "seed")
PREFIX = "p:"
# Float32 and half-precision models round; a wrong table (logits, percentages) is off by far more.
_TOLERANCE = 1e-3
_MAY_BE_NULL = ("signer", "group", "frames")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a recogniser said about clips whose gloss is known.

    Parameters
    ----------
    table
        One row per clip, fold, repeat and seed. Columns: ``clip`` (id), ``gloss`` (the truth), ``signer``, ``group``
        (the value of the column that the split is made by) and ``frames`` (length of the clip), each null where
        unknown; ``fold``, ``repeat`` (0 where absent), ``seed``; ``predicted``; and ``p:GLOSS``, the probability of
        each gloss of the vocabulary, float32 in [0, 1]. A null probability says that this row's model did not know
        that gloss.

    Raises
    ------
    IsharaError
        If a column is missing, a row stands there twice, a row's probabilities are NaN, negative or do not sum to 1, or
        ``predicted`` is not the gloss with the highest of them.
    """

    table: pl.DataFrame

    def __post_init__(self) -> None:
        table = self.table
        if "repeat" not in table.columns:
            table = table.with_columns(repeat=pl.lit(0, pl.Int64))
        missing = [name for name in COLUMNS if name not in table.columns]
        vocabulary = [name for name in table.columns if name.startswith(PREFIX)]
        if missing or not vocabulary:
            lacks = missing or [f"{PREFIX}GLOSS"]
            raise IsharaError(
                f"The predictions have no column {', '.join(lacks)}; `ishara evaluate` writes such a table."
            )
        types = {**COLUMNS, **{name: pl.Float32() for name in vocabulary}}
        try:
            table = table.select(pl.col(name).cast(dtype) for name, dtype in types.items())
        except pl.exceptions.InvalidOperationError as error:
            raise IsharaError(f"The predictions have a column of the wrong type: {error}") from None
        object.__setattr__(self, "table", table)
        self._check_rows()
        self._check_probabilities()

    def _check_rows(self) -> None:
        table = self.table
        if not len(table):
            raise IsharaError("The predictions have no rows; expected at least one clip.")
        for name in COLUMNS:
            empty = table[name].null_count()
            if empty and name not in _MAY_BE_NULL:
                raise IsharaError(f"{empty} rows of the predictions have no {name}.")
        twice = table.select(pl.struct(KEY).is_duplicated()).to_series()
        if twice.any():
            raise IsharaError(
                f"{int(twice.sum())} rows of the predictions share clip, fold, repeat and seed with another (first: "
                f"clip {table.filter(twice)['clip'][0]!r}); expected each clip once per fold, repeat and seed."
            )

    def _check_probabilities(self) -> None:
        p, clip = self.probabilities, self.table["clip"]
        wrong = ~(np.isfinite(p) & (p >= 0)).all(axis=1)
        if wrong.any():
            raise IsharaError(
                f"{int(wrong.sum())} rows have probabilities that are NaN, infinite or negative (first: clip "
                f"{clip[int(wrong.argmax())]!r}); expected numbers from 0 to 1."
            )
        total = p.sum(axis=1, dtype=np.float64)
        wrong = np.abs(total - 1) > _TOLERANCE
        if wrong.any():
            first = int(wrong.argmax())
            raise IsharaError(
                f"{int(wrong.sum())} rows have probabilities that do not sum to 1 (first: clip {clip[first]!r}, sum "
                f"{total[first]:.4g}); expected the softmax of the logits."
            )
        chosen = _positions(self.table["predicted"], self.labels)
        wrong = (chosen < 0) | (p[np.arange(len(p)), chosen] < p.max(axis=1))
        if wrong.any():
            raise IsharaError(
                f"{int(wrong.sum())} rows predict a gloss that does not have the highest probability (first: clip "
                f"{clip[int(wrong.argmax())]!r})."
            )

    @classmethod
    def build(
        cls,
        clips: Iterable[Clip],
        probabilities: NDArray[np.floating[Any]],
        labels: Sequence[str],
        *,
        groups: Sequence[str | None] | None = None,
        frames: Sequence[int] | None = None,
        fold: str = "test",
        seed: int = 0,
        repeat: int = 0,
    ) -> Predictions:
        """The table of one model's probabilities.

        Parameters
        ----------
        clips
            N clips with their true glosses (a `Manifest` will do).
        probabilities
            (N, C), one row per clip, one column per label.
        labels
            C distinct glosses.
        groups, frames
            N values each: the value of the column that the split is made by, and the clip's length.
        fold, seed, repeat
            The same for all rows.

        Raises
        ------
        IsharaError
            If the shapes do not fit together, a label stands there twice, or the table is not valid.
        """
        clips = list(clips)
        p = np.asarray(probabilities, dtype=np.float32)
        if p.shape != (len(clips), len(labels)) or not p.size:
            raise IsharaError(
                f"Probabilities have the shape {p.shape}; expected ({len(clips)} clips, {len(labels)} labels)."
            )
        if len(set(labels)) != len(labels):
            raise IsharaError("A label stands in the vocabulary twice; expected distinct glosses.")
        n = len(clips)
        own: dict[str, list[Any]] = {
            "clip": [clip.id for clip in clips],
            "gloss": [clip.gloss for clip in clips],
            "signer": [clip.signer for clip in clips],
            "group": [None] * n if groups is None else list(groups),
            "fold": [fold] * n,
            "repeat": [repeat] * n,
            "seed": [seed] * n,
            "predicted": [labels[i] for i in p.argmax(axis=1)],
            "frames": [None] * n if frames is None else list(frames),
        }
        short = [name for name, values in own.items() if len(values) != n]
        if short:
            raise IsharaError(f"{n} clips have {len(own[short[0]])} values of {short[0]}; expected one each.")
        table = pl.DataFrame(own, schema=COLUMNS)
        return cls(table.hstack([pl.Series(PREFIX + label, p[:, i]) for i, label in enumerate(labels)]))

    @classmethod
    def concat(cls, parts: Iterable[Predictions]) -> Predictions:
        """All rows of several tables (folds, seeds) with their joint vocabulary: null where a model lacks a gloss."""
        tables = [part.table for part in parts]
        if not tables:
            raise IsharaError("There are no predictions to join; expected at least one table.")
        return cls(pl.concat(tables, how="diagonal"))

    @classmethod
    def read(cls, path: str | Path) -> Predictions:
        """Read a Parquet file.

        Raises
        ------
        IsharaError
            If it is not there, is not Parquet, or is not a valid table.
        """
        path = Path(path)
        if not path.is_file():
            raise IsharaError(
                f"{path}: there are no such predictions. `ishara evaluate MODEL` and `ishara crossval` write them."
            )
        try:
            table = pl.read_parquet(path, glob=False)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise IsharaError(
                f"{path}: cannot be read as Parquet ({error}); make it again with `ishara evaluate`."
            ) from None
        try:
            return cls(table)
        except IsharaError as error:
            raise IsharaError(f"{path}: {error}") from None

    def write(self, path: str | Path) -> Path:
        """Write as Parquet, whole or not at all."""
        path = Path(path)
        with whole(path) as partial:
            self.table.write_parquet(partial)
        return path

    def where(self, predicate: pl.Expr) -> Predictions:
        """The rows for which a Polars expression holds; an `IsharaError` if there are none."""
        return Predictions(self.table.filter(predicate))

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def labels(self) -> list[str]:
        """The C glosses of the vocabulary, in the order of the columns."""
        return [name.removeprefix(PREFIX) for name in self.table.columns if name.startswith(PREFIX)]

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """(N, C); 0 where a model did not know the gloss."""
        columns = self.table.select(pl.col(PREFIX + label).fill_null(0) for label in self.labels)
        return columns.to_numpy().astype(np.float32, copy=False)

    @cached_property
    def truth(self) -> NDArray[np.int64]:
        """(N,) place of the true gloss in `labels`; -1 where the row's model did not know it."""
        place = _positions(self.table["gloss"], self.labels)
        for i, label in enumerate(self.labels):
            column = self.table[PREFIX + label]
            if column.null_count():
                place[column.is_null().to_numpy() & (place == i)] = -1
        return place


def _positions(glosses: pl.Series, labels: Sequence[str]) -> NDArray[np.int64]:
    """(N,) place of each gloss among the labels, -1 where it is not there."""
    where = {label: i for i, label in enumerate(labels)}
    return np.array([where.get(gloss, -1) for gloss in glosses], dtype=np.int64)
