"""What the pages run on: one service for all of them, and for each a folder that looks like a clone."""

import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.docs.given import given
from tests.docs.pages import ROOT, with_blocks
from tests.docs.session import Session, session

from lqs.domain.api_key import Scope
from lqs.domain.ids import new_id
from lqs.lifecycle.keys import create_key
from lqs.storage import api_keys
from lqs.storage.database import Database
from running import Service, first_key, free_port, running_service

SETTINGS = {
    "LQS_GENERATOR": "simulated",
    "LQS_SIMULATED_LATENCY_SECONDS": "1.6",
    "LQS_SIMULATED_LATENCY_SIGMA": "0",
    "LQS_HOUSEKEEPING_SECONDS": "0.1",
}
"""A call of the simulated model takes longer than the shortest deadline that a caller can choose."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a page runs: its session, and what its words for places mean here."""

    session: Session
    places: Mapping[str, str]


@pytest.fixture(scope="session")
async def page_service(
    postgres_url: str, creating: asyncpg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """The real service with a simulated model, on a database of its own, for all pages."""
    name = f"lqs_pages_{secrets.token_hex(6)}"
    url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    database = await _opened(url)
    key, owner_id = await first_key(database)
    await database.close()
    with running_service(url, key, owner_id, tmp_path_factory.mktemp("pages"), SETTINGS) as service:
        yield service
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def key_of_a_new_owner(page_service: Service) -> str:
    """A key with every scope, of somebody who has nothing yet."""
    database = await _opened(page_service.database_url)
    owner_id = new_id()
    async with database.transaction() as connection:
        await api_keys.insert_owner(connection, owner_id, name=str(owner_id))
    key, _ = await create_key(database, owner_id=owner_id, name="page", scopes=list(Scope))
    await database.close()
    return key.text


@pytest.fixture
async def empty_database_url(postgres_url: str, creating: asyncpg.Connection) -> AsyncIterator[str]:
    """A database without a table."""
    name = f"lqs_empty_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name}")
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=with_blocks())
def page(request: pytest.FixtureRequest) -> str:
    """A page that has code, by its way from the root of the repository."""
    name: str = request.param
    return name


@pytest.fixture
def ground(page: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ground]:
    """Beside the running service as a new owner, or, for a page that begins with nothing, where nothing runs."""
    if given(page).runs:
        service: Service = request.getfixturevalue("page_service")
        environment = {**service.environment, "LQS_API_KEY": request.getfixturevalue("key_of_a_new_owner")}
        places = {"url": service.url}
    else:
        port, data = free_port(), request.getfixturevalue("private_folder")
        environment = {**os.environ, **SETTINGS, "LQS_DATA_DIR": str(data), "LQS_API_PORT": str(port)}
        places = {"url": f"http://127.0.0.1:{port}", "database_url": request.getfixturevalue("empty_database_url")}
    make_clone(tmp_path / "clone")
    with session(tmp_path, environment) as running:
        yield Ground(running, places)


def make_clone(folder: Path) -> None:
    """Make a folder that has the files of the repository, and takes new ones for itself."""
    folder.mkdir()
    for file in ROOT.iterdir():
        if file.name not in (".git", ".venv"):
            (folder / file.name).symlink_to(file)
    (folder / ".venv").symlink_to(sys.prefix)


async def _opened(url: str) -> Database:
    return await Database.open(
        url, application_name="lqs-pages", pool_size=2, statement_timeout_seconds=30, lock_timeout_seconds=5
    )
