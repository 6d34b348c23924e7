"""`lqs demo`: the first thing anybody runs, on a terminal and in a pipe, to its end and interrupted."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.supervised import Home, on_terminal

HONEST = "only the model's thinking time is simulated"


@pytest.fixture
def home(private_folder: Path, tmp_path: Path) -> Iterator[Home]:
    """A temporary folder of its own, to see that nothing is left in it, among settings the demo must not heed."""
    private_folder.mkdir(mode=0o755)
    home = Home(private_folder, tmp_path)
    home.caller.environment |= {
        "TMPDIR": str(private_folder),
        "LQS_DATA_DIR": str(tmp_path / "mine"),
        "LQS_DATABASE_URL": "postgresql://127.0.0.1:1/mine",
        "LQS_API_KEY": "mine",
        "LQS_NO_SUCH_SETTING": "1",
    }
    yield home
    home.end_everything()


def nothing_is_left(home: Home) -> bool:
    home.wait_until_gone(seconds=4)
    return not list(home.data.iterdir()) and not home.credentials.exists()


def test_in_a_pipe_it_prints_ten_problems_and_leaves_nothing(home: Home) -> None:
    ended = home.caller.piped("demo")

    assert ended.code == 0
    assert HONEST in ended.out
    assert re.findall(r"^(\d+)\. +Choisissez", ended.out, re.MULTILINE) == [str(number) for number in range(1, 11)]
    assert len(re.findall("^    [abcd] ✓ ", ended.out, re.MULTILINE)) == 10
    assert "the right one is marked ✓" in ended.out
    assert not re.search("^ +id ", ended.out, re.MULTILINE)
    assert ended.out.count(" ✗ ") == 30
    assert "au présent" in ended.out
    assert "au passé composé" in ended.out
    assert "Completed: 10 of 10 problems" in ended.out
    assert "make up" in ended.out
    assert "\x1b" not in ended.out + ended.err
    assert re.search(r"processing  [1-9]/10", ended.err)
    assert nothing_is_left(home)


def test_on_a_terminal_the_bar_moves_to_its_end(home: Home) -> None:
    with on_terminal(home.caller, "demo") as demo:
        assert demo.ends(within=120) == 0
    shown = demo.text

    assert HONEST in shown
    assert len(set(re.findall(r"(\d+)/10", shown))) >= 4
    assert re.search(r"━+ 10/10 \S+ completed", shown)
    assert "{" not in shown, "a log reached the terminal"
    assert nothing_is_left(home)


def test_ctrl_c_ends_it_and_leaves_nothing(home: Home) -> None:
    with on_terminal(home.caller, "demo") as demo:
        demo.shows("0/10")
        demo.press_ctrl_c()
        assert demo.ends(within=15) == 130
    assert "Traceback" not in demo.text
    assert nothing_is_left(home)


def test_ctrl_c_during_the_start_ends_it_too(home: Home) -> None:
    with on_terminal(home.caller, "demo") as demo:
        demo.shows("Starting PostgreSQL")
        demo.press_ctrl_c()
        assert demo.ends(within=40) == 130
    assert "Traceback" not in demo.text
    assert nothing_is_left(home)
