"""What the page about traces says of spans is what the code calls them."""

import re
from pathlib import Path

from lqs.observability.span_names import (
    ERROR_TYPE,
    PARTS,
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
    SQLSTATE,
    STEPS,
)

PAGE = (Path(__file__).parents[2] / "docs/how-to/trace-and-measure.md").read_text(encoding="utf-8")
SHAPES = [*STEPS.values(), *PARTS.values()]
CODE = re.compile(r"`([^`]+)`")


def test_the_table_of_spans_is_that_of_the_code() -> None:
    rows = {
        CODE.findall(cells[1])[0]: (cells[2].strip(), set(CODE.findall(cells[4])))
        for line in PAGE.splitlines()
        if len(cells := line.split("|")) == 6 and CODE.search(cells[1])
    }
    assert rows == {shape.name: (shape.kind.value, {*shape.attributes.values(), *shape.always}) for shape in SHAPES}


def test_other_names_are_on_the_page_too() -> None:
    told = set(CODE.findall(re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)))
    others = {shape.otherwise for shape in SHAPES if shape.otherwise not in ("", "{method}")}
    assert {ERROR_TYPE, SQLSTATE, SERVICE_NAME, SERVICE_VERSION, SERVICE_INSTANCE_ID, *others} <= told


def test_ours_are_named_as_ours_and_no_two_fields_go_under_one_name() -> None:
    for shape in SHAPES:
        names = [*shape.attributes.values(), *shape.always]
        assert len(names) == len(set(names))
        assert all(re.fullmatch(r"(lqs|http|url|db|messaging|gen_ai)\.[a-z_.]+", name) for name in names)
