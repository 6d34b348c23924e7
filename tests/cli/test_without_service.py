"""What `lqs` can tell without asking anybody: its help, wrong usage, limits, keys that are mistyped."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.calling import LQS, Caller
from tests.client.scripted_api import KEY, Answer, scripted_api, state

from lqs import __version__
from lqs.cli.app import PLACES
from lqs.cli.exit_codes import MEANINGS, ExitCode, gravest
from lqs.domain import limits
from lqs.domain.error_pages import PAGES
from lqs.generators.catalog import entity_types
from lqs_client.credentials import save_credentials
from running import free_port

ROOT = Path(__file__).parents[2]
UNKNOWN = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"


def test_the_version_is_told_with_nothing_loaded_but_the_way_to_it() -> None:
    """So that it costs little more than the interpreter does; a number of milliseconds would depend on the machine."""
    look = (
        "import sys; before = set(sys.modules); import lqs.cli; sys.argv = ['lqs', '--version']; lqs.cli.main(); "
        "print(sorted(name for name in sys.modules if name not in before))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == f"lqs {__version__}\n['lqs', 'lqs.cli']\n"


def test_help_loads_neither_the_http_library_nor_the_one_that_paints() -> None:
    look = (
        "import sys; from lqs.cli.app import run; code = run(['generation', 'wait', '--help']); "
        "print(code, [name for name in ('rich', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 []\n")


def test_a_look_loads_no_generator_and_no_model_of_what_it_makes(home: Path) -> None:
    """They take as long to load as all else together, and only commands that ask for entities need them."""
    look = (
        "import sys; from lqs.cli.app import run; "
        f"code = run(['generation', 'get', '{UNKNOWN}', '--url', 'http://127.0.0.1:{free_port()}']); "
        "print(code, [name for name in ('lqs.generators', 'lqs.domain.entities') if name in sys.modules])"
    )
    environment = {**os.environ, "XDG_CONFIG_HOME": str(home), "LQS_API_KEY": KEY}
    done = subprocess.run([sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f"{ExitCode.ERROR:d} []\n"), done.stdout + done.stderr


@pytest.mark.parametrize("words", [[], ["--help"], ["help"]])
def test_help_lists_every_command_and_every_entity_type(lonely: Caller, words: list[str]) -> None:
    ended = lonely.piped(*words)
    assert (ended.code, ended.err) == (0, "")
    listed = {line.split()[0] for line in ended.out.partition("Commands:")[2].splitlines() if line.startswith("  ")}
    assert {kind.plural for kind in entity_types().values()} | set(PLACES) <= listed


def test_the_exit_codes_are_told_as_they_are(lonely: Caller) -> None:
    ended = lonely.piped("help", "exit-codes")
    told = {int(line.split()[0]): line.split(maxsplit=1)[1] for line in ended.out.splitlines()}
    assert told == {int(code): meaning for code, meaning in MEANINGS.items()}
    assert set(ExitCode) == set(MEANINGS)
    assert sorted(told) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 141]


def test_of_several_outcomes_the_gravest_is_the_exit_code() -> None:
    assert gravest([]) == gravest([ExitCode.DONE]) == 0
    assert gravest([ExitCode.DONE, ExitCode.STILL_RUNNING, ExitCode.PARTIAL]) == ExitCode.PARTIAL
    assert gravest([ExitCode.CANCELLED, ExitCode.FAILED, ExitCode.NOT_FOUND]) == ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["problmes"], "Did you mean 'problems'?"),
        (["problems"], "  generate  Ask for problems"),
        (["generation"], "  cancel  Cancel generation requests"),
        (["keys"], "  revoke  Revoke an API key"),
        (["problems", "generat"], "Did you mean 'generate'"),
        (["generation", "wait"], "Missing argument 'ID'"),
        (["problems", "generate", "--count", "0"], "--count must be a number from 1 to 10"),
        (["problems", "generate", "--count", "11"], "--count must be a number from 1 to 10"),
        (["problems", "generate", "--count", "many"], "--count must be a number from 1 to 10"),
        (["problems", "generate", "--max-cost", "0,05"], "in US dollars: write it like 0.05"),
        (["problems", "generate", "--max-cost", "0.0000001"], "six decimals at most"),
        (["problems", "generate", "--max-cost", "-1"], "in US dollars"),
        (["problems", "generate", "--max-cost", "1000001"], "at most 1,000,000 US dollars"),
        (["keys", "create", "k", "--scope", "read", "--daily-budget", "a lot"], "in US dollars"),
        (["problems", "generate", "--priority", "hihg"], "did you mean high?"),
        (["generation", "stats", "--by", "colour"], "none of type, status, end-reason, priority, model"),
        (["generation", "stats", "--bucket", "minute"], "none of hour, day"),
        (["generation", "stats", "--since", "yesterday"], "no time with a zone"),
        (["problems", "generate", "--metadata", "lesson"], "write key=value"),
        (["problems", "generate", "--metadata", "a=1", "--metadata", "a=2"], "given twice"),
        (["problems", "generate", "--metadata", "k" * 65 + "=1"], "at most 64"),
        (["problems", "generate", "--metadata", "k=" + "v" * 513], "512"),
        (["problems", "generate", *[f"--metadata=k{n}=v" for n in range(17)]], "at most 16 pairs"),
        (["problems", "generate", "--constraints", "{"], "not JSON"),
        (["problems", "generate", "--constraints", "[1]"], "must be a JSON object"),
        (["problems", "generate", "--constraints", '{"x": NaN}'], "not JSON"),
        (["problems", "generate", "--constraints", '{"x": 1e999}'], "not JSON"),
        (["problems", "generate", "--constraints", "[" * 20_000], "not JSON"),
        (["problems", "generate", "--constraints", "@nowhere.json"], "cannot read it"),
        (["problems", "generate", "--constraints", '{"verbs": []}', "--verb", "être"], "choose one"),
        (["problems", "generate", "--idempotency-key", "a b"], "visible ASCII"),
        (["problems", "generate", "--timeout", "soon"], "no duration"),
        (["problems", "generate", "--finish-within", "2h"], "--finish-within must be whole seconds, from 1s to 1h"),
        (["problems", "generate", "--start-within", "0"], "--start-within must be whole seconds, from 1s to 1h"),
        (
            ["problems", "generate", "--attempt-timeout", "1.5s"],
            "--attempt-timeout must be whole seconds, from 1s to 10m",
        ),
        (["problems", "generate", "--retention", "31d"], "--retention must be whole seconds, from 1h to 30d"),
        (["problems", "generate", "--retention", "soon"], "no duration"),
        (["problems", "generate", "--max-attempts", "6"], "--max-attempts must be a number from 1 to 5"),
        (["problems", "generate", "--max-attempts", "²"], "--max-attempts must be a number from 1 to 5"),
        (["problems", "generate", "--finish-within", "5s", "--start-within", "6s"], "--start-within is longer than"),
        (["generation", "cancel"], "Missing argument 'ID'"),
        (["generation", "cancel", UNKNOWN, "foo"], "'foo' is malformed: an id is like"),
        (["generation", "cancel", UNKNOWN, "--timeout", "5s"], "--timeout is for waiting: add --wait"),
        (["generation", "cancel", UNKNOWN, "--reason", ""], "--reason has 1 to 200 characters"),
        (["generation", "cancel", UNKNOWN, "--reason", "x" * 201], "--reason has 1 to 200 characters"),
        (["problems", "generate", "--timeout", "5s"], "--timeout is for waiting: add --wait"),
        (["problems", "generate", "--partial-ok"], "--partial-ok is for waiting: add --wait"),
        (["problems", "generate", "--tense", "preterite"], "--tense: 'preterite' is none of present, imparfait"),
        (["problems", "generate", "--person", "4s"], "--person: '4s' is none of 1s, 2s, 3s, 1p, 2p, 3p"),
        (["problems", "generate", "--error-code", "aux.choise"], "--error-code: 'aux.choise' is none of agreement."),
        (["problems", "generate", "--error-code", "aux.choise"], "did you mean aux.choice?"),
        (["generation", "get", "foo"], "'foo' is malformed: an id is like"),
        (["generation", "wait", UNKNOWN, "foo"], "'foo' is malformed: an id is like"),
        (["problems", "get", "foo"], "'foo' is malformed: an id is like"),
        (["keys", "create", "ci"], "Missing option '--scope'"),
        (["keys", "create", "ci", "--scope", "read", "--expires-at", "2030-01-01"], "no time with a zone"),
        (["help", "me"], "there is on exit-codes"),
    ],
)
def test_wrong_usage_is_told_with_the_next_step_before_any_call(lonely: Caller, words: list[str], told: str) -> None:
    ended = lonely.piped(*words)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert ended.err.splitlines()[-1].startswith("  Next: lqs ")
    assert "Traceback" not in ended.err


def test_a_word_that_is_no_command_is_told_with_those_of_its_noun_and_no_more(lonely: Caller) -> None:
    ended = lonely.piped("problems", "generat")
    assert ended.err.splitlines() == [
        "lqs: No such command 'generat'. Did you mean 'generate', 'get'?",
        "  The commands of problems: generate, list, get, draw, stats, seed",
        "  Next: lqs problems --help",
    ]


def test_the_limit_of_the_command_is_the_limit_of_the_domain(lonely: Caller) -> None:
    wrong = lonely.piped("problems", "generate", "--count", str(limits.MAX_ENTITIES + 1))
    right = lonely.piped("problems", "generate", "--count", str(limits.MAX_ENTITIES))
    assert (wrong.code, right.code) == (2, 4)


def test_with_json_wrong_usage_is_a_problem_object(lonely: Caller) -> None:
    ended = lonely.piped("problems", "generate", "--count", "11", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.problem["code"] == "usage"
    assert ended.problem["title"] == "--count must be a number from 1 to 10"
    assert ended.problem["next"] == "lqs problems generate --help"


def test_every_list_in_the_constraints_has_an_option(lonely: Caller) -> None:
    told = lonely.piped("problems", "generate", "--help").out
    assert all(option in told for option in ("--verb VERB", "--tense TENSE", "--person PERSON", "passe_compose"))


def test_a_missing_key_is_told_with_the_places_that_were_looked_at(lonely: Caller, home: Path) -> None:
    ended = lonely.piped("keys", "list")
    assert ended.code == 4
    assert str(home / "config" / "lqs" / "credentials.toml") in ended.err
    assert "LQS_API_KEY" in ended.err


def test_a_mistyped_key_is_told_without_a_call_and_without_showing_it(lonely: Caller, home: Path) -> None:
    mistyped = KEY[:-1] + "A"
    ended = lonely.piped("keys", "list", LQS_API_KEY=mistyped)
    assert ended.code == 4
    assert "the API key in LQS_API_KEY is no key of lqs" in ended.err
    save_credentials("http://127.0.0.1:1", mistyped, {"XDG_CONFIG_HOME": str(home / "config")})
    kept = lonely.piped("keys", "list", "--json")
    assert kept.problem["code"] == "credentials_invalid"
    assert "credentials.toml is no key" in kept.err
    assert mistyped not in ended.err + kept.err


def test_a_service_that_is_not_there_is_told_with_what_to_run(keyed: Caller) -> None:
    ended = keyed.piped("generation", "get", UNKNOWN)
    assert ended.code == 1
    assert "no connection to http://127.0.0.1:1" in ended.err
    assert "Next: lqs up" in ended.err


@pytest.mark.parametrize("words", [["--url", "nonsense"], ["--url", "ftp://x"]])
def test_a_wrong_address_is_wrong_usage(keyed: Caller, words: list[str]) -> None:
    ended = keyed.piped("keys", "list", *words)
    assert ended.code == 2
    assert "the address in --url is wrong" in ended.err


def test_a_traceback_is_shown_only_when_asked_for(keyed: Caller) -> None:
    assert "Traceback" not in keyed.piped("generation", "get", UNKNOWN).err
    assert "Traceback" in keyed.piped("generation", "get", UNKNOWN, "--debug").err


def test_the_problem_object_of_a_lost_service_is_one_line_of_json(keyed: Caller) -> None:
    ended = keyed.piped("problems", "generate", "--json")
    assert ended.out == ""
    assert json.loads(ended.err)["code"] == "connection_failed"


@pytest.mark.parametrize(
    ("noun", "other", "told"),
    [
        ("problems", state(), "is the id of a generation request, no problem"),
        ("generation", {"id": UNKNOWN, "entity_type": "problem"}, "is the id of a problem, no generation request"),
    ],
)
def test_an_id_of_something_else_is_told_as_such_with_the_command_for_it(
    home: Path, noun: str, other: dict[str, Any], told: str
) -> None:
    unknown = Answer(404, {"title": "Not found", "code": "not_found", "retryable": False})
    with scripted_api(unknown, Answer(200, other)) as api:
        ended = Caller(home, api.url, KEY).piped(noun, "get", UNKNOWN)
    assert ended.code == 3
    assert f"{UNKNOWN} {told}" in ended.err
    right = "generation" if noun == "problems" else "problems"
    assert ended.err.splitlines()[-1] == f"  Next: lqs {right} get {UNKNOWN}"
    with scripted_api(unknown) as api:
        assert "Not found" in Caller(home, api.url, KEY).piped(noun, "get", UNKNOWN).err


@pytest.mark.parametrize(
    ("status", "words"), [(404, ("keys", "list")), (501, ("problems", "generate")), (200, ("keys", "list"))]
)
def test_a_web_server_that_is_not_lqs_is_told_with_its_address_and_what_names_it(
    home: Path, status: int, words: tuple[str, ...]
) -> None:
    with scripted_api(Answer(status, b"<html>", {"Content-Type": "text/html"})) as api:
        ended = Caller(home, api.url, KEY).piped(*words)
    assert ended.code == 1
    assert f"what answers at {api.url} is not the API of lqs (status {status}, text/html)" in ended.err
    assert "LQS_API_URL" in ended.err.splitlines()[-1]


def test_where_the_shell_does_not_find_lqs_the_next_step_is_the_way_to_it(keyed: Caller, home: Path) -> None:
    inside, words = Path(LQS).parents[1], ("generation", "get", UNKNOWN)
    assert f"Next: {shlex.quote(str(LQS))} up" in keyed.piped(*words, cwd=home, PATH=os.defpath).err
    assert "Next: bin/lqs up" in keyed.piped(*words, cwd=inside, PATH=os.defpath).err
    assert "Next: ./lqs up" in keyed.piped(*words, cwd=Path(LQS).parent, PATH=os.defpath).err
    assert "Next: lqs up" in keyed.piped(*words, cwd=inside).err
    wrong = keyed.piped("problems", "generat", cwd=home, PATH=os.defpath)
    assert f"Next: {LQS} problems --help" in wrong.err


@pytest.mark.parametrize(("misspelt", "meant"), [("LQS_APIKEY", "LQS_API_KEY"), ("LQS_APIURL", "LQS_API_URL")])
def test_a_misspelt_variable_is_told_with_the_one_that_was_meant(keyed: Caller, misspelt: str, meant: str) -> None:
    ended = keyed.piped("keys", "list", **{misspelt: "anything"})
    assert ended.code == 2
    assert f"{misspelt} is not a setting of lqs. Did you mean {meant}?" in ended.err
    assert keyed.piped("keys", "list", LQS_DATABASE_URL="postgresql://h/d").code == 1


@pytest.mark.parametrize("words", [("problems", "generate"), ("generation", "wait"), ("keys", "list")])
def test_the_help_of_what_speaks_to_an_api_names_its_variables(lonely: Caller, words: tuple[str, str]) -> None:
    told = lonely.piped(*words, "--help").out
    assert "LQS_API_KEY" in told
    assert "LQS_API_URL" in told


def test_help_on_a_command_is_the_help_of_that_command(lonely: Caller) -> None:
    for words in (["problems"], ["problems", "generate"], ["keys"]):
        told = lonely.piped("help", *words)
        assert (told.code, told.out) == (0, lonely.piped(*words, "--help").out)
    assert "there is on exit-codes, errors, settings and every command" in lonely.piped("help", "poems").err


def test_the_help_shows_arguments_in_words_of_people(lonely: Caller) -> None:
    told = lonely.piped("generation", "wait", "--help").out
    assert told.startswith("Usage: lqs generation wait [OPTIONS] ID ...\n")
    assert "  ID  Ids of the generation requests; - takes them" in told


def test_every_error_code_is_explained_without_a_service(lonely: Caller) -> None:
    listed = lonely.piped("help", "errors")
    assert {line.split()[0] for line in listed.out.splitlines()[1:]} == set(PAGES)
    page = (ROOT / "docs/errors/port-in-use.md").read_text(encoding="utf-8")
    assert (
        lonely.piped("help", "errors", "port_in_use").out == lonely.piped("help", "errors", "port-in-use").out == page
    )
    wrong = lonely.piped("help", "errors", "port_in_us")
    assert (wrong.code, "did you mean port_in_use?" in wrong.err) == (2, True)


def test_an_error_leads_to_its_page(keyed: Caller) -> None:
    words = ("generation", "get", UNKNOWN)
    assert keyed.piped(*words).err.splitlines()[-2] == "  More: lqs help errors connection_failed"
    assert keyed.piped(*words, "--json").problem["type"] == "/errors/connection-failed"


def test_a_full_disk_is_told_as_such(lonely: Caller) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [LQS, "help"], env=lonely.environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("lqs: no space is left")
    assert "help errors disk_full" in ended.stderr
