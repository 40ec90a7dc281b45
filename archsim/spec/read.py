"""A file, what it extends, a variant and settings, to one validated model."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from archsim import catalog
from archsim.errors import Fault, InputError, SpecError
from archsim.spec import fault as wording
from archsim.spec.constant import BARE_CONSTANT, SET_BY_USER
from archsim.spec.document import Mark, Node, load_yaml, parse_yaml
from archsim.spec.tree import merged, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read", "resolve", "validate"]

ModelT = TypeVar("ModelT")
_MAX_EXTENDS = 8


def read(
    path: Path | str,
    model: type[ModelT] | TypeAdapter[ModelT],
    *,
    variant: str = "",
    settings: Mapping[str, str] | None = None,
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
    settings : mapping of str to str, optional
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
    return validate(root, model, faults=faults)


def resolve(
    path: Path | str, *, variant: str = "", settings: Mapping[str, str] | None = None
) -> tuple[Node, list[Fault]]:
    """Return the tree of a file with extends, variant and settings applied, and the faults so far."""
    faults: list[Fault] = []
    root = _extended(Path(path), Path(path).parent, (), faults)
    root, variants = _without(root, "variants")
    if variant:
        root = _with_variant(root, variants, variant, faults)
    for name, text in (settings or {}).items():
        mark = Mark(f"--set {name}={text}")
        try:
            value = parse_yaml(text, mark.file, mark=mark) if text.strip() else None
            node = Node(None, mark, mark) if value is None else value.root
            faults.extend(value.faults if value else ())
            root = replaced(root, name, node, mark)
        except SpecError as error:
            faults.extend(error.faults)
    return root, faults


def validate(
    root: Node, model: type[ModelT] | TypeAdapter[ModelT], *, faults: list[Fault]
) -> ModelT:
    """Return the model of a resolved tree.

    Raises
    ------
    SpecError
        If `faults` is not empty or the tree does not fit the model; all faults, in file order.
    """
    adapter = model if isinstance(model, TypeAdapter) else _adapter(model)
    try:
        try:
            result = adapter.validate_python(root.plain())
        except ValidationError as error:
            wrapped = _with_bare_settings(root, error)
            if wrapped is root:
                raise
            root = wrapped
            result = adapter.validate_python(root.plain())
    except ValidationError as error:
        seen = {(fault.line, fault.column, fault.field) for fault in faults}
        found = wording.faults_of(error, root)
        faults = faults + [
            fault for fault in found if (fault.line, fault.column, fault.field) not in seen
        ]
    if faults:
        raise SpecError(sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column)))
    return cast("ModelT", result)


@functools.lru_cache(maxsize=64)
def _adapter(model: type[ModelT]) -> TypeAdapter[ModelT]:
    return TypeAdapter(model)


def _without(root: Node, name: str) -> tuple[Node, Node | None]:
    content = cast("dict[str, Node]", root.content)
    if name not in content:
        return root, None
    rest = {key: child for key, child in content.items() if key != name}
    return Node(rest, root.mark, root.key), content[name]


def _extended(path: Path, user_folder: Path, below: tuple[Path, ...], faults: list[Fault]) -> Node:
    """Return the tree of `path` laid over what it extends."""
    document = load_yaml(path, name=catalog.display(path))
    faults.extend(document.faults)
    root, reference = _without(document.root, "extends")
    if reference is None:
        return root
    try:
        base, variant, folder = _base(reference, path, user_folder, (*below, path.resolve()))
        base_root = _extended(base, folder, (*below, path.resolve()), faults)
    except SpecError as error:
        faults.extend(error.faults)
        return root
    if variant:
        rest, variants = _without(base_root, "variants")
        rest = _with_variant(rest, variants, variant, faults, place=reference.mark)
        content = cast("dict[str, Node]", rest.content)
        base_root = Node({**content, **({"variants": variants} if variants else {})}, rest.mark)
    return merged(base_root, root)


def _base(
    reference: Node, path: Path, user_folder: Path, chain: tuple[Path, ...]
) -> tuple[Path, str, Path]:
    """Return file, variant and permitted folder of what `path` extends."""
    text, mark = reference.content, reference.mark

    def refuse(message: str) -> SpecError:
        return SpecError([mark.fault("extends", message)])

    if not isinstance(text, str):
        raise refuse(f"expected the name of a catalog entry or a path, got {reference.plain()!r}")
    name = text.partition(":")[0]
    kinds = [kind for kind, file in catalog.FILES.items() if file == path.name] or list(
        catalog.FILES
    )
    named = [kind for kind in kinds if name in catalog.entries(kind)]
    if named:
        base, variant = catalog.find(named[0], text)
        folder = base.parent
    else:
        base, variant, folder = _beside(text, path, user_folder, kinds, refuse)
    if base.resolve() in chain:
        loop = " -> ".join(catalog.display(link) for link in (*chain, base))
        raise refuse(f"expected a chain that ends, got the cycle {_short(loop, chain)}")
    if len(chain) >= _MAX_EXTENDS:
        raise refuse(f"expected at most {_MAX_EXTENDS} files extending each other, got more")
    return base, variant, folder


def _short(loop: str, chain: tuple[Path, ...]) -> str:
    return loop.replace(f"{chain[0].parent}/", "")


def _beside(
    text: str, path: Path, user_folder: Path, kinds: list[catalog.Kind], refuse: Any
) -> tuple[Path, str, Path]:
    """Return the file that a relative path names, if it lies in the user's folder."""
    name, _, variant = text.partition(":")
    candidate = path.parent / name
    inside = not Path(name).is_absolute() and candidate.resolve().is_relative_to(
        user_folder.resolve()
    )
    if not inside:
        raise refuse(
            f'expected a catalog entry or a path inside the folder of the file, got "{text}"'
        )
    if candidate.is_dir():
        candidate /= catalog.FILES[kinds[0]]
    if not candidate.is_file():
        known = sorted({entry for kind in kinds for entry in catalog.entries(kind)})
        hint = wording.did_you_mean(name, known)
        raise refuse(
            f'expected a catalog entry or a file inside the folder of the file, got "{text}"{hint}'
        )
    return candidate, variant, user_folder


