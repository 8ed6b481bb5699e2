"""What a schema refuses, said as sentences that name the key, what was found and the choices."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ishara.errors import choices

# A field may say in words what it expects: Field(json_schema_extra={EXPECTED: "a list such as [a, b]"}).
EXPECTED = "expected"
_WORDS: dict[Any, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def explain(schema: type[BaseModel], error: ValidationError, *, prefix: str = "") -> str:
    """All problems of one validation, joined by semicolons; `prefix` stands before each key.

    What is neither of two things is one problem here, though pydantic tells one for each.
    """
    problems: dict[tuple[Any, ...], Any] = {}
    for problem in error.errors():
        key = _place(schema, problem["loc"])[0]
        # The least deep of those at one key was given the whole value; the others only a part.
        if key not in problems or len(problem["loc"]) < len(problems[key]["loc"]):
            problems[key] = problem
    return "; ".join(_explain(schema, problem, prefix) for problem in problems.values())


def _explain(schema: type[BaseModel], problem: Any, prefix: str) -> str:
    where, annotation, field = _place(schema, problem["loc"])
    key = prefix + ".".join(map(str, where))
    if problem["type"] == "extra_forbidden":
        _, section, _ = _place(schema, where[:-1])
        known = section.model_fields if _is_section(section) else {}
        return f"there is no key {key!r}. {choices(str(where[-1]), known)}"
    if problem["type"] == "missing":
        return f"the key {key!r} is missing"
    if problem["type"] == "value_error":
        return f"{key + ': ' if where else ''}{problem['ctx']['error']}"
    found = f"{key}: found {'nothing' if problem['input'] is None else repr(problem['input'])}"
    if problem["type"] == "literal_error":
        return f"{found}. {choices(str(problem['input']), map(str, get_args(annotation)))}"
    expected = _expected(annotation, field)
    return f"{found}; expected {expected}" if expected else f"{found}. {problem['msg']}"


def _place(schema: type[BaseModel], where: Sequence[Any]) -> tuple[tuple[Any, ...], Any, FieldInfo | None]:
    """How far a place leads into a schema without choosing between types, what is expected there, and its field."""
    annotation: Any = schema
    field: FieldInfo | None = None
    for depth, part in enumerate(where):
        if _is_section(annotation):
            if part not in annotation.model_fields:
                return tuple(where), None, None
            field = annotation.model_fields[part]
            annotation = _plain(field.annotation)
        elif _is_union(annotation):
            return tuple(where[:depth]), annotation, field
        else:
            arguments = get_args(annotation)
            inner = arguments[1] if get_origin(annotation) is dict else arguments[0] if arguments else None
            annotation, field = _plain(inner), None
    return tuple(where), annotation, field


def _expected(annotation: Any, field: FieldInfo | None) -> str | None:
    """In words; None where pydantic's own message is as good."""
    extra = field.json_schema_extra if field else None
    if isinstance(extra, dict) and EXPECTED in extra:
        return str(extra[EXPECTED])
    if _is_section(annotation):
        return f"a section with keys {', '.join(annotation.model_fields)}"
    if _is_union(annotation):
        return ", ".join(_WORDS.get(_plain(kind), str(kind)) for kind in get_args(annotation))
    return None


def _plain(annotation: Any) -> Any:
    """Without its constraints, and without None where that is the only other choice."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if _is_union(annotation):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return _plain(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
