"""What a layout or a schedule file would change, and taking it back, part by part."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import Area, Door, Event, Group, Hold, Item, Plan, Session
from checkin.store.imports import ImportRow

Parts = dict[str, dict[str, Any]]
"""subject (“area P”, or a session's id) → its fields as they are written."""

_NOUNS: dict[str, type[Struct]] = {
    "event": Event,
    "group": Group,
    "area": Area,
    "plan": Plan,
    "door": Door,
    "hold": Hold,
    "item": Item,
}


class FilePlan(Struct, frozen=True, kw_only=True):
    """What a file changes. `names`: of the parts in the rows, as people know them."""

    rows: list[ImportRow]
    names: dict[str, str]
    unchanged: int


def layout_parts(layout: Layout) -> Parts:
    """The parts of a venue, by noun and id."""
    parts = {"event ": _written(layout.event)}
    for noun, ones in (
        ("group", layout.groups.values()),
        ("area", layout.areas.values()),
        ("door", layout.doors.values()),
        ("hold", layout.holds),
        ("item", layout.items.values()),
    ):
        parts |= {f"{noun} {one.id}": _written(one) for one in ones}
    parts |= {f"plan {plan.area} {plan.id}": _written(plan) for plan in layout.plans}
    return parts


def layout_of(parts: Parts) -> Layout:
    """The venue that these parts are. Raises `BadInput` where they do not fit together."""
    nouns: dict[str, list[Any]] = {noun: [] for noun in _NOUNS}
    for subject, fields in parts.items():
        noun = subject.partition(" ")[0]
        nouns[noun].append(msgspec.convert(fields, _NOUNS[noun]))
    return Layout(
        nouns["event"][0],
        nouns["group"],
        nouns["area"],
        nouns["door"],
        nouns["hold"],
        nouns["plan"],
        nouns["item"],
    )


def session_parts(sessions: Iterable[Session]) -> Parts:
    return {session.id: _written(session) for session in sessions}


def sessions_of(parts: Parts) -> list[Session]:
    return [msgspec.convert(fields, Session) for fields in parts.values()]


def plan_file(before: Parts, after: Parts) -> FilePlan:
    """Compare what is with what a file says."""
    rows: list[tuple[Any, str, dict[str, Any], dict[str, Any]]] = []
    rows += [("new", subject, {}, fields) for subject, fields in after.items() if subject not in before]
    for subject, fields in after.items():
        if subject in before and (changed := _changed(before[subject], fields)):
            rows.append(("changed", subject, {key: before[subject][key] for key in changed}, changed))
    rows += [("gone", subject, fields, {}) for subject, fields in before.items() if subject not in after]
    named = before | after
    return FilePlan(
        rows=[
            ImportRow(place=place, what=what, subject=subject, line=None, before=was, after=becomes)
            for place, (what, subject, was, becomes) in enumerate(rows)
        ],
        names={subject: name_of(subject, named[subject]) for _, subject, _, _ in rows},
        unchanged=sum(before.get(subject) == fields for subject, fields in after.items()),
    )


def put_back(rows: Iterable[ImportRow], now: Parts, in_use: Collection[str] = ()) -> tuple[Parts, dict[int, str]]:
    """The parts with these rows taken back, and place → outcome. What was changed by hand since stays
    (`partly`, `kept_changed`), and so does what is new and used since (`kept_used`)."""
    parts: dict[str, dict[str, Any]] = dict(now)
    outcomes: dict[int, str] = {}
    for row in rows:
        there = parts.get(row.subject)
        if row.what == "gone" and not row.after:
            outcomes[row.place] = "back" if there is None else "kept_changed"
            parts.setdefault(row.subject, row.before)
        elif there is None:
            outcomes[row.place] = "kept_gone"
        elif row.what == "new":
            same = not _changed(row.after, there)
            outcomes[row.place] = "kept_used" if row.subject in in_use else "back" if same else "kept_changed"
            if outcomes[row.place] == "back":
                del parts[row.subject]
        else:
            back = {key: row.before[key] for key, value in row.after.items() if there.get(key) == value}
            outcomes[row.place] = "kept_changed" if not back else "back" if back == row.before else "partly"
            parts[row.subject] = there | back
    return parts, outcomes


def name_of(subject: str, fields: Mapping[str, Any]) -> str:
    """A part as people know it."""
    return str(fields.get("name") or fields.get("title") or subject.partition(" ")[2] or subject)


def _written(one: Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(one)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in after.items() if before.get(key) != value}
