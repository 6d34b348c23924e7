-- What tracing systems keep beside the caller's place in a distributed trace (W3C Trace Context), as it stood in the
-- header; NULL without one.
ALTER TABLE generation_requests ADD COLUMN tracestate text;
