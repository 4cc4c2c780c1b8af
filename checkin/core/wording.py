"""What a door says, in German and English. One table; a new reason gets its line here."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from checkin.core.admission import Decision, Refusal
from checkin.core.holds import kept_seats
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
    "handout": Hint("Ausgegeben", "Handed out"),
    "return": Hint("Zurückgenommen – danke", "Taken back – thank you"),
}
REFUSED = {
    "evacuation": Hint("Räumung – kein Einlass", "Evacuation – no entry"),
    "code_unknown": Hint("Code unbekannt", "Unknown code"),
    "code_forged": Hint("Code nicht echt – bitte zum Infoschalter", "Code not genuine – please see the help desk"),
    "code_ambiguous": Hint("Nicht eindeutig – bitte Person wählen", "Ambiguous – choose person"),
    "badge_blocked": Hint("Bitte zum Infoschalter", "Please see the help desk"),
    "badge_replaced": Hint("Badge ersetzt – altes ungültig", "Badge replaced – old one void"),
    "registration_cancelled": Hint("Ticket storniert", "Registration cancelled"),
    "registration_waiting": Hint("Warteliste", "Waiting list"),
    "not_accredited": Hint("Bitte zum Presseschalter – Akkreditierung", "Please see the press desk – accreditation"),
    "proxy_came": Hint("Vertretung gemeldet – Ausweis vorzeigen", "A proxy is registered – show ID"),
    "door_closed": Hint("Ticket momentan nicht gültig", "Ticket currently not valid"),
    "group_not_permitted": Hint("Ticket-Typ hier nicht gültig", "Ticket type not valid here"),
    "already_inside": Hint("Bereits eingecheckt", "Already checked in"),
    "not_arrived": Hint("Bitte zuerst am Eingang einchecken", "Please check in at the entrance first"),
    "item_taken": Hint("Schon ausgegeben", "Already handed out"),
    "session_not_booked": Hint("Forum nicht gebucht – Plätze frei: umbuchen?", "Not booked – seats free: switch?"),
    "wheelchair_full": Hint("Rollstuhlplätze belegt", "Wheelchair places taken"),
    "area_full": Hint("Raum voll – Einlassstopp", "Room full – entry stopped"),
    "held_seats_only": Hint("Nur noch reservierte Plätze", "Reserved seats only"),
    "line_first": Hint("Plätze gehen der Reihe nach", "Seats go in the order of the line"),
}
FOR_STAFF = {**REFUSED, "badge_blocked": Hint("Badge gesperrt", "Badge blocked")}
"""As the staff's own lists say it: at the door a block is worded so that nobody around learns of it."""
SWITCHED = Hint("Umgebucht – willkommen", "Switched – welcome")
BOOKED = Hint("Platz gebucht – willkommen", "Seat booked – welcome")
ITEM_TAKEN_SINCE = Hint("Schon ausgegeben ({time}, {door})", "Already handed out ({time}, {door})")
PROXY_CAME = Hint("Vertretung ist seit {time} da", "The proxy has been here since {time}")
HOUSE_FULL = Hint("Haus voll – bitte warten", "Venue full – please wait")
ALREADY_INSIDE_SINCE = Hint("Bereits eingecheckt ({time}, {door})", "Already checked in ({time}, {door})")
REPLACED_AT = Hint("Ersetzt um {time} – bitte das neue Badge zeigen", "Replaced at {time} – please show the new badge")
REPLACED_AT_DESK = Hint(
    "Ersetzt um {time} ({desk}) – bitte das neue Badge zeigen",
    "Replaced at {time} ({desk}) – please show the new badge",
)
OTHER_DOORS = Hint("Bitte anderen Eingang benutzen: {doors}", "Please use entrance {doors}")
OPENS_AT = Hint("Öffnet um {time}", "Opens at {time}")
CLOSED_SINCE = Hint("Geschlossen seit {time}", "Closed since {time}")
EXIT_ONLY = Hint("Nur Ausgang", "Exit only")
OVERFLOW = Hint("Übertragung: {area}", "Live transmission: {area}")
ROOM_THERE = Hint("Plätze frei: {places}", "Places free: {places}")
KEPT = Hint("{count} Plätze reserviert", "{count} seats reserved")
KEPT_ONE = Hint("1 Platz reserviert", "1 seat reserved")
KEPT_PARTLY_UNTIL = Hint(
    "{count} Plätze reserviert, {part} davon bis {time}", "{count} seats reserved, {part} of them until {time}"
)
KEPT_UNTIL = Hint("{count} Plätze reserviert bis {time}", "{count} seats reserved until {time}")
KEPT_ONE_UNTIL = Hint("1 Platz reserviert bis {time}", "1 seat reserved until {time}")
LINE_PLACE = Hint(
    "Ihre Nummer: {number} – davor warten {ahead}. Eine Person raus, eine rein.",
    "Your number: {number} – {ahead} wait before you. One out, one in.",
)
LINE_PLACE_HELD = Hint(
    "Ihre Nummer: {number} – davor warten {ahead}.", "Your number: {number} – {ahead} wait before you."
)
LINE_PLACE_HELD_ONE_AHEAD = Hint(
    "Ihre Nummer: {number} – davor wartet eine Person.", "Your number: {number} – one person waits before you."
)
LINE_PLACE_ONE_AHEAD = Hint(
    "Ihre Nummer: {number} – davor wartet eine Person. Eine Person raus, eine rein.",
    "Your number: {number} – one person waits before you. One out, one in.",
)
LINE_AHEAD_ONE = Hint("Eine Person wartet schon – Nummer ziehen?", "One person is waiting – take a number?")
LINE_AHEAD = Hint("{ahead} warten schon – Nummer ziehen?", "{ahead} are waiting – take a number?")
ASKS_BACK = Hint("Bitte zurückgeben: {items}", "Please give back: {items}")


