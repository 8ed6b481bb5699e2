"""The synthetic corpus: invented signs made by parametric signers, for demos and tests; never a result."""

from ishara.clips.corpora.synthetic.corpus import generate, read, synthetic_clip

__all__ = ["generate", "read", "synthetic_clip"]
