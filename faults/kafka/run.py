"""All kinds one after the other, each on a stage of its own; the figures of each in one line."""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.cluster import Cluster, cluster
from faults.kafka.kinds import KINDS, NEEDS_THREE, ON_BOTH_PROTOCOLS
from faults.kafka.stage import Found, judge, stage, under_load
from faults.server import Server, server

FULL_SECONDS = 30.0
SHORT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Which kinds are done with which group protocols, each for about how long. `logs` keeps what workers say."""

    kinds: Sequence[str]
    protocols: Sequence[str]
    seconds: float
    seed: int
    logs: Path | None = None

    def rounds(self, nodes: int) -> Iterator[tuple[str, str]]:
        """The kinds for so many brokers, each with the protocols that may make a difference to it."""
        for protocol in self.protocols:
            for kind in self.kinds:
                if (kind in NEEDS_THREE) == (nodes == 3) and (protocol == "classic" or kind in ON_BOTH_PROTOCOLS):
                    yield kind, protocol


async def run(plan: Plan, tell: Callable[[Found], None]) -> list[Found]:
    """Do it all, and return what was found; `tell` hears each as it comes."""
    found = []
    with tempfile.TemporaryDirectory(prefix="lqs-faults-kafka-") as folder:
        async with server(durable=True) as postgres:
            for nodes in (1, 3):
                if not any(plan.rounds(nodes)):
                    continue
                with cluster(Path(folder) / f"brokers-{nodes}", nodes=nodes) as brokers:
                    for kind, protocol in plan.rounds(nodes):
                        place = (plan.logs or Path(folder)) / f"{kind}-{protocol}"
                        place.mkdir(parents=True, exist_ok=True)
                        one = await _do(plan, Found(kind, protocol, nodes), postgres, brokers, place)
                        tell(one)
                        found.append(one)
    return found


async def _do(plan: Plan, found: Found, postgres: Server, brokers: Cluster, folder: Path) -> Found:
    began = time.monotonic()
    rng = random.Random(f"{plan.seed} {found.kind}")
    async with stage(postgres, brokers, folder, protocol=found.protocol, rng=rng) as on:
        async with under_load(on):
            await on.until_settled(20)
            found.hits = await KINDS[found.kind](on, plan.seconds)
        await judge(on, found)
    for node in brokers.nodes:
        if not node.lives():
            node.start()
    await asyncio.to_thread(brokers.wait_until_ready)
    found.seconds = time.monotonic() - began
    return found