def _with_variant(
    root: Node,
    variants: Node | None,
    variant: str,
    faults: list[Fault],
    *,
    place: Mark | None = None,
) -> Node:
    """Return the tree with the values of one variant put in."""
    table = variants.content if variants is not None and isinstance(variants.content, dict) else {}
    if variant not in table:
        known = ", ".join(table) or "none"
        mark = place or Mark(root.mark.file)
        message = f'expected one of the variants ({known}), got "{variant}"{wording.did_you_mean(variant, list(table))}'
        faults.append(mark.fault("variants", message))
        return root
    values = table[variant].content
    if not isinstance(values, dict):
        message = f"expected dotted field paths and their values, got {table[variant].plain()!r}"
        faults.append(table[variant].place.fault(f"variants.{variant}", message))
        return root
    for name, node in values.items():
        try:
            root = replaced(root, name, node, node.place)
        except InputError as error:
            faults.extend(error.faults if isinstance(error, SpecError) else ())
    return root


def _with_bare_settings(root: Node, error: ValidationError) -> Node:
    """Return the tree with constants that settings gave as a bare value made whole."""
    for item in error.errors(include_url=False):
        if item["type"] != BARE_CONSTANT:
            continue
        path, node = wording.locate(root, item["loc"])
        if node.mark.line or not node.mark.file.startswith("--set "):
            continue
        whole = {"value": Node(node.content, node.mark), "source": Node(SET_BY_USER, node.mark)}
        root = replaced(root, path, Node(dict(whole), node.mark, node.key), node.mark)
    return root
