"""Makes the demo's files once, from a seed: `python -m checkin.demo.generate`.

The layout as TOML, the attendee list as an agency would send it (semicolons,
Windows-1252, the usual traps), the programme as frab JSON. Same seed, same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import random
import unicodedata
import uuid
from pathlib import Path

from checkin.demo.people import OFFICES, TOWNS, Invented, ascii_name, invent

SEED = 20_170_320
DATE = "2017-03-20"
FILES = Path(__file__).parent / "files"

GROUPS = (
    ("verwaltung", "Kommunalverwaltung", 250),
    ("politik", "Bürgermeister und Räte", 40),
    ("bundland", "Bund und Länder", 54),
    ("verbaende", "Verbände", 50),
    ("forschung", "Forschung und Planung", 60),
    ("migra", "Migrantenorganisationen und Bewohner", 54),
    ("sprecher", "Sprecherinnen und Sprecher", 32),
    ("aussteller", "Aussteller", 40),
    ("presse", "Presse", 12),
    ("vip", "VIP", 8),
)
"""id, name, how many are registered."""
CREW = ("crew", "Helfende")
WAITING, CANCELLED, DUPLICATES = 24, 29, 7
GROUP_REGISTRATIONS = (14, 12, 10, 8, 7, 6, 5, 5, 4, 4, 3, 3, 3, 3, 3, 2)
"""16 bookings of 92 people; the first has one e-mail address for its 14."""
PROXIES, SAME_NAMES, WITHOUT_EMAIL = 14, 5, 12

AREAS: tuple[tuple[str, str, int, list[str], str], ...] = (
    ("P", "Große Halle", 400, ["wheelchair = 6"], "Foyer geradeaus"),
    ("M", "Markt und Catering", 450, [], "Foyer rechts"),
    ("T", "Theater", 220, ['overflow_of = "P"', "wheelchair = 4"], "Foyer links, Tor 2"),
    ("K", "Kino", 100, ["wheelchair = 2"], "hinter dem Markt"),
    ("G", "Galerie", 80, [], "Treppe oder Aufzug, 1. Stock"),
    ("W1", "Werkstatt 1", 60, [], "Hof, erste Tür"),
    ("W2", "Werkstatt 2", 40, [], "Hof, zweite Tür"),
    ("Q", "Quartierslabor", 30, ["step_free = false"], "Treppe, 1. Stock"),
)
"""id, name, approved visitors, what else the layout says, the way there."""
PLANS = (
    ("P", "tische", "Tische", 200, 4),
    ("T", "tische", "Tische", 110, 4),
)
"""area, id, name, approved visitors, wheelchair places: 1 visitor per m² at tables, 2 in rows (SBauVO NRW § 1)."""
COUNTERS = (("L-1", "Essensausgabe", "M", "mittag"), ("H-1", "Kopfhörer", "P", "kopfhoerer"))
ITEMS = (("mittag", "Mittagessen", "once"), ("kopfhoerer", "Kopfhörer", "lent"))
ROOM_DOORS = ("P-A", "P-B", "P-C", "M-1", "M-2", "T-1", "T-2", "K-1", "G-1", "G-2", "W1-1", "W2-1", "Q-1")
FORUMS_1 = (
    ("T", "Investitionspakt Soziale Integration im Quartier", 236),
    ("K", "Schulen, Kitas, Bibliotheken", 104),
    ("G", "Bürgerbeteiligung", 84),
    ("W1", "Nachbarschaft und Wohnen", 44),
    ("W2", "Quartierstreffs", 26),
    ("Q", "Ehrenamt", 14),
)
FORUMS_2 = (
    ("T", "Antrag und Verfahren", 198),
    ("K", "Beteiligung digital", 118),
    ("G", "Bibliothek als Treffpunkt", 88),
    ("W1", "Öffentlicher Raum", 52),
    ("W2", "Kleine Städte", 34),
    ("Q", "Planspiel Quartiersfonds", 18),
)
HEADER = (
    "Buchungsnr;Ticketnr;Status;Anrede;Titel;Vorname;Nachname;Institution;Amt/Abteilung;Funktion;PLZ;Ort;Bundesland;"
    "E-Mail;Telefon;Kategorie;Forum I;Forum II;Exkursion;Verpflegung;Unterstützungsbedarf;Sprache;"
    "Teilnehmerliste ja/nein;Foto ja/nein;Kammer-Nr;Anmeldedatum;Bemerkung"
).split(";")

Row = dict[str, str]


def make_layout() -> str:
    """The venue, as TOML."""
    visitors = [id for id, _, _ in GROUPS if id != "aussteller"]
    lines = [
        "# Made by checkin.demo.generate: a fictional house, modelled on the Depot in Dortmund.",
        "[event]",
        'slug = "kommunalkonferenz"',
        'name = "Integration vor Ort leben"',
        f"date = {DATE}",
        'timezone = "Europe/Berlin"',
    ]
    for id, name, _ in GROUPS:
        lines += ["", "[[group]]", f'id = "{id}"', f'name = "{name}"']
        lines += ["hidden = true"] if id == "vip" else []
    lines += ["", "[[group]]", f'id = "{CREW[0]}"', f'name = "{CREW[1]}"', 'counts_as = "crew"']
    lines += ["", "[[area]]", 'id = "house"', 'name = "Straßenbahnhalle Nord"', "visitors = 690", "persons = 750"]
    for id, name, number, more, way in AREAS:
        lines += ["", "[[area]]", f'id = "{id}"', f'name = "{name}"', 'parent = "house"', f"visitors = {number}"]
        lines += [*more, f'way = "{way}"']
    for area, id, name, number, places in PLANS:
        lines += ["", "[[plan]]", f'area = "{area}"', f'id = "{id}"', f'name = "{name}"', f"visitors = {number}"]
        lines += [f"wheelchair = {places}"]
    entrances: tuple[tuple[str, str, str, str | None, list[str], int], ...] = (
        ("D1", "Süd", "both", "09:00", visitors, 8),
        ("D2", "West (stufenlos)", "both", "09:00", visitors, 2),
        ("D3", "Tor 3", "both", "07:00", ["aussteller", "sprecher", "crew"], 1),
        ("D4", "Protokoll", "both", "09:00", ["vip"], 1),
        ("D6", "Ost", "exit", None, [], 1),
    )
    for id, name, direction, opens, groups, lanes in entrances:
        lines += ["", "[[door]]", f'id = "{id}"', f'name = "{name}"', 'area = "house"', f'direction = "{direction}"']
        lines += [f'opens = "{opens}"'] if opens else []
        lines += [f"groups = {json.dumps(groups)}"] if groups else []
        lines += [f"lanes = {lanes}"] if lanes > 1 else []
    names = {id: name for id, name, *_ in AREAS}
    for door in ROOM_DOORS:
        area, _, which = door.partition("-")
        lines += ["", "[[door]]", f'id = "{door}"', f'name = "{names[area]} {which}"', f'area = "{area}"']
        lines += ['reentry = "allow"']
    for id, name, area, item in COUNTERS:
        lines += ["", "[[door]]", f'id = "{id}"', f'name = "{name}"', f'area = "{area}"', f'item = "{item}"']
    for id, name, kind in ITEMS:
        lines += ["", "[[item]]", f'id = "{id}"', f'name = "{name}"', f'kind = "{kind}"']
    for area, group, seats, until in (
        ("P", "vip", 8, "10:35"),
        ("P", "sprecher", 32, "10:35"),
        ("P", "presse", 8, "10:35"),
    ):
        lines += ["", "[[hold]]", f'area = "{area}"', f'group = "{group}"', f"seats = {seats}", f'until = "{until}"']
    return "\n".join(lines) + "\n"


def make_schedule() -> str:
    """The programme, as frab JSON."""
    rng = random.Random(SEED + 1)
    speakers = [f"{one.given_name} {one.family_name}" for one in invent(rng, 60) if one.script in ("german", "turkish")]
    rooms: dict[str, list[dict[str, object]]] = {id: [] for id, *_ in AREAS}

    def add(
        area: str, start: str, end: str, title: str, *, code: str, bookable: bool = False, subtitle: str = ""
    ) -> None:
        minutes = _minutes(end) - _minutes(start)
        rooms[area].append(
            {
                "id": len(code) * 1000 + sum(map(ord, code)),
                "code": code,
                "guid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"kommunalkonferenz/{code}")),
                "date": f"{DATE}T{start}:00+01:00",
                "start": start,
                "duration": f"{minutes // 60:02d}:{minutes % 60:02d}",
                "room": area,
                "title": title,
                "subtitle": subtitle,
                "language": "de",
                "persons": [{"public_name": speakers.pop()} for _ in range(2)] if bookable else [],
                "bookable": bookable,
            }
        )

    add("M", "09:00", "10:30", "Ankommen, Kaffee, Markt der Möglichkeiten", code="KAFFEE")
    add("P", "10:30", "10:40", "Begrüßung", code="GRUSS")
    add("P", "10:40", "11:10", "Eröffnung: Investitionspakt Soziale Integration im Quartier", code="ERÖFF")
    add("P", "11:10", "12:00", "Podium: Integration vor Ort leben", code="PODIUM")
    for block, start, end, forums in (("1", "12:10", "13:10", FORUMS_1), ("2", "14:10", "15:10", FORUMS_2)):
        for area, title, _ in forums:
            add(area, start, end, title, code=f"F{block}-{area}", bookable=True, subtitle=f"Forum {'I' * int(block)}")
    add("M", "13:10", "14:10", "Mittagessen", code="ESSEN")
    add("P", "15:30", "16:15", "Ergebnisse aus den Foren", code="ERGEBNIS")
    add("M", "16:20", "17:00", "Bescheinigungen und Ausklang", code="AUSKLANG")
    conference = {
        "acronym": "kommunalkonferenz",
        "title": "Integration vor Ort leben",
        "start": DATE,
        "end": DATE,
        "daysCount": 1,
        "time_zone_name": "Europe/Berlin",
        "days": [{"index": 1, "date": DATE, "rooms": rooms}],
    }
    return json.dumps({"schedule": {"version": "1.0", "conference": conference}}, ensure_ascii=False, indent=1) + "\n"


def make_attendees() -> bytes:
    """The list as an agency sends it: 660 rows, Windows-1252, letters beyond that as references."""
    rng = random.Random(SEED)
    people = invent(rng, 600 + WAITING + CANCELLED)
    kinds = [(name, "angemeldet") for _, name, count in GROUPS for _ in range(count)]
    rng.shuffle(kinds)
    kinds += [(GROUPS[0][1], "Warteliste")] * WAITING + [(GROUPS[0][1], "storniert")] * CANCELLED
    rows = [_row(rng, number, one, *kind) for number, (one, kind) in enumerate(zip(people, kinds, strict=True), 1)]
    registered = rows[:600]
    _book_forums(rng, registered)
    _register_groups(rng, registered)
    _set_traps(rng, registered)
    duplicates = [dict(row) for row in rng.sample(registered[150:], DUPLICATES)]
    for row in duplicates:
        row["Bemerkung"] = "zweite Anmeldung"
    rng.shuffle(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows([*rows, *duplicates])
    text.write((";" * (len(HEADER) - 1) + "\r\n") * 3)
    # A form on a page in Windows-1252 sends letters beyond it as numeric references (WHATWG, form submission).
    return _with_references(text.getvalue())


def _row(rng: random.Random, number: int, one: Invented, kind: str, status: str) -> Row:
    postcode, town, state = one.town
    municipal = kind in (GROUPS[0][1], GROUPS[1][1])
    letters = "".join(rng.choices("23456789ABCDEFGHJKMNPRSTVWX", k=6))
    return {
        "Buchungsnr": f"B{4000 + number}",
        "Ticketnr": f"KK17-{letters}",
        "Status": status,
        "Anrede": rng.choice(("Frau", "Herr", "")),
        "Titel": one.title,
        "Vorname": one.given_name,
        "Nachname": one.family_name,
        "Institution": f"Stadt {town}" if municipal else rng.choice(_INSTITUTIONS[kind]),
        "Amt/Abteilung": rng.choice(OFFICES) if kind == GROUPS[0][1] else "",
        "Funktion": rng.choice(("Sachbearbeitung", "Leitung", "Referat", "")),
        "PLZ": postcode,
        "Ort": town,
        "Bundesland": state,
        "E-Mail": f"{ascii_name(one)}{number}@{'stadt' if municipal else 'verein'}.example",
        "Telefon": f"0231 555{number:04d}",
        "Kategorie": kind,
        "Forum I": "",
        "Forum II": "",
        "Exkursion": "",
        "Verpflegung": rng.choice(("", "", "vegetarisch", "vegan", "halal")),
        "Unterstützungsbedarf": "Rollstuhl" if rng.random() < 0.01 else "",
        "Sprache": rng.choice(("de", "de", "de", "en", "tr")),
        "Teilnehmerliste ja/nein": rng.choice(("ja", "nein", "x", "1", "")),
        "Foto ja/nein": rng.choice(("ja", "ja", "ja", "nein")),
        "Kammer-Nr": f"A{rng.randrange(10_000, 99_999)}" if rng.random() < 0.05 else "",
        "Anmeldedatum": f"{rng.randrange(1, 29):02d}.02.2017",
        "Bemerkung": "",
    }


_INSTITUTIONS = {
    "Bund und Länder": (
        "Bundesministerium für Umwelt, Naturschutz, Bau und Reaktorsicherheit",
        "Ministerium für Bauen",
        "Bezirksregierung Arnsberg",
    ),
    "Verbände": ("Deutscher Städtetag", "Deutscher Städte- und Gemeindebund", "Verband der Wohnungswirtschaft e. V."),
    "Forschung und Planung": (
        "Institut für Stadtforschung",
        "Büro für Quartiersentwicklung",
        "Technische Universität Dortmund",
    ),
    "Migrantenorganisationen und Bewohner": (
        "Verein der Migranten e. V.",
        "Bewohnerrat Nordstadt",
        "Haus der Vielfalt e. V.",
    ),
    "Sprecherinnen und Sprecher": ("Stadtlabor", "Stiftung Nachbarschaft", "Hochschule für Gestaltung"),
    "Aussteller": ("Lesewelt e. V.", "Quartiersapp GmbH", "Spielmobil Dortmund", "Stadtteilbibliothek"),
    "Presse": ("Ruhr-Bote", "Radio Nordstadt", "Stadtmagazin"),
    "VIP": ("Landtag", "Bundestag", "Stadtrat"),
}


def _book_forums(rng: random.Random, registered: list[Row]) -> None:
    """Bookings exactly as the field has them: some forums beyond their seats."""
    for column, forums in (("Forum I", FORUMS_1), ("Forum II", FORUMS_2)):
        titles = [title for _, title, booked in forums for _ in range(booked)]
        visitors = [row for row in registered if row["Kategorie"] != "Aussteller"]
        for row, title in zip(rng.sample(visitors, len(titles)), titles, strict=True):
            row[column] = title


def _register_groups(rng: random.Random, registered: list[Row]) -> None:
    """Group registrations: one booking, the same institution, a ticket each."""
    municipal = [row for row in registered if row["Kategorie"] == GROUPS[0][1]]
    rng.shuffle(municipal)
    for number, size in enumerate(GROUP_REGISTRATIONS):
        members = [municipal.pop() for _ in range(size)]
        for row in members:
            for column in ("Buchungsnr", "Institution", "PLZ", "Ort", "Bundesland"):
                row[column] = members[0][column]
            if number == 0:
                row["E-Mail"] = members[0]["E-Mail"]
            row["Bemerkung"] = f"Gruppenanmeldung {number + 1}"


def _set_traps(rng: random.Random, registered: list[Row]) -> None:
    """What every real list has."""
    plain = [row for row in registered if not row["Bemerkung"]]
    rng.shuffle(plain)
    for row in [row for row in plain if row["PLZ"].startswith("0")][:9]:
        row["PLZ"] = row["PLZ"][1:]
    for row in _taken(plain, 6):
        row["Anrede"], row["Titel"] = "Frau Dr.", ""
    for row in [row for row in plain if row["Nachname"].isascii()][:8]:
        row["Nachname"] = row["Nachname"].upper()
        plain.remove(row)
    for row in [row for row in plain if "ö" in row["Nachname"] or "ü" in row["Nachname"]][:7]:
        row["Nachname"] = unicodedata.normalize("NFD", row["Nachname"])
        plain.remove(row)
    for row in _taken(plain, 4):
        row["Bemerkung"] = "kommt mit dem Zug\nbitte Platz am Rand\nDanke"
    for row in _taken(plain, 1):
        row["Bemerkung"] = '=HYPERLINK("http://example.org","Klick")'
    for row in _taken(plain, WITHOUT_EMAIL):
        row["E-Mail"] = ""
    for row in _taken(plain, PROXIES):
        row["Bemerkung"] = "Vertretung für eine Kollegin"
    for one, other in zip(_taken(plain, SAME_NAMES), _taken(plain, SAME_NAMES), strict=True):
        other["Vorname"], other["Nachname"] = one["Vorname"], one["Nachname"]
        if other["Ort"] == one["Ort"]:
            other["PLZ"], other["Ort"], other["Bundesland"] = next(town for town in TOWNS if town[1] != one["Ort"])


def _taken(rows: list[Row], count: int) -> list[Row]:
    return [rows.pop() for _ in range(count)]


def _with_references(text: str) -> bytes:
    """A cell with a reference holds a semicolon, so it must be quoted: written anew cell by cell."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([cell.encode("cp1252", "xmlcharrefreplace").decode("cp1252") for cell in row])
    return out.getvalue().encode("cp1252")


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def main() -> None:
    FILES.mkdir(exist_ok=True)
    (FILES / "layout.toml").write_text(make_layout(), encoding="utf-8")
    (FILES / "attendees.csv").write_bytes(make_attendees())
    (FILES / "schedule.json").write_text(make_schedule(), encoding="utf-8")


if __name__ == "__main__":
    main()
