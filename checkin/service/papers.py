"""What stands on papers, in words: certificates, lists for when nothing works, the certificate of deletion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from babel.dates import format_date

from checkin.badges.joining import Told, nobody_told
from checkin.badges.papers import link_qr, part, render_paper, unprintable
from checkin.badges.render import set_in_parts
from checkin.core.attendance import Counted, Rule
from checkin.core.errors import BadInput, TooLarge
from checkin.core.model import Event
from checkin.service.certificates import Certified
from checkin.service.venues import Venue
from checkin.words import say

CERTIFICATES_MAX = 20_000
"""In one file."""
PART_CERTIFICATES_MAX = 50
NAMED_MAX = 5
CERTIFICATE_WORDS = (
    "certificate_title",
    "certificate_attended",
    "certificate_present",
    "certificate_time",
    "certificate_session",
    "certificate_minutes",
    "certificate_chamber",
    "certificate_assumed",
    "certificate_qr",
    "certificate_check_at",
)
RULES = {"sessions": "rule_sessions", "programme": "rule_programme", "day": "rule_day"}


def certificates_pdf(
    venue: Venue,
    certified: Sequence[Certified],
    rule: Rule,
    *,
    verify_url: str,
    language: str = "de",
    own: Path | None = None,
    told: Told = nobody_told,
) -> bytes:
    """The certificates in one tagged PDF, a page for each. `verify_url`: of the page where anybody checks a
    code. Raises `BadInput` for nobody or for
    letters that no font has, `TooLarge` for too many."""
    if not certified:
        raise BadInput("Nobody was present long enough for a certificate.", code="certificates_none")
    if len(certified) > CERTIFICATES_MAX:
        raise TooLarge(f"One file holds at most {CERTIFICATES_MAX:,} certificates. Take a group at a time.")
    if wrong := [one.person for one in certified if unprintable(one.person.name)]:
        named = "; ".join(f"{one.name} ({unprintable(one.name)})" for one in wrong[:NAMED_MAX])
        raise BadInput(f"Letters cannot be printed. Correct the names first – {named}.", code="letters_unknown")
    event = venue.layout.event
    words = paper_words("certificate_", CERTIFICATE_WORDS, language) | {
        "on-date": say(
            "certificate_on_date",
            language,
            context="paper",
            date=day(event.date, language),
            place=venue.layout.house.name,
        ),
        "point-rule": say("certificate_point_rule", language, context="paper", minutes=rule.point_min),
    }
    content = {
        "words": words,
        "event_name": part(event.name),
        "event_line": part(f"{event.name} · {venue.layout.house.name}"),
        "rule": rule_words(rule, language),
    }
    title = f"{words['title']} {event.name}"

    def typeset(some: Sequence[Certified], after_pages: int) -> bytes:
        part = {**content, "certificates": [_certificate(venue, one, rule, verify_url, language) for one in some]}
        return render_paper("certificate", part, title=title, language=language, date=event.date, own=own)

    return set_in_parts(certified, PART_CERTIFICATES_MAX, typeset, told)


def rule_words(rule: Rule, language: str) -> str:
    """The rule in a sentence or three, as it stands on the paper."""
    said = [say(RULES[rule.counts], language, context="paper")]
    if rule.grace_min:
        grace = "rule_grace" if rule.counts == "sessions" else "rule_grace_house"
        said.append(say(grace, language, context="paper", minutes=rule.grace_min))
    if rule.least_percent:
        said.append(say("rule_least", language, context="paper", percent=rule.least_percent))
    if rule.round_min > 1:
        said.append(say("rule_round", language, context="paper", minutes=rule.round_min))
    return " ".join(said)


def day(date: dt.date, language: str) -> str:
    """“20. März 2017” or “20 March 2017”."""
    return format_date(date, "long", locale="en_GB" if language == "en" else language)


def clock(at: int, event: Event) -> str:
    """The time of day in the event's zone, as 09:42."""
    return f"{dt.datetime.fromtimestamp(at / 1000, event.zone):%H:%M}"


def _certificate(venue: Venue, one: Certified, rule: Rule, verify_url: str, language: str) -> dict[str, Any]:
    content, certificate = one.content, one.certificate
    issued = dt.datetime.fromtimestamp(certificate.issued_at / 1000, venue.layout.zone).date()
    points = None
    if rule.points:
        points = say("certificate_points", language, context="paper", count=content.points)
    return {
        "name": part(one.person.name),
        "organisation": part(one.person.organisation),
        "chamber_number": part(one.person.chamber_number if rule.points else ""),
        "lines": [_line(venue, counted) for counted in content.counted if counted.session is not None],
        "total": say("certificate_total", language, context="paper", minutes=content.minutes),
        "points": points,
        "assumed": content.assumed,
        "issued": say(
            "certificate_issued", language, context="paper", number=certificate.number, date=day(issued, language)
        ),
        "code": certificate.code,
        "qr": link_qr(f"{verify_url}#{certificate.code}"),
        "verify_at": verify_url.partition("://")[2],
    }


def _line(venue: Venue, counted: Counted) -> dict[str, Any]:
    session = venue.programme.sessions.get(counted.session or "")
    if session is None:  # it is in the programme no more
        return {"title": part(counted.session or ""), "room": part(""), "time": "", **_minutes(counted)}
    area = venue.layout.areas.get(session.area)
    event = venue.layout.event
    return {
        "title": part(session.title),
        "room": part(area.name if area else ""),
        "time": f"{clock(session.starts_at, event)}–{clock(session.ends_at, event)}",
        **_minutes(counted),
    }


def _minutes(counted: Counted) -> dict[str, Any]:
    return {"minutes": counted.minutes, "assumed": counted.assumed}


def paper_words(prefix: str, keys: Sequence[str], language: str) -> dict[str, str]:
    """The words of a template, without the prefix and as the templates write them."""
    return {key.removeprefix(prefix).replace("_", "-"): say(key, language, context="paper") for key in keys}
