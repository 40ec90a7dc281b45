"""Engines: integers in, integers out; they obey `archsim.engine.contract`."""

from archsim.engine.contract import Engine, Timing
from archsim.engine.policy import Arrival, Policy, StationControl
from archsim.engine.reference import ReferenceEngine

__all__ = ["Arrival", "Engine", "Policy", "ReferenceEngine", "StationControl", "Timing"]
