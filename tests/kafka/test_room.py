"""The room of the broker itself."""

import os

import pytest
from tests.kafka.users import PASSWORDS

from broker.shared import Address, shared_broker


def test_all_processes_of_a_run_use_one_broker(broker: Address, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    with shared_broker(shared / "broker", PASSWORDS) as again:
        assert again == broker
