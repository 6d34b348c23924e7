"""Plays a flow: gives it answers and failures, lets its sleeps pass on a clock of our own, and keeps its steps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lqs_client._wire import Flow, HttpRequest, HttpResponse, Result, Sleep


@dataclass
class Stage:
    """`now` is the time in seconds; every answer takes `seconds_per_answer`."""

    seconds_per_answer: float = 0.0
    now: float = 1000.0
    steps: list[Any] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    @property
    def calls(self) -> list[HttpRequest]:
        return [step for step in self.steps if isinstance(step, HttpRequest)]

    @property
    def sleeps(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Sleep)]

    def play(self, flow: Flow[Result], answers: Sequence[HttpResponse | Exception]) -> Result:
        """The result of the flow; the last answer is given for ever."""
        left = list(answers)
        reply: HttpResponse | Exception | None = None
        while True:
            try:
                step = flow.throw(reply) if isinstance(reply, Exception) else flow.send(reply)
            except StopIteration as end:
                return end.value
            self.steps.append(step)
            reply = None
            match step:
                case Sleep(seconds):
                    self.now += seconds
                case HttpRequest():
                    self.now += self.seconds_per_answer
                    reply = left.pop(0) if len(left) > 1 else left[0]


def answer(status: int = 200, body: Any = None, headers: Mapping[str, str] | None = None) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return HttpResponse(status, headers or {}, content)
