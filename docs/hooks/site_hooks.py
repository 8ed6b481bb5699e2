"""What mkdocs is told beside mkdocs.yml: pages made from code, copies of files, links that lead out of docs/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from site_api import api_pages
from site_cli import cli_page
from site_links import COPIES, RESULTS, rewrite

_ROOT = Path(__file__).resolve().parents[2]
_COPIED = {address: source for source, address in COPIES.items()}


def on_files(files: Files, config: Any) -> Files:
    """Add the references, the files of the repository that pages link to, and what was measured."""
    made = {"reference/cli.md": cli_page(), **api_pages()}
    made |= {address: (_ROOT / source).read_text(encoding="utf-8") for address, source in _COPIED.items()}
    made |= {f"{RESULTS}{file.name}": file.read_text(encoding="utf-8") for file in (_ROOT / RESULTS).glob("*.json")}
    for address, content in made.items():
        files.append(File.generated(config, address, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as they work on the site; in the repository they stay as they are."""
    address = page.file.src_uri
    return rewrite(markdown, _COPIED.get(address, f"docs/{address}"), address)


def on_post_page(output: str, **_: Any) -> str:
    """The theme's search is a dialogue without a name, which a screen reader cannot announce."""
    search = 'data-md-component="search" role="dialog"'
    return output.replace(search, f'{search} aria-label="Search"')
