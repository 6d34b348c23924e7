"""The browser that looks at our pages, if it is installed here."""

import shutil

_NAMES = ("chromium-headless-shell", "chromium")
"""Under which Debian and Ubuntu have it."""


def is_installed() -> bool:
    """Whether it is here."""
    return any(map(shutil.which, _NAMES))


def program() -> str:
    """Where it is. Raises `StopIteration` if it is not installed."""
    return next(filter(None, map(shutil.which, _NAMES)))
