"""The trace: what was computed, on which logical blocks, with which counts."""

from archsim.trace.batches import BatchSegment, Blocks, Messages, OpBatch
from archsim.trace.ops import COUNT_SCALE, PHASES, TRAINING_PHASES, Block, Op, OpKind, Phase
from archsim.trace.recorder import AnySegment, Recorder, TraceSegment, TraceTotals
from archsim.trace.spikes import OpSeries, SpikeSegment
from archsim.trace.steps import StepSegment, Wiring

__all__ = [
    "COUNT_SCALE",
    "PHASES",
    "TRAINING_PHASES",
    "AnySegment",
    "BatchSegment",
    "Block",
    "Blocks",
    "Messages",
    "Op",
    "OpBatch",
    "OpKind",
    "OpSeries",
    "Phase",
    "Recorder",
    "SpikeSegment",
    "StepSegment",
    "TraceSegment",
    "TraceTotals",
    "Wiring",
]
