"""How every command ends: in one line that says what to mend, or how to go on."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from ishara.console import errors, tell_error
from ishara.errors import IsharaError


class Commands(TyperGroup):
    """Ends every command well: what the user can mend is one line, Ctrl-C says how to go on, a closed pipe is no error.

    Typer itself would end quietly on Ctrl-C, so these are caught before it sees them.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command and end with 0, 1 for a mistake, or 130 after Ctrl-C."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except IsharaError as error:
            tell_error(str(error))
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            errors.print("Stopped. What was finished is kept; the same command goes on from there.", highlight=False)
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The reader of our output (such as `head`) has gone; Python would complain again when it closes the stream.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except OSError as error:
            # Polars gives only a message, of several lines.
            reason = error.strerror or next(iter(str(error).splitlines()), type(error).__name__)
            tell_error(f"{error.filename}: {reason}." if error.filename is not None else f"{reason}.")
            raise typer.Exit(1) from None
