"""Networks given as NIR graphs: neurons, and matrices of weights between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from archsim.errors import InputError
from archsim.workload.lif.membrane import FloatArray, IntArray, Membranes
from archsim.workload.lif.network import LifNetwork, cut, sorted_by_source
from archsim.workload.lif.tables import fingerprint

__all__ = ["read_graph"]

MAX_BYTES = 1 << 28
"""Most bytes that a graph's file may have."""
_NEURONS = ("Input", "LIF", "CubaLIF")
_MATRICES = ("Affine", "Linear")


@dataclass(frozen=True, slots=True)
class _Group:
    """Neurons of one node."""

    first: int
    """Number of the first of them."""
    count: int


def read_graph(path: Path, *, time_step: float, cores: int) -> LifNetwork:
    """Return the network of a NIR graph [1]_.

    Parameters
    ----------
    path : Path
        File as the library `nir` writes it.
    time_step : float
        Length of a step. [s]
    cores : int
        Parts that it is cut into.

    Raises
    ------
    InputError
        If `nir` is not installed, the file is no sound graph, or it holds nodes of other types
        than Input, Output, LIF, CubaLIF, Affine and Linear.

    Notes
    -----
    Channels of an Input are neurons whose spikes are given. A synapse is a weight that is not 0.
    Neurons step as `Membranes` says: exactly, for inputs held over a step.

    References
    ----------
    .. [1] J. E. Pedersen et al., "Neuromorphic intermediate representation", Nature Communications
       15, 8122 (2024), doi:10.1038/s41467-024-52259-9.
    """
    graph = _read(path)
    nodes: Mapping[str, Any] = graph.nodes
    kinds = _kinds(nodes, path.name)
    groups = _groups(nodes, kinds, path.name)
    total = sum(group.count for group in groups.values())
    current, none = np.zeros(total), np.zeros(0, dtype=np.int64)
    parts = [
        (none, none, np.zeros(0)),
        *_direct(graph.edges, groups, path.name),
        *_through_matrices(graph.edges, nodes, kinds, groups, current, path.name),
    ]
    source, target, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    wiring, weights = sorted_by_source(source, target, weight, cut(total, cores))
    fed = [g.first + np.arange(g.count) for name, g in groups.items() if kinds[name] == "Input"]
    return LifNetwork(
        wiring=wiring,
        weights=weights,
        membranes=_membranes(nodes, kinds, groups, current, time_step, path.name),
        sources=np.concatenate([none, *fed]),
        inputs={path.name: fingerprint(path)},
    )


def _read(path: Path) -> Any:  # noqa: ANN401 (nir ships no types)
    if find_spec("nir") is None:
        raise InputError("network nir: graphs are read by the library nir; install archsim[nir]")
    import nir  # noqa: PLC0415 (optional)

    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"{path.name}: expected at most {MAX_BYTES} bytes, got {size}")
    try:
        return nir.read(path)
    except Exception as error:  # noqa: BLE001 (the file is untrusted, the library raises many)
        text = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise InputError(f"{path.name}: expected a sound NIR graph: {text}") from None


def _kinds(nodes: Mapping[str, Any], file: str) -> dict[str, str]:
    """Return the type of every node."""
    kinds = {name: type(node).__name__ for name, node in nodes.items()}
    known = (*_NEURONS, *_MATRICES, "Output")
    for name, kind in kinds.items():
        if kind not in known:
            raise InputError(f"{file}: node {name}: expected one of {', '.join(known)}, got {kind}")
    return kinds


def _groups(nodes: Mapping[str, Any], kinds: Mapping[str, str], file: str) -> dict[str, _Group]:
    """Return the neurons of every node that has some, those of inputs first."""
    groups: dict[str, _Group] = {}
    total = 0
    for name in sorted(nodes, key=lambda name: (kinds[name] != "Input", name)):
        if kinds[name] in _NEURONS:
            count = int(np.prod(nodes[name].output_type["output"]))
            groups[name] = _Group(total, count)
            total += count
    if not total:
        raise InputError(f"{file}: expected at least one neuron, got none")
    return groups


Synapses = tuple[IntArray, IntArray, FloatArray]
"""Sources, targets and weights."""


