"""`lqs kafka dead-letters`: messages that no worker could read, as they came; not the slots that failed for good."""

import json
import re
import sys
from typing import Annotated

import typer

from lqs.cli.arguments import WrongUsage, new_app
from lqs.cli.exit_codes import ExitCode
from lqs.cli.operate import JsonOption
from lqs.cli.plain import clean, columns, counted
from lqs.cli.program import command
from lqs.cli.starting import sentences

app = new_app("Look at messages that no worker could read, and send them again.")

_ID = re.compile(r"(\d{1,9}):(\d{1,18})")

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Such as 2:17; as the list shows.")]


@app.command(name="list")
def list_unread(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 20, as_json: JsonOption = False
) -> None:
    """List the messages that no worker could read, newest first."""
    with sentences():
        from lqs.cli.kafka_access import kafka_of_the_settings
        from lqs.cli.kafka_replay import listed
        from lqs.dispatch.kafka.dead_letters import UnreadMessages

        found = listed(UnreadMessages(kafka_of_the_settings()).newest(limit))
    if as_json:
        print(json.dumps({"results": found}, ensure_ascii=False))
        return
    names = ("id", "kept_at", "from", "bytes", "reason")
    print(columns(("ID", "KEPT AT", "FROM", "BYTES", "REASON"), [[str(one[name]) for name in names] for one in found]))
    sys.stdout.flush()
    if found:
        newest = found[0]["id"]
        print(f"  Next: {command(f'kafka dead-letters replay {newest} --dry-run')}", file=sys.stderr)


@app.command()
def replay(
    ids: IdsArgument = None,
    every: Annotated[bool, typer.Option("--all", help="All that are there now.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be sent, and send nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send messages again to where they came from, as they came; they stay in the list until their time is over."""
    places = [_place(one) for one in ids or []]
    if bool(places) == every:
        raise WrongUsage("name messages by their ids, or say --all")
    with sentences():
        from lqs.cli.kafka_access import kafka_of_the_settings
        from lqs.cli.kafka_replay import Outcome, replay_all, replay_some

        access = kafka_of_the_settings()
        outcome: Outcome = replay_all(access, dry_run) if every else replay_some(access, places, dry_run)
    if as_json:
        left = [{"id": place, "reason": reason} for place, reason in outcome.left]
        print(json.dumps({"dry_run": dry_run, "replayed": outcome.replayed, "left": left}, ensure_ascii=False))
    else:
        words = "would be sent again" if dry_run else "sent again"
        print(f"{counted(len(outcome.replayed), 'message', 'messages')} {words}.")
        for place, reason in outcome.left:
            print(f"{place}: not sent, {clean(reason)}", file=sys.stderr)
    if outcome.left:
        raise typer.Exit(ExitCode.ERROR)


def _place(written: str) -> tuple[int, int]:
    match = _ID.fullmatch(written)
    if match is None:
        raise WrongUsage(f"{written!r} is no id of a message: they look like 2:17, as the list shows")
    return int(match[1]), int(match[2])
