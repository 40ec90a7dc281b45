"""Files that extend others, and their variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from archsim import catalog
from archsim.errors import Fault, SpecError
from archsim.spec.document import load_yaml
from archsim.spec.fault import did_you_mean, shown
from archsim.spec.node import Mark, Node
from archsim.spec.tree import merged, replaced

__all__ = ["Layered", "layered"]

_MAX_CHAIN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """A file laid over all that it extends."""

    fields: Node
    """Its fields, without ``extends`` and ``variants``."""
    variants: Mapping[str, Node]
    """Variant → its mapping of field paths to values."""

    def with_variant(self, name: str, mark: Mark, faults: list[Fault]) -> Layered:
        """Return the same with the values of one variant put in; what is wrong goes to `faults`.

        Parameters
        ----------
        name : str
            Name below ``variants``.
        mark : Mark
            Where it was asked for.
        faults : list of Fault
            What is wrong with it is added here.
        """
        if name not in self.variants:
            known = ", ".join(self.variants) or "none"
            hint = did_you_mean(name, self.variants)
            message = f'expected one of the variants ({known}), got "{name}"{hint}'
            faults.append(mark.fault("variants", message))
            return self
        fields, content = self.fields, self.variants[name].content
        for path, node in content.items() if isinstance(content, dict) else ():
            try:
                fields = replaced(fields, path, node, node.place)
            except SpecError as error:
                faults.extend(error.faults)
        return Layered(fields=fields, variants=self.variants)


def layered(path: Path, faults: list[Fault]) -> Layered:
    """Return the file at `path` laid over what it extends; lesser faults go to `faults`.

    Raises
    ------
    SpecError
        If the file itself cannot be read.
    """
    return _layered(path, path.parent, (), faults)


def _layered(path: Path, folder: Path, below: tuple[Path, ...], faults: list[Fault]) -> Layered:
    document = load_yaml(path, name=catalog.display(path))
    faults.extend(document.faults)
    content = document.root.content if isinstance(document.root.content, dict) else {}
    fields = {name: node for name, node in content.items() if name not in ("extends", "variants")}
    own = Layered(
        fields=Node(fields, document.root.mark),
        variants=_variants(content.get("variants"), faults),
    )
    reference = content.get("extends")
    if reference is None:
        return own
    chain = (*below, path)
    try:
        base_path, variant, base_folder = _base(reference, folder, chain)
        base = _layered(base_path, base_folder, chain, faults)
    except SpecError as error:
        faults.extend(error.faults)
        return own
    if variant:
        base = base.with_variant(variant, reference.mark, faults)
    inherited = Node(dict(base.variants), document.root.mark)
    both = merged(inherited, Node(dict(own.variants), document.root.mark)).content
    return Layered(
        fields=merged(base.fields, own.fields),
        variants=both if isinstance(both, dict) else {},
    )


def _variants(node: Node | None, faults: list[Fault]) -> dict[str, Node]:
    """Return the variants of one file that have the right form."""
    if node is None:
        return {}
    if not isinstance(node.content, dict):
        message = f"expected a mapping of names to variants, got {shown(node.plain())}"
        faults.append(node.place.fault("variants", message))
        return {}
    good = {}
    for name, child in node.content.items():
        if isinstance(child.content, dict):
            good[name] = child
        else:
            message = f"expected dotted field paths and values, got {shown(child.plain())}"
            faults.append(child.place.fault(f"variants.{name}", message))
    return good


def _base(reference: Node, folder: Path, chain: tuple[Path, ...]) -> tuple[Path, str, Path]:
    """Return file and variant of what the last of `chain` extends, and the folder it may use."""
    try:
        found = _found(reference.content, folder, chain[-1])
        _check_chain(found[0], folder, chain)
    except (ValueError, OSError) as error:
        raise SpecError([reference.mark.fault("extends", str(error))]) from None
    return found


def _check_chain(path: Path, folder: Path, chain: tuple[Path, ...]) -> None:
    files = [link.resolve() for link in chain]
    if path.resolve() in files:
        loop = [*chain[files.index(path.resolve()) :], path]
        listed = " -> ".join(_short(link, folder) for link in loop)
        raise ValueError(f"expected a chain of files that ends, got the cycle {listed}")
    if len(chain) >= _MAX_CHAIN:
        raise ValueError(f"expected at most {_MAX_CHAIN} files in a chain, got more")


def _short(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _found(reference: object, folder: Path, extending: Path) -> tuple[Path, str, Path]:
    if not isinstance(reference, str) or not reference.strip() or "\0" in reference:
        raise ValueError(f"expected the name of a catalog entry or a file, got {shown(reference)}")
    name, _, variant = reference.partition(":")
    of_name = [kind for kind, file in catalog.FILES.items() if file == extending.name]
    kinds = of_name or list(catalog.FILES)
    known = {entry: kind for kind in kinds for entry in catalog.entries(kind)}
    if name in known:
        path, variant = catalog.find(known[name], reference)
        return path, variant, path.parent
    path = extending.parent / name
    if Path(name).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"expected a catalog entry or a path inside the folder of this file, "
            f"got {shown(reference)}"
        )
    if path.is_dir():
        path /= catalog.FILES[kinds[0]]
    if not path.is_file():
        raise ValueError(
            f"expected a catalog entry or a file inside the folder of this file, "
            f"got {shown(reference)}{did_you_mean(name, known)}"
        )
    return path, variant, folder
