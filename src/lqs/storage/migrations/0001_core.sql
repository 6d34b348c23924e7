-- The core: owners and their keys, generation requests, slots, attempts, entities, events, workers.

-- Every statement asks this function for the time, so that a test session can move its clock.
-- STABLE, so that it can stand in an index condition.
CREATE FUNCTION lqs_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT statement_timestamp()
         + coalesce(nullif(current_setting('lqs.clock_offset', true), '')::interval, interval '0')
$$;

CREATE TABLE owners (
    id          uuid PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    key_id         text PRIMARY KEY,
    owner_id       uuid NOT NULL REFERENCES owners (id),
    name           text NOT NULL,
    secret_sha256  bytea NOT NULL,
    scopes         text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) >= 1),
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz
);
CREATE INDEX api_keys_of_owner ON api_keys (owner_id, created_at);

CREATE TABLE generation_requests (
    id                uuid PRIMARY KEY,
    owner_id          uuid NOT NULL REFERENCES owners (id),
    entity_type       text NOT NULL,
    status            text NOT NULL DEFAULT 'pending',
    end_reason        text,
    run               int NOT NULL DEFAULT 1,
    version           bigint NOT NULL,
    requested_count   int NOT NULL,
    max_attempts      smallint NOT NULL CHECK (max_attempts >= 1),
    processing_count  int NOT NULL DEFAULT 0,
    retrying_count    int NOT NULL DEFAULT 0,
    generated_count   int NOT NULL DEFAULT 0,
    failed_count      int NOT NULL DEFAULT 0,
    cancelled_count   int NOT NULL DEFAULT 0,
    constraints       jsonb NOT NULL,
    metadata          jsonb NOT NULL,
    requested_at      timestamptz NOT NULL,
    started_at        timestamptz,
    completed_at      timestamptz,
    deadline_at       timestamptz NOT NULL,
    last_progress_at  timestamptz,
    input_tokens      bigint NOT NULL DEFAULT 0,
    output_tokens     bigint NOT NULL DEFAULT 0,
    model_calls       int NOT NULL DEFAULT 0,

    CONSTRAINT valid_status CHECK (
        status IN ('pending', 'processing', 'completed', 'partial', 'failed', 'cancelling', 'cancelled')),
    CONSTRAINT valid_end_reason CHECK (end_reason IN ('all_settled', 'cancelled', 'deadline_exceeded')),
    CONSTRAINT one_to_ten_entities CHECK (requested_count BETWEEN 1 AND 10),
    CONSTRAINT counts_fit CHECK (
        processing_count >= 0 AND retrying_count >= 0 AND generated_count >= 0 AND failed_count >= 0
        AND cancelled_count >= 0
        AND processing_count + retrying_count + generated_count + failed_count + cancelled_count <= requested_count),
    CONSTRAINT done_means_settled CHECK (
        (status IN ('completed', 'partial', 'failed', 'cancelled'))
        = (generated_count + failed_count + cancelled_count = requested_count)),
    CONSTRAINT outcome_is_arithmetic CHECK (
        CASE status
            WHEN 'completed' THEN generated_count = requested_count
            WHEN 'partial' THEN generated_count BETWEEN 1 AND requested_count - 1 AND cancelled_count = 0
            WHEN 'failed' THEN failed_count = requested_count
            WHEN 'cancelled' THEN cancelled_count >= 1
            ELSE true
        END),
    CONSTRAINT done_has_its_time_and_reason CHECK (
        (status IN ('completed', 'partial', 'failed', 'cancelled')) = (completed_at IS NOT NULL)
        AND (completed_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT times_in_order CHECK (
        started_at >= requested_at AND completed_at >= requested_at AND completed_at >= started_at)
) WITH (fillfactor = 80);
CREATE INDEX generation_requests_of_owner ON generation_requests (owner_id, requested_at DESC, id DESC);
CREATE INDEX generation_requests_by_deadline ON generation_requests (deadline_at) WHERE completed_at IS NULL;

-- The last line of defence: the guards stand in the statements, this refuses what a faulty one would write.
CREATE FUNCTION refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.run = OLD.run AND NEW.status = ANY (CASE OLD.status
            WHEN 'pending' THEN ARRAY['processing', 'cancelling', 'cancelled', 'failed']
            WHEN 'processing' THEN ARRAY['completed', 'partial', 'failed', 'cancelling']
            WHEN 'cancelling' THEN ARRAY['cancelled', 'completed', 'partial', 'failed']
            ELSE ARRAY[]::text[] END)
       OR NEW.run = OLD.run + 1 AND OLD.status IN ('partial', 'failed', 'cancelled') AND NEW.status = 'processing'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'generation request % may not move from % to %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'legal_moves';
END $$;
CREATE TRIGGER legal_moves BEFORE UPDATE ON generation_requests
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.run IS DISTINCT FROM NEW.run)
    EXECUTE FUNCTION refuse_illegal_move();

CREATE TABLE idempotency_keys (
    owner_id     uuid NOT NULL REFERENCES owners (id),
    operation    text NOT NULL,
    key          text NOT NULL,
    fingerprint  bytea NOT NULL,
    request_id   uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, operation, key)
);

