-- What moves work beside the database: trace context that goes with it, what was announced, who is in trouble.

-- The caller's place in a distributed trace (W3C Trace Context), as it stood in the header; NULL without one.
ALTER TABLE generation_requests ADD COLUMN traceparent text;

-- Why a worker cannot be reached as it should be, told with its heartbeat; NULL: it can.
ALTER TABLE workers ADD COLUMN trouble text;

-- Which ready slots were announced to the workers by messages, and under which fence each stood then: whatever takes a
-- slot moves its fence on, so an announcement is over by itself. A table of its own, so that slots that are never
-- announced cost nothing. Not logged: a hint may be lost in a crash, and is then given again.
CREATE UNLOGGED TABLE announcements (
    request_id  uuid NOT NULL,
    index       smallint NOT NULL,
    fence       bigint NOT NULL,
    times       smallint NOT NULL,
    again_at    timestamptz NOT NULL,  -- when it is announced once more, if nobody has claimed it
    PRIMARY KEY (request_id, index)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
