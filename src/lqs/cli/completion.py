"""Completes commands and options from a list made beforehand, so that a key press loads no framework and no client.

The list is `completion.json`: for each command its help, its options, and the commands below it. It is made by
`python -m lqs.cli.completion`, which loads everything once.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

VARIABLE = "_LQS_COMPLETE"
LIST = Path(__file__).with_name("completion.json")
_SHELLS = ("complete_bash", "complete_zsh", "complete_fish")


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether a shell asks, and one that is answered here."""
    return environ.get(VARIABLE, "") in _SHELLS


def complete(environ: Mapping[str, str]) -> int:
    """Answer the shell on standard output; the result is the exit code."""
    words, begun = _typed(environ)
    offers = list(_offers(json.loads(LIST.read_text(encoding="utf-8")), words, begun))
    match environ[VARIABLE]:
        case "complete_bash":
            print("\n".join(word for word, _ in offers))
        case "complete_zsh":
            listed = "\n".join(f'"{_quoted(word)}":"{_quoted(about)}"' for word, about in offers)
            print(f"_arguments '*: :(({listed}))'" if offers else "_files")
        case _ if environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
            return 0 if offers else 1
        case _:
            print("\n".join(f"{word}\t{about}" for word, about in offers))
    return 0


def listed() -> dict[str, Any]:
    """The list as the commands are now."""
    from lqs.cli.app import tree

    return tree()


def _typed(environ: Mapping[str, str]) -> tuple[Sequence[str], str]:
    if environ[VARIABLE] == "complete_bash":
        words = _split(environ.get("COMP_WORDS", ""))
        place = int(environ.get("COMP_CWORD", "0"))
        return words[1:place], words[place] if place < len(words) else ""
    text = environ.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(text)[1:]
    return (words[:-1], words[-1]) if words and not text.endswith(" ") else (words, "")


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # a quote that is not closed yet
        words.append(lexer.token)
    return words


def _offers(command: Mapping[str, Any], words: Sequence[str], begun: str) -> Iterator[tuple[str, str]]:
    for word in words:
        command = command["commands"].get(word, command)
    names = command["options"] if begun.startswith("-") else {
        name: below["help"] for name, below in command["commands"].items()
    }  # fmt: skip
    return ((name, about) for name, about in names.items() if name.startswith(begun))


def _quoted(text: str) -> str:
    for sign, written in (('"', '""'), ("'", "''"), ("$", "\\$"), ("`", "\\`"), (":", r"\\:")):
        text = text.replace(sign, written)
    return text


if __name__ == "__main__":
    LIST.write_text(json.dumps(listed(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
