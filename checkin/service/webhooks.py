"""Webhooks: who is told what, what a message says, and how each went.

A message follows the Standard Webhooks specification 1.0 (standardwebhooks.com): `webhook-id`,
`webhook-timestamp`, `webhook-signature` (v1, HMAC-SHA256). The secret is derived from the event's key,
so it is stored nowhere.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import uuid
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Assumed, Changed, Evacuated, Fact, Scanned, Undone, believed_at
from checkin.service.journal import Journal
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, facts, webhooks
from checkin.store.engine import Transaction
from checkin.store.webhooks import Delivery, Happening, Sending, Webhook
from checkin.wire import iso

WEBHOOKS_MAX = 20
URL_CHARS_MAX = 2_000
MESSAGE_EVENTS_MAX = 100
READ_FACTS_MAX = 500
DELIVERIES_KEPT_MAX = 200
"""Of each webhook; the oldest go."""
BY_CLOCK = "clock"
SECRET_PREFIX = "whsec_"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOTHING_WAITS: dict[str, Any] = {"until_seq": 0, "attempt": 0, "next_at": 0, "failing_since": None}
PASSED: dict[str | None, Happening] = {"arrival": "entry", "entry": "entry", "reentry": "entry", "exit": "exit"}


class WebhookSent(Struct, frozen=True, kw_only=True):
    """Where to send what. `with_names`: names and groups beside the ids."""

    url: Annotated[str, Meta(min_length=1, max_length=URL_CHARS_MAX)]
    kinds: Annotated[tuple[Happening, ...], Meta(min_length=1, max_length=3)]
    with_names: bool = False


class WebhookChange(Struct, frozen=True, kw_only=True):
    """What to change; what is absent stays. `active` again: from where it stopped, nothing is left out."""

    kinds: Annotated[tuple[Happening, ...], Meta(min_length=1, max_length=3)] | None = None
    with_names: bool | None = None
    state: Literal["active", "paused"] | None = None


class WebhookAdded(Struct, frozen=True):
    """`secret` is shown this once."""

    id: str
    secret: str


class DeliveryShown(Struct, frozen=True, kw_only=True):
    """A message that was sent. `fault`: empty where it was taken, else a code."""

    number: int
    message: str
    what: str
    events: int
    at: str
    attempt: int
    status: int | None
    fault: str
    duration_ms: int


class WebhookShown(Struct, frozen=True, kw_only=True):
    """`why`: what disabled it, a code. `failing_since`, `next_at`: where its last message was not taken."""

    id: str
    url: str
    kinds: tuple[Happening, ...]
    with_names: bool
    state: str
    why: str
    failing_since: str | None
    next_at: str | None
    last: DeliveryShown | None


class Message(Struct, frozen=True, kw_only=True):
    """What is sent at once: the facts after `after_seq` up to `until_seq`, as far as they concern it."""

    id: str
    what: Sending
    after_seq: int
    until_seq: int
    events: int
    body: bytes
    attempt: int = 1


def add_webhook(
    tx: Transaction, venues: Venues, slug: str, sent: WebhookSent, *, private: bool, now: int, wall: int, by: str
) -> WebhookAdded:
    """Tell this address from now on. `private`: plain http and addresses of the house's network are allowed.

    Raises `BadInput` for an address that cannot be used, `Conflict` beyond `WEBHOOKS_MAX`.
    """
    venue = venues.venue(tx, slug)
    check_url(sent.url, private=private)
    if len(webhooks.load_webhooks(tx, venue.id)) >= WEBHOOKS_MAX:
        raise Conflict(f"The event has {WEBHOOKS_MAX} webhooks, which is the most.", code="webhooks_max")
    id = uuid.uuid4().hex
    seq = _note(tx, venue.id, "added", id, now=now, by=by)
    webhooks.add_webhook(
        tx,
        Webhook(
            id=id,
            event=venue.id,
            slug=slug,
            url=sent.url,
            kinds=tuple(dict.fromkeys(sent.kinds)),
            with_names=sent.with_names,
            cursor_seq=seq,
            created_at=wall,
            created_by=by,
        ),
    )
    return WebhookAdded(id, secret_text(secret_of(venue.key, id)))


def change_webhook(
    tx: Transaction, venues: Venues, slug: str, id: str, sent: WebhookChange, *, now: int, by: str
) -> None:
    """Raises `NotFound`."""
    webhook = webhook_of(tx, venues, slug, id)
    changed = msgspec.structs.replace(
        webhook,
        kinds=webhook.kinds if sent.kinds is None else tuple(dict.fromkeys(sent.kinds)),
        with_names=webhook.with_names if sent.with_names is None else sent.with_names,
    )
    if sent.state is not None and sent.state != webhook.state:
        changed = msgspec.structs.replace(changed, state=sent.state, why="", **_NOTHING_WAITS)
    if changed != webhook:
        webhooks.save_webhook(tx, changed)
        what = {"active": "resumed", "paused": "paused"}[changed.state] if changed.state != webhook.state else "changed"
        _note(tx, webhook.event, what, id, now=now, by=by)


def remove_webhook(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: str) -> None:
    """Raises `NotFound`."""
    webhook = webhook_of(tx, venues, slug, id)
    webhooks.drop_webhook(tx, id)
    _note(tx, webhook.event, "removed", id, now=now, by=by)


def webhook_of(tx: Transaction, venues: Venues, slug: str, id: str) -> Webhook:
    """Raises `NotFound` where this event has none with this id."""
    webhook = webhooks.load_webhook(tx, id)
    if webhook is None or webhook.event != venues.id(tx, slug):
        raise NotFound("This event has no such webhook.", code="webhook_unknown")
    return webhook


def list_webhooks(tx: Transaction, venues: Venues, slug: str) -> list[WebhookShown]:
    venue = venues.venue(tx, slug)
    shown = []
    for one in webhooks.load_webhooks(tx, venue.id):
        last = webhooks.load_deliveries(tx, one.id, 1)
        shown.append(
            WebhookShown(
                id=one.id,
                url=one.url,
                kinds=one.kinds,
                with_names=one.with_names,
                state=one.state,
                why=one.why,
                failing_since=None if one.failing_since is None else iso(one.failing_since, venue.layout),
                next_at=iso(one.next_at, venue.layout) if one.attempt and one.state == "active" else None,
                last=delivery_shown(last[0], venue) if last else None,
            )
        )
    return shown


def list_deliveries(tx: Transaction, venues: Venues, slug: str, id: str) -> list[DeliveryShown]:
    """What was sent, the newest first. Raises `NotFound`."""
    webhook_of(tx, venues, slug, id)
    venue = venues.venue(tx, slug)
    return [delivery_shown(one, venue) for one in webhooks.load_deliveries(tx, id, DELIVERIES_KEPT_MAX)]


def delivery_shown(delivery: Delivery, venue: Venue) -> DeliveryShown:
    return DeliveryShown(
        number=delivery.number,
        message=delivery.message,
        what=delivery.what,
        events=delivery.events,
        at=iso(delivery.at, venue.layout),
        attempt=delivery.attempt,
        status=delivery.status,
        fault=delivery.fault,
        duration_ms=delivery.duration_ms,
    )


def next_message(tx: Transaction, venue: Venue, webhook: Webhook) -> Message:
    """What comes after the webhook's cursor; without events where nothing of it concerns it. A message that
    was not taken is made again from the same facts."""
    last = webhook.until_seq or None
    found: list[dict[str, Any]] = []
    until = webhook.cursor_seq
    for kept in facts.facts_since(tx, webhook.event, webhook.cursor_seq, READ_FACTS_MAX):
        if last is not None and kept.seq > last:
            break
        until = kept.seq
        found += happenings(kept, webhook, venue)
        if len(found) >= MESSAGE_EVENTS_MAX:
            break
    return _message(tx, venue, webhook, found, webhook.cursor_seq, until, attempt=webhook.attempt + 1)


def same_message(tx: Transaction, venue: Venue, webhook: Webhook, number: int) -> Message:
    """A message that was sent before, as it would be now. Raises `NotFound`, `Conflict` for a test."""
    delivery = webhooks.load_delivery(tx, webhook.id, number)
    if delivery is None:
        raise NotFound("This delivery is not in the log any more.", code="delivery_unknown")
    if delivery.what == "test":
        raise Conflict("This was a test. Send a new one.", code="delivery_was_test")
    kept = facts.facts_since(tx, webhook.event, delivery.after_seq, READ_FACTS_MAX)
    found = [one for fact in kept if fact.seq <= delivery.until_seq for one in happenings(fact, webhook, venue)]
    message = _message(tx, venue, webhook, found, delivery.after_seq, delivery.until_seq, attempt=delivery.attempt + 1)
    return msgspec.structs.replace(message, what="again")


def test_message(venue: Venue, wall: int) -> Message:
    """Nothing has happened: whether the other side hears us."""
    body = _body("test", venue, wall, [])
    return Message(id=f"test_{uuid.uuid4().hex}", what="test", after_seq=0, until_seq=0, events=0, body=body)


def happenings(kept: facts.Kept, webhook: Webhook, venue: Venue) -> Iterator[dict[str, Any]]:
    """What a fact is to a webhook: nothing or one thing, with ids alone."""
    told = _happening(kept.fact, venue)
    if told is None:
        return
    kind, at, content = told
    if kind in webhook.kinds or (kind == "undone" and {"entry", "exit"} & set(webhook.kinds)):
        yield {
            "id": f"{venue.layout.event.slug}:{kept.seq}",
            "seq": kept.seq,
            "kind": kind,
            "at": iso(at, venue.layout),
            **content,
        }


def settle(
    tx: Transaction, webhook: Webhook, message: Message, delivery: Delivery, *, next_at: int | None, why: str, now: int
) -> None:
    """Keep how a sending went. `next_at` None: taken, go on after it; `why`: do not send again, and why."""
    webhooks.add_delivery(tx, webhook.id, delivery, DELIVERIES_KEPT_MAX)
    stored = webhooks.load_webhook(tx, webhook.id)
    if stored is None or stored.cursor_seq != webhook.cursor_seq:
        return  # removed meanwhile, or another node was first
    if next_at is None:
        settled = msgspec.structs.replace(stored, cursor_seq=message.until_seq, **_NOTHING_WAITS)
    else:
        settled = msgspec.structs.replace(
            stored,
            cursor_seq=message.after_seq,  # what lies before does not concern it
            until_seq=message.until_seq,
            attempt=message.attempt,
            next_at=next_at,
            failing_since=stored.failing_since or delivery.at,
        )
    if why and stored.state == "active":
        settled = msgspec.structs.replace(settled, state="disabled", why=why)
        _note(tx, webhook.event, "disabled", webhook.id, now=now, by=BY_CLOCK)
    webhooks.save_webhook(tx, settled)


def skip(tx: Transaction, webhook: Webhook, seq: int) -> None:
    """Nothing up to this fact concerns the webhook, or does so any more."""
    stored = webhooks.load_webhook(tx, webhook.id)
    if stored is not None and stored.cursor_seq == webhook.cursor_seq:
        webhooks.save_webhook(tx, msgspec.structs.replace(stored, cursor_seq=seq, **_NOTHING_WAITS))


def check_url(url: str, *, private: bool) -> None:
    """Raises `BadInput` for an address that a message is never sent to."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise BadInput("This is no address. It looks like https://host.example/path.", code="webhook_url")
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise BadInput(
            "The address must begin with https://. In the house's own network http:// can be allowed"
            " (CHECKIN_WEBHOOKS_PRIVATE).",
            code="webhook_not_https",
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadInput("The address may hold no name, password or #part.", code="webhook_url")
    if not private and _is_inside(host):
        raise BadInput(
            "This is an address inside: of this machine or of a private network. The house's own network can be"
            " allowed (CHECKIN_WEBHOOKS_PRIVATE).",
            code="webhook_inside",
        )


def _is_inside(host: str) -> bool:
    """What can be said before a name is looked up; where names lead is looked at whenever something is sent."""
    name = host.rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return not is_outside(name)


def is_outside(address: str) -> bool:
    """Whether an address belongs to the public internet, also by the IPv4 address that an IPv6 one holds."""
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(one, ipaddress.IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo[1] if one.teredo else None)
        if one in _NAT64:
            inner = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
        if inner is not None:
            return is_outside(str(inner))
    return one.is_global and not one.is_multicast


def secret_of(key: bytes, id: str) -> bytes:
    """The 32 bytes that sign a webhook's messages: from the event's key, so stored nowhere."""
    return hmac.digest(key, b"webhook " + id.encode(), hashlib.sha256)


def secret_text(secret: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signed(secret: bytes, message: Message, at_s: int) -> dict[str, str]:
    """The headers that say which message it is, when it was sent, and that it is ours."""
    content = f"{message.id}.{at_s}.".encode() + message.body
    signature = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    return {"webhook-id": message.id, "webhook-timestamp": str(at_s), "webhook-signature": f"v1,{signature}"}


def _happening(fact: Fact, venue: Venue) -> tuple[str, int, dict[str, Any]] | None:
    match fact:
        case Scanned() if fact.decision.outcome == "admitted" and fact.decision.attendee:
            kind = PASSED.get(fact.decision.kind)
            if kind is None:
                return None
            content: dict[str, Any] = {
                "attendee": fact.decision.attendee,
                "door": fact.door,
                "area": fact.area,
                "passage": fact.decision.kind,
                "scan": fact.id,
            }
            return kind, believed_at(fact), content
        case Assumed() if fact.attendee:
            return "exit", fact.at, {"attendee": fact.attendee, "area": fact.area, "assumed": True}
        case Evacuated() if fact.empties:
            return "exit", fact.at, {"area": venue.layout.house.id, "everybody": True}
        case Undone() if fact.attendee:
            return "undone", fact.at, {"attendee": fact.attendee, "scan": fact.scan}
        case Changed(noun="badge"):
            return "badge", fact.at, {"what": fact.what, "badges": list(fact.ids), "count": fact.count or len(fact.ids)}
        case _:
            return None


def _message(
    tx: Transaction,
    venue: Venue,
    webhook: Webhook,
    found: list[dict[str, Any]],
    after: int,
    until: int,
    *,
    attempt: int,
) -> Message:
    if webhook.with_names:
        named = attendees.names_by_id(tx, venue.id, {one["attendee"] for one in found if "attendee" in one})
        for one in found:
            if one.get("attendee") in named:
                one["name"], one["group"] = named[one["attendee"]]
    at = msgspec.convert(found[-1]["at"], dt.datetime) if found else dt.datetime.fromtimestamp(0, dt.UTC)
    return Message(
        id=f"{webhook.id}-{after + 1}-{until}",
        what="events",
        after_seq=after,
        until_seq=until,
        events=len(found),
        body=_body("events", venue, round(at.timestamp() * 1000), found),
        attempt=attempt,
    )


def _body(what: str, venue: Venue, at: int, found: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode(
        {
            "type": what,
            "timestamp": iso(at, venue.layout),
            "data": {"event": venue.layout.event.slug, "events": found},
        }
    )


def _note(tx: Transaction, event: int, what: str, id: str, *, now: int, by: str) -> int:
    journal = Journal(tx, event)
    seq = journal.add(Changed(noun="webhook", what=what, at=now, by=by, ids=(id,)))
    journal.write()
    return seq
