"""What people read for every error of the API, held against a file: `error_output.txt`."""

import json
from pathlib import Path

import pytest

from lqs.api.error_responses import STATUS
from lqs.cli.failures import describe, report
from lqs.domain.errors import LqsError
from lqs_client._wire import HttpResponse, error_of

KEPT = Path(__file__).with_name("error_output.txt")


def answer(kind: type[LqsError], status: int) -> HttpResponse:
    """What the API says, with a detail that stands for all of its kind."""
    body = {"code": kind.code, "title": kind.title, "detail": "What is wrong here.", "trace_id": "0" * 32}
    headers = {"retry-after": "60"} if status == 429 else {}
    return HttpResponse(status, headers, json.dumps(body).encode())


def test_what_is_told_about_every_error_of_the_api_is_what_was_read_and_agreed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lqs.cli.program.program", lambda **_: "lqs")
    monkeypatch.setattr("lqs.cli.explained.program", lambda **_: "lqs")
    told = []
    for kind, status in STATUS.items():
        failure = describe(error_of(answer(kind, status)))
        report(failure, as_json=False)
        told.append(f"exit code {failure.exit_code.value}\n{capsys.readouterr().err}")
    new = tmp_path / KEPT.name
    new.write_text("\n".join(told), encoding="utf-8")
    assert new.read_text(encoding="utf-8") == KEPT.read_text(encoding="utf-8"), f"if that is meant: cp {new} {KEPT}"