def hint(decision: Decision, layout: Layout) -> Hint:
    """The saying for a decision: outcome and reason, never the reason behind a block."""
    if decision.refusal is None:
        assert decision.kind is not None, "admitted means a kind"
        if decision.books is not None:
            return SWITCHED if decision.frees else BOOKED
        return ADMITTED[decision.kind]
    refusal = decision.refusal
    if refusal.reason == "area_full" and refusal.area == layout.house.id:
        return HOUSE_FULL
    since = {"already_inside": ALREADY_INSIDE_SINCE, "item_taken": ITEM_TAKEN_SINCE}.get(refusal.reason)
    if since is not None and refusal.since_at is not None:
        return _filled(since, time=_time(refusal.since_at, layout), door=_door_name(refusal.since_door, layout))
    return REFUSED[refusal.reason]


def way(decision: Decision, door: str, layout: Layout) -> Hint | None:
    """The way on: where to go instead, when to come back, how long the line is, what to give back."""
    refusal = decision.refusal
    if refusal is None:
        return _asks_back(decision.asks_back, layout)
    if refusal.doors:
        return _filled(OTHER_DOORS, doors=", ".join(_door_name(other, layout) for other in refusal.doors))
    match refusal.reason:
        case "door_closed":
            return _hours(door, layout)
        case "badge_replaced" if refusal.since_at is not None:
            return replaced(refusal.since_at, refusal.since_door, layout)
        case "proxy_came" if refusal.since_at is not None:
            return _filled(PROXY_CAME, time=_time(refusal.since_at, layout))
    return _joined(_line(refusal), _kept(refusal, layout), _elsewhere(refusal, layout))


def replaced(at: int, desk: str | None, layout: Layout) -> Hint:
    """What is said of a badge that was replaced: when, and where if that is known."""
    time = _time(at, layout)
    return _filled(REPLACED_AT_DESK, time=time, desk=desk) if desk else _filled(REPLACED_AT, time=time)


def _asks_back(items: tuple[str, ...], layout: Layout) -> Hint | None:
    if not items:
        return None
    return _filled(ASKS_BACK, items=", ".join(layout.items[item].name for item in items if item in layout.items))


def _line(refusal: Refusal) -> Hint | None:
    if refusal.number is not None:
        if refusal.kept:  # these places come free by time, not when somebody leaves
            place = LINE_PLACE_HELD_ONE_AHEAD if refusal.ahead == 1 else LINE_PLACE_HELD
        else:
            place = LINE_PLACE_ONE_AHEAD if refusal.ahead == 1 else LINE_PLACE
        return _filled(place, number=str(refusal.number), ahead=str(refusal.ahead or 0))
    if refusal.ahead:
        return _filled(LINE_AHEAD_ONE if refusal.ahead == 1 else LINE_AHEAD, ahead=str(refusal.ahead))
    return None


def _kept(refusal: Refusal, layout: Layout) -> Hint | None:
    kept = kept_seats(refusal.kept)
    if kept is None:
        return None
    if kept.until_at is None:
        return _filled(KEPT_ONE if kept.seats == 1 else KEPT, count=str(kept.seats))
    time = _time(kept.until_at, layout)
    if kept.until_seats == kept.seats:
        return _filled(KEPT_ONE_UNTIL if kept.seats == 1 else KEPT_UNTIL, count=str(kept.seats), time=time)
    return _filled(KEPT_PARTLY_UNTIL, count=str(kept.seats), part=str(kept.until_seats), time=time)


def _elsewhere(refusal: Refusal, layout: Layout) -> Hint | None:
    """Where the same is shown, and what else runs in this slot with places free."""
    shown = _filled(OVERFLOW, area=_place(refusal.overflow, layout)) if refusal.overflow is not None else None
    others = [one for one in refusal.alternatives if one.area != refusal.overflow]
    if not others:
        return shown
    return _joined(shown, _filled(ROOM_THERE, places=", ".join(_place(one.area, layout) for one in others)))


def _place(area: str, layout: Layout) -> str:
    there = layout.areas[area]
    return f"{there.name} ({there.way})" if there.way else there.name


def _joined(*sayings: Hint | None) -> Hint | None:
    said = [saying for saying in sayings if saying is not None]
    if not said:
        return None
    return Hint(" · ".join(one.de for one in said), " · ".join(one.en for one in said))


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
