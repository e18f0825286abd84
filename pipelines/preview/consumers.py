"""What consumers of a dataset would no longer find as it was: its contract, release by release.

Added indicators, codes and columns break nobody; nor do revised figures, which a preview counts.
"""

from collections.abc import Iterator

import duckdb

from model.declarations.dataset import Dataset
from model.util.sql import identifier, literal
from model.util.text import LocalizedText
from portal.content import Content

_NAMED = 5  # codes that one line names


def breaking_changes(con: duckdb.DuckDBPyConnection, old: Content, new: Content) -> list[str]:
    """Return what breaks for consumers from `old` to `new`, a line each; `con` reads the tables."""
    return [*_columns(old, new), *_codes(con, old, new), *_definitions(con, old, new)]


def _columns(old: Content, new: Content) -> Iterator[str]:
    for column in old.published_columns:
        if column not in new.published_columns:
            yield f"column {column} is withdrawn"
    for name in new.dataset.dimensions:
        if name not in old.dataset.dimensions:
            yield f"dimension {name} is new: an observation has another key"
    if old.dataset.frequency != new.dataset.frequency:
        yield f"frequency {old.dataset.frequency} becomes {new.dataset.frequency}"


def _codes(con: duckdb.DuckDBPyConnection, old: Content, new: Content) -> Iterator[str]:
    shared = [
        name for name in old.dataset.key
        if name != "time_period" and name in new.published_columns
    ]
    for column in shared:
        before, now = (_codes_of(con, content, column) for content in (old, new))
        gone = {code: count for code, count in before.items() if code not in now}
        if gone:
            kind = "indicator" if column == "indicator" else f"code of {column}"
            listed = ", ".join(f"{code} ({gone[code]})" for code in list(gone)[:_NAMED])
            more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
            yield f"{kind} withdrawn (observations): {listed}{more}"


def _codes_of(con: duckdb.DuckDBPyConnection, content: Content, column: str) -> dict[str, int]:
    path = literal(content.files.path("data.parquet"))
    rows = con.execute(
        f"SELECT {identifier(column)}, count(*) FROM read_parquet({path}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {str(code): count for code, count in rows}


def _definitions(con: duckdb.DuckDBPyConnection, old: Content, new: Content) -> Iterator[str]:
    for code, before in old.dataset.indicators.items():
        now = new.dataset.indicators.get(code)
        if now is None:
            continue
        if before.unit != now.unit:
            yield f"indicator {code}: unit {before.unit} becomes {now.unit}"
        if before.kind != now.kind:
            yield f"indicator {code}: {before.kind} becomes {now.kind}"
        yield from _said(f"indicator {code}: name", before.name, now.name)
        if before.definition and now.definition:
            yield from _said(f"indicator {code}: definition", before.definition, now.definition)
    for column, (one, other) in _codelists(old.dataset, new.dataset).items():
        if one == other:
            lists = [content.registries.codelists.get(one) for content in (old, new)]
        else:
            yield f"{column}: codelist {one} becomes {other}"
            lists = [old.registries.codelists.get(one), new.registries.codelists.get(other)]
        if lists[0] and lists[1] and column in new.published_columns:
            for code in _codes_of(con, new, column):
                names = [each.codes[code].name for each in lists if each and code in each.codes]
                if len(names) == 2:
                    yield from _said(f"{column} {code}: name", *names)
    if old.dataset.licence != new.dataset.licence:
        yield f"licence {old.dataset.licence} becomes {new.dataset.licence}"


def _codelists(old: Dataset, new: Dataset) -> dict[str, tuple[str, str]]:
    found = {"ref_area": (old.geography.codelist, new.geography.codelist)}
    for name, dimension in old.dimensions.items():
        now = new.dimensions.get(name)
        if dimension.codelist and now and now.codelist:
            found[name] = (dimension.codelist, now.codelist)
    return found


def _said(what: str, before: LocalizedText, now: LocalizedText) -> Iterator[str]:
    if before != now:
        for language in before.languages:
            one, other = before.get(language), now.get(language)
            if one != other:
                yield f"{what} ({language}) “{one}” becomes “{other}”"
