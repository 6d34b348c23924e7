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
make() {
    case "${1:-}" in up) served command make "$@";; *) command make "$@";; esac
}
# The value of a field of the JSON that comes in.
field() {
    "$PYTHON" -c "import json, sys; print(json.load(sys.stdin)[sys.argv[1]])" "$1"
}
# The ids of so many generation requests that failed: their time is over before a call of the simulated model is.
failed() {
    local wanted=$1 found; shift
    until found=$(lqs generation list --status failed --all --ids); [ "$(wc -w <<<"$found")" -ge "$wanted" ]; do
        lqs generation wait $(for _ in $(seq "$wanted"); do lqs problems generate "$@" --finish-within 1s; done)
    done >&2
    echo "$found"
}
stop_served() {
    for pid in "${SERVED[@]}"; do kill "$pid"; done
    wait
}
