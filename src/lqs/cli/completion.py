"""Completes commands and options from a list made beforehand, so that a key press loads no framework and no client.

The list is `completion.txt`: a line for each command and each option, with the commands above it, a tab, and its help.
It is made by `python -m lqs.cli.completion`, which loads everything once. To answer within twice the time of the bare
interpreter, this module imports next to nothing, not even what reads JSON.
"""

import os

VARIABLE = "_LQS_COMPLETE"
LIST = os.path.join(os.path.dirname(__file__), "completion.txt")
_SHELLS = ("complete_bash", "complete_zsh", "complete_fish")
_QUOTES = "'\""


def wanted() -> bool:
    """Whether a shell asks, and one that is answered here."""
    return os.environ.get(VARIABLE, "") in _SHELLS


def complete() -> int:
    """Answer the shell on standard output; the result is the exit code."""
    words, begun = _typed()
    offers = _offers(_read(), words, begun)
    if os.environ[VARIABLE] == "complete_bash":
        print("\n".join(offers))
    elif os.environ[VARIABLE] == "complete_zsh":
        listed = "\n".join(f'"{_quoted(word)}":"{_quoted(about)}"' for word, about in offers.items())
        print(f"_arguments '*: :(({listed}))'" if offers else "_files")
    elif os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        return 0 if offers else 1
    else:
        print("\n".join(f"{word}\t{about}" for word, about in offers.items()))
    return 0


def listed() -> str:
    """The list as the commands are now."""
    from lqs.cli.app import lines_of_help

    return "".join(f"{words}\t{about}\n" for words, about in lines_of_help())


def _read() -> dict[str, str]:
    with open(LIST, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("\t", 1) for line in file)


def _typed() -> tuple[list[str], str]:
    """The words before the one that is completed, and what there is of that one."""
    if os.environ[VARIABLE] == "complete_bash":
        words = _split(os.environ.get("COMP_WORDS", ""))
        place = int(os.environ.get("COMP_CWORD", "0"))
        return words[1:place], words[place] if place < len(words) else ""
    text = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(text)[1:]
    return (words[:-1], words[-1]) if words and not text.endswith(" ") else (words, "")


def _split(text: str) -> list[str]:
    """The words as a shell sees them, as far as quotes go; one that is not closed lasts to the end."""
    words: list[str] = []
    within, fresh = "", True
    for sign in text:
        if sign == within:
            within = ""
        elif not within and sign in _QUOTES:
            within = sign
        elif sign == " " and not within:
            fresh = True
            continue
        if fresh:
            words.append("")
            fresh = False
        if sign not in _QUOTES:
            words[-1] += sign
    return words


def _offers(table: dict[str, str], words: list[str], begun: str) -> dict[str, str]:
    command = ""
    for word in words:
        longer = f"{command}{word}"
        if longer in table and not word.startswith("-"):
            command = f"{longer} "
    below = {line.removeprefix(command): about for line, about in table.items() if line.startswith(command)}
    return {
        word: about
        for word, about in below.items()
        if " " not in word and word.startswith(begun) and word.startswith("-") == begun.startswith("-")
    }


def _quoted(text: str) -> str:
    for sign, written in (('"', '""'), ("'", "''"), ("$", "\\$"), ("`", "\\`"), (":", r"\\:")):
        text = text.replace(sign, written)
    return text


if __name__ == "__main__":
    with open(LIST, "w", encoding="utf-8") as file:
        file.write(listed())
