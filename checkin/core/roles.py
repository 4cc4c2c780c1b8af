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
    "stations",  # what cut-off doors hold; switch one off, settle conflicts, say that no door is missing
    "people",  # see names
    "desk",  # walk-ins, changes, proxies, badges, bookings
    "manage",  # set up events; devices, imports, holds, programme, the end of the day
    "accounts",  # invite operators, change roles, reset, withdraw: those that GIVES names for the role
    "protocol",  # see the groups that the normal search hides
    "export",  # lists out, each as far as one may see what is in it
    "block",  # withdraw somebody's right to come in
    "evacuate",  # close every door for entry, the all-clear, the list of those needing help
    "approve",  # enter a newly approved plan of a room, switch plans
    "audit",  # read who did what
    "reasons",  # read why somebody is blocked
]

OPERATOR_MAY: dict[OperatorRole, frozenset[Permission]] = {
    "viewer": frozenset({"read"}),
    "steward": frozenset({"read", "scan", "override", "click", "correct", "people"}),
    "desk": frozenset({"read", "scan", "override", "people", "desk"}),
    "organiser": frozenset(
        {
            "read",
            "scan",
            "override",
            "click",
            "correct",
            "stations",
            "people",
            "desk",
            "manage",
            "accounts",
            "protocol",
            "export",
            "block",
            "evacuate",
            "audit",
        }
    ),
    "safety": frozenset(
        {
            "read",
            "scan",
            "override",
            "click",
            "correct",
            "stations",
            "people",
            "accounts",
            "protocol",
            "export",
            "block",
            "evacuate",
            "approve",
            "audit",
            "reasons",
        }
    ),
}
DEVICE_MAY: dict[DeviceRole, frozenset[Permission]] = {
    "door": frozenset({"read", "scan", "override", "click"}),
    "display": frozenset({"read"}),
    "desk": frozenset({"read", "scan", "override", "people", "desk"}),
}

PAGES: dict[str, Permission] = {
    "": "read",
    "board": "read",
    "room": "read",
    "door": "scan",
    "clicker": "click",
    "rooms": "people",
    "desk": "desk",
    "paper-list": "desk",
    "printer": "desk",
    "safety": "evacuate",
    "stations": "stations",
    "audit": "audit",
    "exports": "export",
    "badges": "manage",
    "devices": "manage",
    "erasure": "manage",
    "imports": "manage",
    "papers": "manage",
    "programme": "manage",
    "setup": "manage",
    "simulation": "manage",
}
"""What one must be allowed to open a page of an event: told to its head, and asked by the calls that are its own."""

FACTOR_ROLES: frozenset[OperatorRole] = frozenset({"organiser", "safety"})
"""The roles that need a second factor."""

GIVES: dict[OperatorRole, frozenset[OperatorRole]] = {
    "organiser": frozenset({"steward", "desk", "organiser", "viewer"}),
    "safety": frozenset({"safety"}),
}
"""Whose accounts a role makes, changes, resets and withdraws. Two pairs of eyes: who plans the day does
not approve its numbers, so organisers cannot give themselves or others the safety role."""


def may_give(giver: OperatorRole, role: OperatorRole, *, safety_exists: bool) -> bool:
    """Whether this role may make, or take away, an account of that role. The first safety account is made
    by an organiser; as long as nobody can act by one (`safety_exists`) it is made anew or withdrawn so, too."""
    if role == "safety" and not safety_exists and giver == "organiser":
        return True
    return role in GIVES.get(giver, frozenset())
