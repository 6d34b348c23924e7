"""Announcements on the wire: what was encoded is read back, and nothing else is more than unreadable."""

import json
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lqs.dispatch.kafka.messages import MOST_BYTES, Named, Unreadable, decode, encode, key, trace_in
from lqs.dispatch.kafka.records import Outgoing
from lqs.observability.trace_context import TraceContext
from lqs.storage.announcements import Announcement

ID = UUID("01a2066b-8be9-7169-bff9-3937cb3a19ad")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.uuids(), st.integers(0, 9), st.integers(0), st.integers(0, 2**63 - 1))
def test_what_is_encoded_names_its_slot_and_its_turn(request_id, index, fence, turn):
    announcement = Announcement(request_id, index, fence, 1, None, turn)
    assert decode(encode(announcement)) == Named((request_id, index), turn)
    assert key(announcement) == request_id.bytes
    assert len(encode(announcement)) < 200


def test_what_is_merely_added_by_a_later_version_is_passed_over():
    value = json.loads(encode(Announcement(ID, 3, 0, 1, None, 5))) | {"colour": "blue"}
    assert decode(json.dumps(value).encode()) == Named((ID, 3), 5)


def test_a_message_of_the_version_that_told_no_turn_has_the_first():
    value = f'{{"v":1,"generation_request_id":"{ID}","slot_index":3}}'
    assert decode(value.encode()) == Named((ID, 3), 0)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_random_bytes_are_unreadable_and_no_more(value):
    with pytest.raises(Unreadable):
        decode(value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["v", "generation_request_id", "slot_index", "x"]), JSON))
def test_random_json_is_a_slot_or_unreadable(value):
    try:
        _, index = decode(json.dumps(value).encode()).slot
    except Unreadable:
        return
    assert value["v"] == 1
    assert 0 <= index < 32_768


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "empty"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 10_000, "nested too deeply|not JSON"),
        (b" " * (MOST_BYTES + 1), "bytes"),
        (b"null", "which format"),
        (b'{"v":"1"}', "which format"),
        (b'{"v":2}', "format 2"),
        (b'{"v":1}', "no generation request"),
        (b'{"v":1,"generation_request_id":7,"slot_index":0}', "no generation request"),
        (f'{{"v":1,"generation_request_id":"{ID}","slot_index":true}}'.encode(), "no slot"),
        (f'{{"v":1,"generation_request_id":"{ID}","slot_index":-1}}'.encode(), "no slot"),
        (f'{{"v":1,"generation_request_id":"{ID}","slot_index":40000}}'.encode(), "no slot"),
        (f'{{"v":1,"generation_request_id":"{ID}","slot_index":0,"turn":"1"}}'.encode(), "turn"),
    ],
)
def test_the_reason_says_what_is_wrong(value, why):
    with pytest.raises(Unreadable, match=why):
        decode(value)


TRACE = TraceContext("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "vendor=1,other=2")


@pytest.mark.parametrize("trace", [None, TRACE, TraceContext(TRACE.traceparent)])
def test_the_place_in_a_trace_goes_with_a_message_and_is_read_from_it(trace):
    record = Outgoing("work", None, None, [("content-type", b"x")], trace)
    assert trace_in(record.all_headers()) == trace


@pytest.mark.parametrize("value", [b"", b"\xff", b"00-1", TRACE.traceparent.encode().upper(), None, "text"])
def test_a_place_that_is_none_is_read_as_none(value):
    assert trace_in([("traceparent", value), ("tracestate", b"vendor=1")]) is None
