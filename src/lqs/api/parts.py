"""How an operation gets hold of the open resources of its process."""

from typing import Annotated

from fastapi import Depends, Request

from lqs.wiring import ApiParts


def _parts(request: Request) -> ApiParts:
    parts = request.app.state.parts
    assert isinstance(parts, ApiParts)
    return parts


Parts = Annotated[ApiParts, Depends(_parts)]
