"""`lqs help settings`: every setting can be found, and what is wrong with one leads there."""

import json
import re

import pytest
from tests.cli.calling import Caller

from lqs.settings import CLIENT_VARIABLES, Settings

EVERY = [*(f"LQS_{name.upper()}" for name in Settings.model_fields), *CLIENT_VARIABLES]


def test_every_setting_is_listed_with_its_default_and_a_sentence(lonely: Caller) -> None:
    listed = lonely.piped("help", "settings")
    assert listed.code == 0
    rows = [re.split(r" {2,}", line.strip()) for line in listed.out.splitlines() if line.startswith("  LQS_")]
    assert [row[0] for row in rows] == EVERY
    assert ["LQS_API_PORT", "8421", "Port the API listens on; 0 takes a free one."] in rows
    assert all(len(row) == 3 and row[2].endswith(".") for row in rows)
    assert "\nKafka\n" in listed.out


def test_programs_are_told_all_of_each_setting(lonely: Caller) -> None:
    told = json.loads(lonely.piped("help", "settings", "--json").out)["settings"]
    assert [one["variable"] for one in told] == EVERY
    [port] = [one for one in told if one["variable"] == "LQS_API_PORT"]
    assert port == {
        "section": "API",
        "variable": "LQS_API_PORT",
        "unless_set": "8421",
        "default": 8421,
        "takes": "a whole number from 0 to 65535",
        "sentence": "Port the API listens on; 0 takes a free one.",
    }
    assert "`" not in json.dumps(told)


@pytest.mark.parametrize("name", ["LQS_API_PORT", "api-port", "api_port"])
def test_with_a_name_those_that_have_it_are_told_with_what_they_take(lonely: Caller, name: str) -> None:
    told = lonely.piped("help", "settings", name).out
    assert "LQS_API_PORT  8421        a whole number from 0 to 65535" in told
    assert told.count("LQS_") == 1


def test_a_name_that_no_setting_has_is_told_with_the_one_that_was_meant(lonely: Caller) -> None:
    ended = lonely.piped("help", "settings", "LQS_API_PROT")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no setting with LQS_API_PROT in its name; did you mean LQS_API_PORT?" in ended.err
    assert "--json is for settings" in lonely.piped("help", "errors", "--json").err


@pytest.mark.parametrize("words", [["--help"], ["help", "errors", "settings_invalid"]])
def test_the_way_to_the_settings_is_told_where_people_look(lonely: Caller, words: list[str]) -> None:
    assert "lqs help settings" in lonely.piped(*words).out


def test_a_wrong_setting_leads_to_the_settings(lonely: Caller) -> None:
    ended = lonely.piped("serve", LQS_API_PORT="http")
    assert "LQS_API_PORT is wrong: it takes a whole number from 0 to 65535, not 'http'." in ended.err
    assert "lqs help settings says what each takes" in ended.err.splitlines()[-1]
