"""`lqs config`: addresses and keys kept under names, and which of them a command would use."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from lqs.cli.arguments import JsonOption, UrlOption, WrongUsage, new_app
from lqs.cli.plain import clean, columns
from lqs.cli.program import command
from lqs_client import looks_like_key
from lqs_client.credentials import (
    DEFAULT_URL,
    KEY_VARIABLE,
    PROFILE_VARIABLE,
    URL_VARIABLE,
    ProfileUnknown,
    credentials_file,
    name_in_use,
    read_kept,
    write_kept,
)
from lqs_client.profiles import DEFAULT_PROFILE, Kept, Profile, check_name

_KEY_PREFIX_PARTS = 3

app = new_app("Show and keep addresses and keys, each pair under a name: a profile.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the profile.")]


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a value may come from; None if it has none there."""

    place: str
    value: str | None


@app.command()
def show(
    explain: Annotated[
        bool, typer.Option("--explain", help="Every place that was looked at, the first first.")
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show which address, key and profile a command would use, and where each comes from; a key is not shown whole."""
    found = _sources(url)
    if as_json:
        print(json.dumps({name: _as_object(sources) for name, sources in found.items()}, ensure_ascii=False))
        return
    for name, sources in found.items():
        winner = _winner(sources)
        print(f"{name:<8}  {clean(winner.value or 'none')}" + ("" if explain else f"  ({winner.place})"))
        for one in sources if explain else ():
            sign = "  <- used" if one is winner and one.value else ""
            print(f"  {one.place}: {clean(one.value or '-')}{sign}")
    sys.stdout.flush()
    if _winner(found["api_key"]).value is None:
        makes = f"{command('up')} makes the first key, {command('admin new-key')} another"
        print(f"  Next: {makes}; {command('config set NAME --key-from-stdin')} keeps one", file=sys.stderr)


@app.command(name="list")
def list_profiles(as_json: JsonOption = False) -> None:
    """List the profiles; * marks the one in use."""
    kept, used = read_kept(), name_in_use()
    if as_json:
        told = [
            {"name": name, "api_url": one.api_url, "api_key": _masked(one.api_key), "in_use": name == used}
            for name, one in kept.profiles.items()
        ]
        print(json.dumps({"profiles": told}, ensure_ascii=False))
        return
    rows = [
        ("*" if name == used else " ", name, one.api_url or "-", _masked(one.api_key) or "-")
        for name, one in kept.profiles.items()
    ]
    if rows:
        print(columns((" ", "NAME", "ADDRESS", "KEY"), rows))
    else:
        print(f"There are none.\n  Next: {command('config set NAME --url URL')} makes one", file=sys.stderr)


@app.command(name="set")
def set_profile(
    name: NameArgument,
    url: UrlOption = None,
    key_from_stdin: Annotated[
        bool, typer.Option("--key-from-stdin", help="Read the key from standard input; no option takes it.")
    ] = False,
) -> None:
    """Keep an address, a key or both under a name; what is not said stays as it was."""
    if url is None and not key_from_stdin:
        raise WrongUsage("there is nothing to keep: add --url, --key-from-stdin or both")
    kept = read_kept()
    profile = kept.profiles.get(_checked(name), Profile())
    if url is not None:
        profile = replace(profile, api_url=_checked_url(url))
    if key_from_stdin:
        key = sys.stdin.readline().strip()
        if not looks_like_key(key):
            raise WrongUsage("what standard input has is no key of lqs: mistyped, or cut when copied")
        profile = replace(profile, api_key=key)
    file = write_kept(Kept({**kept.profiles, name: profile}, kept.chosen))
    print(
        f"Kept in {file}.\n  Next: {command(f'config use {name}')}, or --profile {name} with a command", file=sys.stderr
    )


@app.command()
def use(name: NameArgument) -> None:
    """Use this profile from now on, unless --profile or LQS_PROFILE names another."""
    kept = _with_profile(name)
    write_kept(Kept(kept.profiles, name))
    if os.environ.get(PROFILE_VARIABLE):
        print(f"{PROFILE_VARIABLE} is set and still wins.", file=sys.stderr)
    print(f"  Next: {command('doctor')}", file=sys.stderr)


@app.command()
def delete(name: NameArgument) -> None:
    """Forget a profile and its key; the key itself goes on working until it is revoked."""
    kept = _with_profile(name)
    left = {one: profile for one, profile in kept.profiles.items() if one != name}
    write_kept(Kept(left, DEFAULT_PROFILE if kept.chosen == name else kept.chosen))


def _with_profile(name: str) -> Kept:
    kept = read_kept()
    if name not in kept.profiles and name != DEFAULT_PROFILE:
        raise ProfileUnknown(f"there is no profile {name!r} in {credentials_file()}")
    return kept


def _checked(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise WrongUsage(str(error)) from error


def _checked_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise WrongUsage(f"{url!r} is no address: it must start with http:// or https:// and a host")
    return url


def _sources(url: str | None) -> Mapping[str, list[Source]]:
    kept, used = read_kept(), name_in_use()
    if used not in kept.profiles and used != DEFAULT_PROFILE:
        raise ProfileUnknown(f"there is no profile {used!r} in {credentials_file()}")
    profile, place = kept.profiles.get(used, Profile()), f"profile {used} in {credentials_file()}"
    said = any(word.partition("=")[0] == "--profile" for word in sys.argv)
    named = os.environ.get(PROFILE_VARIABLE, "").strip() or None
    return {
        "api_url": [
            Source("--url", url),
            Source(URL_VARIABLE, os.environ.get(URL_VARIABLE, "").strip() or None),
            Source(place, profile.api_url),
            Source("default", DEFAULT_URL),
        ],
        "api_key": [
            Source(KEY_VARIABLE, _masked(os.environ.get(KEY_VARIABLE, "").strip() or None)),
            Source(place, _masked(profile.api_key)),
        ],
        "profile": [
            Source("--profile", named if said else None),
            Source(PROFILE_VARIABLE, None if said else named),
            Source(str(credentials_file()), kept.chosen if kept.chosen != DEFAULT_PROFILE else None),
            Source("default", DEFAULT_PROFILE),
        ],
    }


def _winner(sources: list[Source]) -> Source:
    return next((one for one in sources if one.value), Source("nowhere", None))


def _masked(key: str | None) -> str | None:
    """As much of a key as is no secret."""
    if key is None:
        return None
    return "_".join(key.split("_")[:_KEY_PREFIX_PARTS]) + "_..." if looks_like_key(key) else "(no key of lqs)"


def _as_object(sources: list[Source]) -> dict[str, object]:
    winner = _winner(sources)
    looked_at = [{"source": one.place, "value": one.value} for one in sources]
    return {"value": winner.value, "source": winner.place, "looked_at": looked_at}
