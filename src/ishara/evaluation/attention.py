"""Attention over time as files: a table of the weights, and a picture of the frames beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ishara.errors import IsharaError
from ishara.evaluation.attention_picture import attention_picture
from ishara.pose.pose import Pose
from ishara.recognizer import Prediction
from ishara.recognizer.inputs import ModelInput
from ishara.whole import write_whole


def attention_table(name: str, prediction: Prediction) -> pl.DataFrame:
    """The weights as a table of one row for each frame that the recogniser saw.

    Columns: ``clip``, its name; ``frame``, from 0, as the recogniser counts (it need not see every frame of a file);
    ``time``, in seconds from the start of the clip, as in `Prediction.times`; ``weight``, all of which sum to 1.
    """
    time, weight = (np.asarray(column, np.float64) for column in (prediction.times, prediction.attention))
    columns = {"clip": [name] * len(time), "frame": np.arange(len(time)), "time": time.round(4)}
    return pl.DataFrame(columns | {"weight": weight.round(8)})


def save_attention(
    path: Path, name: str, prediction: Prediction, seen: ModelInput | Pose, *, top: int = 5, truth: str = ""
) -> None:
    """Write `attention_picture` to a ``.png`` file and `attention_table` to the ``.csv`` file beside it.

    Raises
    ------
    IsharaError
        As `attention_picture`, or if a file cannot be written.
    """
    picture = attention_picture(name, prediction, seen, top=top, truth=truth)
    table = attention_table(name, prediction).write_csv().encode()
    _refuse_another_table(path.with_suffix(".csv"), table)
    for file, content in ((path.with_suffix(".csv"), table), (path, picture)):
        write_whole(file, content)


def _refuse_another_table(path: Path, table: bytes) -> None:
    """A table that is there is replaced only if it has the same columns: the folder may be one of the user's own."""
    columns = table.partition(b"\n")[0]
    if path.is_file() and path.read_bytes()[: len(columns)] != columns:
        raise IsharaError(f"{path}: is there already and is no table of attention. Give another folder.")
