"""The account the embedded PostgreSQL runs as: the user's own, or for root another one, as PostgreSQL refuses root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class EmbeddedRefused(Exception):
    """The embedded PostgreSQL cannot be used here; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account of this machine; `foreign` when it is not the one this process runs as."""

    name: str
    uid: int
    gid: int
    foreign: bool

    @classmethod
    def choose(cls, data: Path) -> Self:
        """This user; for root the owner of `data`, or the best account there is while `data` does not exist.

        Raises `EmbeddedRefused` when root has no account to offer.
        """
        if os.geteuid() != 0:
            return cls(f"user {os.geteuid()}", os.geteuid(), os.getegid(), foreign=False)
        if data.exists():
            entry = _owner(data)
        else:
            entry = _account("postgres") or _account("lqs") or _added_account("lqs") or _account("nobody")
        if entry is None or entry.pw_uid == 0:
            raise EmbeddedRefused(
                "PostgreSQL does not run as root, and lqs found no account to run it as: "
                "create one with `useradd --system lqs`, or run lqs as an ordinary user."
            )
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, foreign=True)

    def run(self, command: Sequence[str], *, stderr: int = subprocess.PIPE) -> "subprocess.CompletedProcess[str]":
        """Run a short command as this account in a session of its own; nothing of our environment reaches it."""
        # PGPORT, PGOPTIONS and their like would change what the server does.
        environment = {"LC_ALL": "C", "PATH": os.defpath}
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            env=environment,
            cwd="/",
            text=True,
            errors="replace",
            check=False,
            user=self.uid if self.foreign else None,
            group=self.gid if self.foreign else None,
            extra_groups=[] if self.foreign else None,
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may pass through `folder` and all folders above it."""
        return self.run(["/bin/sh", "-c", 'test -d "$1" && test -x "$1"', "sh", str(folder)]).returncode == 0

    def can_run(self, program: Path) -> bool:
        """Whether this account may start `program`."""
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", str(program)]).returncode == 0

    def give(self, path: Path) -> None:
        """Make this account the owner of a file or folder that we have just created."""
        if self.foreign:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def _owner(folder: Path) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(folder.stat().st_uid)
    except KeyError:
        return None


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _added_account(name: str) -> pwd.struct_passwd | None:
    program = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if program is None:
        return None
    command = [program, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return _account(name)
