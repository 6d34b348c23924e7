"""The API as a process of its own: one Granian worker on uvloop, ended by SIGTERM or with its parent."""

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

_KILL_SECONDS = 10
_HEADER_TIMEOUT_MS = 15_000


def run_api(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. The application reads its settings itself, in the process that serves."""
    Granian(
        "lqs.api.app:create",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=host,
        port=port,
        workers=1,
        workers_kill_timeout=_KILL_SECONDS,
        websockets=False,
        log_level=LogLevels.warning,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_TIMEOUT_MS),
        process_name="lqs api",
    ).serve()
