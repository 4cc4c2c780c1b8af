from __future__ import annotations

import pytest

from checkin.core.model import OperatorRole
from checkin.core.roles import DEVICE_MAY, GIVES, OPERATOR_MAY, Permission, may_give


@pytest.mark.parametrize(
    ("permission", "operators", "devices"),
    [
        ("read", "viewer steward desk organiser safety", "door display desk"),
        ("scan", "steward desk organiser safety", "door desk"),
        ("override", "steward desk organiser safety", "door desk"),
        ("click", "steward organiser safety", "door"),
        ("correct", "steward organiser safety", ""),
        ("stations", "organiser safety", ""),
        ("people", "steward desk organiser safety", "desk"),
        ("desk", "desk organiser", "desk"),
        ("manage", "organiser", ""),
        ("accounts", "organiser safety", ""),
        ("audit", "organiser safety", ""),
        ("protocol", "organiser safety", ""),
        ("block", "organiser safety", ""),
        ("evacuate", "organiser safety", ""),
        ("approve", "safety", ""),
        ("reasons", "safety", ""),
    ],
)
def test_permission_is_for_these_roles_alone(permission: Permission, operators: str, devices: str) -> None:
    assert {role for role, may in OPERATOR_MAY.items() if permission in may} == set(operators.split())
    assert {role for role, may in DEVICE_MAY.items() if permission in may} == set(devices.split())


def test_permissions_are_all_looked_at_here() -> None:
    given = frozenset().union(*OPERATOR_MAY.values(), *DEVICE_MAY.values())
    assert given == set(Permission.__args__)  # type: ignore[attr-defined]
    assert len(given) == 17


@pytest.mark.parametrize(
    ("giver", "role", "safety_exists", "may"),
    [
        ("organiser", "desk", True, True),
        ("organiser", "organiser", True, True),
        ("organiser", "safety", True, False),
        ("organiser", "safety", False, True),
        ("safety", "safety", True, True),
        ("safety", "organiser", True, False),
        ("desk", "viewer", True, False),
        ("desk", "safety", False, False),
    ],
)
def test_role_is_given_by_those_it_belongs_to(
    giver: OperatorRole, role: OperatorRole, safety_exists: bool, may: bool
) -> None:
    assert may_give(giver, role, safety_exists=safety_exists) is may


def test_who_gives_accounts_may_see_them() -> None:
    assert {role for role, may in OPERATOR_MAY.items() if "accounts" in may} == set(GIVES)
