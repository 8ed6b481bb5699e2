"""`Manifest`: a validated table of labelled clips, kept as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from ishara.clips.clip import Clip
from ishara.errors import IsharaError, choices
from ishara.pose.address import file_of
from ishara.whole import whole

SPLITS = ("train", "validation", "test")
COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "path": pl.String(),
    "gloss": pl.String(),
    "signer": pl.String(),
    "split": pl.String(),
    "start": pl.Float64(),
    "end": pl.Float64(),
    "box": pl.String(),
    "language": pl.String(),
}
REQUIRED = ("id", "path", "gloss")
_MOST_LISTED = 5
_MOST_COLUMNS = 20
_MOST_LETTERS = 40
_BOX = r"^\d+ \d+ \d+ \d+$"
_FIRST_ROW = 2  # of a clip, in the file: the header is row 1


@dataclass(frozen=True, eq=False)
class Manifest:
    """A table of clips.

    Parameters
    ----------
    table
        One row per clip. Columns: ``id``, ``path`` and ``gloss`` (required), ``signer``, ``split``, ``start``,
        ``end`` (seconds), ``box`` (pixels: ``left top right bottom``) and ``language`` (null where absent); what else a
        corpus knows (``take``) may follow.

    Raises
    ------
    IsharaError
        If a required column is missing or a row is not usable; rows are numbered as in the file, the header being 1.
    """

    table: pl.DataFrame

    def __post_init__(self) -> None:
        missing = [name for name in REQUIRED if name not in self.table.columns]
        if missing:
            found = ", ".join(map(_shown, self.table.columns[:_MOST_COLUMNS])) or "none"
            raise IsharaError(
                f"The manifest has no column {', '.join(missing)}; found {found}, "
                f"expected at least {', '.join(REQUIRED)}."
            )
        try:
            known = [
                pl.col(c).cast(t) if c in self.table.columns else pl.lit(None, t).alias(c) for c, t in COLUMNS.items()
            ]
            extra = [pl.col(c) for c in self.table.columns if c not in COLUMNS]
            table = self.table.select(*known, *extra)
        except pl.exceptions.InvalidOperationError as error:
            raise IsharaError(
                f"The manifest has a start or end that is not a number of seconds ({_first_line(error)})."
            ) from None
        object.__setattr__(self, "table", table)
        self._validate()

    def _validate(self) -> None:
        t = self.table
        if not len(t):
            raise IsharaError("The manifest has no clips.")
        for name in REQUIRED:
            empty = t[name].is_null() | (t[name].str.strip_chars() == "")
            self._refuse(empty, f"have no {name}")
        self._refuse(
            t["gloss"].str.contains(r"\p{Cc}"), "have a gloss with a line break, tab or other control character"
        )
        self._refuse(t["id"].is_duplicated(), "share their id with another row")
        wrong = t["split"].is_not_null() & ~t["split"].is_in(SPLITS)
        if wrong.any():
            found = str(t.filter(wrong)["split"][0])
            self._refuse(wrong, f"have an unknown split (first: {found!r})", hint=f" {choices(found, SPLITS)}")
        backwards = (t["start"].fill_null(0) < 0) | (t["end"].fill_null(float("inf")) <= t["start"].fill_null(0))
        self._refuse(backwards, "have a start below 0 or an end that is not after the start")
        left, top, right, bottom = (t["box"].str.split(" ").list.get(i, null_on_oob=True) for i in range(4))
        empty = (right.cast(int, strict=False) <= left.cast(int, strict=False)) | (
            bottom.cast(int, strict=False) <= top.cast(int, strict=False)
        )
        shapeless = t["box"].is_not_null() & (~t["box"].str.contains(_BOX) | empty)
        self._refuse(shapeless, "have a box that is not `left top right bottom` in pixels, such as `20 0 220 240`")

    def _refuse(self, wrong: pl.Series, problem: str, *, hint: str = "") -> None:
        rows = (wrong.arg_true() + _FIRST_ROW).to_list()
        if rows:
            raise IsharaError(f"{len(rows)} rows of the manifest {problem}: row {_listed(rows)}.{hint}")

    @classmethod
    def from_clips(cls, clips: Iterable[Clip], **extra: list[object]) -> Manifest:
        """A manifest of clips; each keyword is a further column with one value per clip."""
        rows = [asdict(clip) for clip in clips]
        table = pl.DataFrame(rows, schema=COLUMNS).with_columns(**{k: pl.Series(v) for k, v in extra.items()})
        return cls(table)

    @classmethod
    def read(cls, path: str | Path) -> Manifest:
        """Read a ``.csv`` or ``.parquet`` manifest; relative clip paths are meant from its folder.

        Raises
        ------
        IsharaError
            If the file is not there, cannot be read as a table, or is not a valid manifest.
        """
        path = Path(path)
        if path.is_dir():
            raise IsharaError(f"{path}: is a folder; expected a manifest, such as {path / 'manifest.csv'}.")
        if not path.is_file():
            raise IsharaError(f"{path}: there is no such manifest. `ishara index CORPUS DIR -o {path}` makes one.")
        try:
            if path.suffix == ".parquet":
                table = pl.read_parquet(path, glob=False)
            else:
                # Told, not guessed from the first rows: a start may be 0 in all of them.
                table = pl.read_csv(path, glob=False, schema_overrides=COLUMNS)
        except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
            raise IsharaError(
                f"{path}: cannot be read as a table ({_first_line(error)}); expected CSV or Parquet."
            ) from None
        try:
            manifest = cls(table)
        except IsharaError as error:
            raise IsharaError(f"{path}: {error}") from None
        folder = path.parent.resolve()
        absolute = [p if _is_absolute(p) else str(folder / p) for p in manifest.table["path"]]
        return cls(manifest.table.with_columns(path=pl.Series(absolute)))

    def write(self, path: str | Path) -> Path:
        """Write as ``.csv`` or ``.parquet``, whole or not at all; paths below its folder are written relative to it."""
        path = Path(path)
        if path.suffix not in (".csv", ".parquet"):
            raise IsharaError(
                f"{path}: a manifest is written as .csv or .parquet, not {path.suffix or 'without suffix'!r}."
            )
        folder = f"{path.parent.resolve()}/"
        table = self.table.with_columns(pl.col("path").str.strip_prefix(folder))
        with whole(path) as partial:
            table.write_parquet(partial) if path.suffix == ".parquet" else table.write_csv(partial)
        return path

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Clip]:
        for row in self.table.select(*COLUMNS).iter_rows(named=True):
            yield Clip(**row)

    @property
    def glosses(self) -> list[str]:
        """The vocabulary, sorted: a gloss's place in it is its class."""
        return sorted(self.table["gloss"].unique())

    def where(self, predicate: pl.Expr) -> Manifest:
        """The clips for which a Polars expression holds.

        Raises
        ------
        IsharaError
            If there are none.
        """
        return Manifest(self.table.filter(predicate))

    def with_column(self, name: str, values: Iterable[object]) -> Manifest:
        """The same clips with one column set."""
        return Manifest(self.table.with_columns(pl.Series(name, list(values))))

    def missing_files(self) -> list[Clip]:
        """The clips whose local file is not there."""
        return [clip for _, clip in self.missing_rows()]

    def missing_rows(self) -> list[tuple[int, Clip]]:
        """The clips whose local file is not there, each with its row in the file (the header being 1)."""
        exists: dict[str, bool] = {}
        gone = []
        for row, clip in enumerate(self, start=_FIRST_ROW):
            file = file_of(clip.path)
            if "://" not in file and not exists.setdefault(file, Path(file).is_file()):
                gone.append((row, clip))
        return gone

    def repeated_rows(self) -> list[list[int]]:
        """Rows that are the same stretch of the same file, as lists of two or more, in order of their first.

        It is no fault: a corpus may list one recording under two languages. Splits keep such clips on one side.
        """
        rows: dict[tuple[str, float, float | None], list[int]] = {}
        for row, clip in enumerate(self, start=_FIRST_ROW):
            rows.setdefault((clip.path, clip.start or 0.0, clip.end), []).append(row)
        return [same for same in rows.values() if len(same) > 1]

    def warnings(self) -> list[str]:
        """What is worth a look before training, a sentence each, with row numbers: missing files and repeated clips."""
        found = []
        if missing := self.missing_rows():
            rows = _listed([row for row, _ in missing])
            found.append(f"{len(missing)} files are not there: row {rows}. The first is {missing[0][1].path}.")
        if repeated := self.repeated_rows():
            rows = _listed([" = ".join(map(str, same)) for same in repeated])
            found.append(
                f"{sum(map(len, repeated))} rows name {len(repeated)} files or stretches more than once: row {rows}."
            )
        return found


def _listed(rows: Sequence[object]) -> str:
    """The first few rows, for a message."""
    return ", ".join(map(str, rows[:_MOST_LISTED])) + (", …" if len(rows) > _MOST_LISTED else "")


def _shown(column: str) -> str:
    """A column's name as a terminal may show it; that of a file that is no table can be anything."""
    if not column.isprintable():
        return "what is no text"
    return column if len(column) <= _MOST_LETTERS else f"{column[:_MOST_LETTERS]}…"


def _first_line(error: Exception) -> str:
    """What is wrong; Polars goes on with advice to programmers."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _is_absolute(path: str) -> bool:
    return "://" in path or Path(path).is_absolute()
