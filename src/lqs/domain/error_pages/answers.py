"""What is told about the errors that the API answers with. Their titles are those of the errors themselves."""

from collections.abc import Mapping
from types import MappingProxyType

from lqs.domain import errors
from lqs.domain.error_pages.page import Told
from lqs.domain.errors import LqsError

ANSWERS: Mapping[type[LqsError], Told] = MappingProxyType(
    {
        errors.BodyMalformed: Told(
            "The body of the call could not be read as JSON. Nothing was stored.",
            ("a comma, a quote or a bracket is missing", "the body was cut, or is not UTF-8", "it has NaN or Infinity"),
            "`python3 -m json.tool < body.json` names the place; correct it and send the call again",
        ),
        errors.BodyRefused: Told(
            "The body is JSON, but not what this operation takes. `errors` names every place (a JSON pointer), with a "
            "code, what to change, and the limits where there are any. Nothing was stored.",
            (
                "a member has a value outside its limits or of a wrong type",
                "a member is misspelt: unknown ones are refused, not ignored",
                "a constraint contradicts another one, or nothing can satisfy it",
                "a budget has no room for one call: its own, or the daily one of the key, which no body can mend",
            ),
            "correct what is named above and run the command again; `lqs problems generate --help` shows every option",
        ),
        errors.BodyTooLarge: Told(
            "The body is longer than any operation needs, and was not read to its end.",
            ("something else was sent than was meant, such as a whole file",),
            "send less; `lqs problems generate --help` shows what a generation request can have",
        ),
        errors.BodyTooSlow: Told(
            "The body was announced and did not arrive in time, so the connection was closed. Nothing was stored.",
            ("the network is very slow, or stalls", "a client announced more than it sent"),
            "send it again; `lqs doctor` tells how the way to the service is",
        ),
        errors.MediaTypeUnsupported: Told(
            "The body was not announced as plain JSON, so it was not read.",
            (
                "the header `Content-Type` is missing, or a client set one for forms",
                "it was compressed: there is a `Content-Encoding`",
            ),
            "send it with `Content-Type: application/json`; `lqs problems generate` does",
        ),
        errors.ParameterUnknown: Told(
            "The address has a query parameter that this operation does not know. It was not ignored, for a misspelt "
            "filter would otherwise find everything.",
            ("the name is misspelt", "the parameter belongs to another operation"),
            "correct the name; /openapi.json lists those of every operation, and `lqs generation list --help` filters",
        ),
        errors.ParameterRefused: Told(
            "A query parameter, or a header, has a value that this operation cannot use; `parameter` names it.",
            (
                "the value is outside its limits or none of the words it takes",
                "it was given twice",
                "a call that changes something came with `If-Match`; its condition is `if_version`, where it has one",
            ),
            "correct the value; `lqs generation list --help` shows what filters take",
        ),
        errors.CursorMismatch: Told(
            "The cursor does not belong to this list.",
            (
                "the filters or the order are others than on the page that gave the cursor",
                "it was cut, or comes from another list",
            ),
            "begin at the first page, without a cursor: `lqs generation list --all` goes through all of them",
        ),
        errors.IdempotencyKeyMalformed: Told(
            "The header `Idempotency-Key` cannot be a key. Nothing was stored.",
            ("it is empty, longer than 255 characters, or has others than visible ASCII",),
            "send a new UUID as key, or none; `lqs problems generate` makes one of its own",
        ),
        errors.IdempotencyKeyReused: Told(
            "The key was used before, for another body. Nothing was stored: the key stands for `existing_request_id`, "
            "and `differing_fields` names what differs.",
            ("a program uses one key for different wishes", "the body was changed between two tries of one call"),
            "use a new key for a new wish, or send the same body; `lqs generation find --key KEY` shows what there is",
        ),
        errors.IdempotencyKeyExpired: Told(
            "The key made a generation request whose record has been purged. Nothing was made again.",
            ("its retention is over, or somebody purged it",),
            "`lqs problems list` shows the entities, which stay; to generate anew, use a new key",
        ),
        errors.NotAuthenticated: Told(
            "The call has no key that this service knows and accepts.",
            (
                "the header `Authorization: Bearer lqs_live_...` is missing",
                "the key was revoked, has expired, or was cut when copied",
                "it is a key of another service",
            ),
            "set LQS_API_KEY, or make a key on the machine of the service: `lqs up` stores the first one, "
            "`lqs admin new-key` another",
        ),
        errors.ScopeMissing: Told(
            "The key is good, but lacks the scope that this operation needs; `detail` names it.",
            ("the key was made for less: each has read, write, priority or admin, as its maker chose",),
            "use a key that has it: whoever has one with admin makes it by `lqs keys create NAME --scope SCOPE`, and "
            "`lqs admin new-key` makes one on the machine of the service",
        ),
        errors.NotFound: Told(
            "Nothing of yours has this address. What belongs to somebody else is not told apart from what never was.",
            ("the id is mistyped", "it belongs to another owner than the key", "the address is none of this API"),
            "check the id, and that the key belongs to the owner who asked for it; `lqs generation list` shows yours",
        ),
        errors.NothingMatches: Told(
            "The pool of the owner has no entity of this kind that could be drawn. The code names the entity type, "
            "such as `no_problem_matches`; `generate` is what to send to have some made.",
            ("nothing was generated with these constraints yet", "the filters contradict each other"),
            "`lqs problems generate --count 5 --wait` with the same constraints, and then draw again",
        ),
        errors.MethodNotAllowed: Told(
            "The address exists, but not for this method; the header `Allow` names those it has.",
            ("a POST was sent as a GET, such as by following a redirect",),
            "use a method of the header `Allow`; /openapi.json lists them, and `lqs help` the commands",
        ),
        errors.NotDone: Told(
            "Only a generation request that is done can be tried again or purged. Nothing was changed.",
            ("its run has not ended yet",),
            "`lqs generation wait ID`, and then the same command again",
        ),
        errors.GenerationRequestPinned: Told(
            "It is pinned, so it is kept until somebody unpins it. Nothing was changed.",
            ("it was pinned to be kept, and now it is to be purged",),
            "`lqs generation unpin ID`, and then the same command again",
        ),
        errors.PriorityFixed: Told(
            "A priority weighs in the queue, and the slots of this generation request have left it.",
            ("its first slot has been started", "it has ended"),
            "`lqs generation get ID` shows where it stands; leave its priority as it is",
        ),
        errors.NothingToRetry: Told(
            "Nothing of what was chosen failed or was cancelled, so there is nothing to try again.",
            ("every entity is there", "the slots that were chosen are others than those that failed"),
            "`lqs generation get ID` (shows where every slot stands)",
        ),
        errors.BudgetSpent: Told(
            "A further run keeps the budget it had unless it brings another, and that has no room for a call.",
            (
                "the calls so far cost nearly all of `max_cost_microusd`",
                "the new budget leaves no room for one more call",
            ),
            "`lqs generation retry ID --max-cost DOLLARS` (what all runs together may cost from now on)",
        ),
        errors.DeadLetterResolved: Told(
            "A dead letter is requeued or discarded once, and somebody has done so.",
            ("somebody else was quicker", "the call is a repetition with another idempotency key"),
            "`lqs dead-letters list` (shows what nobody has dealt with)",
        ),
        errors.GenerationRequestPurged: Told(
            "It was there, and its record has been purged. `purged_at`, `status_at_end` and `counts` are what is left; "
            "the entities stay.",
            ("its retention is over", "somebody purged it"),
            "its entities are still there: `lqs problems list`; generate anew for others",
        ),
        errors.VersionMismatch: Told(
            "It has another version than the call named. Nothing was done; `current_version` is the version now.",
            ("it went on, or somebody changed it, after you looked",),
            "`lqs generation get ID`, and then decide",
        ),
        errors.DailyBudgetExhausted: Told(
            "The key has a daily budget, which has no room for another call. `Retry-After` says when the next day "
            "(UTC) begins.",
            ("the calls of the day cost nearly all of it", "calls in flight hold the rest as reservations"),
            "wait for the next day, or use another key: `lqs keys create NAME --scope write --daily-budget DOLLARS`",
        ),
        errors.RateLimited: Told(
            "The owner has made as many calls of this kind as a minute allows. `Retry-After` and the header "
            "`RateLimit` say when the next one is granted.",
            ("a program polls quicker than `poll_after_ms` asks", "several programs share one owner"),
            "the same call after `Retry-After`; `lqs generation wait ID` waits with few calls, and GET /limits tells "
            "what is left",
        ),
        errors.ActiveQuotaExceeded: Told(
            "The owner has as many generation requests under way as it may. Nothing was stored.",
            ("more is asked for than is worked off", "no worker is alive, so nothing ends"),
            "`lqs generation list --state open` shows them: wait for one, or `lqs generation cancel ID`",
        ),
        errors.StatisticsTooLarge: Told(
            "Counting was ended because it took too long.",
            ("the window holds more generation requests than can be counted at once",),
            "`lqs generation stats --since TIME` with a narrower window, or without groups",
        ),
        errors.InternalError: Told(
            "A fault of the service. It was logged with the trace id; the answer tells nothing private.",
            ("a defect in lqs",),
            "the same command again; if it stays, report the trace id; `lqs doctor` tells whether all else is well",
        ),
        errors.QueueFull: Told(
            "More slots wait than the operator wants to have waiting. Nothing was stored.",
            ("more is asked for than the workers do", "no worker is alive"),
            "the same command later, with the same idempotency key; `lqs doctor` counts the workers",
        ),
        errors.ServiceUnavailable: Told(
            "The service cannot answer now. What was accepted before is safe.",
            (
                "the database is away, restarts, or has no connection left",
                "the disk of the database is full",
                "a statement took longer than it may",
            ),
            "the same command again in a moment; if it stays, `lqs doctor` on the machine of the service says why",
        ),
    }
)
