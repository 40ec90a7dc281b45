"""Runs: one workload on one chip with one seed, and their audit."""

from archsim.run.result import Run, Totals
from archsim.run.simulate import run

__all__ = ["Run", "Totals", "run"]
