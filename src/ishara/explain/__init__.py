"""Why a recogniser said what it said of one clip: what it loses when parts, fingers or moments are taken away."""

from ishara.explain.explanation import Effect, Explanation, SpaceTime
from ishara.explain.run import explain

__all__ = ["Effect", "Explanation", "SpaceTime", "explain"]
