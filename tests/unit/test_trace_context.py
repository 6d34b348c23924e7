"""Trace Context: what is taken from a header, and what is not."""

import pytest

from lqs.observability.trace_context import TraceContext, trace_context_from, traceparent_from, tracestate_from

TRACE = "0af7651916cd43dd8448eb211c80319c"
GOOD = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("value", "passed_on"),
    [(GOOD, GOOD), (f" {GOOD} ", GOOD), (GOOD[:-1] + "0", GOOD[:-1] + "0"), (f"cc{GOOD[2:]}-what-comes-later", GOOD)],
)
def test_a_good_one_is_passed_on_as_far_as_it_is_known(value, passed_on):
    assert traceparent_from([value]) == passed_on
    context = TraceContext(passed_on)
    assert (context.trace_id, context.sampled) == (TRACE, passed_on.endswith("1"))


@pytest.mark.parametrize(
    "values",
    [
        [],
        [GOOD, GOOD],
        [""],
        ["hello"],
        [GOOD.upper()],
        [f"ff{GOOD[2:]}"],
        [f"{GOOD}-more"],
        [GOOD.replace(TRACE, "0" * 32)],
        [GOOD.replace("b7ad6b7169203331", "0" * 16)],
        [GOOD.replace("-", "_")],
        [GOOD[:-1]],
        [GOOD[3:]],
        [f"cc{GOOD[2:]}-" + "x" * 500],
        ["\x00" + GOOD],
        ["é" * 55],
    ],
)
def test_a_malformed_one_is_as_good_as_none(values):
    assert traceparent_from(values) is None


LONG = "long=" + "x" * 200
MANY = [f"k{n}=1" for n in range(33)]
SHORT = [f"k{n}=" + "y" * 24 for n in range(20)]


@pytest.mark.parametrize(
    ("values", "passed_on"),
    [
        (["a=1"], "a=1"),
        (["a=1", "b=2"], "a=1,b=2"),
        (["a=1 ,\tb=2,"], "a=1,b=2"),
        (["tenant@vendor=x y;z"], "tenant@vendor=x y;z"),
        ([f"a=1,{LONG}," + ",".join(SHORT[:8])], f"a=1,{LONG}," + ",".join(SHORT[:8])),
        ([f"a=1,{LONG}," + ",".join(SHORT[:16])], "a=1," + ",".join(SHORT[:16])),
        ([",".join(SHORT)], ",".join(SHORT[:18])),
    ],
)
def test_the_state_of_a_trace_is_passed_on_and_cut_by_whole_members(values, passed_on):
    assert tracestate_from(values) == passed_on
    assert len(passed_on) <= 512
    assert trace_context_from([GOOD], values) == TraceContext(GOOD, passed_on)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["a"],
        ["a=1=2"],
        ["A=1"],
        ["a=1,a=2"],
        ["a=\x7f"],
        ["é=1"],
        ["a=1\n"],
        ["a=1"] * 40,
        ["x" * 9000],
        MANY,
    ],
)
def test_a_malformed_state_is_left_out_and_its_trace_is_not(values):
    assert trace_context_from([GOOD], values) == TraceContext(GOOD, None)


def test_a_state_without_a_trace_is_nothing():
    assert trace_context_from([], ["a=1"]) is None
