"""The command line: one thin function per command, one module per theme; `ishara --help` lists them in this order."""

# fmt: off
from ishara.cli import (  # noqa: I001  in the order of a recogniser's life; each registers its commands
    corpora, index, extract, inspect, train, measure, export, bench, predict, explain, spot, teach, live, doctor,  # noqa: F401
)
# fmt: on
from ishara.cli.app import app, main

__all__ = ["app", "main"]
