"""Announcements on their way to the work topic."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from lqs.dispatch.kafka import messages
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.outgoing import Sender
from lqs.dispatch.kafka.records import Outgoing
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.dispatch.relay import Send, Undelivered
from lqs.observability.telemetry import Telemetry
from lqs.storage.announcements import Announcement


@asynccontextmanager
async def open_sender(access: Access, telemetry: Telemetry) -> AsyncIterator[Send]:
    """A way to the workers for as long as this lasts."""
    work = topic(access.topic_prefix, TopicName.WORK)
    sender = Sender(access, telemetry)

    async def send(announcements: Sequence[Announcement]) -> Undelivered:
        sent = await sender.send([_message(one, work, telemetry) for one in announcements])
        return Undelivered([announcements[place] for place in sorted(sent.unsent)], sent.reason)

    await sender.send(())  # nothing, so that the client is made and finds the brokers before there is any hurry
    try:
        yield send
    finally:
        await sender.close()


def _message(one: Announcement, work: str, telemetry: Telemetry) -> Outgoing:
    """The message of an announcement, made in the trace that its slot was asked for in."""
    trace = one.trace
    if trace is not None:
        with telemetry.step(
            "slot.announced", under=trace, topic=work, request_id=one.request_id, index=one.index, times=one.times
        ) as step:
            trace = step.trace
    return Outgoing(work, messages.key(one), messages.encode(one), messages.HEADERS, trace)
