"""What can fail, as codes.

A refusal at a door is a value (`admission.Decision`), never one of these. An error is a
failure of the work asked for; it carries a stable snake_case `code`, one sentence for a
person that says what to do next, and data.

    CheckinError
    ├── BadInput        what was sent cannot be used (422)
    ├── NotFound        there is no such thing (404)
    ├── Conflict        it contradicts what is already recorded (409)
    ├── NotAllowed      this operator or device may not (403)
    ├── TooLarge        beyond a named limit (413)
    └── Busy            cannot be taken now, send it again (503)
"""

from __future__ import annotations


class CheckinError(Exception):
    """A failure with a `code` (snake_case, stable), a `message` for people and `data` for programs."""

    code = "internal"

    def __init__(self, message: str, *, code: str | None = None, **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.data = data
        if code is not None:
            self.code = code


class BadInput(CheckinError):
    code = "bad_input"


class NotFound(CheckinError):
    code = "not_found"


class Conflict(CheckinError):
    code = "conflict"


class NotAllowed(CheckinError):
    code = "not_allowed"


class TooLarge(CheckinError):
    code = "too_large"


class Busy(CheckinError):
    code = "busy"
