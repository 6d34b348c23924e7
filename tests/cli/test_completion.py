"""Completion knows every command, and loads nothing that a command needs to run."""

import json
import os
import subprocess
import sys

import pytest
from tests.cli.calling import Caller

from lqs.cli.completion import LIST, listed

BASH = {"_LQS_COMPLETE": "complete_bash"}


def test_the_list_is_what_the_commands_are() -> None:
    assert json.loads(LIST.read_text(encoding="utf-8")) == listed(), "make pages"


@pytest.mark.parametrize(
    ("typed", "place", "offered"),
    [
        ("lqs gen", 1, ["generation"]),
        ("lqs generation w", 2, ["wait", "watch"]),
        ("lqs problems ", 2, ["generate", "list", "get", "draw", "stats", "seed"]),
        ("lqs problems generate --max-", 3, ["--max-cost", "--max-attempts"]),
        ("lqs generation bulk --all 'quote", 4, []),
        ("lqs bogus ", 2, None),
    ],
)
def test_bash_is_offered_what_can_follow(lonely: Caller, typed: str, place: int, offered: list[str] | None) -> None:
    ended = lonely.piped(**BASH, COMP_WORDS=typed, COMP_CWORD=str(place))
    assert (ended.code, ended.err) == (0, "")
    if offered is not None:
        assert ended.out.split() == offered


def test_zsh_and_fish_are_offered_the_same_with_what_it_does(lonely: Caller) -> None:
    typed = {"_TYPER_COMPLETE_ARGS": "lqs generation unp"}
    zsh = lonely.piped(_LQS_COMPLETE="complete_zsh", **typed)
    assert zsh.out.startswith("""_arguments '*: :(("unpin":\"""")
    fish = lonely.piped(_LQS_COMPLETE="complete_fish", _TYPER_COMPLETE_FISH_ACTION="get-args", **typed)
    assert fish.out.startswith("unpin\t")
    nothing = {"_TYPER_COMPLETE_ARGS": "lqs generation bogus"}
    assert lonely.piped(_LQS_COMPLETE="complete_fish", _TYPER_COMPLETE_FISH_ACTION="is-args", **nothing).code == 1


def test_completing_loads_neither_the_client_nor_any_framework() -> None:
    heavy = ("typer", "rich", "httpx", "pydantic", "lqs_client", "lqs.domain", "lqs.generators", "asyncio")
    look = f"import sys, lqs.cli; lqs.cli.main(); print('loaded', [name for name in {heavy} if name in sys.modules])"
    asked = {**os.environ, **BASH, "COMP_WORDS": "lqs generation wa", "COMP_CWORD": "2"}
    done = subprocess.run([sys.executable, "-c", look], env=asked, capture_output=True, text=True, check=True)
    assert done.stdout == "wait\nwatch\nloaded []\n"
