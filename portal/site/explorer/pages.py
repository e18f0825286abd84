"""The explorer's pages: explorer, embed, figure, table and SQL. Their scripts do the rest.

A page is the same for every dataset: what it shows stands in its address, and its scripts read the
files that a release is published as.
"""

import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from babel.core import get_global

from model.reference.city import city
from model.reference.codelist import vintage_day
from model.reference.registries import Registries, Sector
from model.util.hashing import sha256_json
from model.util.languages import languages
from portal import libraries
from portal.rendering.environment import render_template
from portal.scope import home_areas
from portal.site import style
from portal.site_folder.shared_page import SharedPage
from portal.site_folder.state import DatasetState

AS_A_WHOLE = 4_000_000  # bytes of JSON, some 130 kB compressed: larger releases are read by ranges
TEMPLATES = Path(__file__).resolve().parent / "templates"
ASSETS = Path(__file__).resolve().parent / "assets"
PAGES = ("explorer", "embed", "figure", "table", "sql")
LIBRARIES = {
    "d3": "d3/dist/d3.min.js",
    "plot": "plot/dist/plot.umd.min.js",
    "hyparquet": "hyparquet/src/index.js",
    "fzstd": "fzstd/esm/index.mjs",
    "topojson": "topojson-client/dist/topojson-client.min.js",
    "atlas": "world-atlas/countries-50m.json",
    "duckdb_worker": "duckdb-wasm/dist/duckdb-browser-eh.worker.js",
    "duckdb_module": "duckdb-wasm/dist/duckdb-eh.wasm",
}


def scripts() -> dict[str, bytes]:
    """Return the scripts of the pages: path in the site -> bytes."""
    return {f"assets/explorer/{path.name}": path.read_bytes() for path in sorted(ASSETS.iterdir())}


def pages(
    sectors: list[tuple[Sector, list[DatasetState]]], registries: Registries, preview: bool,
    base_url: str | None,
) -> Iterator[SharedPage]:
    """Yield the pages in each language.

    `sectors` come with their datasets, `registries` know the city's borders; `preview` and
    `base_url` are as for every page.
    """
    offered = [
        (sector, [state for state in members if state.public]) for sector, members in sectors
    ]
    addresses = {name: libraries.address(file) for name, file in LIBRARIES.items()}
    settings = {
        "root": "../", "libraries": addresses, "preloaded": _parquet_modules(),
        "ranges": _by_ranges(offered), "home": home_areas(), "borders": _borders(registries),
        "countries": _countries(),
    }
    titles = [[(state.dataset, state.title.by_language) for state in each] for _, each in offered]
    inputs, inside = sha256_json([settings, titles]), style.of_explorer()
    for language in languages():
        for name in PAGES:
            yield SharedPage(f"{language}/{name}.html", inputs, partial(
                render_template,
                TEMPLATES, f"{name}.html", language, root="../", page=f"{name}.html",
                preview=preview, base_url=base_url, sectors=offered, libraries=addresses,
                **_preloads(name), style=inside,
                settings={"language": language, **settings},
            ))


# `import … from "./page.js"`, and `export`; what a script imports by `import()` is for later.
_IMPORT = re.compile(r"""^(?:import|export)\b[^'"();]*?\bfrom ['"]\./([\w.]+)['"]""", re.MULTILINE)


@cache
def _modules(folder: Path, entry: str) -> list[str]:
    """Return the names of the modules that `entry` needs, itself first, then as they are imported.

    Pages name them all, so that a browser asks for all at once and not for one after the other.
    """
    found = [entry]
    for name in found:
        text = (folder / name).read_text(encoding="utf-8")
        found += [each for each in dict.fromkeys(_IMPORT.findall(text)) if each not in found]
    return found


def _preloads(page: str) -> dict[str, list[str]]:
    """Return the addresses of a page's modules: those that read figures first, and the others."""
    first = [] if page == "sql" else _modules(ASSETS, "release.js")
    others = [name for name in _modules(ASSETS, f"{page}.js") if name not in first]
    return {
        "first_modules": [f"assets/explorer/{name}" for name in first],
        "other_modules": [f"assets/explorer/{name}" for name in others],
    }


def _by_ranges(offered: list[tuple[Sector, list[DatasetState]]]) -> list[str]:
    """Return the datasets whose newest release is not read as a whole, from its JSON."""
    return [
        state.dataset for _, members in offered for state in members
        if not any(
            file.name == f"{state.name}.json" and file.bytes <= AS_A_WHOLE
            for file in state.releases[-1].files
        )
    ]


def _parquet_modules() -> list[str]:
    """Return the addresses of the modules of the reader of Parquet files."""
    first = libraries.address(LIBRARIES["hyparquet"])
    folder = libraries.FOLDER / Path(first).relative_to(libraries.PLACE).parent
    names = _modules(folder, Path(first).name)
    return [str(Path(first).with_name(name)) for name in names]


def _borders(registries: Registries) -> dict[str, Any] | None:
    """Return when the borders of the city's list of areas last changed, and that list."""
    area = city().area
    codelist = registries.codelists.get(area.codelist) if area else None
    day = vintage_day(codelist.vintage) if codelist else None
    if codelist is None or day is None:
        return None
    return {"day": day.isoformat(), "list": codelist.vintage.rpartition(":")[0]}


@cache
def _countries() -> dict[str, str]:
    """Return the numeric code of each country in ISO 3166-1 -> its code of three letters (CLDR)."""
    aliases = get_global("territory_aliases")
    letters = {
        names[0]: code for code, names in aliases.items()
        if len(code) == 3 and code.isalpha() and len(names) == 1
    }
    return {
        code: letters[names[0]] for code, names in aliases.items()
        if code.isdigit() and len(names) == 1 and names[0] in letters
    }
