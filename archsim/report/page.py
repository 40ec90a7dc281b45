"""Pages: sections of sentences and tables, shown in a terminal or written as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import rich.console
import rich.text

from archsim.report.tables import Table, escaped, markdown, terminal

__all__ = ["Page", "Section", "page_markdown", "page_terminal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with sentences and tables below it."""

    title: str
    items: tuple[Table | str, ...]
    """Tables, and paragraphs of plain text; a paragraph that begins with ``- `` is a list item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A report."""

    title: str
    lead: tuple[str, ...] = ()
    """Paragraphs below the title."""
    sections: tuple[Section, ...] = ()


def page_markdown(page: Page) -> str:
    r"""Return a page as Markdown.

    Examples
    --------
    >>> page_markdown(Page(title="T", lead=("One.",), sections=(Section(title="S", items=()),)))
    '# T\n\nOne.\n\n## S\n'
    """
    blocks = [f"# {escaped(page.title)}", *map(escaped, page.lead)]
    for section in page.sections:
        blocks.append(f"## {escaped(section.title)}")
        blocks += [
            _paragraph(item) if isinstance(item, str) else markdown(item).rstrip("\n")
            for item in section.items
        ]
    text = "\n\n".join(blocks)
    return text.replace("\n\n- ", "\n- ").replace(":\n- ", ":\n\n- ") + "\n"


def _paragraph(text: str) -> str:
    return f"- {escaped(text[2:])}" if text.startswith("- ") else escaped(text)


def page_terminal(page: Page) -> Iterator[rich.console.RenderableType]:
    """Give the parts of a page for rich to print, one after another."""
    yield rich.text.Text(page.title, style="bold")
    for text in page.lead:
        yield rich.text.Text(text)
    for section in page.sections:
        yield rich.text.Text(f"\n{section.title}", style="bold underline")
        for item in section.items:
            yield rich.text.Text(item) if isinstance(item, str) else terminal(item)
