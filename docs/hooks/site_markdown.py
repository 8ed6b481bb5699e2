"""What stands in a Markdown page: its code, its links and its headings, as GitHub and the site both read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)")
_FENCE = re.compile(r"^ {0,7}(?P<marks>`{3,}|~{3,})(?P<language>[\w-]*)")
_CODE = re.compile(r"(`+)(.+?)\1")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$")


@dataclass(frozen=True)
class Block:
    """Code that stands apart: what it is said to be (empty where it is only indented), and itself."""

    language: str
    text: str


def lines(markdown: str) -> Iterator[tuple[str, str | None]]:
    """Each line, and the language of the code that it is part of; None where it is none.

    The marks of a fence have the language ``fence``.
    """
    fence: tuple[str, str] | None = None
    indented, empty_before = False, True
    for line in markdown.splitlines(keepends=True):
        found = _FENCE.match(line)
        if fence is not None:
            closes = found is not None and line.strip() == fence[0]
            yield line, "fence" if closes else fence[1]
            fence = None if closes else fence
        elif found:
            fence = (found["marks"], found["language"] or "text")
            yield line, "fence"
        else:
            # An empty line does not end indented code.
            empty = not line.strip()
            indented = (line.startswith("    ") and (indented or empty_before)) or (indented and empty)
            yield line, "" if indented else None
            empty_before = empty


def blocks(markdown: str) -> list[Block]:
    """The code of a page, in its order; without the indentation that all its lines share."""
    found: list[tuple[str, list[str]]] = []
    before: str | None = None
    for line, language in lines(markdown):
        if language is not None and language != "fence":
            if language != before:
                found.append((language, []))
            found[-1][1].append(line)
        before = language
    return [Block(language, _dedented(text)) for language, text in found]


def prose(markdown: str) -> str:
    """All that is no code that stands apart."""
    return "".join(line for line, language in lines(markdown) if language is None)


def code_spans(markdown: str) -> list[str]:
    """Code among the words."""
    return [found[2] for found in _CODE.finditer(prose(markdown))]


def links(markdown: str) -> list[str]:
    """Where links and pictures lead, in their order."""
    words_only = re.sub(r"\[([^\[\]]*`[^\[\]]*)\]\(", "[code](", prose(markdown))
    return [found["target"] for found in LINK.finditer(_CODE.sub("", words_only))]


def anchors(markdown: str) -> set[str]:
    """What a link's ``#…`` may name: headings, as GitHub and Python-Markdown both write them."""
    headings = [found[1] for line in prose(markdown).splitlines() if (found := _HEADING.match(line))]
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


def _dedented(text: list[str]) -> str:
    shared = min((len(line) - len(line.lstrip()) for line in text if line.strip()), default=0)
    return "".join(line[shared:] if line.strip() else "\n" for line in text)
