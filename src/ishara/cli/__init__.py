"""The command line: one thin function per command, one module per theme; `ishara --help` lists them in this order."""

from ishara.cli import corpora, index, extract, inspect, train, measure, export, bench, predict, explain, spot, teach, live, doctor  # noqa: E501, F401, I001  each registers its commands
from ishara.cli.app import app, main

__all__ = ["app", "main"]
