"""What is claimed about speed, measured: `python -m benchmarks`, described in docs/reference/benchmarks.md."""
