"""Validation: every published headline beside ours, with a verdict that is committed."""

from archsim.report.validate.judgement import require_committed
from archsim.report.validate.session import Validated, validate

__all__ = ["Validated", "require_committed", "validate"]