-- The next place in the fair order of each owner; a class is a weight, and `normal` is the only one so far.
CREATE TABLE flows (
    owner_id   uuid NOT NULL REFERENCES owners (id),
    class      text NOT NULL CHECK (class IN ('high', 'normal', 'low')),
    next_pass  bigint NOT NULL,
    PRIMARY KEY (owner_id, class)
);
CREATE INDEX flows_by_pass ON flows (next_pass);

CREATE TABLE workers (
    id            uuid PRIMARY KEY,
    started_at    timestamptz NOT NULL,
    heartbeat_at  timestamptz NOT NULL,
    dead_at       timestamptz,
    host          text NOT NULL,
    pid           int NOT NULL,
    capacity      int NOT NULL,
    in_flight     int NOT NULL DEFAULT 0,
    version       text NOT NULL
);

CREATE TABLE slots (
    request_id     uuid NOT NULL REFERENCES generation_requests (id),
    index          smallint NOT NULL,
    status         text NOT NULL DEFAULT 'pending',
    attempts       smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    crashes        smallint NOT NULL DEFAULT 0,
    fence          bigint NOT NULL DEFAULT 0,
    worker_id      uuid,
    deadline_at    timestamptz,
    available_at   timestamptz,
    pass           bigint NOT NULL,
    error_code     text,
    error_attempt  smallint,
    started_at     timestamptz,
    finished_at    timestamptz,
    PRIMARY KEY (request_id, index),
    CONSTRAINT valid_status CHECK (
        status IN ('pending', 'processing', 'retrying', 'generated', 'failed', 'cancelled')),
    CONSTRAINT held_while_processing CHECK (
        (status = 'processing') = (worker_id IS NOT NULL) AND (status = 'processing') = (deadline_at IS NOT NULL)),
    CONSTRAINT waits_while_retrying CHECK ((status = 'retrying') = (available_at IS NOT NULL)),
    CONSTRAINT finished_when_settled CHECK (
        (status IN ('generated', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT failed_has_a_code CHECK (status <> 'failed' OR error_code IS NOT NULL)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX slots_ready ON slots (pass, request_id, index) WHERE status = 'pending';
CREATE INDEX slots_waiting ON slots (available_at) WHERE status = 'retrying';
CREATE INDEX slots_held ON slots (worker_id) WHERE status = 'processing';
CREATE INDEX slots_by_deadline ON slots (deadline_at) WHERE status = 'processing';

-- One row for every report of a worker about an attempt. No foreign key: it would be checked on every report, and
-- a purge deletes these rows itself.
CREATE TABLE slot_attempts (
    request_id           uuid NOT NULL,
    index                smallint NOT NULL,
    fence                bigint NOT NULL,
    attempt              smallint NOT NULL,
    outcome              text NOT NULL CHECK (outcome IN ('generated', 'failed', 'late_result')),
    error_code           text,
    worker_id            uuid NOT NULL,
    duration_ms          int NOT NULL CHECK (duration_ms >= 0),
    finished_at          timestamptz NOT NULL,
    model                text,
    provider_request_id  text,
    input_tokens         int NOT NULL,
    output_tokens        int NOT NULL,
    cost_microusd        bigint,
    PRIMARY KEY (request_id, index, fence)
);

-- All entities of all types, so that one statement reads a generation request whole, whatever its type. Each type is
-- a partition named by its plural; entities outlive the generation request that made them. The owner is copied from
-- the generation request, whose own foreign key vouches for it.
CREATE TABLE entities (
    id                     uuid NOT NULL,
    entity_type            text NOT NULL,
    owner_id               uuid NOT NULL,
    generation_request_id  uuid REFERENCES generation_requests (id) ON DELETE SET NULL,
    slot_index             smallint NOT NULL,
    created_at             timestamptz NOT NULL,
    content                json NOT NULL,  -- kept as it was written, the order of its fields included
    PRIMARY KEY (id, entity_type),
    CONSTRAINT one_entity_a_slot UNIQUE (generation_request_id, slot_index, entity_type)
) PARTITION BY LIST (entity_type);

-- Contents of some kilobytes stay in the row as they are: compressing one costs more than all else its settling does.
CREATE FUNCTION ensure_entity_table(entity_type text, plural text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_inherits
               WHERE inhparent = 'entities'::regclass AND inhrelid = to_regclass(format('%I', plural))) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF entities FOR VALUES IN (%L) WITH (toast_tuple_target = 8160)',
                   plural, entity_type);
END $$;

-- What happened, in the same transactions as the state; `seq` is gapless per generation request.
CREATE TABLE generation_events (
    request_id   uuid NOT NULL,
    seq          bigint NOT NULL,
    type         text NOT NULL,
    slot_index   smallint,
    body         jsonb NOT NULL,
    occurred_at  timestamptz NOT NULL,
    PRIMARY KEY (request_id, seq)
);
