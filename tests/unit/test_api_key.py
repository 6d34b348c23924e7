"""API keys: what is shown can be read back, and nothing else can."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lqs.domain.api_key import ApiKey, make_key, parse_key

KEY = make_key()


def test_a_key_reads_back():
    for _ in range(200):
        key = make_key()
        assert parse_key(key.text) == key


def test_keys_differ():
    made = [make_key() for _ in range(500)]
    assert len({key.key_id for key in made}) == len({key.secret for key in made}) == 500


@pytest.mark.parametrize("place", range(len(KEY.text)))
def test_every_change_of_one_character_is_noticed(place):
    text = KEY.text
    others = set(string.ascii_letters + string.digits + "_- é\x00\ud800") - {text[place]}
    assert [c for c in others if parse_key(text[:place] + c + text[place + 1 :]) is not None] == []


@pytest.mark.parametrize("place", range(len(KEY.text) + 1))
def test_a_missing_or_additional_character_is_noticed(place):
    text = KEY.text
    assert parse_key(text[:place] + text[place + 1 :]) is None or place == len(text)
    assert parse_key(text[:place] + "A" + text[place:]) is None


@pytest.mark.parametrize("place", range(len(KEY.text) - 1))
def test_two_swapped_neighbours_are_noticed(place):
    text = KEY.text
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert swapped == text or parse_key(swapped) is None


@given(st.text() | st.builds("lqs_live_{}".format, st.text()))
def test_any_other_text_is_no_key_and_no_fault(text):
    assert parse_key(text) is None


def test_only_the_hash_of_the_same_secret_matches():
    assert KEY.matches(KEY.secret_sha256)
    assert not KEY.matches(make_key().secret_sha256)
    assert not KEY.matches(b"")


def test_the_secret_is_not_printed():
    assert KEY.secret not in repr(KEY) + str(KEY) + f"{KEY}"
    assert KEY.secret not in repr([KEY])
    assert KEY.key_id in repr(KEY)


def test_a_key_is_its_id_and_its_secret():
    assert ApiKey(KEY.key_id, KEY.secret).text == KEY.text
