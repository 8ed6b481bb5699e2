"""The parts of `bench_inference.py`: who is compared, on what, and what each figure must reach."""
