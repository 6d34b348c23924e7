# What the shell of a page knows beforehand.
FAILED=() SERVED=()
trap 'FAILED+=("$?")' ERR
# What serves until Ctrl-C runs as in another terminal; the page goes on once it is ready.
served() {
    local log; log=$(mktemp "$SESSION/served.XXXXXX")
    "$@" >"$log" 2>&1 </dev/null &
    SERVED+=("$!")
    "$PYTHON" "$PROGRAMS/wait_until_ready.py" "$!" "$log" "$*"
}
lqs() {
    case "${1:-}" in up|serve|worker) [ "${2:-}" = --help ] || { served command lqs "$@"; return; };; esac
    command lqs "$@"
}
# The environment is there, and is not made anew from a folder that only looks like a clone.
make() {
    local made=(-o .venv/.runtime -o .venv/.dev)
    case "${1:-}" in up) served command make "${made[@]}" "$@";; *) command make "${made[@]}" "$@";; esac
}
# What pages take for granted is asked for over HTTP: a command takes a second where this takes none.
call() {
    curl -s "$LQS_API_URL$1" -H "Authorization: Bearer $LQS_API_KEY" -H 'Content-Type: application/json' "${@:2}"
}
# What an expression makes of the JSON that comes in, which it calls `it`.
told() {
    "$PYTHON" -c "import json, sys; it = json.load(sys.stdin); print($1)"
}
# The id of a new generation request, for this body.
asked() {
    call /problems/generate -d "$1" | told "it['request_id']"
}
ended() {
    call "/generation-requests/$1" -H 'Prefer: wait=60' >/dev/null
}
# The ids of so many generation requests of five slots that failed: their time is over before a call of the model is.
failed() {
    local found id
    until found=$(call '/generation-requests?status=failed' | told "*[one['request_id'] for one in it['results']]")
        [ "$(wc -w <<<"$found")" -ge "$1" ]
    do
        for id in $(for _ in $(seq "$1"); do asked '{"count": 5, "timeout_seconds": 1}'; done); do ended "$id"; done
    done
    echo "$found"
}
stop_served() {
    for pid in "${SERVED[@]}"; do kill "$pid"; done
    wait
}
