"""Trace Context: what is taken from a header, and what is not."""

import pytest

from lqs.domain.trace import trace_id_of, traceparent_from

TRACE = "0af7651916cd43dd8448eb211c80319c"
GOOD = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("value", "passed_on"),
    [(GOOD, GOOD), (f" {GOOD} ", GOOD), (GOOD[:-1] + "0", GOOD[:-1] + "0"), (f"cc{GOOD[2:]}-what-comes-later", GOOD)],
)
def test_a_good_one_is_passed_on_as_far_as_it_is_known(value, passed_on):
    assert traceparent_from([value]) == passed_on
    assert trace_id_of(passed_on) == TRACE


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
