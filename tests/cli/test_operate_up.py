"""`lqs up`: one command that starts everything, keeps it running, and ends it without leaving or losing anything."""

import os
import re
import select
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.cli.supervised import READY, Home, on_terminal

KEY = re.compile(r"lqs_live_\w+")


@pytest.fixture
def home(private_folder: Path, tmp_path: Path) -> Iterator[Home]:
    """A place for a service that has never run."""
    home = Home(private_folder, tmp_path)
    yield home
    home.end_everything()


def test_ctrl_c_in_the_middle_of_calls_ends_everything_and_loses_nothing(home: Home) -> None:
    home.caller.environment |= {"LQS_GENERATOR": "simulated", "LQS_SIMULATED_LATENCY_SECONDS": "600"}
    with on_terminal(home.caller, "up") as up:
        assert up.shows("Try it").startswith("lqs is up."), "a log came before the banner"
        shown = up.shows("'{\"count\": 3}'")
        assert f"API description  {home.url}/docs, {home.url}/openapi.json" in shown
        assert f"Database         in {home.data}, new" in shown
        request_id = home.caller.piped("problems", "generate", "--count", "10").out.strip()
        _wait_until_processing(home, request_id)
        begun = time.monotonic()
        up.press_ctrl_c()
        assert up.ends(within=40) == 0
        took = time.monotonic() - begun

    assert took < 8
    home.wait_until_gone(seconds=3)
    [key] = KEY.findall(shown)
    assert f'api_key = "{key}"' in home.credentials.read_text(encoding="utf-8")
    assert stat.S_IMODE(home.credentials.stat().st_mode) == 0o600

    home.caller.environment |= {"LQS_GENERATOR": "offline"}
    with on_terminal(home.caller, "up") as up:
        shown = up.shows("the request_id for ID")
        assert not KEY.search(shown)
        assert re.search(rf"Database         in {home.data}, with all that it was told since 20\d\d-.*Z", shown)
        assert str(home.credentials) in shown
        waited = home.caller.piped("generation", "wait", request_id, "--json")
        assert (waited.code, waited.last_object["generated_count"]) == (0, 10)
        assert home.caller.piped("admin", "verify").out == ""
        assert '"request_id"' in _paste(home, _export(shown), _curl(shown))
        up.press_ctrl_c()
        assert up.ends(within=40) == 0
    home.wait_until_gone(seconds=3)


def test_what_dies_is_started_again(home: Home) -> None:
    with on_terminal(home.caller, "up") as up:
        up.shows(READY)
        before = home.find("serve"), home.find("worker"), home.server_pid()
        for pid in before[:2]:
            os.kill(pid, signal.SIGKILL)
        up.shows("The worker ended by SIGKILL; it is started again.")
        up.shows("The API ended by SIGKILL; it is started again.")
        assert _generates(home)

        os.kill(before[2], signal.SIGKILL)
        up.shows("PostgreSQL ended; it is started again.")
        assert _generates(home)

        after = home.find("serve"), home.find("worker"), home.server_pid()
        assert not set(before) & set(after)
        up.press_ctrl_c()
        assert up.ends(within=40) == 0
    home.wait_until_gone(seconds=3)


def test_children_end_with_a_killed_up_and_the_next_one_adopts_the_database(home: Home) -> None:
    with on_terminal(home.caller, "up") as up:
        up.shows(READY)
        server = home.server_pid()
        assert len(home.processes()) >= 5
        up.process.kill()
        up.process.wait()
    home.wait_until_gone(seconds=8, but=frozenset({server}))

    with on_terminal(home.caller, "up") as up:
        shown = up.shows(READY)
        assert home.server_pid() == server
        assert not KEY.search(shown)
        assert _generates(home)
        up.press_ctrl_c()
        assert up.ends(within=40) == 0
    home.wait_until_gone(seconds=3)


def test_of_two_started_at_once_one_has_the_port_and_the_other_says_so(home: Home, tmp_path: Path) -> None:
    """Both see it free; shared, it would have answered from one database and then from the other."""
    other = Home(home.data.with_name(f"{home.data.name}-2"), tmp_path / "other")
    other.caller.environment["LQS_API_PORT"] = str(home.port)
    try:
        with on_terminal(home.caller, "up") as one, on_terminal(other.caller, "up") as two:
            ends = [os.pidfd_open(up.process.pid) for up in (one, two)]
            ended, _, _ = select.select(ends, [], [], 100)
            assert ended, "both are up"
            loser, winner = (one, two) if ends[0] in ended else (two, one)
            for end in ends:
                os.close(end)
            assert loser.ends(within=40) == 1
            assert f"port {home.port} of 127.0.0.1 is in use: " in loser.text
            winner.shows("Try it")
            winner.press_ctrl_c()
            assert winner.ends(within=40) == 0
    finally:
        other.end_everything()
        shutil.rmtree(other.data, ignore_errors=True)


