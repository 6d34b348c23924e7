-- What of the event log the outside still has to be told. One row tells what one commit appended to one generation
-- request: it is written in that commit, and deleted when Kafka has acknowledged its events. Whoever commits late is
-- found late, so nothing is passed over. Within a generation request the order of `id` is that of `seq`, because both
-- are taken under its lock.
CREATE TABLE unpublished_events (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id   uuid NOT NULL,
    first_seq    bigint NOT NULL,
    last_seq     bigint NOT NULL,
    appended_at  timestamptz NOT NULL,
    CONSTRAINT seqs_in_order CHECK (first_seq <= last_seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX unpublished_events_of_request ON unpublished_events (request_id);

-- Whether anybody publishes at all, and who does it now. A process that may publish says so again and again; when none
-- has for long, nothing is written down any more.
CREATE TABLE publication (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    wanted_until  timestamptz,
    publisher     uuid,
    leads_until   timestamptz,
    CONSTRAINT leads_for_a_while CHECK ((publisher IS NULL) = (leads_until IS NULL))
);
INSERT INTO publication DEFAULT VALUES;
