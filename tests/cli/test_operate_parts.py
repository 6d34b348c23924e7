"""`lqs serve`, `lqs worker` and `lqs migrate`, each as a process of its own."""

from lqs_client import Client
from running import Service


def test_an_api_and_a_worker_that_were_started_alone_generate_together(service: Service) -> None:
    with Client(service.key, api_url=service.url) as client:
        request = client.generate_and_wait(count=3, timeout=30)

    assert request.status == "completed"
    assert len(request.entities) == 3
