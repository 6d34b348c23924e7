"""Logs: no secret in them wherever it was put, and no work that stops for want of a reader."""

import json
import os
import subprocess
import sys

import pytest

from lqs.domain.api_key import make_key
from lqs.observability.logs import log_listener, redacted
from lqs.observability.telemetry import Telemetry

KEY = make_key().text
SECRET = KEY.rpartition("_")[2]
PLANTED = {
    "an API key": f"the key {KEY} was used",
    "the password of a URL": f"cannot reach postgresql://anna:{SECRET}@db.example:5432/lqs",
    "a password with an at sign": f"cannot reach postgresql://anna:a@{SECRET}@db.example/lqs",
    "a password with a slash": f"cannot reach postgresql://anna:a/{SECRET}@db.example/lqs",
    "a password without a user": f"cannot reach redis://:{SECRET}@db.example/0",
    "a password in the query": f"postgresql://db.example/lqs?user=anna&password={SECRET}&sslmode=require",
    "two at once": f"{KEY} and postgresql://anna:{SECRET}@db.example/lqs",
}


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_in_no_line(capsys, name, form):
    """In a field, deep in a field, in what an object says of itself, in an error, in the cause of an error."""
    telemetry = Telemetry(log_listener("test", level="debug", form=form))
    text = PLANTED[name]
    telemetry.emit("first", reason=text, deep={"urls": [text]}, odd=ValueError(text), raw=text.encode(), **{text: 1})
    try:
        try:
            raise ValueError(text)
        except ValueError as cause:
            raise RuntimeError(f"again: {text}") from cause
    except RuntimeError as error:
        telemetry.fault("second", error, reason=text)
    said = capsys.readouterr().err
    assert "first" in said
    assert "second" in said
    assert "RuntimeError" in said
    assert SECRET not in said
    assert "***" in said


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_no_secret_stays(name):
    said = redacted(PLANTED[name] + " after it")
    assert SECRET not in said
    assert said.endswith(" after it")
    assert ("db.example" in said) == ("db.example" in PLANTED[name])


def test_a_line_of_json_stays_json(capsys):
    Telemetry(log_listener("test", level="debug", form="json")).emit("first", reason=list(PLANTED.values()))
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["process"], len(line["reason"])) == ("first", "test", len(PLANTED))


WORK = """
import os, sys
from lqs.observability.logs import log_listener
from lqs.observability.telemetry import Telemetry

telemetry = Telemetry(log_listener("test", level="debug", form="{form}"))
{before}
for _ in range(3):
    telemetry.emit("first", reason="half a surrogate pair: \\ud800")
    telemetry.fault("second", ValueError("broke"), reason="r")
print("done")
"""
GONE = {
    "the reader of the pipe ended": "",
    "standard error is closed": "sys.stderr.close()",
    "its descriptor is closed": "os.close(2)",
}


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("name", GONE)
def test_the_work_goes_on_when_nobody_reads_the_log(name, form):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stderr:
        process = subprocess.run(
            [sys.executable, "-c", WORK.format(form=form, before=GONE[name])],
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
            timeout=100,
        )
    assert process.stdout == b"done\n"
