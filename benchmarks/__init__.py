"""Figures, each by its script: `python -m benchmarks` lists them, `python -m benchmarks NAME` runs one."""
