"""A small DuckDB file over the published Parquet files, to be attached by its address.

    ATTACH 'https://data.example.org/city.duckdb' AS city (READ_ONLY);
    FROM city.finance.gdp;                         -- the current release
    FROM city.finance.gdp_as_of('2026-03-31');     -- at the end of that day (UTC)
    FROM city.release('finance/gdp', 2);           -- one release
    FROM city.releases;                            -- all of them, with version and checksum
    FROM city.everything();                        -- all current figures, from the bulk files

It holds no figures: views and macros read the files of releases by their addresses, in ranges. The
address of the site is inside; `SET VARIABLE openindicators = '<folder or address>/'` goes before.
Views are bound when they are made, without the network: the variable leads to the site's folder
then. (DuckLake was measured beside it, see docs/publishing.md.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb

from model.util.hashing import sha256_json
from model.util.sql import identifier, literal
from portal.api.bulk import PARQUET

FILE = "city.duckdb"
VARIABLE = "openindicators"
_BLOCK = 16_384  # the least that DuckDB has; its usual 262,144 would be mostly empty


@dataclass(frozen=True)
class Attachable:
    """A public release of a dataset, with the checksum of its Parquet file."""

    dataset: str
    title: str
    number: int
    version: str
    issued: datetime
    sha256: str

    @property
    def moment(self) -> str:
        """When it was issued, in UTC and to the second, as DuckDB writes it."""
        return f"{self.issued:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True)
class Definition:
    """The SQL that makes the database.

    shared: tables, schemas, and the macros across datasets.
    datasets: by id, what makes the dataset's view and macro, and its rows in the table of releases.
    """

    shared: str
    datasets: Mapping[str, tuple[str, str]]

    def checksums(self) -> dict[str, str]:
        """Return the checksum of each dataset's part, by id, and of what is shared as `""`."""
        parts = {dataset: sha256_json(part) for dataset, part in self.datasets.items()}
        return {"": sha256_json([self.shared, duckdb.__version__]), **parts}


class Standing(NamedTuple):
    """A database that was written before: its bytes, and the `checksums` of its definition."""

    data: bytes
    checksums: Mapping[str, str]


def define(releases: Sequence[Attachable], base_url: str | None) -> Definition:
    """Return the SQL that makes the database of all public `releases`, oldest first.

    `base_url` is the site's address with a slash at the end; without it, the reader sets VARIABLE.
    """
    site = f"coalesce(getvariable('{VARIABLE}'), {literal(base_url or '')})"
    root = f"{site} || 'datasets/'"
    datasets: dict[str, list[Attachable]] = {}
    for item in releases:
        datasets.setdefault(item.dataset, []).append(item)
    shared = [
        "CREATE TABLE city.releases (dataset VARCHAR, release INTEGER, version VARCHAR,"
        " valid_from TIMESTAMP, valid_until TIMESTAMP, sha256 VARCHAR)",
        "CREATE MACRO city.release(dataset, number) AS TABLE FROM read_parquet("
        f"{root} || dataset || '/releases/' || number || '/' || split_part(dataset, '/', 2)"
        " || '.parquet')",
    ]
    sectors = sorted({dataset.split("/")[0] for dataset in datasets})
    if sectors:
        files = ", ".join(f"{site} || {literal(PARQUET.format(sector=each))}" for each in sectors)
        shared.append(
            f"CREATE MACRO city.everything() AS TABLE FROM read_parquet([{files}],"
            " union_by_name = true)"
        )
    shared += [f"CREATE SCHEMA city.{identifier(sector)}" for sector in sectors]
    return Definition("; ".join(shared), {
        dataset: ("; ".join(_dataset(dataset, items, root)), ", ".join(_rows(dataset, items)))
        for dataset, items in datasets.items()
    })


def write(definition: Definition, folder: Path, standing: Standing | None = None) -> bytes:
    """Make the database of a `definition`; return it, the same bytes for the same definition.

    `folder` is the site's: views are bound to its files, and read those of the address later.
    What is the same in the database that is `standing` is copied: to bind a view anew, DuckDB opens
    its file. Each dataset's SQL is run by itself, as expressions remember their place in what is
    run: so a copied part has the bytes of a new one.
    """
    wanted, known = definition.checksums(), standing.checksums if standing else {}
    kept = {part for part, checksum in wanted.items() if known.get(part) == checksum}
    with TemporaryDirectory() as made:
        path = Path(made) / FILE
        with duckdb.connect(config={"threads": 1}) as con:  # several write in any order
            con.execute(f"SET VARIABLE {VARIABLE} = {literal(f'{folder.resolve()}/')}")
            con.execute("SET force_compression = 'uncompressed'")  # FSST samples at random
            con.execute(f"ATTACH {literal(path)} AS city (BLOCK_SIZE {_BLOCK})")
            if standing and "" in kept:
                copied = Path(made) / "standing.duckdb"  # someone may have opened the site's own
                copied.write_bytes(standing.data)
                con.execute(f"ATTACH {literal(copied)} AS standing (READ_ONLY)")
                con.execute("BEGIN; COPY FROM DATABASE standing TO city (SCHEMA)")
                for dataset in known.keys() - kept:
                    view, macro = _names(dataset)
                    con.execute(f"DROP VIEW {view}; DROP MACRO TABLE {macro}")
            else:
                kept = set()
                con.execute(f"BEGIN; {definition.shared}")
            for dataset, (sql, _) in definition.datasets.items():
                if dataset not in kept:
                    con.execute(sql)
            if rows := ", ".join(rows for _, rows in definition.datasets.values()):
                con.execute(f"INSERT INTO city.releases VALUES {rows}")
            con.execute("COMMIT; DETACH city")
        return path.read_bytes()


def _names(dataset: str) -> tuple[str, str]:
    """Return the names of a dataset's view and macro in SQL."""
    sector, name = dataset.split("/")
    schema = f"city.{identifier(sector)}."
    return f"{schema}{identifier(name)}", f"{schema}{identifier(f'{name}_as_of')}"


def _dataset(dataset: str, items: list[Attachable], root: str) -> list[str]:
    """Return what makes a dataset's view and macro."""
    view, macro = _names(dataset)
    file = f"/{dataset.split('/')[1]}.parquet"
    numbers = [item.number for item in items]
    moments = ", ".join(literal(item.moment) for item in items)
    # Text compares as time does; "~" follows every digit, so that a day means its end.
    asked = "replace(moment::VARCHAR, 'T', ' ') || '~'"
    known = f"{numbers}[len(list_filter([{moments}], lambda x: x <= {asked}))]"
    none = literal(f"{dataset} had no release before {items[0].issued:%Y-%m-%d}")
    current = literal(f"{dataset}/releases/{numbers[-1]}{file}")
    return [
        f"CREATE VIEW {view} AS FROM read_parquet({root} || {current})",
        f"COMMENT ON VIEW {view} IS {literal(items[-1].title)}",
        f"CREATE MACRO {macro}(moment) AS TABLE FROM read_parquet({root} ||"
        f" {literal(f'{dataset}/releases/')} || coalesce({known}, error({none})) ||"
        f" {literal(file)})",
    ]


def _rows(dataset: str, items: list[Attachable]) -> list[str]:
    """Return a dataset's rows in the table of releases."""
    until = [f"TIMESTAMP {literal(item.moment)}" for item in items[1:]] + ["NULL"]
    return [
        f"({literal(dataset)}, {item.number}, {literal(item.version)},"
        f" TIMESTAMP {literal(item.moment)}, {end}, {literal(item.sha256)})"
        for item, end in zip(items, until, strict=True)
    ]
