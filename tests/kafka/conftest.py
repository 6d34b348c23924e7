"""A real broker for the tests that need one: one for all processes of a run.

Where none can be had nothing here is collected, and `tests/conftest.py` says so at the end of the run.
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import jars

if jars.why_not():
    collect_ignore_glob = ["test_*.py"]
else:
    from tests.kafka.users import PASSWORDS

    from broker.shared import Address, shared_broker
    from lqs.dispatch.kafka.access import Access

    @pytest.fixture(scope="session")
    def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
        """The broker of this run, which other processes may use at the same time."""
        own = tmp_path_factory.getbasetemp()
        shared: Path = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
        with shared_broker(shared / "broker", PASSWORDS) as address:
            yield address

    @pytest.fixture
    def access(broker: Address) -> Access:
        """The way to that broker, with topics and a group that no other test has."""
        name = f"test-{secrets.token_hex(6)}"
        return Access(broker.servers, topic_prefix=name, group_id=name)
