"""`openindicators explain`: from a figure to the bytes of its source."""

from datetime import UTC, datetime, time
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.reference.registries import load_registries
from pipelines.cli.terminal import AsJson, Profile, out, print_json
from pipelines.explain.walk import explain as walk
from pipelines.explain.walk import find_cell
from pipelines.settings import Settings
from warehouse.store import releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

_NAMED = ("indicator", "ref_area", "time_period")


def explain(
    cell: Annotated[
        list[str],
        typer.Argument(
            metavar="CELL",
            help="the lasting address of a figure, or SECTOR/DATASET INDICATOR AREA PERIOD"
                 " [DIMENSION=CODE]...",
        ),
    ],
    release: Annotated[int | None, typer.Option(help="of which release; the newest")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="the release that was current on that day")
    ] = None,
    profile: Profile = None, as_json: AsJson = False,
) -> int:
    """Print where a figure (`cell`) comes from, down to the bytes of its source.

    Of the `release` with this number, or the one that was current at the end of the day `as_of`
    (UTC), in the data folder of a `profile`. `as_json` prints the whole proof for scripts. Returns
    5 where the source's text, read once more, does not give the released value.

    Raises:
        OpenIndicatorsError: no release or figure has this key.
        StoreError: a record or file is not what its checksum says.
    """
    settings = Settings.from_environment(profile)
    dataset, number, key = _parsed(cell)
    stored = _release(settings.data_dir, dataset, release or number, as_of)
    found = find_cell(stored, key)
    proof = walk(settings.data_dir, stored, found, load_registries(settings.project))
    if as_json:
        print_json(proof)
    else:
        _print(proof)
    return 5 if proof.get("reading", {}).get("agrees") is False else 0


def _parsed(cell: list[str]) -> tuple[str, int | None, dict[str, str]]:
    """Return dataset, release and key that a cell names."""
    if len(cell) == 1 and "?" in cell[0]:
        given = dict(parse_qsl(urlsplit(cell[0]).query))
        dataset, number = given.pop("dataset", ""), given.pop("release", "")
        if dataset and given:
            return dataset, int(number) if number.isdigit() else None, given
    elif len(cell) >= len(_NAMED) + 1 and all("=" in each for each in cell[4:]):
        more = dict(each.split("=", 1) for each in cell[4:])
        return cell[0], None, dict(zip(_NAMED, cell[1:4], strict=True)) | more
    raise OpenIndicatorsError(
        "is no address of a figure", where=" ".join(cell),
        todo="copy the lasting address from the figure's page, or write SECTOR/DATASET INDICATOR"
        " AREA PERIOD [DIMENSION=CODE]...",
    )


def _release(
    data_dir: DataDir, dataset: str, number: int | None, as_of: str | None
) -> StoredRelease:
    if as_of is not None:
        try:
            day = datetime.combine(datetime.fromisoformat(as_of).date(), time.max, UTC)
        except ValueError as error:
            raise OpenIndicatorsError(
                f"{as_of!r} is no date", where="--as-of", todo="write it as 2024-12-31"
            ) from error
        stored = releases.as_of(data_dir, dataset, day)
    elif number is not None:
        every = {each.release.number: each for each in releases.history(data_dir, dataset)}
        stored = every.get(number)
    else:
        stored = releases.current(data_dir, dataset)
    if stored is None:
        raise OpenIndicatorsError(
            "there is no such release", where=dataset,
            todo=f"`openindicators show {dataset}` lists them",
        )
    return stored


def _print(proof: dict[str, Any]) -> None:
    cell, release, snapshot = proof["cell"], proof["release"], proof["snapshot"]
    key = {k: v for k, v in cell.items() if k not in ("obs_value", "unit_measure") and v}
    out.print(f"[bold]{cell['obs_value']}[/] {cell.get('unit_measure') or ''}")
    out.print(escape("  " + ", ".join(f"{name}={code}" for name, code in key.items())))
    _say("release", f"{release['dataset']}, release {release['number']}"
         f" ({release['version']}), issued {release['issued']}")
    _say("", f"release.json {release['record_sha256'] or 'not in the ledger yet'}")
    _say("", f"data.parquet {release['data_sha256']}")
    _say("snapshot", f"{snapshot['sha256']}, retrieved {snapshot['retrieved']}")
    _say("licence", snapshot["licence"])
    place = proof["place"]
    if "formula" in proof:
        _print_computed(proof)
        return
    if place is None:
        _say("place", "not recorded: the row was made by the declaration's SQL")
        return
    part = proof["part"]
    _say("part", f"{part['name']}, {part['bytes']} bytes, sha256 {part['sha256']}")
    _say("", part["url"])
    at = f"{place.get('kind', 'row')} {place['row']}, column {place['column']!r}"
    if "reference" in place:
        at += f", {place['reference']}"
    if "offset" in place:
        at += f", bytes {place['offset']} to {place['offset'] + place['length']}"
    _say("place", at)
    if "withheld" in proof:
        _say("bytes", f"not shown: {proof['withheld']}")
        return
    _print_source(place, proof["source"])
    _print_reading(cell, proof["reading"], place)


def _print_computed(proof: dict[str, Any]) -> None:
    _say("formula", proof["formula"])
    for each in proof["computed_from"]:
        cell, release, place = each["cell"], each["release"], each["place"]
        key = " ".join(cell[name] for name in _NAMED)
        _say("from", f"{each['input']}: {release['dataset']} {key} = {cell['obs_value']}"
             f" (release {release['number']}, {release['record_sha256']})")
        if place is not None:
            text = place.get("text", place.get("raw"))
            _say("", f"{each['part']['name']}, {place.get('kind', 'row')} {place['row']}"
                 + (f": {text}" if text else ""))
    if proof["inputs"] > len(proof["computed_from"]):
        _say("", f"and {proof['inputs'] - len(proof['computed_from'])} more cells")
    out.print("\nEach of them is explained by the same command, to its source.")


def _print_source(place: dict[str, Any], source: dict[str, Any]) -> None:
    rows = [(n, text, " ") for n, text in [*source.get("header", ()), *source.get("before", ())]]
    rows.append((place["row"], place.get("text") or str(place["raw"]), "▶"))
    rows += [(n, text, " ") for n, text in source.get("after", ())]
    out.print()
    for number, text, mark in dict.fromkeys(rows):
        line = text if len(text) <= 400 else f"{text[:399]}…"
        out.print(f"{mark}{number:>7}  {escape(line)}")
    out.print()


def _print_reading(
    cell: dict[str, Any], reading: dict[str, Any], place: dict[str, Any]
) -> None:
    rule = ", ".join(f"{name} {value}" for name, value in reading.get("rule", {}).items())
    _say("value", f"{place['raw']!r}" + (f" read with {rule}" if rule else "")
         + (f" gives {reading['value']!r}" if "value" in reading else ""))
    for name, how in reading["concepts"].items():
        from_ = f"constant {how['constant']!r}" if "constant" in how else (
            f"column {how['column']!r}: {how['text']!r}"
        )
        _say(name, f"{from_} → {how['code']}")
    for each in reading.get("corrections", ()):
        _say("corrected", f"{each['action']}: {each['reason'].get('en', '')}")
    if "sql" in reading:
        _say("SQL", f"{reading['sql']} of the declaration shapes the rows before they are read")
    if "agrees" in reading:
        _say("agrees", "yes" if reading["agrees"] else
             f"NO: the release says {cell['obs_value']!r}")


def _say(term: str, text: str) -> None:
    out.print(f"{term:14} {escape(text)}")
