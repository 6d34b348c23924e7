-- Where a flow goes on: at the head of the queue or after its last slot, whichever is later. Slots that left the queue
-- unclaimed, such as cancelled ones, had places far behind the head; nobody stands behind those. To be asked by a
-- statement that holds the flow's row, with its `next_pass` as it is now.
CREATE FUNCTION next_place(of_owner uuid, of_class text, next_pass bigint, head bigint, stride bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    open_requests int;
    last_pass     bigint;
BEGIN
    -- What was claimed had its place at or before the head.
    IF next_pass <= head + stride THEN
        RETURN greatest(next_pass, head);
    END IF;
    -- Whoever waited for the row cannot see what the one before put into the flow.
    IF next_pass IS DISTINCT FROM (SELECT f.next_pass FROM flows f WHERE f.owner_id = of_owner AND f.class = of_class) THEN
        RETURN next_pass;
    END IF;
    -- Many have a queue that is worth standing in, and would take long to look through at every submit.
    SELECT count(*), max(s.pass) INTO open_requests, last_pass
    FROM (
        SELECT id FROM generation_requests
        WHERE owner_id = of_owner AND priority = of_class AND completed_at IS NULL
        LIMIT 21
    ) r
    CROSS JOIN LATERAL (
        SELECT max(pass) AS pass FROM slots WHERE request_id = r.id AND status IN ('pending', 'processing', 'retrying')
    ) s;
    IF open_requests > 20 THEN
        RETURN next_pass;
    END IF;
    RETURN least(next_pass, greatest(head, last_pass) + stride);
END
$$;
