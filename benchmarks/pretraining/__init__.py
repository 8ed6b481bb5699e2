"""Masked-landmark pretraining: what it would give, measured before it may become a part of Ishara."""
