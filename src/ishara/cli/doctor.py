"""`ishara doctor`: what works on this machine, and how to mend what does not."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ishara.cli.app import app
from ishara.console import console, tell, track

if TYPE_CHECKING:
    from ishara.doctor import Finding

_MARKS = {"works": "[green]✓[/]", "missing": "[yellow]–[/]", "fails": "[red]✗[/]", "note": "[yellow]![/]"}


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Everything that was found, as JSON.")] = False,
) -> None:
    """Say what works here: decoders, estimator, runtime, accelerators, extras; exit code 1 if the core does not."""
    from ishara.doctor import examine

    findings = examine(lambda names: track("Trying", names))
    healthy = not any(finding.wrong for finding in findings)
    if json:
        value = {"healthy": healthy, "findings": [finding.as_json() for finding in findings]}
        sys.stdout.write(jsonlib.dumps(value, ensure_ascii=False, indent=2) + "\n")
    else:
        _show(findings, healthy)
    if not healthy:
        raise typer.Exit(1)


def _show(findings: Sequence[Finding], healthy: bool) -> None:
    table = Table("", "part", "found")
    for finding in findings:
        table.add_row(_MARKS[finding.status], escape(finding.name), escape(finding.found))
    console.print(table)
    for finding in findings:
        if finding.mend is not None:
            needed = "[bold red]needed[/]" if finding.wrong else "needed"
            tell(f"{_MARKS[finding.status]} [bold]{escape(finding.name)}[/] ({needed} for {escape(finding.use)})")
            tell(f"    {escape(finding.mend)}")
    tell("A trained recogniser runs here." if healthy else "[red]A trained recogniser does not run here.[/]")
