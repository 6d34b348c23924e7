"""What a type checker in strict mode makes of a program that uses the library."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio

from lqs_client import AsyncClient, Client, GenerationPartial, GenerationRequest, LqsError, Problem, Terms
from lqs_client.testing import FakeService


def texts(request: GenerationRequest) -> list[str]:
    problems = [entity for entity in request.entities if isinstance(entity, Problem)]
    return [statement.text for problem in problems for statement in problem.statements if statement.is_correct]


def ask(client: Client) -> list[str]:
    try:
        request = client.generate_and_wait(count=3, constraints={"verbs": ["être"]}, terms=Terms(max_attempts=2))
        return texts(request.raise_for_outcome())
    except GenerationPartial as error:
        return texts(error.generation_request)
    except LqsError as error:
        return [str(error)]


async def ids(client: AsyncClient) -> list[str]:
    return [request.request_id async for request in client.requests.all(done=True, status=["failed"])]


with FakeService() as service, service.client() as client:
    service.fail("provider_timeout", slots=1)
    ask(client)
    for found in client.requests.all(metadata={"lesson": "A1"}):
        version: int = found.version
"""

WRONG = """
from lqs_client import Client

with Client() as client:
    client.generate(count="3")
    client.get(7)
    client.requests.all(colour="red")
    version: str = client.get("x").version
    client.wait("x").slots[0].error.code
"""


def checked(folder: Path, program: str) -> list[str]:
    """What mypy says about it, line by line."""
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", str(file)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    return [
        line.partition(": error: ")[2] for line in (done.stdout + done.stderr).splitlines() if ": note: " not in line
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that the second program finds what the first one had mypy read."""
    return tmp_path_factory.mktemp("types")


def test_a_program_that_is_right_has_no_complaint_in_strict_mode(folder: Path) -> None:
    assert checked(folder, PROGRAM) == []


def test_each_mistake_of_a_program_is_found(folder: Path) -> None:
    said = checked(folder, WRONG)
    assert [message.rpartition("[")[2] for message in said] == [
        "arg-type]",
        "arg-type]",
        "call-arg]",
        "assignment]",
        "union-attr]",
    ]
