"""How this program was called, so that the commands it suggests can be pasted as they stand."""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "lqs"


def program(*, anywhere: bool = False) -> str:
    """What to type for `lqs`: the word alone where the shell finds it, else the way to the program.

    The way is relative inside the working folder; with `anywhere` it is absolute, for use from another folder.
    """
    called = _called()
    found = shutil.which(NAME)
    if found and Path(found).resolve() == called.resolve():
        return NAME
    here = Path.cwd()
    if anywhere or not called.is_relative_to(here):
        return shlex.quote(str(called))
    shortened = str(called.relative_to(here))
    return shlex.quote(shortened if "/" in shortened else f"./{shortened}")


def command(words: str, *, anywhere: bool = False) -> str:
    """A command of this program to paste, such as `up` or `generation wait ID`."""
    return f"{program(anywhere=anywhere)} {words}"


def _called() -> Path:
    called = Path(sys.argv[0])
    # python -m and python -c call no program; the one beside the interpreter is the same
    return called.absolute() if called.name == NAME else Path(sys.executable).with_name(NAME)
