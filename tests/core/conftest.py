"""Hypothesis as the mutation run needs it: the same examples for every mutant, however busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
