"""`Finding`: what was found about one part of the installation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Status = Literal["works", "missing", "fails", "note"]


@dataclass(frozen=True)
class Finding:
    """What was found about one part.

    Parameters
    ----------
    name
        The part, such as ``PyAV``.
    status
        ``works``; ``missing``: it is not installed; ``fails``: it is, and does not do its work; ``note``: nothing is
        wrong that Ishara can tell for sure, but it is worth knowing.
    found
        Version and what it did, or what went wrong.
    use
        What Ishara needs it for.
    core
        Whether predicting with a trained recogniser needs it.
    mend
        What to do, where it does not work.
    """

    name: str
    status: Status
    found: str
    use: str
    core: bool = False
    mend: str | None = None

    @property
    def wrong(self) -> bool:
        """Whether the core needs it and it does not work."""
        return self.core and self.status in ("missing", "fails")

    def as_json(self) -> dict[str, str | bool | None]:
        """In types that JSON has."""
        return asdict(self)
