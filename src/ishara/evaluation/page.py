"""What the HTML pages share: their templates, how a share is written, and writing a file whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ishara.extras import extra

if TYPE_CHECKING:
    from jinja2 import Template

NOTHING = "–"
PERCENT = "\N{NO-BREAK SPACE}%"


def template(name: str, **formats: Callable[..., str]) -> Template:
    """A page's template.

    Parameters
    ----------
    name
        Its file in ``templates/``.
    formats
        Filters of the page beside ``percent``.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed.
    """
    with extra("report", "Reports"):
        from jinja2 import Environment, PackageLoader, StrictUndefined
    environment = Environment(
        loader=PackageLoader("ishara.evaluation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, **formats}
    return environment.get_template(name)


def percent(value: float | None) -> str:
    """0.3885 → ``38.8 %``."""
    return NOTHING if value is None else f"{100 * value:.1f}{PERCENT}"
