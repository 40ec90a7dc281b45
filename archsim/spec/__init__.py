"""Descriptions: YAML files to typed, frozen models, with every fault of a file reported at once."""

from archsim.spec.constant import (
    Area,
    Bandwidth,
    Capacitance,
    Conductance,
    Constant,
    Current,
    DataRate,
    Energy,
    EnergyPerBit,
    EnergyPerByte,
    FlopRate,
    Frequency,
    Length,
    Number,
    Power,
    Resistance,
    Retention,
    Temperature,
    Time,
    Transimpedance,
    Voltage,
)
from archsim.spec.description import Description
from archsim.spec.document import Document, load_yaml
from archsim.spec.dump import dump
from archsim.spec.misfit import misfit
from archsim.spec.node import Mark, Node
from archsim.spec.read import Settings, parted, read, variants
from archsim.spec.schema import json_schema
from archsim.spec.walk import constants, with_values

__all__ = [
    "Area",
    "Bandwidth",
    "Capacitance",
    "Conductance",
    "Constant",
    "Current",
    "DataRate",
    "Description",
    "Document",
    "Energy",
    "EnergyPerBit",
    "EnergyPerByte",
    "FlopRate",
    "Frequency",
    "Length",
    "Mark",
    "Node",
    "Number",
    "Power",
    "Resistance",
    "Retention",
    "Settings",
    "Temperature",
    "Time",
    "Transimpedance",
    "Voltage",
    "constants",
    "dump",
    "json_schema",
    "load_yaml",
    "misfit",
    "parted",
    "read",
    "variants",
    "with_values",
]
