"""`lqs serve`, `lqs worker`, `lqs migrate` and `lqs admin`, each as a process of its own, and what stops them."""

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.cli.calling import LQS, Caller, until
from tests.cli.supervised import Home, on_terminal
from tests.running import Service, free_port

from lqs_client import Client


@pytest.fixture
def home(private_folder: Path, tmp_path: Path) -> Iterator[Home]:
    """A place for a service that has never run."""
    home = Home(private_folder, tmp_path)
    yield home
    home.end_everything()


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Caller:
    """Somebody with a fresh, migrated database."""
    caller = Caller(tmp_path)
    caller.environment |= {"LQS_DATABASE_URL": database_url, "LQS_API_PORT": "0"}
    return caller


def test_an_api_and_a_worker_that_were_started_alone_generate_together(service: Service) -> None:
    with Client(service.key, api_url=service.url) as client:
        request = client.generate_and_wait(count=3, timeout=30)

    assert request.status == "completed"
    assert len(request.entities) == 3


@pytest.mark.parametrize("command", ["up", "serve", "worker", "migrate"])
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LQS_API_PORT", "70000", "LQS_API_PORT is wrong"),
        ("LQS_DATABASE_URL", "mysql://host/db", "LQS_DATABASE_URL is wrong"),
        ("LQS_API_PROT", "8000", "Did you mean LQS_API_PORT?"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence_that_names_it(
    lonely: Caller, command: str, variable: str, value: str, said: str
) -> None:
    ended = lonely.piped(command, **{variable: value})
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["up", "serve", "worker"])
def test_traces_that_cannot_be_stop_the_start_with_a_sentence(lonely: Caller, command: str) -> None:
    ended = lonely.piped(command, OTEL_EXPORTER_OTLP_ENDPOINT="localhost:4318")
    assert ended.code == 2
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is wrong: write the address of a collector" in ended.err
    assert "cannot run like this" not in ended.err  # it was seen before anything was started
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["up", "serve", "worker", "migrate"])
def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(lonely: Caller, command: str) -> None:
    ended = lonely.piped(command, LQS_DATABASE_URL="postgresql://somebody:hush@127.0.0.1:1/db", LQS_API_PORT="0")
    assert ended.code == 1
    assert "PostgreSQL at 127.0.0.1:1 cannot be reached" in ended.err
    assert "LQS_DATABASE_URL" in ended.err
    assert "hush" not in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_busy_port_is_told_before_anything_starts(operator: Caller, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = operator.piped(command, LQS_API_PORT=str(port))
    assert ended.code == 1
    assert f"port {port} of 127.0.0.1 is in use by another program" in ended.err
    assert "LQS_API_PORT=0 lqs up takes a free one" in ended.err
    assert len(ended.err.splitlines()) == 3


def test_no_other_service_s_port_is_shared_without_a_word(operator: Caller, service: Service, tmp_path: Path) -> None:
    ended = operator.piped("serve", LQS_API_PORT=service.url.rpartition(":")[2])
    assert ended.code == 1
    assert f"is in use: lqs already answers at {service.url}" in ended.err
    assert "use that one: lqs problems generate" in ended.err
    assert "another one: LQS_API_PORT=0 lqs up on the same data" in ended.err
    assert "LQS_API_PORT=0 LQS_DATA_DIR=/another/folder lqs up with data of its own" in ended.err
    port = service.url.rpartition(":")[2]
    pasted = operator.piped("serve", cwd=tmp_path, LQS_API_PORT=port, PATH=os.defpath).err
    assert f"LQS_API_PORT=0 {LQS} up" in pasted


def test_a_worker_on_a_terminal_says_in_words_that_it_starts(operator: Caller) -> None:
    with on_terminal(operator, "worker") as worker:
        worker.shows("The worker starts; Ctrl-C stops it.")
        worker.press_ctrl_c()
        worker.ends(within=40)
    assert "worker.started" not in worker.text


def test_a_generator_that_does_not_exist_stops_the_whole_service_at_once(operator: Caller) -> None:
    ended = operator.piped("up", LQS_GENERATOR="poet")
    assert ended.code == 2
    assert "LQS_GENERATOR is wrong: “poet” is not a generator" in ended.err
    assert "Traceback" not in ended.err


def test_a_failure_is_an_object_for_programs(lonely: Caller) -> None:
    ended = lonely.piped("migrate", "--json", LQS_API_PORT="none")
    assert (ended.code, ended.problem["code"]) == (2, "settings_invalid")


def test_an_empty_database_is_migrated_once_and_then_has_a_first_key(
    home: Home, postgres_url: str, creating: asyncpg.Connection
) -> None:
    lqs = home.caller
    refused = lqs.piped("serve")
    assert (refused.code, "Run `lqs migrate` first." in refused.err) == (1, True)
    assert "More: lqs help errors migration_needed" in refused.err
    assert "0001_core" in lqs.piped("migrate").out
    assert "Nothing to do" in lqs.piped("migrate").out
    assert lqs.piped("migrate", "--json").last_object == {"applied": []}

    made = lqs.piped("admin", "bootstrap", "--owner", "Ada")
    assert made.code == 0
    assert made.out.strip() in home.credentials.read_text(encoding="utf-8")
    again = lqs.piped("admin", "bootstrap")
    assert (again.code, again.out) == (1, "")
    assert "there is an owner already" in again.err
    assert "Next: lqs admin new-key" in again.err
    home.wait_until_gone(seconds=3)


def test_whoever_lost_every_key_makes_a_new_one_on_the_database(operator: Caller, tmp_path: Path) -> None:
    credentials = tmp_path / "config" / "lqs" / "credentials.toml"
    early = operator.piped("admin", "new-key")
    assert (early.code, "Next: lqs admin bootstrap" in early.err) == (1, True)
    operator.piped("admin", "bootstrap", "--owner", "Ada")
    credentials.unlink()

    made = operator.piped("admin", "new-key", "--name", "found again")
    assert made.code == 0
    assert f'api_key = "{made.out.strip()}"' in credentials.read_text(encoding="utf-8")
    assert "No address is kept with it: LQS_API_PORT=0 leaves the port to the system. lqs up adds it" in made.err
    assert "api_url" not in credentials.read_text(encoding="utf-8")
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert operator.piped("admin", "verify").out == ""


def test_a_new_key_is_told_with_its_address_and_who_answers_there(
    operator: Caller, service: Service, tmp_path: Path
) -> None:
    credentials = tmp_path / "config" / "lqs" / "credentials.toml"
    port = service.url.rpartition(":")[2]
    others = operator.piped("admin", "bootstrap", LQS_API_PORT=port)
    assert f"It is for {service.url}, but the lqs that answers there uses another database" in others.err
    ours = operator.piped("admin", "new-key", LQS_API_PORT=port, LQS_DATABASE_URL=service.database_url)
    assert f"It is for {service.url}, where its service answers." in ours.err
    assert f'api_url = "{service.url}"' in credentials.read_text(encoding="utf-8")
    credentials.unlink()
    nobodys = operator.piped("admin", "new-key", LQS_API_PORT=str(free_port()))
    assert "where nothing answers yet: lqs up with the same settings will" in nobodys.err
    assert "set LQS_API_URL" in nobodys.err


async def test_a_new_key_is_for_the_owner_and_the_scopes_that_were_named(operator: Caller, database_url: str) -> None:
    operator.piped("admin", "bootstrap", "--owner", "Ada")
    nobody = operator.piped("admin", "new-key", "--owner", "Bob")
    assert (nobody.code, "The owners are: Ada." in nobody.err) == (2, True)
    made = operator.piped("admin", "new-key", "--owner", "Ada", "--scope", "read", "--name", "reader")
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow(
            "SELECT k.scopes, o.name FROM api_keys k JOIN owners o ON o.id = owner_id WHERE k.name = 'reader'"
        )
    finally:
        await connection.close()
    assert made.code == 0
    assert (row["scopes"], row["name"]) == (["read"], "Ada")


@pytest.mark.parametrize("words", [("admin", "new-key"), ("keys", "create", "ci")])
def test_a_scope_that_there_is_not_is_told_with_those_there_are(operator: Caller, words: tuple[str, ...]) -> None:
    ended = operator.piped(*words, "--scope", "wriet")
    assert (ended.code, ended.out) == (2, "")
    assert (
        "Invalid value for --scope: 'wriet' is none of read, write, priority, admin; did you mean write?" in ended.err
    )


def test_a_key_that_cannot_be_kept_is_shown_all_the_same(operator: Caller, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    made = operator.piped("admin", "bootstrap", XDG_CONFIG_HOME=str(tmp_path / "file"))
    assert made.code == 0
    assert made.out.startswith("lqs_live_")
    assert "Keep it yourself" in made.err


async def test_verify_is_silent_until_something_is_broken(operator: Caller, database_url: str) -> None:
    sound = operator.piped("admin", "verify")
    assert (sound.code, sound.out, sound.err) == (0, "", "")
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "WITH owner AS (INSERT INTO owners (id, name) VALUES (gen_random_uuid(), 'x') RETURNING id) "
            "INSERT INTO generation_requests (id, owner_id, entity_type, version, requested_count, max_attempts, "
            "constraints, metadata, requested_at, deadline_at) "
            "SELECT gen_random_uuid(), id, 'problem', 1, 3, 3, '{}', '{}', now(), now() + interval '1 hour' FROM owner"
        )
    finally:
        await connection.close()

    broken = operator.piped("admin", "verify")
    assert broken.code == 1
    assert "I2" in broken.out
    found = operator.piped("admin", "verify", "--json").last_object["violations"]
    assert {"invariant", "sentence", "request_id"} == set(found[0])
    assert len(found) == len(broken.out.splitlines())


def test_serve_ends_with_an_error_when_the_process_that_serves_dies(operator: Caller, tmp_path: Path) -> None:
    home = Home(tmp_path / "nowhere", tmp_path)
    operator.environment["LQS_DATA_DIR"] = str(home.data)
    serve = operator.started("serve")
    try:
        until(serve, "stderr", lambda line: "api.started" in line)
        os.kill(home.find("--multiprocessing-fork"), signal.SIGKILL)
        serve.communicate(timeout=100)
        assert serve.returncode == 1
    finally:
        serve.kill()
        serve.communicate()


def test_the_process_that_serves_ends_with_a_killed_serve(operator: Caller, tmp_path: Path) -> None:
    home = Home(tmp_path / "nowhere", tmp_path)
    operator.environment["LQS_DATA_DIR"] = str(home.data)
    serve = operator.started("serve")
    until(serve, "stderr", lambda line: "api.started" in line)
    assert home.find("--multiprocessing-fork")
    serve.kill()
    serve.communicate()
    home.wait_until_gone(seconds=5)
