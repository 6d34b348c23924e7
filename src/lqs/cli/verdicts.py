"""The five ways a wait can end, each with its exit code and the next useful command."""

from dataclasses import dataclass

from lqs.cli.exit_codes import ExitCode
from lqs.cli.plain import clean, counted, duration
from lqs.cli.program import command
from lqs.domain.money import money
from lqs_client import Cost, GenerationRequest, WaitTimeout


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended: `text` for people, `next_step` the command that helps now."""

    exit_code: ExitCode
    text: str
    next_step: str


def judge(request: GenerationRequest, *, partial_ok: bool) -> Verdict:
    """The verdict on a generation request that is done."""
    request_id = request.request_id
    made = f"{request.generated_count} of {asked_for(request)}"
    took = _took(request)
    match request.status:
        case "completed":
            return Verdict(ExitCode.DONE, f"Completed: {made}{took}.", command(f"generation get {request_id} --json"))
        case "partial":
            code = ExitCode.DONE if partial_ok else ExitCode.PARTIAL
            step = f"{retry_command(request)} (tries again what failed)"
            return Verdict(code, f"Partial: {made}{took}; {_reasons(request)}.", step)
        case "failed":
            step = command(f"generation get {request_id}") + " (says why, slot by slot)"
            return Verdict(ExitCode.FAILED, f"Failed: {made}{took}; {_reasons(request)}.", step)
        case "cancelled":
            step = command(f"generation get {request_id}") + " (shows what was kept)"
            return Verdict(ExitCode.CANCELLED, f"Cancelled{took}: {made} were generated before.", step)
        case other:
            step = command(f"generation get {request_id} --json")
            text = f"Ended as {clean(other)!r}, a word newer than this program: {made}{took}."
            return Verdict(ExitCode.ERROR, text, step)


def retry_command(request: GenerationRequest) -> str:
    """The command that tries again what failed; with more money where a budget of its own has ended it."""
    poor = request.cost.limit_microusd is not None and any(
        one.code == "budget_exhausted" for one in request.error_summary
    )
    return command(f"generation retry {request.request_id}{' --max-cost DOLLARS' if poor else ''} --wait")


def asked_for(request: GenerationRequest) -> str:
    """How many entities of which type, such as 5 problems."""
    return counted(request.requested_count, clean(request.entity_type), clean(request.entity_type_plural))


def judge_timeout(timeout: WaitTimeout, waited: float) -> Verdict:
    """The verdict when the waiting ended first; the work goes on."""
    last, step = timeout.last, command(f"generation wait {timeout.request_id}")
    if last is None:
        return Verdict(ExitCode.ERROR, f"No answer in {duration(waited)}: {timeout.trouble}.", step)
    seen = f"{last.generated_count} of {last.requested_count} generated, {last.failed_count} failed"
    lost = f"; no answer since: {timeout.trouble}" if timeout.trouble else ""
    text = f"Still {clean(last.status)} after {duration(waited)}: {seen}{lost}. The work goes on."
    return Verdict(ExitCode.STILL_RUNNING, text, step)


def cost_in_words(cost: Cost) -> str:
    """What was spent, of how much, and how much of it for nothing."""
    limit = "" if cost.limit_microusd is None else f" of at most {money(cost.limit_microusd)}"
    remarks = [f"{money(cost.wasted_microusd)} of it for nothing"] if cost.wasted_microusd else []
    remarks += ["some of it estimated"] if cost.estimated else []
    return f"{money(cost.total_microusd)}{limit}" + (f" ({', '.join(remarks)})" if remarks else "")


def _took(request: GenerationRequest) -> str:
    spent = f" for {money(request.cost.total_microusd)}" if request.cost.total_microusd else ""
    if request.run > 1:
        return f" in {request.run} runs{spent}"
    if request.requested_at is None or request.completed_at is None:
        return spent
    return f" in {duration((request.completed_at - request.requested_at).total_seconds())}{spent}"


def _reasons(request: GenerationRequest) -> str:
    if request.end_reason == "start_deadline_exceeded":
        return "no worker started it in time, so it cost nothing"
    reasons = [f"{clean(one.code)} x{one.count}" for one in request.error_summary]
    return ", ".join(reasons) or clean(request.error_message or request.end_reason or "no reason was told")
