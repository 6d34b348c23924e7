"""The version of this library, told to the API with every call."""

__version__ = "0.1.0"
