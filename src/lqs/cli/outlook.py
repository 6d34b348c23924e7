"""Where a generation request stands, in words, without the cost of a rendering library."""

from lqs.cli.plain import clean, duration
from lqs_client import GenerationRequest


def outlook(state: GenerationRequest) -> str:
    """Where it stands, in a few words: queued where, how long still, and what is not as it should be."""
    words = [clean(state.status)]
    if state.progress and not state.done:
        if state.progress.phase == "queued" and state.progress.queue_position:
            words.append(f"place {state.progress.queue_position} in the queue")
        if state.progress.eta_seconds is not None:
            words.append(f"about {duration(state.progress.eta_seconds)} left")
        if state.health and state.health != "on_track":
            words.append(clean(state.health))
    return ", ".join(words)
