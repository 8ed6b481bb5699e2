"""Spotting measured: streams joined from real clips, a baseline, and how found segments are compared with the truth."""
