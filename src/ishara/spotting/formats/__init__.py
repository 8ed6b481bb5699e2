"""Found signs as files: each format is a module, chosen by the suffix."""

from ishara.spotting.formats.choose import FORMATS, check_output, write_found
from ishara.spotting.formats.found import Found

__all__ = ["FORMATS", "Found", "check_output", "write_found"]
