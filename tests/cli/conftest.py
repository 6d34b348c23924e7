"""Callers of `lqs`: one that knows no service, one whose service answers from a script."""

from pathlib import Path

import pytest
from tests.cli.calling import Caller
from tests.client.scripted_api import KEY


@pytest.fixture
def lonely(tmp_path: Path) -> Caller:
    """A caller without key and without service."""
    return Caller(tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that is empty."""
    return tmp_path


@pytest.fixture
def keyed(tmp_path: Path) -> Caller:
    """A caller with a well-formed key, where nothing listens: port 1 belongs to nobody."""
    return Caller(tmp_path, "http://127.0.0.1:1", KEY)
