"""The synthetic corpora: invented signs made by parametric signers, for demos and tests; never a result.

Landmarks (`generate`) and drawn video (`generate_videos`) of the same signs and signers.
"""

from ishara.clips.corpora.synthetic.corpus import generate, read, synthetic_clip
from ishara.clips.corpora.synthetic.videos import generate_videos, read_videos

__all__ = ["generate", "generate_videos", "read", "read_videos", "synthetic_clip"]
