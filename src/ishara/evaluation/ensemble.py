"""Several recognisers as one: the mean of what they say of the same clips."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ishara.errors import IsharaError
from ishara.evaluation.predictions import PREFIX, Predictions

_CLIP = ("clip", "fold", "repeat")
_FACTS = ("gloss", "signer", "group", "frames")


def average(parts: Sequence[Predictions]) -> Predictions:
    """The mean of the probabilities that several recognisers, or several seeds of one, give to the same clips.

    Parameters
    ----------
    parts
        Tables of the same clips, on the same folds; their seeds count as recognisers of their own.

    Returns
    -------
    Predictions
        One row per clip, fold and repeat, with seed 0. A gloss that one of them did not know has probability 0 there.

    Raises
    ------
    IsharaError
        If a clip has another gloss in one of the tables, or not all of them have it on the same fold.
    """
    if not parts:
        raise IsharaError("There are no predictions to average; expected at least one table.")
    joint = pl.concat([part.table for part in parts], how="diagonal")
    vocabulary = [name for name in joint.columns if name.startswith(PREFIX)]
    grouped = joint.group_by(_CLIP, maintain_order=True)
    counted = grouped.agg(rows=pl.len(), glosses=pl.col("gloss").n_unique())
    disputed = counted.filter(pl.col("glosses") > 1)
    if len(disputed):
        raise IsharaError(f"Clip {disputed['clip'][0]!r} has more than one gloss; expected tables of the same clips.")
    members = sum(part.table["seed"].n_unique() for part in parts)
    few = counted.filter(pl.col("rows") != members)
    if len(few):
        first = few.row(0, named=True)
        raise IsharaError(
            f"Clip {first['clip']!r} on fold {first['fold']!r} has {first['rows']} predictions; expected one of "
            f"each of {members} recognisers: all of the same clips, folds and seeds."
        )
    means = grouped.agg(
        *(pl.col(name).first() for name in _FACTS),
        *(
            # A gloss that no recogniser of this fold knew stays unknown.
            pl.when(pl.col(name).is_null().all()).then(None).otherwise(pl.col(name).fill_null(0).mean()).alias(name)
            for name in vocabulary
        ),
    )
    highest = pl.concat_list(pl.col(name).fill_null(-1) for name in vocabulary).list.arg_max()
    labels = pl.Series([name.removeprefix(PREFIX) for name in vocabulary])
    return Predictions(
        means.with_columns(seed=pl.lit(0, pl.Int64), predicted=labels.gather(means.select(highest).to_series()))
    )
