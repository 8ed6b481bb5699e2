"""Links of a page that lead out of ``docs/``: to the site's copy of that file, or to nothing but their own words."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from site_markdown import LINK, lines

# Files of the repository that the site has copies of: where they are, from the repository's root and from the site's.
COPIES = {
    "README.md": "overview.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSE": "LICENSE.txt",
}
RESULTS = "results/"
_ROOT = Path(__file__).resolve().parents[2]


def rewrite(markdown: str, source: str, page: str) -> str:
    """The text of a page with links that work on the site.

    Parameters
    ----------
    markdown
        As it stands in the repository.
    source, page
        Where it is from the repository's root (``docs/corpora/wlasl.md``), and from the site's (``corpora/wlasl.md``).
    """

    def renewed(found: re.Match[str]) -> str:
        target = found["target"]
        if _is_elsewhere(target):
            return found[0]
        path, _, anchor = target.partition("#")
        there = _on_site(posixpath.normpath(posixpath.join(posixpath.dirname(source), path)))
        if there is None:
            return found["text"]
        place = posixpath.relpath(there, posixpath.dirname(page) or ".")
        return f"{found['image']}[{found['text']}]({place}{'#' + anchor if anchor else ''})"

    linked = "".join(line if language is not None else LINK.sub(renewed, line) for line, language in lines(markdown))
    # Python-Markdown, unlike GitHub, takes a table that follows a comment at once for more of the comment.
    return re.sub(r"^(<!--.*-->)\n(?=\|)", r"\1\n\n", linked, flags=re.MULTILINE)


def _is_elsewhere(target: str) -> bool:
    return target.startswith("#") or re.match(r"[a-z]+:", target) is not None


def _on_site(path: str) -> str | None:
    """Where a file of the repository is on the site."""
    if path in COPIES:
        return COPIES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    copied = path.startswith(RESULTS) and path.endswith(".json") and (_ROOT / path).is_file()
    return path if copied else None
