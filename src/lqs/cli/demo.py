"""`lqs demo`: ten problems, generated for real on a service that leaves nothing behind."""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from lqs.cli.arguments import new_app
from lqs.cli.displays import choose_display
from lqs.cli.exit_codes import ExitCode
from lqs.cli.plain import duration
from lqs.cli.render import console, print_entities
from lqs.cli.service import Plan, run_service, with_grace
from lqs.cli.starting import sentences
from lqs.cli.supervise import StopSignals
from lqs.cli.up import lqs_command, tell
from lqs.lifecycle.keys import bootstrap
from lqs.settings import load
from lqs.storage.database import Database
from lqs_client import AsyncClient, GenerationRequest

app = new_app()

COUNT = 10
CONSTRAINTS = {
    "tenses": ["present", "passe_compose"],
    "verbs": ["aller", "prendre", "se lever", "finir", "venir", "manger", "naître", "se promener", "voir", "partir"],
}
_SETTINGS = {
    "LQS_API_PORT": "0",
    "LQS_GENERATOR": "simulated",
    "LQS_SIMULATED_SEED": "10",
    "LQS_SIMULATED_LATENCY_SECONDS": "1.6",
    "LQS_SIMULATED_LATENCY_SIGMA": "0.5",
    "LQS_POLL_SECONDS": "0.25",
    "LQS_GRACEFUL_STOP_SECONDS": "0.5",
    "LQS_LOG_FORMAT": "json",
}
