"""What a schema refuses, said as sentences that name the key, what was found and the choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ishara.errors import choices


def explain(schema: type[BaseModel], error: ValidationError, *, prefix: str = "") -> str:
    """All problems of one validation, joined by semicolons; `prefix` stands before each key."""
    return "; ".join(_explain(schema, problem, prefix) for problem in error.errors())


def _explain(schema: type[BaseModel], problem: Any, prefix: str) -> str:
    where = [str(part) for part in problem["loc"]]
    key = prefix + ".".join(where)
    if problem["type"] == "extra_forbidden":
        section = _section(schema, where[:-1])
        known = section.model_fields if section else {}
        return f"there is no key {key!r}. {choices(where[-1], known)}"
    if problem["type"] == "missing":
        return f"the key {key!r} is missing"
    if problem["type"] == "value_error":
        return f"{key + ': ' if where else ''}{problem['ctx']['error']}"
    return f"{key}: found {problem['input']!r}. {problem['msg']}"


def _section(schema: type[BaseModel], where: Sequence[str]) -> type[BaseModel] | None:
    for name in where:
        if name not in schema.model_fields:
            return None
        annotation = schema.model_fields[name].annotation
        candidates = [annotation, *get_args(annotation)]
        inner = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
        if inner is None:
            return None
        schema = inner
    return schema
