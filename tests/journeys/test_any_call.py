"""Whatever is sent to the service, it answers as its document says: judged by Schemathesis, with two owners."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from conftest import opened
from lqs.domain.api_key import Scope
from lqs.domain.ids import new_id
from lqs.lifecycle.keys import create_key
from lqs.storage import api_keys
from running import Service

_BEYOND_A_SCHEMA = {
    "list_generation_requests": "a cursor is what a page gave, and idempotency_key stands alone",
    "list_dead_letters": "a cursor is what a page gave",
    "list_problems": "a cursor is what a page gave, and a facet is given by one of its names",
    "random_problem": "a facet is given by one of its names",
    "count_problems": "a facet is given by one of its names",
    "draw_problem": "a facet is given by one of its names",
    "cancel_generation_request": "if_version is the version that it has",
    "delete_generation_request": "if_version is the version that it has, and only what is done is purged",
    "retry_generation_request": "if_version is the version that it has",
    "get_statistics": "a window has 31 days at most",
    "change_generation_request": "something has to change, and if_version is the version that it has",
    "create_api_key": "a key expires in the future",
    "generate_problems": "constraints must be such that a problem can honour all, and a key stands for one body",
    "begin_bulk_operation": "a filter names something, an option belongs to an action, and a key stands for one body",
    "requeue_dead_letters": "a filter names something, and a key stands for one body",
}
"""Operations that may refuse, with 400 or 422, what their schemas let through, and why."""
_CONFIGURATION = """\
[auth.wfc]
path = {path}
user = "alice"
peers = ["alice", "bob"]

[generation]
mode = "all"
max-examples = 5
database = "none"
deterministic = true

[phases.stateful.generation]
max-examples = 20

[[operations]]
include-operation-id = {beyond}
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 422, 429]
"""


@pytest.fixture
async def identities(service: Service) -> dict[str, str]:
    """The keys of two owners, each for everything."""
    database = await opened(service.database_url)
    keys = {}
    for name in ("alice", "bob"):
        async with database.transaction() as connection:
            await api_keys.insert_owner(connection, owner_id := new_id(), name=str(owner_id))
        key, _ = await create_key(database, owner_id=owner_id, name=name, scopes=list(Scope))
        keys[name] = key.text
    await database.close()
    return keys


def tried(
    service: Service, identities: dict[str, str], folder: Path, *options: str
) -> "subprocess.CompletedProcess[str]":
    """Everything Schemathesis can think of, judged by all of its checks."""
    auth = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {key}"}]}
        for name, key in identities.items()
    ]
    (folder / "identities.json").write_text(json.dumps({"auth": auth}), encoding="utf-8")
    beyond, path = json.dumps(list(_BEYOND_A_SCHEMA)), json.dumps(str(folder / "identities.json"))
    configuration = folder / "schemathesis.toml"
    configuration.write_text(_CONFIGURATION.format(path=path, beyond=beyond), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run"),
        *("--checks", "all", "--no-color", *options, f"{service.url}/openapi.json"),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_whatever_two_owners_send_is_answered_as_the_document_says(
    service: Service, identities: dict[str, str], tmp_path: Path
) -> None:
    found = tried(service, identities, tmp_path, "--exclude-operation-id", "revoke_api_key")

    assert found.returncode == 0, found.stdout + found.stderr
    covered = re.search(r"API Links: +(\d+) covered", found.stdout)
    assert covered is not None
    assert int(covered[1]) > 0, found.stdout
    for key in identities.values():
        answer = httpx.get(f"{service.url}/generation-requests", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200


@pytest.mark.timeout(300)
def test_whatever_is_sent_to_revoke_keys_is_answered_as_the_document_says(
    service: Service, identities: dict[str, str], tmp_path: Path
) -> None:
    found = tried(
        service, identities, tmp_path, "--include-operation-id", "revoke_api_key", "--phases", "coverage,fuzzing"
    )

    assert found.returncode == 0, found.stdout + found.stderr
