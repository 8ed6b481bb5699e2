"""The reference of the command line, made from the program itself: what `ishara --help` knows, on one page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import typer

from ishara.cli import app

_HEAD = """# The command line

Made from the program, as `ishara --help` shows it. Every command has `--help`; the exit code is 0, 1 for a mistake
that the message names, 2 for wrong usage, 130 after Ctrl-C. The same command goes on where it was stopped.
"""


def cli_page() -> str:
    """The page as Markdown: a section for each command, in the program's order."""
    program = typer.main.get_command(app)
    sections = [_HEAD]
    for words, command, context in _commands(program, "ishara", None):
        sections.append(f"{'#' * (len(words.split()))} {words}\n\n{_section(words, command, context)}")
    return "\n".join(sections)


def _commands(command: Any, words: str, parent: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every command below one, with how it is typed; the program itself is none."""
    context = command.make_context(words.rpartition(" ")[2], [], parent=parent, resilient_parsing=True)
    if parent is not None:
        yield words, command, context
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        inner = command.get_command(context, name)
        if not inner.hidden:
            yield from _commands(inner, f"{words} {name}", context)


def _section(words: str, command: Any, context: Any) -> str:
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    parts = [_plain(command.help or ""), f"```text\n{usage}\n```"]
    arguments = [item for item in command.params if item.param_type_name == "argument" and not item.hidden]
    options = [item for item in command.params if item.param_type_name == "option" and not item.hidden]
    for title, items in (("argument", arguments), ("option", [item for item in options if item.name != "help"])):
        if items:
            rows = "\n".join(_row(item, context) for item in items)
            parts.append(f"| {title} | what |\n|---|---|\n{rows}")
    return "\n\n".join(parts) + "\n"


def _row(item: Any, context: Any) -> str:
    """Its names and what it takes; what it is for, and what holds where it is left out."""
    name, meaning = item.get_help_record(context)
    return f"| <code>{_cell(escape(name, quote=False))}</code> | {_cell(_plain(meaning))} |"


def _plain(text: str) -> str:
    """Without Rich's markup, and safe in Markdown outside of code."""
    words = re.sub(r"\[/?(?:bold|dim|italic)?\]", "", text.replace("\b", ""))
    parts = re.split(r"(`[^`]*`)", words)
    safe = (part if part.startswith("`") else re.sub(r"([*_])", r"\\\1", part.replace("<", "&lt;")) for part in parts)
    return "".join(safe).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "&#124;")
