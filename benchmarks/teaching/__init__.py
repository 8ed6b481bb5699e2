"""Parts of the measurement of taught signs: which clips are for what, the draws, and the baseline by time warping."""
