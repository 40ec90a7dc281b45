"""How the loops are compiled.

No fast-math and no reassociation: sums of floats stay in the order in which they are written.
References to arrays are not counted, which takes time and protects nothing: all arrays belong to
the caller, and no function makes one.
"""

from __future__ import annotations

from pathlib import Path

from archsim.compiling import compiler

__all__ = ["compiled"]

compiled = compiler(Path(__file__).parent.glob("*.py"), nogil=True, error_model="numpy", _nrt=False)
"""Compile a function."""
