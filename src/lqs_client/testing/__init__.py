"""A fake service for the tests of programs that use `lqs_client`: a small HTTP server, without a database.

    from lqs_client.testing import FakeService

    def test_what_my_program_does_with_a_failure() -> None:
        with FakeService() as service, service.client() as client:
            service.fail("provider_timeout", slots=1)
            request = client.generate_and_wait(count=3)
            assert (request.status, request.generated_count) == ("partial", 2)

It speaks the part of the API that makes entities: generate, get (with `Prefer: wait` and ETags), cancel, retry, and the
reading of one entity. Its answers have the shape of the real ones, which the tests of lqs see to; what is generated is
always the same problem. Everything ends as soon as it is looked at, unless `hold` keeps it under way.
"""

from lqs_client.testing._server import Call, FakeService
from lqs_client.testing._work import sample_problem

__all__ = ["Call", "FakeService", "sample_problem"]
