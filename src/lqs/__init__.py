"""Tracks asynchronous LLM generation truthfully, from the 202 to the last entity."""

__version__ = "0.1.0"
