"""`lqs demo`: ten problems, generated for real on a service that leaves nothing behind."""

from lqs.cli.arguments import new_app

app = new_app()

COUNT = 10
CONSTRAINTS = {
    "tenses": ["present", "passe_compose"],
    "verbs": ["aller", "prendre", "se lever", "finir", "venir", "manger", "naître", "se promener", "voir", "partir"],
}
_SETTINGS = {
    "LQS_API_PORT": "0",
    "LQS_GENERATOR": "simulated",
    "LQS_SIMULATED_SEED": "10",
    "LQS_SIMULATED_LATENCY_SECONDS": "1.6",
    "LQS_SIMULATED_LATENCY_SIGMA": "0.5",
    "LQS_POLL_SECONDS": "0.25",
    "LQS_GRACEFUL_STOP_SECONDS": "0.5",
    "LQS_LOG_FORMAT": "json",
}
