"""Who may do what, as one table."""

from __future__ import annotations

from typing import Literal

from checkin.core.model import DeviceRole, OperatorRole

Permission = Literal[
    "read",  # occupancy, programme, facts (ids alone)
    "scan",  # send scans, see the crew list, give up numbers of the waiting line
    "override",  # let in against a soft refusal
    "click",  # ±n of those without a badge; a door device in the area of its door
    "correct",  # headcounts
    "people",  # see names
    "desk",  # walk-ins, changes, proxies, badges, bookings
    "manage",  # devices, imports, holds, programme, the end of the day
    "protocol",  # see the groups that the normal search hides
    "block",  # withdraw somebody's right to come in
    "evacuate",  # close every door for entry, the all-clear, the list of those needing help
    "approve",  # enter a newly approved plan of a room, switch plans
    "reasons",  # read why somebody is blocked
]

OPERATOR_MAY: dict[OperatorRole, frozenset[Permission]] = {
    "viewer": frozenset({"read"}),
    "steward": frozenset({"read", "scan", "override", "click", "correct", "people"}),
    "desk": frozenset({"read", "scan", "override", "people", "desk"}),
    "organiser": frozenset(
        {"read", "scan", "override", "click", "correct", "people", "desk", "manage", "protocol", "block", "evacuate"}
    ),
    "safety": frozenset(
        {
            "read",
            "scan",
            "override",
            "click",
            "correct",
            "people",
            "protocol",
            "block",
            "evacuate",
            "approve",
            "reasons",
        }
    ),
}
DEVICE_MAY: dict[DeviceRole, frozenset[Permission]] = {
    "door": frozenset({"read", "scan", "override", "click"}),
    "display": frozenset({"read"}),
    "desk": frozenset({"read", "scan", "override", "people", "desk"}),
}
