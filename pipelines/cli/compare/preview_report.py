"""A preview as a document: headings, lines and tables, in Markdown and as a static page."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pipelines.cli.compare.diff import by_factor
from pipelines.preview.proposal import ROWS, Proposal
from warehouse.differences import PartChange

_LISTED = 10  # lines of a table on pages, fields or codes
_LONGEST = 160  # characters of a cell

Row = Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table; `right` are the columns of numbers."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    right: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReportSection:
    """A heading with what stands below it."""

    title: str
    lines: list[str]
    tables: list[Table]


def document(base: str, proposals: Sequence[Proposal], notes: Sequence[str]) -> list[ReportSection]:
    """Return the preview: an overview, then what differs in each dataset.

    `base` is the name of the commit that the working tree is compared with, `proposals` are the
    edited datasets, and `notes` what else a reader must know, one line each.
    """
    columns = ("dataset", "outcome", "rows", "added", "revised", "withdrawn", "quarantined",
               "checks", "breaks")
    overview = [_overview(each) for each in proposals]
    right = frozenset(columns[2:7]) | {"breaks"}
    lines = list(notes) if proposals else [*notes, f"No dataset differs from {base}."]
    tables = [Table("", columns, overview, right)] if overview else []
    return [
        ReportSection(f"Preview against {base}", lines, tables),
        *(_dataset(each) for each in proposals if each.outcome != "no snapshot"),
    ]


def _overview(each: Proposal) -> Row:
    total = each.differences.total if each.differences else None
    new_key = each.outcome in ("new release", "blocked") and total is None
    return [
        each.dataset, _outcome(each), _change(each.rows),
        str(total.added) if total else str(each.rows[1]) if new_key else "",
        str(total.revised) if total else "",
        str(total.withdrawn) if total else str(each.rows[0]) if new_key else "",
        _change(each.quarantined),
        ", ".join(f"{name} {now}" for name, _, now, _ in each.checks[:3])
        + (f" and {len(each.checks) - 3} more" if len(each.checks) > 3 else ""),
        str(len(each.breaks) or ""),
    ]


def _outcome(each: Proposal) -> str:
    if each.number is None:
        return each.outcome
    return f"release {each.number}" + (" (after review)" if each.review else "")


def _change(numbers: tuple[int, int]) -> str:
    before, now = numbers
    return f"{now:,}" if before == now else f"{before:,} → {now:,}"


def _dataset(each: Proposal) -> ReportSection:
    lines = [f"{each.outcome}: {reason}" for reason in each.reasons]
    lines += [f"breaks consumers: {item}" for item in each.breaks]
    tables = []
    if each.differences:
        parts = each.differences.parts
        tables += [_parts(column, [part for part in parts if part.column == column])
                   for column in dict.fromkeys(part.column for part in parts)]
        if each.public and each.differences.rows:
            names = tuple(each.differences.rows[0])
            rows = [[_text(row[name]) for name in names] for row in each.differences.rows]
            total = each.differences.total
            every = total.added + total.revised + total.withdrawn
            extent = f" (the first {ROWS} of {every:,})" if every > ROWS else ""
            right = frozenset({"old_value", "new_value"})
            tables.append(Table(f"Observations{extent}", names, rows, right))
    tables += [
        Table("Checks", ("check", "before", "now", "found"), each.checks),
        Table("Quarantine", ("reason", "rows"),
              [(reason, f"{count:,}") for reason, count in each.quarantine], frozenset({"rows"})),
        Table("Pages and files", ("", "path", "lines"), each.pages),
        Table("CKAN", ("field", "before", "now"), each.fields),
    ]
    return ReportSection(each.dataset, lines, [_short(table) for table in tables if table.rows])


def _parts(column: str, parts: list[PartChange]) -> Table:
    counts = ("added", "revised", "of", "withdrawn")
    rows = [
        [part.code, *(f"{n:,}" if n else "" for n in (
            part.counts.added, part.counts.revised, part.counts.common, part.counts.withdrawn
        )), by_factor(part.counts)]
        for part in parts
    ]
    return Table(f"By {column}", (column, *counts, "by"), rows, frozenset(counts))


def _short(table: Table) -> Table:
    """Return a table with its first lines, and cells that fit."""
    limit = ROWS if table.title.startswith("Observations") else _LISTED
    rows: list[Row] = [
        [cell if len(cell) <= _LONGEST else cell[:_LONGEST - 1] + "…" for cell in row]
        for row in table.rows[:limit]
    ]
    more = len(table.rows) - limit
    title = f"{table.title} (the first {limit} of {len(table.rows)})" if more > 0 else table.title
    return Table(title, table.columns, rows, table.right)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is; a text of the source is no markup and no link."""
    one_line = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]|~#@:])", r"\\\1", one_line)


def markdown(sections: Sequence[ReportSection]) -> str:
    """Return the document in GitHub's and GitLab's Markdown, each dataset folded."""
    return _TEMPLATES.get_template("preview.md").render(sections=sections)


def page(sections: Sequence[ReportSection]) -> str:
    """Return the document as one static page, without scripts."""
    return _TEMPLATES.get_template("preview.html").render(sections=sections)


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html"]), undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)
_TEMPLATES.filters["md"] = _escaped
