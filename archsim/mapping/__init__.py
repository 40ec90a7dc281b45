"""Mapping: from ops on blocks to tasks on stations; the only place where times become ticks."""
