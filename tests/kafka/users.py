"""Who may log in to the broker of the tests; the names of those with rights are those of `run-on-kafka.md`."""

USER, PASSWORD = "tester", "hunter2-and-more"

PASSWORDS = {USER: PASSWORD, **{name: f"{name}-secret" for name in ("worker", "topics", "operator", "reader")}}
