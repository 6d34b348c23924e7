"""`/docs`: the API to read and to try out in a browser, without any request to elsewhere."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent / "swagger_ui"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline and nothing from elsewhere; the pictures inside the style sheet are data."""

_HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
_KEPT = _HEADERS | {"Cache-Control": "public, max-age=3600"}


@router.get("/docs")
async def page() -> FileResponse:
    """The page; it reads `/openapi.json`."""
    return FileResponse(FOLDER / "page.html", media_type="text/html; charset=utf-8", headers=_HEADERS)


@router.get("/docs/swagger-ui-bundle.js")
async def program() -> FileResponse:
    """Swagger UI itself."""
    return FileResponse(FOLDER / "swagger-ui-bundle.js", media_type="text/javascript", headers=_KEPT)


@router.get("/docs/swagger-ui.css")
async def style() -> FileResponse:
    """Its style sheet."""
    return FileResponse(FOLDER / "swagger-ui.css", media_type="text/css", headers=_KEPT)


@router.get("/docs/page.js")
async def start() -> FileResponse:
    """What starts it."""
    return FileResponse(FOLDER / "page.js", media_type="text/javascript", headers=_KEPT)
