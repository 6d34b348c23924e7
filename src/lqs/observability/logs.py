"""Structured logs: one line per happening on stderr, as JSON or for people, never with a secret in it."""

import logging
import re
import sys
from contextlib import suppress
from typing import Literal

import structlog

from lqs.observability.telemetry import Happening, Listener

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_QUIET = frozenset(
    {
        *("api.answered", "requests.stored", "records.sent"),
        *("slots.announced", "slots.named", "slots.claimed", "slots.settled"),
        *("attempt.ended", "attempt.failed", "events.published", "kafka.said", "intake.paused", "intake.resumed"),
    }
)
"""Happenings of every moment; logged at debug level only."""
_STARTS = frozenset({"api.started", "worker.started"})
"""On a terminal these are for debugging too: there the command says in words what it started."""

_SECRETS = (
    ("lqs_live_", re.compile(r"lqs_live_([0-9A-Za-z]+)_[0-9A-Za-z]+"), r"lqs_live_\1_***"),
    # Up to the last at sign of the word: a password may have one of its own.
    ("://", re.compile(r"(\w+://[^:/@\s]*):\S+@"), r"\1:***@"),
    ("password=", re.compile(r"(password=)[^&\s\"'\\]+", re.IGNORECASE), r"\1***"),
)
"""What a text must have, in small letters, to be looked through; what is looked for; what stands there instead."""


def log_listener(
    process: str, *, level: Literal["debug", "info", "warning", "error"], form: Literal["auto", "console", "json"]
) -> Listener:
    """A listener that writes every happening to stderr. `process` names who speaks, such as `worker`."""
    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(form),
            _redact,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
        process=process,
    )

    quiet = _QUIET | _STARTS if sys.stderr.isatty() else _QUIET

    unheard = quiet if level != "debug" else frozenset()

    def listen(happening: Happening) -> None:
        if happening.name in unheard and happening.error is None:
            return
        # Who reads the log may be gone; the work goes on.
        with suppress(OSError, ValueError):
            if happening.error is not None:
                logger.error(happening.name, exc_info=happening.error, **happening.fields)
            elif happening.name in quiet:
                logger.debug(happening.name, **happening.fields)
            else:
                logger.info(happening.name, **happening.fields)

    return listen


def redacted(text: str) -> str:
    """The text without API secrets and without passwords in URLs."""
    lowered = text.lower()
    for beginning, pattern, replacement in _SECRETS:
        if beginning in lowered:
            text = pattern.sub(replacement, text)
    return text


def _redact(_logger: object, _method: str, line: object) -> str:
    # The whole line, so that nothing is missed that a field holds, or says of itself.
    return redacted(str(line))


def _renderer(form: str) -> structlog.typing.Processor:
    if form == "console" or (form == "auto" and sys.stderr.isatty()):
        return structlog.dev.ConsoleRenderer()
    return structlog.processors.JSONRenderer()