def _direct(
    edges: list[tuple[str, str]], groups: Mapping[str, _Group], file: str
) -> Iterator[Synapses]:
    """Give the synapses of edges from neurons to neurons: one to one, of weight 1."""
    for before, after in sorted(edges):
        if before in groups and after in groups:
            one, two = groups[before], groups[after]
            if one.count != two.count:
                raise InputError(
                    f"{file}: edge {before} to {after}: expected as many neurons on both sides, "
                    f"got {one.count} and {two.count}"
                )
            numbers = np.arange(one.count)
            yield one.first + numbers, two.first + numbers, np.ones(one.count)


def _through_matrices(
    edges: list[tuple[str, str]],
    nodes: Mapping[str, Any],
    kinds: Mapping[str, str],
    groups: Mapping[str, _Group],
    current: FloatArray,
    file: str,
) -> Iterator[Synapses]:
    """Give the synapses of matrices, and add their biases to `current`."""
    for name in sorted(nodes):
        if kinds[name] not in _MATRICES:
            continue
        weight = _numbers(nodes[name].weight, f"{file}: node {name}: weight", dimensions=2)
        befores = [before for before, after in sorted(edges) if after == name]
        afters = [after for before, after in sorted(edges) if before == name]
        for side, ends, size in (("before", befores, 1), ("behind", afters, 0)):
            for end in ends:
                if end not in groups:
                    if side == "behind" and kinds[end] == "Output":
                        continue
                    raise InputError(
                        f"{file}: node {name}: expected neurons {side} it, got {end} ({kinds[end]})"
                    )
                if groups[end].count != weight.shape[size]:
                    raise InputError(
                        f"{file}: node {name}: expected weights for {groups[end].count} neurons "
                        f"{side} it ({end}), got {weight.shape[size]}"
                    )
        rows, columns = np.nonzero(weight)
        for after in afters:
            if after not in groups:
                continue
            if kinds[name] == "Affine":
                own = slice(groups[after].first, groups[after].first + groups[after].count)
                current[own] += _numbers(nodes[name].bias, f"{file}: node {name}: bias")
            for before in befores:
                source, target = columns + groups[before].first, rows + groups[after].first
                yield source, target, weight[rows, columns]


def _numbers(values: object, place: str, *, dimensions: int = 1) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != dimensions or not np.isfinite(found).all():
        raise InputError(f"{place}: expected finite numbers in {dimensions} dimensions")
    return found


def _membranes(
    nodes: Mapping[str, Any],
    kinds: Mapping[str, str],
    groups: Mapping[str, _Group],
    current: FloatArray,
    time_step: float,
    file: str,
) -> Membranes:
    """Return the neurons of all groups; channels of inputs never fire by themselves."""
    size = len(current)
    columns = {
        "decay": np.zeros(size),
        "gain": np.zeros(size),
        "leak": np.zeros(size),
        "threshold": np.full(size, np.inf),
        "reset": np.zeros(size),
        "input_decay": np.zeros(size),
        "input_gain": np.ones(size),
    }
    for name, group in groups.items():
        if kinds[name] == "Input":
            continue
        node, own = nodes[name], slice(group.first, group.first + group.count)

        def values(field: str, node: Any = node, name: str = name) -> FloatArray:  # noqa: ANN401
            found = np.ravel(np.asarray(getattr(node, field), dtype=np.float64))
            if not np.isfinite(found).all() or (field.startswith("tau") and (found <= 0).any()):
                raise InputError(f"{file}: node {name}: {field}: expected finite, positive times")
            return found

        slow = kinds[name] == "CubaLIF"
        columns["decay"][own] = np.exp(-time_step / values("tau_mem" if slow else "tau"))
        columns["gain"][own] = values("r") * (1.0 - columns["decay"][own])
        columns["leak"][own] = values("v_leak")
        columns["threshold"][own] = values("v_threshold")
        columns["reset"][own] = values("v_reset")
        if slow:
            columns["input_decay"][own] = np.exp(-time_step / values("tau_syn"))
            columns["input_gain"][own] = values("w_in") * (1.0 - columns["input_decay"][own])
    return Membranes(current=current, **columns)
