"""All the generated pages of docs/reference/."""

from tools.pages.cli import cli_page
from tools.pages.client import client_page
from tools.pages.events import events_page
from tools.pages.http import http_page
from tools.pages.metrics import metrics_page
from tools.pages.settings import settings_page


def everything() -> dict[str, str]:
    """The text of each, by the name of its file."""
    return {
        "settings.md": settings_page(),
        "cli.md": cli_page(),
        "events.md": events_page(),
        "http.md": http_page(),
        "metrics.md": metrics_page(),
        "client.md": client_page(),
    }
