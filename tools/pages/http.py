"""The page about the HTTP interface: a table of contents of its document."""

from tools.pages.text import code, page, table

from lqs.api.app import create


def http_page() -> str:
    """Every operation by its tag."""
    document = create().openapi()
    sections = []
    for tag in document["tags"]:
        rows = [
            (code(f"{method.upper()} {path}"), operation["summary"], ", ".join(operation["responses"]))
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if operation["tags"] == [tag["name"]]
        ]
        sections.append(f"## {tag['name']}\n\n{tag['description']}\n\n" + table(("call", "", "answers"), rows))
    return page(
        "HTTP interface",
        "All operations at a glance. A running service shows bodies, parameters, headers and examples at `/docs`, and "
        "tells them to programs at `/openapi.json`, which is also [here](openapi.json). Calls carry a key as "
        "`Authorization: Bearer`. Errors are `application/problem+json` with a [code](../errors/README.md).",
        *sections,
    )
