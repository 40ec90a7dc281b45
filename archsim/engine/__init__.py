"""Engines: integers in, integers out; they obey `archsim.engine.contract`."""

from archsim.engine.choice import EngineName, choose
from archsim.engine.contract import Engine, Timing
from archsim.engine.policy import Arrival, Policy, StationControl
from archsim.engine.reference import ReferenceEngine
from archsim.engine.replay import ReplayEngine

__all__ = [
    "Arrival",
    "Engine",
    "EngineName",
    "Policy",
    "ReferenceEngine",
    "ReplayEngine",
    "StationControl",
    "Timing",
    "choose",
]
