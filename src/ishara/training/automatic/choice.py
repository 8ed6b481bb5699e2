"""`Choice`: one setting of a recipe that was chosen, with its reason; and what a recipe made of such settings is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ishara.recipe import Recipe
from ishara.training.automatic.survey import Survey


@dataclass(frozen=True)
class Choice:
    """One setting.

    Parameters
    ----------
    key
        Of the recipe, such as ``pose.max_frames``.
    value
        As YAML would give it.
    reason
        Why, in a sentence.
    """

    key: str
    value: Any
    reason: str

    @property
    def shown(self) -> str:
        """The value as it could be typed behind ``key=``."""
        text = yaml.safe_dump(self.value, default_flow_style=True, allow_unicode=True, width=1_000_000)
        return text.removesuffix("\n").removesuffix("\n...")


@dataclass(frozen=True)
class AutomaticRecipe:
    """A recipe that was chosen for a corpus.

    Parameters
    ----------
    recipe
        It can be run as any other.
    choices
        What was chosen, each with its reason; what the person set is among them. All else has its default.
    warnings
        What is worth knowing before the figures are believed, a sentence or two each.
    survey
        What the choice goes by.
    """

    recipe: Recipe
    choices: tuple[Choice, ...]
    warnings: tuple[str, ...]
    survey: Survey

    @property
    def reasons(self) -> dict[str, str]:
        """The reason of each choice, by its key."""
        return {choice.key: choice.reason for choice in self.choices}


def build(start: Recipe, choices: Iterable[Choice], overrides: Sequence[str]) -> Recipe:
    """A recipe's own settings, the choices on top, and what the person set on top of these.

    Raises
    ------
    IsharaError
        If an override is wrong, or does not go together with what was chosen.
    """
    values: dict[str, Any] = start.model_dump(mode="json")
    for choice in choices:
        *parents, last = choice.key.split(".")
        node = values
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = choice.value
    return Recipe.from_dict(values, source="automatic choice").with_overrides(overrides)


def with_own(choices: Iterable[Choice], overrides: Sequence[str]) -> tuple[Choice, ...]:
    """The choices, with what the person set in the place of what was chosen for it."""
    own = {key: yaml.safe_load(text) for key, _, text in (override.partition("=") for override in overrides)}
    replaced = {key.removesuffix(".preset") for key in own}
    kept = [choice for choice in choices if not any(f"{choice.key}.".startswith(f"{key}.") for key in replaced)]
    return (*kept, *(Choice(key, value, "as you set it") for key, value in own.items()))
