"""Orders of pretix as a table of tickets: its export “Order data (JSON)”, or what `pretix_api` fetched.

Sources: pretix's exporter and its REST API (docs.pretix.eu/dev/api), resources orders, items and questions. A
position's `secret` is what the ticket's QR code holds. Add-ons are columns of the ticket they belong to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from checkin.core.errors import BadInput, TooLarge
from checkin.exchange.sheets import ROWS_MAX, Sheet

ADD_ONS_MAX = 10
QUESTIONS_MAX = 200

_HEADER = [
    *("Bestellnummer", "Ticketcode", "Status", "Titel", "Vorname", "Nachname", "Teilnehmername", "Firma"),
    *("Adresse", "Postleitzahl", "Stadt", "Bundesland", "Teilnehmer-E-Mail", "Telefonnummer", "Sprache"),
    *("Produkt", "Variante", "Bestelldatum"),
]
_STATUS = {"n": "pending", "p": "paid", "e": "expired", "c": "canceled"}


def orders_sheet(data: bytes, *, name: str) -> Sheet:
    """The tickets in a JSON export of pretix, one a row.

    Raises `BadInput` (code `pretix_invalid`) for JSON that is neither.
    """
    try:
        content = json.loads(data.decode("utf-8-sig"))
        event = content["event"]
        orders, items = event["orders"], {item["id"]: item for item in event["items"]}
        questions = {one["id"]: _text(one["question"]) for one in event["questions"][:QUESTIONS_MAX]}
        tickets = [row for order in orders if not order.get("testmode") for row in _tickets(order, items)]
        return _sheet(tickets, questions)
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"{name} is JSON, but no order export of pretix (“Order data (JSON)”).", code="pretix_invalid"
        ) from error


class _Ticket:
    """A position of an order that somebody comes with: the cells of `_HEADER`, and what hangs on it."""

    def __init__(self, id: Any, cells: list[str], answers: dict[Any, str]) -> None:
        self.id = id
        self.cells = cells
        self.answers = answers
        self.add_ons: list[str] = []


def _tickets(order: Mapping[str, Any], items: Mapping[Any, Mapping[str, Any]]) -> Iterable[_Ticket]:
    tickets: dict[Any, _Ticket] = {}
    add_ons: list[tuple[Any, str]] = []
    for position in order["positions"]:
        item = items.get(position["item"], {})
        product = _text(item.get("name"))
        if position.get("addon_to") is not None:
            if not position.get("canceled"):
                add_ons.append((position["addon_to"], product))
        elif item.get("admission", True):
            variations = {one["id"]: _text(one.get("value", one.get("name"))) for one in item.get("variations", [])}
            tickets[position["id"]] = _ticket(order, position, product, variations.get(position.get("variation"), ""))
    for ticket, product in add_ons:
        if ticket in tickets:
            tickets[ticket].add_ons.append(product)
    return tickets.values()


def _ticket(order: Mapping[str, Any], position: Mapping[str, Any], product: str, variation: str) -> _Ticket:
    invoice = order.get("invoice_address") or {}
    parts = position.get("attendee_name_parts") or {}
    whole = position.get("attendee_name") or parts.get("full_name")
    if not whole:  # pretix may ask for one name an order
        parts = invoice.get("name_parts") or {}
        whole = invoice.get("name") or parts.get("full_name")
    status = "canceled" if position.get("canceled") else _STATUS.get(str(order["status"]), str(order["status"]))
    cells = [
        *(order["code"], position["secret"], status),
        *(parts.get("title"), parts.get("given_name"), parts.get("family_name"), whole),
        position.get("company") or invoice.get("company"),
        *(position.get("street"), position.get("zipcode"), position.get("city"), position.get("state")),
        position.get("attendee_email") or order.get("email"),
        *(order.get("phone"), order.get("locale"), product, variation),
        str(order.get("datetime") or "")[:10],
    ]
    answers = {one["question"]: _text(one["answer"]) for one in position.get("answers") or []}
    return _Ticket(position["id"], [_text(cell) for cell in cells], answers)


def _sheet(tickets: list[_Ticket], questions: Mapping[Any, str]) -> Sheet:
    asked = [id for id in questions if any(id in ticket.answers for ticket in tickets)]
    width = min(ADD_ONS_MAX, max((len(ticket.add_ons) for ticket in tickets), default=0))
    if len(tickets) > ROWS_MAX:
        raise TooLarge(f"pretix gave more than {ROWS_MAX:,} tickets.")
    return Sheet(
        form="pretix",
        encoding="UTF-8",
        separator="",
        header=[*_HEADER, *(questions[id] for id in asked), *(f"Zusatzprodukt {n + 1}" for n in range(width))],
        rows=[
            (
                line,
                [
                    *ticket.cells,
                    *(ticket.answers.get(id, "") for id in asked),
                    *(ticket.add_ons[:width] + [""] * width)[:width],
                ],
            )
            for line, ticket in enumerate(tickets, 2)
        ],
    )


def _text(value: Any) -> str:
    """A text of pretix: plain, or by language (German first)."""
    if isinstance(value, dict):
        return str(value.get("de") or value.get("de-informal") or value.get("en") or next(iter(value.values()), ""))
    return "" if value is None else str(value)
