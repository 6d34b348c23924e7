"""What README shows works as printed, on the real service."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

from running import Service

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


async def run(service: Service, *command: str) -> str:
    done = await asyncio.to_thread(
        subprocess.run, command, env=dict(service.environment), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_the_python_of_the_readme_prints_what_became_of_five_problems(service: Service) -> None:
    [snippet] = blocks("python")

    first, *problems = (await run(service, sys.executable, "-c", snippet)).splitlines()

    assert first == "completed 5 0"
    assert len(problems) == 5
    assert all(re.fullmatch(r"- .+[.?!] = .+[.?!]", problem) for problem in problems)


async def test_the_commands_of_the_readme_follow_one_generation_request(service: Service) -> None:
    lines = [line.partition("#")[0].split() for block in blocks("sh") for line in block.splitlines()]
    commands = [words[1:] for words in lines if words[:1] == ["lqs"]]
    [generate, listing, get, cancel] = commands
    lqs = (sys.executable, "-m", "lqs.cli")

    told = json.loads((await run(service, *lqs, *generate, "--json")).splitlines()[-1])
    listed, shown, kept = [
        json.loads(
            await run(service, *lqs, *[told["request_id"] if word == "ID" else word for word in words], "--json")
        )
        for words in (listing, get, cancel)
    ]

    assert (told["status"], told["generated_count"]) == ("completed", 5)
    assert shown == told
    assert listed["results"][0]["request_id"] == told["request_id"]
    durable = {name: value for name, value in told.items() if name not in ("progress", "health")}
    assert kept == durable | {"cancel": kept["cancel"]}
    assert kept["cancel"]["outcome"] == "too_late"
