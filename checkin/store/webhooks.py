"""Programs of others that are told what happens, and what they were sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from checkin.store.engine import Row, Transaction

Happening = Literal["entry", "exit", "badge"]
WebhookState = Literal["active", "paused", "disabled"]
Sending = Literal["events", "again", "test"]


class Webhook(Struct, frozen=True, kw_only=True):
    """`event` is the event's id, `slug` its name. Up to the fact `cursor_seq` everything was delivered. A
    message that was not taken yet holds the facts up to `until_seq`, was sent `attempt` times, and is sent
    again at `next_at`. `why`: what disabled it, a code."""

    id: str
    event: int
    slug: str
    url: str
    kinds: tuple[Happening, ...]
    with_names: bool
    state: WebhookState = "active"
    why: str = ""
    cursor_seq: int
    until_seq: int = 0
    attempt: int = 0
    next_at: int = 0
    failing_since: int | None = None
    created_at: int
    created_by: str


class Delivery(Struct, frozen=True, kw_only=True):
    """One sending of one message: the facts after `after_seq` up to `until_seq`. `fault` is a code, empty
    where it was taken."""

    number: int = 0
    message: str
    what: Sending
    after_seq: int
    until_seq: int
    events: int
    at: int
    attempt: int
    status: int | None
    fault: str
    duration_ms: int


_CHANGING = (
    "url",
    "kinds",
    "with_names",
    "state",
    "why",
    "cursor_seq",
    "until_seq",
    "attempt",
    "next_at",
    "failing_since",
)
_COLUMNS = ("id", *_CHANGING, "created_at", "created_by")
_WEBHOOKS = (
    f"SELECT {', '.join(f'w.{one}' for one in _COLUMNS)}, w.event, event.slug"
    " FROM webhook AS w JOIN event ON event.id = w.event"
)
_DELIVERY = Delivery.__struct_fields__


def add_webhook(tx: Transaction, webhook: Webhook) -> None:
    marks = ", ".join("?" * (len(_COLUMNS) + 1))
    tx.run(
        f"INSERT INTO webhook ({', '.join(_COLUMNS)}, event) VALUES ({marks})",
        (*(_stored(webhook, column) for column in _COLUMNS), webhook.event),
    )


def save_webhook(tx: Transaction, webhook: Webhook) -> None:
    """Put it in the place of the one with its id."""
    columns = ", ".join(f"{column} = ?" for column in _CHANGING)
    tx.run(
        f"UPDATE webhook SET {columns} WHERE id = ?", (*(_stored(webhook, column) for column in _CHANGING), webhook.id)
    )


def drop_webhook(tx: Transaction, id: str) -> None:
    """With all that was noted of it."""
    tx.run("DELETE FROM delivery WHERE webhook = ?", (id,))
    tx.run("DELETE FROM webhook WHERE id = ?", (id,))


def load_webhooks(tx: Transaction, event: int) -> list[Webhook]:
    return [_webhook(row) for row in tx.rows(f"{_WEBHOOKS} WHERE w.event = ? ORDER BY w.created_at, w.id", (event,))]


def load_webhook(tx: Transaction, id: str) -> Webhook | None:
    row = tx.row(f"{_WEBHOOKS} WHERE w.id = ?", (id,))
    return None if row is None else _webhook(row)


def active_webhooks(tx: Transaction) -> list[tuple[str, str]]:
    """(id, slug of the event) of every webhook that is to be served."""
    rows = tx.rows(
        "SELECT w.id, event.slug FROM webhook AS w JOIN event ON event.id = w.event"
        " WHERE w.state = 'active' ORDER BY w.id"
    )
    return [(id, slug) for id, slug in rows]


def add_delivery(tx: Transaction, webhook: str, delivery: Delivery, kept_max: int) -> Delivery:
    """Note it under the next number; of the oldest only `kept_max` stay."""
    row = tx.row("SELECT max(number) FROM delivery WHERE webhook = ?", (webhook,))
    number = (row[0] or 0) + 1 if row else 1
    columns = [column for column in _DELIVERY if column != "number"]
    tx.run(
        f"INSERT INTO delivery (webhook, number, {', '.join(columns)}) VALUES (?, ?, {', '.join('?' * len(columns))})",
        (webhook, number, *(getattr(delivery, column) for column in columns)),
    )
    tx.run("DELETE FROM delivery WHERE webhook = ? AND number <= ?", (webhook, number - kept_max))
    return _delivery((number, *(getattr(delivery, column) for column in columns)))


def load_deliveries(tx: Transaction, webhook: str, limit: int) -> list[Delivery]:
    """The newest first."""
    rows = tx.rows(
        f"SELECT {', '.join(_DELIVERY)} FROM delivery WHERE webhook = ? ORDER BY number DESC LIMIT ?", (webhook, limit)
    )
    return [_delivery(row) for row in rows]


def load_delivery(tx: Transaction, webhook: str, number: int) -> Delivery | None:
    row = tx.row(f"SELECT {', '.join(_DELIVERY)} FROM delivery WHERE webhook = ? AND number = ?", (webhook, number))
    return None if row is None else _delivery(row)


def _stored(webhook: Webhook, column: str) -> object:
    value = getattr(webhook, column)
    if column == "kinds":
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else value


def _webhook(row: Row) -> Webhook:
    values = dict(zip((*_COLUMNS, "event", "slug"), row, strict=True))
    values["kinds"] = tuple(json.loads(values["kinds"]))
    values["with_names"] = bool(values["with_names"])
    return Webhook(**values)


def _delivery(row: Sequence[object]) -> Delivery:
    return Delivery(**dict(zip(_DELIVERY, row, strict=True)))  # type: ignore[arg-type]
