"""The HTTP API: reads bodies strictly, asks `lifecycle` to write and `storage` to read, answers in one shape."""
