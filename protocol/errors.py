"""Everything that can go wrong on the wire, blamed on one side, with a code that never changes.

StagedoorError                     has a stable `code` and says whether it is `fatal` to the connection
  ClientError                      the other side did something wrong
    MalformedError                 bytes that are not a message
    UnknownTypeError               a message whose type we do not know
    TooLargeError                  a message over the size limit in `hello`           (close 1009)
    IllegalStateError              a known message at the wrong time
    DisclosureRequiredError        audio or text before the AI disclosure was acknowledged
    ConsentRequiredError           something that the fan did not consent to
    NotAllowedError                something that this role may not do, or that cannot be done now
    NotFoundError                  a visit or a ticket that is not there, or not any more
    RateError                      more messages or audio than the limits in `hello` allow
      TooManyMistakesError         one mistake after another
      CrowdedError                 too many connections from one address
    UnsupportedError               a format, version or option that we do not speak
    TokenError                     a join token that is missing, forged or expired
    ResumeError                    a resume token that was used, came too late, or was never given
    TakenOverError                 the visit goes on in another connection, by its resume token
    SlowReaderError                the client does not read what we send
    IdleError                      nothing was heard from the client for too long
    SessionOverError               the time of this visit is used up
    TicketOverError                a ticket that does not exist, was used up, or was taken back
    EventClosedError               the event has not begun, or is over                (close 1000)
    NoShowError                    called, and did not come in in time               (close 1000)
  ServerError                      we could not do what we promised
    BusyError                      every place is taken; try again later              (close 1013)
      ElsewhereError               another process of the server holds this event
    OverloadedError                too much work waits just now; say it again
    EngineError                    a model failed
    InternalError                  something broke on our side; it was noted         (close 1011)
"""

from typing import ClassVar, Literal

ErrorCode = Literal[
    "malformed",
    "unknown_type",
    "too_large",
    "illegal_state",
    "disclosure_required",
    "consent_required",
    "not_allowed",
    "not_found",
    "rate_limited",
    "unsupported",
    "bad_token",
    "resume_refused",
    "taken_over",
    "slow_reader",
    "idle",
    "session_over",
    "ticket_over",
    "event_closed",
    "no_show",
    "busy",
    "overloaded",
    "engine_failed",
    "internal",
]


class StagedoorError(Exception):
    """The root. `code` goes on the wire, `str(error)` is the message beside it."""

    code: ClassVar[ErrorCode] = "internal"
    fatal: ClassVar[bool] = False
    close_code: ClassVar[int] = 1011  # RFC 6455 section 7.4.1; used only when fatal


class ClientError(StagedoorError):
    close_code = 1008


class MalformedError(ClientError):
    code = "malformed"


class UnknownTypeError(ClientError):
    code = "unknown_type"


class TooLargeError(ClientError):
    code = "too_large"
    fatal = True
    close_code = 1009


class IllegalStateError(ClientError):
    code = "illegal_state"


class DisclosureRequiredError(ClientError):
    code = "disclosure_required"


class ConsentRequiredError(ClientError):
    code = "consent_required"


class NotAllowedError(ClientError):
    code = "not_allowed"


class NotFoundError(ClientError):
    code = "not_found"


class RateError(ClientError):
    code = "rate_limited"


class TooManyMistakesError(RateError):
    fatal = True


class CrowdedError(RateError):
    fatal = True


class UnsupportedError(ClientError):
    code = "unsupported"
    fatal = True


class TokenError(ClientError):
    code = "bad_token"
    fatal = True


class ResumeError(ClientError):
    code = "resume_refused"
    fatal = True


class TakenOverError(ClientError):
    code = "taken_over"
    fatal = True


class SlowReaderError(ClientError):
    code = "slow_reader"
    fatal = True


class IdleError(ClientError):
    code = "idle"
    fatal = True


class SessionOverError(ClientError):
    code = "session_over"
    fatal = True
    close_code = 1000


class TicketOverError(ClientError):
    code = "ticket_over"
    fatal = True


class EventClosedError(ClientError):
    code = "event_closed"
    fatal = True
    close_code = 1000


class NoShowError(ClientError):
    code = "no_show"
    fatal = True
    close_code = 1000


class ServerError(StagedoorError):
    close_code = 1013


class BusyError(ServerError):
    code = "busy"
    fatal = True


class ElsewhereError(BusyError):
    pass


class OverloadedError(ServerError):
    code = "overloaded"


class EngineError(ServerError):
    code = "engine_failed"


class InternalError(ServerError):
    code = "internal"
    fatal = True
    close_code = 1011
