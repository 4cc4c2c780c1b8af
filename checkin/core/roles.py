"""Who may do what, as one table."""

from __future__ import annotations

from typing import Literal

from checkin.core.model import DeviceRole, OperatorRole

Permission = Literal["read", "scan", "override", "correct", "people", "desk", "manage", "evacuate"]
"""`read`: occupancy, programme, facts (ids alone). `scan`: send scans. `override`: let in against a
soft refusal. `correct`: headcount and clicker. `people`: see names. `desk`: walk-ins, changes, badges.
`manage`: devices, imports. `evacuate`: close every door for entry, and the all-clear."""

OPERATOR_MAY: dict[OperatorRole, frozenset[Permission]] = {
    "viewer": frozenset({"read"}),
    "steward": frozenset({"read", "scan", "override", "correct", "people"}),
    "desk": frozenset({"read", "scan", "override", "people", "desk"}),
    "organiser": frozenset({"read", "scan", "override", "correct", "people", "desk", "manage", "evacuate"}),
    "safety": frozenset({"read", "scan", "override", "correct", "people", "evacuate"}),
}
DEVICE_MAY: dict[DeviceRole, frozenset[Permission]] = {
    "door": frozenset({"read", "scan", "override"}),
    "display": frozenset({"read"}),
    "desk": frozenset({"read", "scan", "override", "people", "desk"}),
}
