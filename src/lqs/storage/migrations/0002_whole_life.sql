-- A generation request's whole life: cancellation, deadlines of the caller's choice, further runs, dead letters,
-- budgets, priorities, retention, bulk operations.

ALTER TABLE generation_requests
    ADD COLUMN priority               text NOT NULL DEFAULT 'normal',
    ADD COLUMN requested_by           text,  -- id of the API key that asked for the current run
    ADD COLUMN options                jsonb NOT NULL DEFAULT '{}',  -- what the caller chose beside constraints
    ADD COLUMN slot_timeout_seconds   real NOT NULL DEFAULT 90,
    ADD COLUMN start_deadline_at      timestamptz,
    ADD COLUMN run_requested_at       timestamptz,
    ADD COLUMN cancel_requested_at    timestamptz,
    ADD COLUMN cancel_mode            text,
    ADD COLUMN cancel_reason          text,
    ADD COLUMN settles_by             timestamptz,
    ADD COLUMN retention_seconds      int NOT NULL DEFAULT 604800,
    ADD COLUMN expires_at             timestamptz,
    ADD COLUMN pinned                 boolean NOT NULL DEFAULT false,
    ADD COLUMN max_cost_microusd      bigint,
    ADD COLUMN call_price_microusd    bigint NOT NULL DEFAULT 0,
    ADD COLUMN cost_microusd          bigint NOT NULL DEFAULT 0,
    ADD COLUMN wasted_microusd        bigint NOT NULL DEFAULT 0,
    ADD COLUMN estimated_microusd     bigint NOT NULL DEFAULT 0,
    ADD COLUMN origin                 uuid;  -- the purged generation request whose dead letter this one repeats

-- What the core stored before it knew of retention and prices: kept for the default from its end, costs as reported.
UPDATE generation_requests r
SET run_requested_at = requested_at,
    expires_at = completed_at + make_interval(secs => retention_seconds),
    cost_microusd = coalesce((SELECT sum(cost_microusd) FROM slot_attempts a WHERE a.request_id = r.id), 0),
    wasted_microusd = coalesce((SELECT sum(cost_microusd) FROM slot_attempts a
                                WHERE a.request_id = r.id AND outcome <> 'generated'), 0);

ALTER TABLE generation_requests
    ALTER COLUMN run_requested_at SET NOT NULL,
    ALTER COLUMN run_requested_at SET DEFAULT lqs_now(),
    DROP CONSTRAINT valid_end_reason,
    ADD CONSTRAINT valid_end_reason CHECK (end_reason IN (
        'all_settled', 'cancelled', 'deadline_exceeded', 'start_deadline_exceeded', 'budget_exhausted',
        'operator_abort')),
    ADD CONSTRAINT valid_priority CHECK (priority IN ('high', 'normal', 'low')),
    ADD CONSTRAINT cancelled_by_somebody CHECK (
        (status <> 'cancelling' OR cancel_requested_at IS NOT NULL)
        AND (cancel_requested_at IS NULL) = (cancel_mode IS NULL)
        AND (cancel_requested_at IS NULL) = (settles_by IS NULL)
        AND cancel_mode IN ('graceful', 'abort')),
    ADD CONSTRAINT expires_when_done CHECK (expires_at IS NULL OR completed_at IS NOT NULL),
    ADD CONSTRAINT costs_fit CHECK (
        call_price_microusd >= 0 AND max_cost_microusd >= 0 AND cost_microusd >= 0
        AND wasted_microusd BETWEEN 0 AND cost_microusd AND estimated_microusd BETWEEN 0 AND cost_microusd);
CREATE INDEX generation_requests_by_start_deadline ON generation_requests (start_deadline_at)
    WHERE started_at IS NULL AND completed_at IS NULL AND start_deadline_at IS NOT NULL;
CREATE INDEX generation_requests_by_settling ON generation_requests (settles_by)
    WHERE completed_at IS NULL AND settles_by IS NOT NULL;
