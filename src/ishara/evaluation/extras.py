"""What the report needs beyond the core install, and the message when it is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ishara.errors import IsharaError


@contextmanager
def report_extra() -> Iterator[None]:
    """Turn a failed import inside the block into the command that mends it.

    Raises
    ------
    IsharaError
        If a package of the extra ``report`` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise IsharaError(
            f"The report needs {error.name}, which is not installed. Type: pip install 'ishara[report]'"
        ) from None
