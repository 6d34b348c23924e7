"""Profiles: kept, listed, chosen, and told which place won."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.cli.calling import Caller
from tests.client.scripted_api import KEY, Answer, scripted_api

from lqs_client.credentials import find_credentials, save_credentials


@pytest.fixture
def kept(lonely: Caller) -> Caller:
    """Somebody who keeps a profile `school`."""
    done = lonely.piped("config", "set", "school", "--url", "http://school:1", "--key-from-stdin", typed=KEY)
    assert (done.code, done.out) == (0, "")
    return lonely


def shown(caller: Caller, *words: str, **environment: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(caller.piped("config", "show", "--json", *words, **environment).out)
    return {name: (one["value"], one["source"]) for name, one in told.items()}


def test_a_flag_wins_over_the_environment_this_over_the_profile_and_this_over_the_default(
    kept: Caller, home: Path
) -> None:
    file = str(home / "config" / "lqs" / "credentials.toml")
    env = {"LQS_API_URL": "http://env", "LQS_API_KEY": KEY}
    assert shown(kept)["api_url"] == ("http://127.0.0.1:8421", "default")
    chosen = shown(kept, "--profile", "school")
    assert (chosen["api_url"], chosen["profile"]) == (
        ("http://school:1", f"profile school in {file}"),
        ("school", "--profile"),
    )
    assert shown(kept, "--profile=school", **env)["api_url"] == ("http://env", "LQS_API_URL")
    assert shown(kept, "--url", "http://flag", **env)["api_url"] == ("http://flag", "--url")
    assert shown(kept, LQS_PROFILE="school")["profile"] == ("school", "LQS_PROFILE")
    assert kept.piped("config", "use", "school").code == 0
    assert shown(kept)["profile"] == ("school", file)


def test_every_place_is_explained_and_the_one_that_won_is_marked(kept: Caller) -> None:
    told = kept.piped("config", "show", "--explain", LQS_PROFILE="school", LQS_API_URL="http://env").out
    lines = [line.strip() for line in told.splitlines()]
    assert lines[0].split() == ["api_url", "http://env"]
    assert lines[1:3] == ["--url: -", "LQS_API_URL: http://env  <- used"]
    assert told.count("<- used") == 3


def test_a_key_is_never_shown_whole_and_its_file_is_private(kept: Caller, home: Path) -> None:
    secret = KEY.rpartition("_")[2]
    for words in (("show", "--explain"), ("show", "--json"), ("list",), ("list", "--json")):
        ended = kept.piped("config", *words, "--profile", "school")
        assert ended.code == 0
        assert "lqs_live_0123456789AB_..." in ended.out
        assert secret not in ended.out + ended.err
    assert stat.S_IMODE((home / "config" / "lqs" / "credentials.toml").stat().st_mode) == 0o600


def test_commands_speak_to_the_profile_in_use(lonely: Caller) -> None:
    with scripted_api(Answer(200, {"results": []})) as api:
        lonely.piped("config", "set", "school", "--url", api.url, "--key-from-stdin", typed=KEY)
        assert lonely.piped("keys", "list", "--profile", "school").code == 0
        assert lonely.piped("keys", "list").code == 4
        lonely.piped("config", "use", "school")
        assert lonely.piped("keys", "list").code == 0
        assert lonely.piped("config", "delete", "school").code == 0
        assert lonely.piped("keys", "list").code == 4
    assert [call.headers["authorization"] for call in api.calls] == [f"Bearer {KEY}"] * 2


def test_a_key_that_is_stored_for_the_service_leaves_the_other_profiles(kept: Caller, home: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(home / "config")}
    save_credentials("http://here", "k", environ)
    assert find_credentials(environ=environ).api_url == "http://here"
    assert find_credentials(environ=environ | {"LQS_PROFILE": "school"}).api_key == KEY
    assert [line.split()[:2] for line in kept.piped("config", "list").out.splitlines()[1:]] == [
        ["*", "default"],
        ["school", "http://school:1"],
    ]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("config", "show", "--profile", "bogus"), 2, "there is no profile 'bogus'"),
        (("keys", "list", "--profile", "bogus"), 2, "Next: lqs config list"),
        (("keys", "list", "--profile"), 2, "--profile needs the name"),
        (("config", "use", "bogus"), 2, "there is no profile 'bogus'"),
        (("config", "set", "a b", "--url", "http://x"), 2, "'a b' is no name of a profile"),
        (("config", "set", "a", "--url", "nonsense"), 2, "must start with http"),
        (("config", "set", "a"), 2, "there is nothing to keep"),
        (("config", "set", "a", "--key-from-stdin"), 2, "no key of lqs"),
    ],
)
def test_what_cannot_be_kept_or_used_is_refused(lonely: Caller, words: tuple[str, ...], code: int, told: str) -> None:
    ended = lonely.piped(*words, typed="nonsense")
    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err
