"""Makes from the settings what has to do with Kafka, and what stands in for it where there is none."""

from dataclasses import dataclass
from functools import partial

from lqs.dispatch.kafka.access import Access, Certificates, Login
from lqs.dispatch.postgres import Doorbell
from lqs.dispatch.publishing import OpenPublishing, Publishing, PublishingRules
from lqs.dispatch.relay import OpenRelay, Relay, RelayRules
from lqs.dispatch.transport import OpenTransport
from lqs.lifecycle.promote import promote
from lqs.lifecycle.run import Workshop
from lqs.observability.telemetry import Telemetry
from lqs.settings import Settings
from lqs.storage import publication
from lqs.storage.database import Database

_SILENCE_POLLS = 1.5
"""How many polls long nothing may be heard before a worker with free places looks for itself."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How workers learn of work, and what tells others; the latter two are None without Kafka."""

    open_transport: OpenTransport
    open_relay: OpenRelay | None = None
    open_publishing: OpenPublishing | None = None


def kafka_ways(settings: Settings, database: Database, workshop: Workshop) -> Ways:
    """Messages if there is a Kafka for them, else the notices of the database. Raises `KafkaTrouble`."""
    access = kafka_access(settings)
    if access is None:
        return Ways(partial(Doorbell, database))
    # The client library takes a tenth of a second to import, which nobody pays who does not use it.
    from lqs.dispatch.kafka.brokers import refuse_wrong  # noqa: PLC0415
    from lqs.dispatch.kafka.cloud_events import open_events_topic  # noqa: PLC0415
    from lqs.dispatch.kafka.intake import Intake, IntakeRules  # noqa: PLC0415
    from lqs.dispatch.kafka.sender import open_sender  # noqa: PLC0415

    refuse_wrong(access, workshop.telemetry)
    relay_rules = RelayRules(
        entity_types=list(workshop.entity_types),
        lease_seconds=settings.lease_seconds,
        again_seconds=settings.kafka_again_seconds,
    )

    def open_relay(telemetry: Telemetry) -> Relay:
        ready = partial(promote, database, policy=workshop.policy, batch=settings.claim_batch_slots)
        return Relay(database, telemetry, partial(open_sender, access), ready, relay_rules)

    def open_publishing(telemetry: Telemetry) -> Publishing:
        rules = PublishingRules(kept_seconds=settings.kafka_unpublished_seconds)
        return Publishing(database, telemetry, partial(open_events_topic, access), rules)

    return Ways(
        partial(Intake, access, IntakeRules(_SILENCE_POLLS * settings.poll_seconds)), open_relay, open_publishing
    )


async def want_events(settings: Settings, database: Database) -> None:
    """See to it that what happens from now on is kept until it is published, if there is a Kafka for it."""
    if settings.kafka_bootstrap_servers is not None:
        async with database.transaction() as connection:
            await publication.want(connection, kept_seconds=settings.kafka_unpublished_seconds)


def kafka_access(settings: Settings) -> Access | None:
    """How Kafka is reached; None when it is not used."""
    if settings.kafka_bootstrap_servers is None:
        return None
    login = settings.kafka_sasl_mechanism and Login(
        settings.kafka_sasl_mechanism,
        settings.kafka_sasl_username,
        settings.kafka_sasl_password,
        settings.kafka_sasl_password_file,
        settings.kafka_sasl_token_url,
        settings.kafka_sasl_scope,
    )
    return Access(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        security_protocol=settings.kafka_security_protocol,
        login=login or None,
        certificates=Certificates(
            settings.kafka_ssl_ca, settings.kafka_ssl_cert, settings.kafka_ssl_key, settings.kafka_ssl_key_password
        ),
        client_id=settings.kafka_client_id,
        client_rack=settings.kafka_client_rack,
        group_id=settings.kafka_group_id,
        group_protocol=settings.kafka_group_protocol,
        topic_prefix=settings.kafka_topic_prefix,
        extra=settings.kafka_extra,
    )
