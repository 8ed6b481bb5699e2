"""The one error that people see: a problem they can mend, said in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class IsharaError(Exception):
    """A problem in what was given to Ishara: a file, a recipe, a corpus or a model.

    The message names the file, what was found, what was expected and what to do. The command line prints it without a
    traceback and exits with code 1.
    """


def choices(wrong: str, allowed: Iterable[str]) -> str:
    """The end of an error message that lists the allowed values and, where one is close, asks whether it was meant."""
    names = sorted(allowed)
    close = difflib.get_close_matches(wrong, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"Choose from: {', '.join(names)}.{hint}"