def test_a_second_ctrl_c_does_not_wait_for_anybody(home: Home) -> None:
    home.caller.environment |= {
        "LQS_GENERATOR": "simulated",
        "LQS_SIMULATED_LATENCY_SECONDS": "600",
        "LQS_GRACEFUL_STOP_SECONDS": "300",
    }
    with on_terminal(home.caller, "up") as up:
        up.shows(READY)
        _wait_until_processing(home, home.caller.piped("problems", "generate").out.strip())
        up.press_ctrl_c()
        up.shows("worker.stopping")
        up.press_ctrl_c()
        assert up.ends(within=15) == 130
    home.wait_until_gone(seconds=3)


def test_credentials_of_another_service_are_set_aside_and_not_lost(home: Home) -> None:
    home.credentials.parent.mkdir(parents=True)
    home.credentials.write_text('api_url = "https://lqs.example.org"\napi_key = "theirs"\n', encoding="utf-8")
    with on_terminal(home.caller, "up") as up:
        shown = up.shows(READY)
        shown = up.shows("Try it")
        up.press_ctrl_c()
        assert up.ends(within=40) == 0
    former = home.credentials.with_name("credentials.toml.before-1")
    assert str(former) in shown
    assert "theirs" in former.read_text(encoding="utf-8")


def test_a_second_up_beside_the_first_leaves_the_commands_with_the_first(home: Home) -> None:
    with on_terminal(home.caller, "up") as first:
        first.shows(READY)
        kept = home.credentials.read_text(encoding="utf-8")
        home.caller.environment["LQS_API_PORT"] = "0"
        with on_terminal(home.caller, "up") as second:
            assert f"with {home.url}, where lqs answers too" in second.shows("Try it")
            second.press_ctrl_c()
            assert second.ends(within=40) == 0
        assert home.credentials.read_text(encoding="utf-8") == kept
        assert home.caller.piped("keys", "list").code == 0
        first.press_ctrl_c()
        assert first.ends(within=40) == 0


def test_who_lost_the_credentials_file_is_told_the_way_back_and_can_paste_it(home: Home) -> None:
    assert home.caller.piped("migrate").code == 0
    assert home.caller.piped("admin", "bootstrap").code == 0
    home.credentials.unlink()
    with on_terminal(home.caller, "up") as up:
        shown = up.shows("the request_id for ID")
        assert "lqs admin new-key makes one" in shown
        assert _export(shown) == "export LQS_API_KEY=$(lqs admin new-key)"
        assert '"request_id"' in _paste(home, _export(shown), _curl(shown))
        assert f'api_url = "{home.url}"' in home.credentials.read_text(encoding="utf-8")
        assert home.caller.piped("keys", "list").code == 0
        up.press_ctrl_c()
        assert up.ends(within=40) == 0


def _export(shown: str) -> str:
    return next(line.strip() for line in shown.splitlines() if line.strip().startswith("export "))


def _curl(shown: str) -> str:
    """The first call, over the lines that it takes."""
    lines = [line.strip() for line in shown.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith("curl "))
    return "\n".join(lines[start : start + 2])


def _generates(home: Home) -> bool:
    """Whether a generation request is completed, once the API answers again."""
    deadline = time.monotonic() + 30
    while not _answers(home):
        assert time.monotonic() < deadline, "the API did not come back within 30 s"
        time.sleep(0.1)
    return home.caller.piped("problems", "generate", "--count", "2", "--wait", "--timeout", "30s").code == 0


def _answers(home: Home) -> bool:
    try:
        return httpx.get(f"{home.url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _wait_until_processing(home: Home, request_id: str) -> None:
    key = KEY.search(home.credentials.read_text(encoding="utf-8"))
    assert key is not None
    deadline = time.monotonic() + 20
    while True:
        answer = httpx.get(
            f"{home.url}/generation-requests/{request_id}", headers={"Authorization": f"Bearer {key[0]}"}
        ).json()
        if answer["status"] == "processing":
            return
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)


def _paste(home: Home, *lines: str) -> str:
    """What a shell prints for lines that were shown."""
    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join(lines)],
        env=home.caller.environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return done.stdout
