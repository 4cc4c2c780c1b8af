"""What a door says, in German and English. One table; a new reason gets its line here."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from checkin.core.admission import Decision, Refusal
from checkin.core.layout import Layout


class Hint(Struct, frozen=True):
    """One saying in both languages."""

    de: str
    en: str


ADMITTED = {
    "arrival": Hint("Einlass gewährt – willkommen", "Entry granted – welcome"),
    "entry": Hint("Einlass gewährt – willkommen", "Entry granted – welcome"),
    "reentry": Hint("Wiedereintritt gewährt", "Re-entry granted"),
    "exit": Hint("Ausgang erfasst", "Exit recorded"),
}
REFUSED = {
    "evacuation": Hint("Räumung – kein Einlass", "Evacuation – no entry"),
    "code_unknown": Hint("Code unbekannt", "Unknown code"),
    "code_forged": Hint("Code nicht echt – bitte zum Infoschalter", "Code not genuine – please see the help desk"),
    "badge_replaced": Hint("Badge ersetzt – altes ungültig", "Badge replaced – old one void"),
    "badge_blocked": Hint("Badge gesperrt", "Badge blocked"),
    "registration_cancelled": Hint("Ticket storniert", "Registration cancelled"),
    "registration_waiting": Hint("Warteliste", "Waiting list"),
    "door_closed": Hint("Ticket momentan nicht gültig", "Ticket currently not valid"),
    "group_not_permitted": Hint("Ticket-Typ hier nicht gültig", "Ticket type not valid here"),
    "already_inside": Hint("Bereits eingecheckt", "Already checked in"),
    "not_arrived": Hint("Bitte zuerst am Eingang einchecken", "Please check in at the entrance first"),
    "area_full": Hint("Raum voll – Einlassstopp", "Room full – entry stopped"),
}
HOUSE_FULL = Hint("Haus voll – bitte warten", "Venue full – please wait")
ALREADY_INSIDE_SINCE = Hint("Bereits eingecheckt ({time}, {door})", "Already checked in ({time}, {door})")
REPLACED_AT = Hint("Ersetzt um {time} – bitte das neue Badge zeigen", "Replaced at {time} – please show the new badge")
OTHER_DOORS = Hint("Bitte anderen Eingang benutzen: {doors}", "Please use entrance {doors}")
OPENS_AT = Hint("Öffnet um {time}", "Opens at {time}")
CLOSED_SINCE = Hint("Geschlossen seit {time}", "Closed since {time}")
EXIT_ONLY = Hint("Nur Ausgang", "Exit only")
OVERFLOW = Hint("Übertragung: {area}", "Live transmission: {area}")


def hint(decision: Decision, layout: Layout) -> Hint:
    """The saying for a decision: outcome and reason, never the reason behind a block."""
    if decision.refusal is None:
        assert decision.kind is not None, "admitted means a kind"
        return ADMITTED[decision.kind]
    refusal = decision.refusal
    if refusal.reason == "area_full" and refusal.area == layout.house.id:
        return HOUSE_FULL
    if refusal.reason == "already_inside" and refusal.since_at is not None:
        return _filled(
            ALREADY_INSIDE_SINCE, time=_time(refusal.since_at, layout), door=_door_name(refusal.since_door, layout)
        )
    return REFUSED[refusal.reason]


def way(refusal: Refusal | None, door: str, layout: Layout) -> Hint | None:
    """The way on for one who was refused at `door`: where to go instead, or when to come back."""
    if refusal is None:
        return None
    if refusal.doors:
        return _filled(OTHER_DOORS, doors=", ".join(_door_name(other, layout) for other in refusal.doors))
    if refusal.reason == "door_closed":
        return _hours(door, layout)
    if refusal.reason == "badge_replaced" and refusal.since_at is not None:
        return _filled(REPLACED_AT, time=_time(refusal.since_at, layout))
    if refusal.reason == "area_full" and refusal.area is not None:
        overflow = layout.overflow(refusal.area)
        return _filled(OVERFLOW, area=overflow.name) if overflow else None
    return None


def _hours(door: str, layout: Layout) -> Hint:
    there = layout.doors[door]
    if there.direction == "exit":
        return EXIT_ONLY
    if there.opens is not None:
        return _filled(OPENS_AT, time=f"{there.opens:%H:%M}")
    assert there.closes is not None, "a door without hours is never closed"
    return _filled(CLOSED_SINCE, time=f"{there.closes:%H:%M}")


def _filled(saying: Hint, **parts: str) -> Hint:
    return Hint(saying.de.format(**parts), saying.en.format(**parts))


def _time(at: int, layout: Layout) -> str:
    return f"{dt.datetime.fromtimestamp(at / 1000, layout.zone):%H:%M}"


def _door_name(door: str | None, layout: Layout) -> str:
    return layout.doors[door].name if door in layout.doors else (door or "")
