"""The supervisor, with real child processes: the command `lqs generation get` ends at once, for want of a key."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from lqs.cli.supervise import MOST_QUICK_DEATHS, KeepsEnding, Part, Supervisor

SHORT = Part("The short one", ("generation", "get", "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"))
WRONG = Part("The wrong one", ("no-such-command",))
LONG = Part("The long one", ("worker", "--end-with-stdin"))


@pytest.fixture
def environment(tmp_path: Path, database_url: str) -> Mapping[str, str]:
    return {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "LQS_DATABASE_URL": database_url}


@pytest.fixture
def told() -> list[str]:
    return []


def supervisor(parts: list[Part], environment: Mapping[str, str], told: list[str], output: int) -> Supervisor:
    return Supervisor(parts, environment, output=output, tell=told.append, stop_seconds=10)


@pytest.fixture
def output(tmp_path: Path) -> Iterator[int]:
    with (tmp_path / "output").open("wb") as file:
        yield file.fileno()


async def test_a_child_that_never_stays_is_given_up_by_name(
    environment: Mapping[str, str], told: list[str], output: int
) -> None:
    with pytest.raises(KeepsEnding, match=f"The short one ended {MOST_QUICK_DEATHS} times .* last with exit code 4"):
        await supervisor([SHORT], environment, told, output).run()

    assert told == ["The short one ended with exit code 4; it is started again."] * (MOST_QUICK_DEATHS - 1)


async def test_a_child_that_refuses_its_command_or_settings_is_not_tried_again(
    environment: Mapping[str, str], told: list[str], output: int
) -> None:
    with pytest.raises(KeepsEnding) as refused:
        await supervisor([WRONG], environment, told, output).run()

    assert (refused.value.exit_code, told) == (2, [])


async def test_when_one_child_is_given_up_the_others_are_ended_too(
    environment: Mapping[str, str], told: list[str], output: int, tmp_path: Path
) -> None:
    with pytest.raises(KeepsEnding):
        await supervisor([SHORT, LONG], environment, told, output).run()

    said = (tmp_path / "output").read_text(encoding="utf-8")
    assert "worker.started" in said
    assert "worker.stopped" in said


async def test_cancelling_ends_a_child_cleanly(
    environment: Mapping[str, str],
    told: list[str],
    output: int,
    tmp_path: Path,
    eventually: Callable[..., Awaitable[None]],
) -> None:
    async def started() -> bool:
        return "worker.started" in (tmp_path / "output").read_text(encoding="utf-8")

    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervisor([LONG], environment, told, output).run())
        await eventually(started)
        running.cancel()

    assert "worker.stopped" in (tmp_path / "output").read_text(encoding="utf-8")
    assert told == []
