"""405 for the methods that an address does not take, told the same everywhere: with all that it does take."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
"""Those that HTTP knows."""


def refuse_other_methods(api: FastAPI) -> None:
    """Have every address of this application refuse what it does not take; to be called when all are there.

    A word comes before the ids for one of which it would be taken: `PUT /generation-requests/bulk` is about the word.
    """
    taken: dict[str, set[str]] = {}
    for context in iter_route_contexts(api.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            taken.setdefault(route.path, set()).update(route.methods or ())
    for path, methods in taken.items():
        refusal = Route(path, _refuse(methods), methods=sorted(METHODS - methods), include_in_schema=False)
        api.router.routes.insert(len(api.router.routes) if "{" in path else 0, refusal)


def _refuse(methods: set[str]) -> Callable[[Request], Awaitable[Response]]:
    headers = {"Allow": ", ".join(sorted(methods))}

    async def refuse(request: Request) -> Response:
        raise HTTPException(405, headers=headers)

    return refuse
