"""The BdSL-SPOTER notebook (phase 3) rewritten as the baseline, as it stands: models, input and training loop."""
