"""Address and key come from the first place that has them; the file is private from its first byte."""

import stat
from pathlib import Path

import pytest

import lqs_client
from lqs_client import Client, CredentialsInvalid
from lqs_client.credentials import credentials_file, find_credentials, save_credentials


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_nothing_anywhere_means_the_local_service_and_no_key(home: dict[str, str]) -> None:
    found = find_credentials(environ=home)
    assert (found.api_url, found.api_key) == ("http://127.0.0.1:8421", None)


def test_the_file_is_read_when_nothing_else_speaks(home: dict[str, str]) -> None:
    save_credentials("http://there:1", 'odd "key" é', home)
    found = find_credentials(environ=home)
    assert (found.api_url, found.api_key) == ("http://there:1", 'odd "key" é')


def test_the_environment_wins_over_the_file_and_the_caller_over_both(home: dict[str, str]) -> None:
    save_credentials("http://file", "file-key", home)
    spoken = home | {"LQS_API_URL": "http://env", "LQS_API_KEY": " env-key\n"}
    found = find_credentials(environ=spoken)
    assert (found.api_url, found.api_key, found.key_source) == ("http://env", "env-key", "LQS_API_KEY")
    found = find_credentials(api_url="http://flag", environ=spoken)
    assert (found.api_url, found.api_key) == ("http://flag", "env-key")


def test_each_of_the_two_is_looked_for_by_itself(home: dict[str, str]) -> None:
    save_credentials("http://file", "file-key", home)
    found = find_credentials(environ=home | {"LQS_API_URL": "http://env"})
    assert (found.api_url, found.api_key) == ("http://env", "file-key")


def test_a_file_that_nobody_needs_may_be_broken(home: dict[str, str]) -> None:
    credentials_file(home).parent.mkdir()
    credentials_file(home).write_text("no toml [")
    spoken = home | {"LQS_API_URL": "http://env", "LQS_API_KEY": "k"}
    assert find_credentials(environ=spoken).api_key == "k"
    with pytest.raises(CredentialsInvalid, match=r"credentials\.toml"):
        find_credentials(environ=home)


@pytest.mark.parametrize("content", [b"api_key = 7", b"\xff\xfe"])
def test_a_broken_file_is_named(home: dict[str, str], content: bytes) -> None:
    credentials_file(home).parent.mkdir()
    credentials_file(home).write_bytes(content)
    with pytest.raises(CredentialsInvalid, match=r"credentials\.toml"):
        find_credentials(environ=home)


def test_the_file_is_for_its_owner_alone_even_if_it_was_open_before(home: dict[str, str]) -> None:
    file = credentials_file(home)
    file.parent.mkdir()
    file.write_text("")
    file.chmod(0o644)
    assert save_credentials("http://x", "k", home) == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["credentials.toml"]


def test_a_relative_config_folder_is_not_used() -> None:
    assert credentials_file({"XDG_CONFIG_HOME": "relative"}) == Path.home() / ".config" / "lqs" / "credentials.toml"


def test_a_client_without_a_key_says_where_it_looked(monkeypatch: pytest.MonkeyPatch, home: dict[str, str]) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", home["XDG_CONFIG_HOME"])
    with pytest.raises(CredentialsInvalid, match=r"LQS_API_KEY.*credentials\.toml"):
        Client()


@pytest.mark.parametrize("key", ["é", "a\nb", "   "])
def test_a_key_that_no_header_carries_is_refused_before_any_call(key: str) -> None:
    with pytest.raises(CredentialsInvalid, match="header"):
        Client(key)


@pytest.mark.parametrize("url", ["localhost:8421", "ftp://x", "http://", "/x", "http://[::1"])
def test_an_address_that_is_none_is_refused_before_any_call(url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        Client("k", api_url=url)


def test_the_singular_of_an_entity_type_is_told_with_its_plural_before_any_call() -> None:
    with Client("k", api_url="http://127.0.0.1:1") as client:
        with pytest.raises(ValueError, match="'problems' instead of 'problem'"):
            client.generate("problem")
        with pytest.raises(ValueError, match="'problems' instead of 'problem'"):
            client.entity("problem", "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d")


def test_the_docstring_of_the_package_names_everything_that_it_raises() -> None:
    raised = {name for name, kind in vars(lqs_client).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert raised
    assert [name for name in raised if name not in (lqs_client.__doc__ or "")] == []
