"""`SpotOptions`: what counts as a sign in a long recording."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field, model_validator

from ishara.recipe.section import Count, NonNegative, Positive, Probability, Section

# Of clips as long as those on which the defaults were set and measured.
_ABOUT_A_SECOND = (0.8, 1.25)


class SpotOptions(Section):
    """Lengths and thresholds of spotting: lengths in shoulder widths, times in seconds.

    The defaults were set once, on streams joined from validation clips that last about a second
    (``benchmarks/measure_spotting.py``); see `for_clips`.

    Raises
    ------
    pydantic.ValidationError
        If a value is out of its range, or the lengths are not in order.
    """

    shortest: Positive = Field(0.25, description="No sign is shorter.")
    typical: Positive = Field(1.15, description="How long a clip of one sign usually is: the recogniser's own clips.")
    longest: Positive = Field(2.3, description="No sign is longer.")
    rate: Positive = Field(
        25.0,
        description="Frames per second of the clips that the recogniser learnt from; other rates are brought to it.",
    )
    known: Probability = Field(
        0.1, description="Of a recogniser without a threshold of its own: the least probability of a sign that is told."
    )
    unknown: bool = Field(False, description="Also tell where something is signed that the recogniser does not know.")
    rest_speed: Positive = Field(0.8, description="Hands that are slower are still, in shoulder widths a second.")
    rest_height: float = Field(-0.9, description="Hands lie still to rest only lower than this, from the neck.")
    rest_time: Positive = Field(0.25, description="Hands that lie still for so long are at rest.")
    least_dip: Positive = Field(0.15, description="Hands that sink less between two signs do not part them.")
    deep_dip: Positive = Field(0.5, description="Hands that sink so far surely part two signs.")
    least_way: NonNegative = Field(0.2, description="Hands that are nowhere farther from where they rest do not sign.")
    edge: Probability = Field(
        0.4, description="A sign begins and ends where the hands are up by this share of the way."
    )
    worth: Positive = Field(2.35, description="What a sign is worth, of which the following is taken off.")
    doubt: NonNegative = Field(0.3, description="Times the logarithm of its improbability.")
    weak_border: NonNegative = Field(1.5, description="For a begin or an end at which nothing parts it from others.")
    inner_border: NonNegative = Field(1.5, description="For something within it that parts signs.")
    spread: Positive = Field(
        0.55, description="Signs that are e to this power times as long or short as usual lose a half."
    )
    provisional_every: Count = Field(5, description="A sign that goes on is ranked anew every so many frames.")

    @model_validator(mode="after")
    def _in_order(self) -> SpotOptions:
        if not self.shortest < self.typical < self.longest:
            raise ValueError(
                f"a sign lasts from {self.shortest:g} s, usually {self.typical:g} s, to {self.longest:g} s; "
                "expected shortest below typical below longest"
            )
        return self

    @classmethod
    def for_clips(cls, seconds: float | None, given: Mapping[str, float | bool] = MappingProxyType({})) -> SpotOptions:
        """Options for a recogniser whose clips usually last so long; the defaults are for about a second.

        Parameters
        ----------
        seconds
            How long the middle one of the clips lasts that it learnt from; ``None`` where nobody knows.
        given
            Options that are what they are, whatever the clips.

        Raises
        ------
        pydantic.ValidationError
            As the class itself.
        """
        low, high = _ABOUT_A_SECOND
        factor = 1.0 if seconds is None or low <= seconds <= high else seconds
        lengths = {name: factor * cls.model_fields[name].default for name in ("shortest", "typical", "longest")}
        return cls.model_validate(lengths | dict(given))

    @property
    def reach(self) -> float:
        """Seconds from a boundary to the last with which it may enclose a sign, the ways up and down with it."""
        return 1.3 * self.longest
