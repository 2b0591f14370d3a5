"""What a request may be refused with: a status, and a code that never changes, as on the wire.

ApiError                           has a stable `code` and an HTTP `status`
  MalformedRequestError     400    the body or a parameter is not what the document says
  NotSignedInError          401    nobody is signed in, or the API key is not known
  ForbiddenError            403    signed in, but this is not theirs to do
  CsrfError                 403    the header X-CSRF-Token is missing or wrong, or the page is not ours
  NotFoundError             404    it does not exist, or belongs to somebody else: the two look the same
  ConflictError             409    not now: the state of things does not allow it
  TooLargeError             413    the body is longer than any that makes sense
  TooManyError              429    slower, please; says for how many seconds
  UnavailableError          503    what is needed is not there just now
"""

import math
from typing import ClassVar, Literal

ApiErrorCode = Literal[
    "malformed",
    "not_signed_in",
    "forbidden",
    "csrf",
    "not_found",
    "not_allowed",
    "conflict",
    "too_large",
    "rate_limited",
    "unavailable",
    "internal",
]


class ApiError(Exception):
    """The root. `str(error)` is the message beside the code."""

    code: ClassVar[ApiErrorCode] = "internal"
    status: ClassVar[int] = 500

    def headers(self) -> dict[str, str]:
        """What is sent beside the body."""
        return {}


class MalformedRequestError(ApiError):
    code = "malformed"
    status = 400


class NotSignedInError(ApiError):
    code = "not_signed_in"
    status = 401

    def headers(self) -> dict[str, str]:
        """RFC 9110 section 11.6.1 wants to hear how one may sign in."""
        return {"www-authenticate": "Bearer"}


class ForbiddenError(ApiError):
    code = "forbidden"
    status = 403


class CsrfError(ApiError):
    code = "csrf"
    status = 403


class NotFoundError(ApiError):
    code = "not_found"
    status = 404


class ConflictError(ApiError):
    code = "conflict"
    status = 409


class TooLargeError(ApiError):
    code = "too_large"
    status = 413


class TooManyError(ApiError):
    code = "rate_limited"
    status = 429

    def __init__(self, wait_s: float) -> None:
        self.wait_s = max(1, math.ceil(wait_s))
        super().__init__(f"too many requests; try again in {self.wait_s} s")

    def headers(self) -> dict[str, str]:
        """When to come back, in seconds."""
        return {"retry-after": str(self.wait_s)}


class UnavailableError(ApiError):
    code = "unavailable"
    status = 503


#: What the framework refuses by itself.
CODE_OF_STATUS: dict[int, ApiErrorCode] = {
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "not_allowed",
    413: "too_large",
}
