"""What all tests share: property tests that draw the same examples every time, without deadlines."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("archsim", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("archsim")