CREATE INDEX generation_requests_by_expiry ON generation_requests (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX generation_requests_active ON generation_requests (owner_id) WHERE completed_at IS NULL;

-- A cancellation that finds nothing in flight ends the generation request in the same commit.
CREATE OR REPLACE FUNCTION refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.run = OLD.run AND NEW.status = ANY (CASE OLD.status
            WHEN 'pending' THEN ARRAY['processing', 'cancelling', 'cancelled', 'failed']
            WHEN 'processing' THEN ARRAY['completed', 'partial', 'failed', 'cancelling', 'cancelled']
            WHEN 'cancelling' THEN ARRAY['cancelled', 'completed', 'partial', 'failed']
            ELSE ARRAY[]::text[] END)
       OR NEW.run = OLD.run + 1 AND OLD.status IN ('partial', 'failed', 'cancelled') AND NEW.status = 'processing'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'generation request % may not move from % to %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'legal_moves';
END $$;

-- How the runs before the current one ended; the current one is told by the generation request itself. Costs, tokens
-- and calls are those of all runs up to this one.
CREATE TABLE runs (
    request_id       uuid NOT NULL,
    run              int NOT NULL,
    status           text NOT NULL,
    end_reason       text NOT NULL,
    requested_by     text,
    requested_at     timestamptz NOT NULL,
    completed_at     timestamptz NOT NULL,
    requested_count  int NOT NULL,
    generated_count  int NOT NULL,
    failed_count     int NOT NULL,
    cancelled_count  int NOT NULL,
    input_tokens     bigint NOT NULL,
    output_tokens    bigint NOT NULL,
    model_calls      int NOT NULL,
    cost_microusd    bigint NOT NULL,
    wasted_microusd  bigint NOT NULL,
    PRIMARY KEY (request_id, run)
);

-- What a provider or a verifier really said, for operators; users see the code's own message.
ALTER TABLE slot_attempts ADD COLUMN error_detail text;

-- A key may stand for a generation request that it made or tried again, or for a bulk operation.
-- `body` is what it was used with, where the subject itself does not tell.
ALTER TABLE idempotency_keys RENAME COLUMN request_id TO subject_id;
ALTER TABLE idempotency_keys ADD COLUMN body jsonb;
CREATE INDEX idempotency_keys_of_subject ON idempotency_keys (subject_id);

-- What is left of a purged generation request, so that its id and its keys answer 410 and not 404.
CREATE TABLE tombstones (
    request_id       uuid PRIMARY KEY,
    owner_id         uuid NOT NULL REFERENCES owners (id),
    entity_type      text NOT NULL,
    status           text NOT NULL,
    end_reason       text NOT NULL,
    run              int NOT NULL,
    requested_count  int NOT NULL,
    generated_count  int NOT NULL,
    failed_count     int NOT NULL,
    cancelled_count  int NOT NULL,
    requested_at     timestamptz NOT NULL,
    completed_at     timestamptz NOT NULL,
    purged_at        timestamptz NOT NULL,
    forgotten_at     timestamptz NOT NULL
);
CREATE INDEX tombstones_by_end ON tombstones (forgotten_at);

-- Slots that failed for good. They outlive their generation request, so they carry what a repetition needs; `attempts`
-- is filled when the attempts themselves are purged.
CREATE TABLE dead_letters (
    id           uuid PRIMARY KEY,
    owner_id     uuid NOT NULL REFERENCES owners (id),
    request_id   uuid NOT NULL,
    slot_index   smallint NOT NULL,
    run          int NOT NULL,
    entity_type  text NOT NULL,
    error_code   text NOT NULL,
    constraints  jsonb NOT NULL,
    metadata     jsonb NOT NULL,
    options      jsonb NOT NULL,
    attempts     jsonb,
    failed_at    timestamptz NOT NULL,
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'requeued', 'discarded')),
    resolved_at  timestamptz,
    resolved_by  text,
    requeued_as  uuid,
    UNIQUE (request_id, slot_index, run),
    CONSTRAINT resolved_when_not_open CHECK ((state = 'open') = (resolved_at IS NULL))
);
CREATE INDEX dead_letters_of_owner ON dead_letters (owner_id, state, failed_at DESC, id DESC);
CREATE INDEX dead_letters_by_age ON dead_letters (failed_at);
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE state = 'open';

-- What had failed before there were dead letters.
INSERT INTO dead_letters (id, owner_id, request_id, slot_index, run, entity_type, error_code, constraints, metadata,
                          options, failed_at)
SELECT gen_random_uuid(), r.owner_id, r.id, s.index, r.run, r.entity_type, s.error_code, r.constraints, r.metadata,
       r.options, s.finished_at
FROM slots s
JOIN generation_requests r ON r.id = s.request_id
WHERE s.status = 'failed';

-- Money a key may spend in a day (UTC), and what it has spent or reserved.
ALTER TABLE api_keys
    ADD COLUMN daily_budget_microusd bigint CHECK (daily_budget_microusd >= 0),
    DROP CONSTRAINT api_keys_scopes_check,
    ADD CONSTRAINT api_keys_scopes_check
        CHECK (scopes <@ ARRAY['read', 'write', 'priority', 'admin'] AND cardinality(scopes) >= 1);
CREATE TABLE key_days (
    key_id          text NOT NULL REFERENCES api_keys (key_id),
    day             date NOT NULL,
    spent_microusd  bigint NOT NULL DEFAULT 0 CHECK (spent_microusd >= 0),
    PRIMARY KEY (key_id, day)
);
ALTER TABLE slots ADD COLUMN reserved_on date;  -- whose day the latest call was reserved in, if its key has a budget

-- Work on many generation requests at once, done in batches by whoever is alive.
CREATE TABLE bulk_operations (
    id            uuid PRIMARY KEY,
    owner_id      uuid NOT NULL REFERENCES owners (id),
    requested_by  text,
    action        text NOT NULL CHECK (action IN ('cancel', 'retry', 'purge', 'requeue')),
    filter        jsonb NOT NULL,
    options       jsonb NOT NULL,
    status        text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed')),
    matched       int NOT NULL DEFAULT 0,
    changed       int NOT NULL DEFAULT 0,
    skipped       int NOT NULL DEFAULT 0,
    position_at   timestamptz,  -- with `position`: the last generation request that it has dealt with
    position      uuid,
    requested_at  timestamptz NOT NULL,
    completed_at  timestamptz,
    CONSTRAINT done_has_its_time CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE INDEX bulk_operations_open ON bulk_operations (requested_at) WHERE status <> 'completed';

-- A worker looks which of its attempts are still wanted when this number has changed since it last looked.
ALTER TABLE workers ADD COLUMN recalls bigint NOT NULL DEFAULT 0;
