"""Who may call each route, read off its dependencies and written into the OpenAPI document as `x-permission`."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from server.api.access import person, signed_in, visitor

Permission = Literal["person", "signed_in", "visitor", "anybody"]

WHO: dict[Permission, str] = {
    "person": "A person who is signed in; no API key.",
    "signed_in": "A person who is signed in, or a platform with an API key.",
    "visitor": "Anybody; who is signed in may do more.",
    "anybody": "Anybody.",
}
_STRICTEST: tuple[tuple[Callable[..., Any], Permission], ...] = (
    (person, "person"),
    (signed_in, "signed_in"),
    (visitor, "visitor"),
)


def permission_of(route: APIRoute) -> Permission:
    """The strictest check that the route makes before it does anything."""
    calls = set(_calls(route.dependant))
    return next((permission for call, permission in _STRICTEST if call in calls), "anybody")


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Makes the OpenAPI document say who may call what; `routers` are all that the application has."""
    described = app.openapi
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    def openapi() -> dict[str, Any]:
        document = described()
        for route in routes:
            for method in route.methods or ():
                operation = document["paths"].get(route.path_format, {}).get(method.lower(), {})
                operation["x-permission"] = permission_of(route)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)
