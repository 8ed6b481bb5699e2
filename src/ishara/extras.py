"""What is beyond the core install, and the message when it is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ishara.errors import IsharaError


@contextmanager
def extra(name: str, what: str, *, otherwise: str = "") -> Iterator[None]:
    """Turn a failed import inside the block into the command that mends it.

    Parameters
    ----------
    name
        The extra of `ishara` that brings the packages, such as ``report``.
    what
        What needs it, in the plural: ``Reports``.
    otherwise
        What can be done without it, as the end of a sentence.

    Raises
    ------
    IsharaError
        If a package that the block imports is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        instead = f", or {otherwise}" if otherwise else ""
        raise IsharaError(
            f"{what} need {error.name}, which is not installed. Type: pip install 'ishara[{name}]'{instead}"
        ) from None
