"""Benchmarks: the real server under load, beside references measured in the same minutes on the same core."""
