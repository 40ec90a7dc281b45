"""A file, what it extends, a variant and settings, to one validated model."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from archsim.errors import Fault, InputError, SpecError
from archsim.spec.constant import BARE_CONSTANT, SET_BY_USER
from archsim.spec.document import parse_yaml
from archsim.spec.extends import layered
from archsim.spec.fault import faults_of, locate
from archsim.spec.node import Mark, Node
from archsim.spec.tree import replaced

__all__ = [
    "Setting",
    "Settings",
    "named",
    "parted",
    "read",
    "resolve",
    "validate",
    "variants",
    "with_settings",
]

ModelT = TypeVar("ModelT")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value for a field, given from outside of its file."""

    text: str
    """YAML text of the value."""
    field: Mark
    """Where it says which field."""
    value: Mark
    """Where it says what value."""


Settings = Mapping[str, "str | Setting"]
"""Dotted field path → YAML text of its value, with or without where that was said."""
_PARTS = ("chip", "workload")


def named(settings: Settings, *, part: str = "") -> dict[str, Setting]:
    """Return settings that know where they were said: if nowhere else, on the command line.

    Parameters
    ----------
    settings : mapping
        Dotted field path → YAML text.
    part : str
        ``chip`` or ``workload``, if messages shall say which.
    """
    found = {}
    for name, given in settings.items():
        path = f"{part}.{name}" if part else name
        mark = Mark(f"--set {path}={given}", chosen=True)
        found[name] = given if isinstance(given, Setting) else Setting(given, mark, mark)
    return found


def parted(settings: Mapping[str, str]) -> dict[str, dict[str, Setting]]:
    """Return the settings of ``chip`` and of ``workload`` apart, without these before their paths.

    Parameters
    ----------
    settings : mapping of str to str
        ``chip.PATH`` or ``workload.PATH`` → YAML text.

    Raises
    ------
    InputError
        If a path begins with neither.
    """
    parts: dict[str, dict[str, str]] = {part: {} for part in _PARTS}
    for path, text in settings.items():
        part, _, rest = path.partition(".")
        if part not in parts or not rest:
            raise InputError(
                f"--set {path}: expected a path that begins with chip. or workload., such as "
                "chip.behaviour.adc.bits=6"
            )
        parts[part][rest] = text
    return {part: named(chosen, part=part) for part, chosen in parts.items()}


def read(
    path: Path | str,
    model: type[ModelT] | TypeAdapter[ModelT],
    *,
    variant: str = "",
    settings: Settings | None = None,
) -> ModelT:
    """Return the model that a YAML file describes.

    The file is laid over what it ``extends`` (mappings merge, all else replaces), then the values
    of `variant` and then `settings` are put in, and only the result is validated.

    Parameters
    ----------
    path : Path or str
        YAML file.
    model : type or TypeAdapter
        Description, or a pydantic adapter of a union of descriptions.
    variant : str, optional
        Name under ``variants``; empty for the file as it stands.
    settings : mapping, optional
        Dotted field path → YAML text. A constant may be set by its value alone (``"0.5 pJ"``); its
        source is then "set by user".

    Returns
    -------
    model
        The frozen description.

    Raises
    ------
    SpecError
        All faults of the file in one go.
    """
    root, faults = resolve(path, variant=variant, settings=settings)
    return validate(root, model, faults=faults, folder=Path(path).parent)


def variants(path: Path | str) -> tuple[str, ...]:
    """Return the names of the variants of a file, those it inherits first.

    Raises
    ------
    SpecError
        If the file, or one it extends, has a fault.
    """
    faults: list[Fault] = []
    names = tuple(layered(Path(path), faults).variants)
    if faults:
        raise SpecError(faults)
    return names


def resolve(
    path: Path | str, *, variant: str = "", settings: Settings | None = None
) -> tuple[Node, list[Fault]]:
    """Return the tree of a file after extends, variant and settings, and the faults so far.

    Parameters
    ----------
    path : Path or str
        YAML file.
    variant : str, optional
        Name under ``variants``; empty for the file as it stands.
    settings : mapping, optional
        Dotted field path → YAML text.

    Raises
    ------
    SpecError
        If the file cannot be read at all.
    """
    faults: list[Fault] = []
    layers = layered(Path(path), faults)
    if variant:
        mark = Mark(layers.fields.mark.file)
        layers = layers.with_variant(variant, mark, faults)
    return with_settings(layers.fields, named(settings or {}), faults), faults


def with_settings(root: Node, settings: Mapping[str, Setting], faults: list[Fault]) -> Node:
    """Return a resolved tree with settings put in; what is wrong with them goes to `faults`."""
    for name, setting in settings.items():
        try:
            root = replaced(root, name, _parsed(setting), setting.field)
        except SpecError as error:
            faults.extend(error.faults)
    return root


def _parsed(setting: Setting) -> Node:
    document = parse_yaml(setting.text, setting.value.file, mark=setting.value)
    if document.faults:
        raise SpecError(list(document.faults))
    return document.root


def validate(
    root: Node,
    model: type[ModelT] | TypeAdapter[ModelT],
    *,
    faults: list[Fault],
    folder: Path | None = None,
) -> ModelT:
    """Return the model of a resolved tree.

    Validators get `folder`, in which fields that name a data file find it, and `root` as context.

    Parameters
    ----------
    root : Node
        Tree of a file, extended and set.
    model : type or TypeAdapter
        What it should be.
    faults : list of Fault
        What was found wrong so far; all are raised together.
    folder : Path, optional
        Folder of the file.

    Raises
    ------
    SpecError
        If `faults` is not empty or the tree does not fit the model; all faults, in file order.
    """
    adapter = model if isinstance(model, TypeAdapter) else _adapter(model)
    try:
        result = _validated(root, adapter, {"folder": folder, "root": root})
    except _MisfitError as misfit:
        found = faults_of(misfit.error, misfit.root)
        places = {(fault.line, fault.column, fault.field) for fault in faults}
        new = [one for one in found if (one.line, one.column, one.field) not in places]
        faults = sorted([*faults, *new], key=lambda one: (one.file, one.line, one.column))
        raise SpecError(faults) from None
    if faults:
        raise SpecError(faults)
    return result


class _MisfitError(Exception):
    def __init__(self, error: ValidationError, root: Node) -> None:
        self.error, self.root = error, root
        super().__init__(str(error))


def _validated(root: Node, adapter: TypeAdapter[ModelT], context: Mapping[str, object]) -> ModelT:
    """Return the model of `root`; constants that settings gave as bare values are made whole."""
    try:
        return adapter.validate_python(root.plain(), context=context)
    except ValidationError as error:
        first = error
    whole = _with_whole_constants(root, first)
    try:
        return adapter.validate_python(whole.plain(), context=context)
    except ValidationError as error:
        raise _MisfitError(error, whole) from None


def _with_whole_constants(root: Node, error: ValidationError) -> Node:
    for item in error.errors(include_url=False):
        if item["type"] != BARE_CONSTANT:
            continue
        path, node = locate(root, item["loc"])
        if node.mark.chosen:
            source = Node(SET_BY_USER, node.mark)
            content = {"value": Node(node.content, node.mark, node.mark), "source": source}
            root = replaced(root, path, Node(content, node.mark), node.place)
    return root


def _adapter(model: type[ModelT]) -> TypeAdapter[ModelT]:
    return cast("TypeAdapter[ModelT]", _cached_adapter(cast("Hashable", model)))


@functools.lru_cache(maxsize=64)
def _cached_adapter(model: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", model))
