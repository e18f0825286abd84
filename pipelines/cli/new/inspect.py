"""Looking at a file or URL, to write the declaration that reads it."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from model.declarations.source import Unpivot
from model.errors import OpenIndicatorsError
from model.records.unread import UnreadContent, unread_of
from model.reference.registries import Registries
from model.util.disk import atomic_write
from model.util.hashing import sha256_file
from pipelines.cli.corpus import read_table
from pipelines.cli.new.code_matches import doubt_codes
from pipelines.cli.new.scaffold import declaration_text
from pipelines.settings import Settings
from sources.base import Request, Validators
from sources.connectors.registry import PROTOCOLS
from sources.fetch.http import HttpLimits, HttpTransport
from sources.fetch.part_files import part_name
from sources.inspect.codebooks import codebooks_beside
from sources.inspect.finding import Found, Guess, NoTable, RecognisedTable
from sources.inspect.recognise import recognise
from sources.inspect.search import Form, Roles
from sources.inspect.tables.placing import numbering_of
from sources.inspect.tables.roles import roles_of
from sources.inspect.tables.titles import title_of
from sources.urls import safe_url
from warehouse.cleaning.unread_columns import unread_columns

_WITH_URLS = ("files", "hxl", "sdmx")  # protocols that read the file of a URL
_FORMS: dict[str, Form] = {"sdmx": "sdmx", "pxweb": "cube", "pxweb_v2": "cube"}
_LOOKED_AT = 300_000  # rows
_FREQUENCY = ("FREQ", "FREQUENCY")  # SDMX's concept, and the id that the IMF gives it


@dataclass(frozen=True)
class Looked:
    """What came of looking.

    text: of the declaration.
    copy: where the file was put, None for a URL that is asked again.
    guesses: every one.
    """

    text: str
    copy: Path | None
    guesses: tuple[Guess, ...]


def look_at(
    source: str, name: str, title: str, settings: Settings, registries: Registries
) -> Looked:
    """Look at a file or URL (`source`); `#` and a sheet, member or table chooses one.

    `name` and `title` are those of the dataset. The `settings` say where the inbox is, and whether
    private addresses may be asked; the `registries` have the codelists.

    Raises:
        OpenIndicatorsError: it cannot be had, or holds no table.
    """
    address, place = _parts(source)
    with TemporaryDirectory() as folder:
        if _is_url(address):
            path = Path(folder) / part_name(urlsplit(address).path, set())
            limits = HttpLimits(allow_private=settings.allow_private)
            HttpTransport(limits).send(Request(address), Validators(), path)
        else:
            path = Path(address)
            if "://" in address or not path.is_file():
                raise OpenIndicatorsError(
                    "is no file, and no http or https URL", where=safe_url(address),
                    todo="check the path",
                )
        found, notes = choose(tables_of(path), place, path.name)
        asks_again = _is_url(address) and found.protocol in _WITH_URLS and (
            safe_url(address) == address)
        copy = None if asks_again else into_inbox(path, settings.data_dir.inbox)
        if _is_url(address) and not asks_again:
            notes.append(
                "unsure: it was fetched once, into the inbox; the protocol's own options ask the"
                " service each time."
            )
        origin = {"urls": [address]} if copy is None else {"files": [copy.name]}
        return declared(path, found, notes, (name, title), origin, copy, registries)


def declared(
    path: Path, found: RecognisedTable, notes: Sequence[str], named: tuple[str, str],
    origin: Mapping[str, list[str]], copy: Path | None, registries: Registries, *,
    whole: bool = False,
) -> Looked:
    """Declare a table that was recognised.

    Args:
        path: the file.
        found: the table, and how it is read.
        notes: what a person must know of the file; a question each.
        named: the dataset's name, and its title where the table has none.
        origin: `files` or `urls`, as the protocol's options have them.
        copy: where the file was put, None for a URL that is asked again.
        registries: the codelists and places.
        whole: whether the file's other tables are declared, too.

    Raises:
        SourceError: the table cannot be read.
        OpenIndicatorsError: it has no figures.
    """
    name, title = named
    table, unread = looked_at(path, found)
    numbered = numbering_of(found, table)
    if numbered is not None:
        found = numbered
        table, unread = looked_at(path, found)
    above = title_of(found.above, table.column_names)
    roles = roles_of(
        table.drop_columns(["_part", "_row"]), PROTOCOLS[found.protocol].columns,
        registries.codelists, name, path.name, above, codebooks_beside(path),
        form=_FORMS.get(found.protocol, "table"),
    )
    if "obs_value" not in roles.rules:
        raise OpenIndicatorsError(
            f"a list of {table.num_rows:,} rows, no table of indicators: no column holds figures",
            where=path.name, todo="a declaration needs a table of figures",
        )
    doubt_codes(roles, table, registries.codelists)
    said = [*notes, *(
        f"unsure: {each.what.get('en')}." for each in (*unread, *_unread_columns(table, roles))
        if each.kind != "title" and not (whole and each.kind == "sheet")
    )]
    texts = above.texts if above else {"en": title}
    text = declaration_text(texts, found, roles, origin, said, registries)
    return Looked(text, copy, _guesses(found, roles, said))


def _is_url(address: str) -> bool:
    return address.startswith(("https://", "http://"))


def _parts(source: str) -> tuple[str, str]:
    if "#" not in source or (not _is_url(source) and Path(source).exists()):
        return source, ""
    address, _, place = source.partition("#")
    return address, place


def tables_of(path: Path) -> list[Found]:
    """Recognise what a file holds; an SDMX message of several frequencies is a table for each.

    A dataset has one frequency. The table with the most rows comes first.

    Raises:
        SourceError: the file is damaged, or of no known kind.
    """
    found: list[Found] = []
    for each in recognise(path, path.name):
        found += _by_frequency(path, each) if isinstance(each, RecognisedTable) else [each]
    return found


def _by_frequency(path: Path, found: RecognisedTable) -> list[RecognisedTable]:
    if found.protocol != "sdmx":
        return [found]
    table, _ = looked_at(path, found)
    name = next((each for each in table.column_names if each.upper() in _FREQUENCY), "")
    counts = Counter(table.column(name).drop_null().to_pylist() if name else ())
    if len(counts) < 2:
        return [found]
    before = f"{found.place}#" if found.place else ""
    return [
        replace(found, rows={name: code}, place=f"{before}{name}={code}")
        for code, _ in counts.most_common()
    ]


def choose(found: list[Found], place: str, where: str) -> tuple[RecognisedTable, list[str]]:
    """Return the table to declare, the one that is asked for or the first, and notes on it.

    Raises:
        OpenIndicatorsError: there is no table, or not this one.
    """
    tables = [each for each in found if isinstance(each, RecognisedTable)]
    if not tables:
        first = found[0]
        raise OpenIndicatorsError(
            first.what if isinstance(first, NoTable) else str(getattr(first, "reason", "")),
            where=where, todo="a declaration needs a table of figures",
        )
    wanted = [each for each in tables if each.place == place] if place else tables
    if not wanted:
        raise OpenIndicatorsError(
            f"has no table {place!r}", where=where,
            todo="it has: " + ", ".join(each.place for each in tables),
        )
    wanted.sort(key=lambda each: each.protocol == "files")  # metadata stand beside the figures
    notes = []
    if len(tables) > 1 and not place:
        others = ", ".join(f"#{each.place}" for each in tables if each is not wanted[0])
        notes.append(f"unsure: this is the table {wanted[0].place!r}; the file also has {others}.")
    return wanted[0], notes


def looked_at(path: Path, found: RecognisedTable) -> tuple[pa.Table, list[UnreadContent]]:
    """Read the rows of a table to inspect: all, or the first hundreds of thousands.

    Returns:
        The rows, and what the reader left unread.

    Raises:
        SourceError: the table cannot be read.
    """
    kept: list[pa.RecordBatch] = []
    unread: list[UnreadContent] = []
    rows = 0
    for batch in read_table(path, path.name, found):
        unread += unread_of(batch)
        kept.append(batch)
        rows += batch.num_rows
        if rows >= _LOOKED_AT:
            break
    table = pa.Table.from_batches(kept)
    for name, value in found.rows.items():
        table = table.filter(pc.equal(table.column(name), value))
    return table, unread


def _unread_columns(table: pa.Table, roles: Roles) -> Iterator[UnreadContent]:
    """Yield the columns with figures that have no role."""
    used = {
        rule[part] for rule in roles.rules.values() for part in ("column", "followed_by")
        if part in rule
    } | set(roles.where) | {
        rule["scale_by"]["column"] for rule in roles.rules.values() if "scale_by" in rule
    }
    wide = Unpivot.model_validate(roles.unpivot) if roles.unpivot else None
    value = roles.rules.get("obs_value", {}).get("column")
    with duckdb.connect() as con:
        con.register("raw", table)
        yield from unread_columns(con, wide, used, value)


def into_inbox(path: Path, inbox: Path) -> Path:
    """Put the file into the inbox, unless it is there.

    Raises:
        OpenIndicatorsError: another file of this name is.
    """
    target = inbox / part_name(path.name, set())
    if target.exists():
        if sha256_file(target) != sha256_file(path):
            raise OpenIndicatorsError(
                "another file of this name is in the inbox", where=str(target),
                todo="rename one of the two",
            )
        return target
    with atomic_write(target) as staging:
        shutil.copyfile(path, staging)
    return target


def _guesses(found: RecognisedTable, roles: Roles, notes: list[str]) -> tuple[Guess, ...]:
    reader = Guess("protocol", found.protocol, "certain", f"it is read as {found.kind}")
    more = (Guess("table", "", "unsure", note.removeprefix("unsure: ")) for note in notes)
    return (reader, *more, *found.guesses, *roles.notes.values())
