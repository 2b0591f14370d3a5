"""The REST API: every route, every refusal in one shape, and what browsers of other origins may do.

Mounted at /api/v1 by listener.py. Another package gives an APIRouter whose routes take `access.creator_id`.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from avatar.persona import PersonaError
from server.api import accounts, audit, events, exports, keys, oidc, personas, tickets
from server.api.access import CSRF_HEADER
from server.api.bodies import Refusal
from server.api.document import describe
from server.api.errors import CODE_OF_STATUS, ApiError, ApiErrorCode, MalformedRequestError, TooLargeError
from server.api.house import House, address_of
from server.api.page import page

log = structlog.get_logger()

VERSION = "1.0"
MAX_BODY_BYTES = 256 * 1024
ABOUT = """Events, tickets and join tokens for creators' consoles and platforms. A person signs in with `POST /login`; a
platform sends an API key as `Authorization: Bearer sd_...`. With a cookie every change needs the header `X-CSRF-Token`.
Refusals look like `{"error": {"code": "not_found", "message": "..."}}`; the codes never change, the messages may."""
OWN = (accounts, oidc, keys, personas, events, tickets, exports, audit)

Next = Callable[[Request], Awaitable[Response]]


def build_api(house: House, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application, with the routes of other packages beside its own."""
    app = FastAPI(
        title="Stagedoor",
        version=VERSION,
        description=ABOUT,
        docs_url=None,  # the framework's page loads a script from elsewhere
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        responses={"4XX": {"model": Refusal}, "5XX": {"model": Refusal}},
        servers=[{"url": "/api/v1"}],
        root_path_in_servers=False,
    )
    app.state.house = house
    all_routers = (*(module.router for module in OWN), *routers)
    for router in all_routers:
        app.include_router(router, max_body_size=MAX_BODY_BYTES)
    app.add_api_route("/docs", _page, include_in_schema=False, response_class=HTMLResponse)
    _explain_refusals(app)
    describe(app, all_routers)
    app.middleware("http")(_guard)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(house.origins),
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["authorization", "content-type", CSRF_HEADER],
        expose_headers=["retry-after"],
    )
    return app


def refusal(code: ApiErrorCode, message: str, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    """What every refusal looks like."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


async def _guard(request: Request, call_next: Next) -> Response:
    """Counts requests; what goes wrong on our side is noted without what was sent, and said without why."""
    house: House = request.app.state.house
    try:
        house.count_request(address_of(request))
        if int(request.headers.get("content-length", 0)) > MAX_BODY_BYTES:  # one that names no length is cut off there
            raise TooLargeError(f"a body has at most {MAX_BODY_BYTES} bytes")
        response = await call_next(request)
    except ApiError as error:
        response = refusal(error.code, str(error), error.status, error.headers())
    except IntegrityError:
        response = refusal("conflict", "somebody changed the same thing at the same moment; try again", 409)
    except (SQLAlchemyError, OSError):
        log.exception("store_failed", method=request.method)
        response = refusal("unavailable", "the store does not answer; try again in a while", 503, {"retry-after": "5"})
    except Exception:
        log.exception("request_failed", method=request.method)
        response = refusal("internal", "something broke on our side; it was noted", 500)
    response.headers.setdefault("cache-control", "no-store")
    return response


def _explain_refusals(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def refuse(_: Request, error: ApiError) -> Response:
        return refusal(error.code, str(error), error.status, error.headers())

    @app.exception_handler(PersonaError)
    async def refuse_persona(_: Request, error: PersonaError) -> Response:
        return refusal("conflict", f"the persona cannot be used: {error}", 409)

    @app.exception_handler(RequestValidationError)
    async def explain(_: Request, error: RequestValidationError) -> Response:
        """Says which key is wrong and why, and never what was sent: it may be a password."""
        said = [
            f"{'.'.join(str(part) for part in each['loc'][1:]) or 'body'}: {each['msg']}" for each in error.errors()
        ]
        return refusal("malformed", "; ".join(said), MalformedRequestError.status)

    @app.exception_handler(HTTPException)
    async def refuse_plainly(_: Request, error: HTTPException) -> Response:
        code = CODE_OF_STATUS.get(error.status_code, "malformed")
        return refusal(code, str(error.detail), error.status_code, dict(error.headers or {}))


def _place(where: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in where[1:]) or "body"


async def _page(request: Request) -> HTMLResponse:
    app: FastAPI = request.app
    return HTMLResponse(page(app.openapi()))
