"""Compiled training of layered networks: the arithmetic of cells and layers, step after step.

Every number comes out as in `CellLayers` on a `Substrate`, to the bit: sums are whole numbers below
2⁵³, so that their order does not matter, and all else is computed in the same order. Random numbers
come from buffers that were filled from the same streams. The only home of numba in the workloads
with layers.
"""
