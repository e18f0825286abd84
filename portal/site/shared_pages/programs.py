"""What the site offers programs, across datasets: the page that says so, and their lists."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.reference.city import city
from model.reference.registries import Registries, Sector
from model.util.hashing import pretty_json, sha256_json
from model.util.languages import default_language, languages
from model.util.text import Frozen, LocalizedText
from portal.api import catalogue
from portal.distributions.exchange.sdmx import agency, dataflow_id
from portal.rendering import formatting
from portal.rendering.environment import render_template
from portal.site_folder.addresses import dataset_page
from portal.site_folder.shared_page import SharedPage
from portal.site_folder.state import DatasetState

EXAMPLES = Path(catalogue.__file__).with_name("examples.yaml")
TEMPLATES = Path(__file__).resolve().parent / "templates"
PAGE = "{language}/programs.html"

Sectors = Sequence[tuple[Sector, Sequence[DatasetState]]]


class Offer(Frozen):
    """Something that programs can ask for: its addresses, and examples by tool.

    served: it needs `openindicators serve`; plain files cannot answer.
    """

    title: LocalizedText
    text: LocalizedText
    paths: tuple[str, ...]
    examples: dict[str, str]
    served: bool = False

    def filled(self, site: str, dataset: str) -> "Offer":
        """Return it with the address of a `site` and the id of a `dataset` filled in."""
        sector, _, name = dataset.partition("/")
        known = {
            "site": site, "dataset": dataset, "name": name, "sector": sector,
            "table": dataflow_id(dataset), "agency": agency(),
        }

        def fill(text: str) -> str:
            for key, value in known.items():
                text = text.replace(f"{{{key}}}", value)
            return text

        return self.model_copy(update={
            "paths": tuple(map(fill, self.paths)),
            "examples": {tool: fill(code) for tool, code in self.examples.items()},
        })


@cache
def offers() -> dict[str, Offer]:
    """Return everything that programs can ask for, by id."""
    file = YamlFile.read(EXAMPLES)
    return {key: parse_as(Offer, value, file, (key,)) for key, value in file.mapping().items()}


def files(sectors: Sectors, registries: Registries, base_url: str | None) -> dict[str, bytes]:
    """Return the lists of all datasets for programs: path in the site -> bytes.

    `sectors` come with their datasets, `registries` name licences, and `base_url` is the site's
    address on the web with a slash at the end, if known.
    """
    states = [state for _, members in sectors for state in members]
    assessed = _assessed(sectors, registries)
    return {
        catalogue.DATASETS: pretty_json(catalogue.listed(states, registries, base_url)).encode(),
        "llms.txt": _llms(sectors, base_url or "", assessed).encode(),
    }


def pages(
    sectors: Sectors, registries: Registries, base_url: str | None
) -> Iterator[SharedPage]:
    """Yield what says how programs ask, which few datasets have a part in; see `files`."""
    assessed = _assessed(sectors, registries)
    example = next(
        (state.dataset for _, members in sectors for state in members if state.public), None
    )
    inputs = sha256_json([assessed, example])
    yield SharedPage(
        catalogue.OPENAPI, inputs,
        lambda: pretty_json(catalogue.openapi(base_url, assessed)).encode(),
    )
    for language in languages():
        render = partial(_render, language, example, base_url)
        yield SharedPage(PAGE.format(language=language), inputs, render)


def _assessed(sectors: Sectors, registries: Registries) -> bool:
    """Whether there is a dataset that measures a target."""
    return registries.targets.measured_in(state.dataset for _, each in sectors for state in each)


def _render(language: str, example: str | None, base_url: str | None) -> bytes:
    listed = {
        key: offer.filled(base_url or "https://…/", example) for key, offer in offers().items()
    } if example else {}
    return render_template(
        TEMPLATES, "programs.html", language, root="../", page="programs.html", preview=False,
        base_url=base_url, offers=listed,
    )


def for_crawlers(
    shared: Iterable[str], states: Iterable[DatasetState], base_url: str | None
) -> dict[str, bytes]:
    """Return `robots.txt`, and `sitemap.xml` where the site's address, `base_url`, is known.

    `shared` are the paths of the pages across the datasets with these `states`.
    Source: https://www.sitemaps.org/protocol.html, which wants absolute addresses.
    """
    if base_url is None:
        return {"robots.txt": b"User-agent: *\nAllow: /\n"}
    shells = ("/embed.html", "/figure.html")  # nothing without their query
    paths = {p for p in shared if p.endswith(".html") and "/" in p and not p.endswith(shells)}
    paths |= {dataset_page(state.dataset, code) for state in states for code in languages()}
    urls = "".join(f"<url><loc>{escape(base_url + path)}</loc></url>\n" for path in sorted(paths))
    return {
        "robots.txt": f"User-agent: *\nAllow: /\nSitemap: {base_url}sitemap.xml\n".encode(),
        "sitemap.xml": (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
        ).encode(),
    }


def _llms(sectors: Sectors, root: str, targets: bool) -> str:
    """Return the site in the form of https://llmstxt.org, with the `targets` if it has some."""
    language = "en" if "en" in languages() else default_language()
    site = city().site

    def line(text: Any) -> str:
        return " ".join(text.get(language).split()).translate({ord("["): "(", ord("]"): ")"})

    parts = [
        f"# {line(site.title)}\n\n> {line(site.lead)}\n",
        "Every figure has a unit, a period, a status and a release: cite the release."
        " Codes are text.\n",
        "Assistants ask it by the Model Context Protocol, `openindicators mcp --site"
        f" {root or '<address>'}`, and check what they quote with `openindicators quote-check`.\n",
        "## For programs\n",
        *(f"- [{path}]({root}{path})" for path in (
            catalogue.DATASETS, catalogue.OPENAPI, "catalog.jsonld", "codelists/index.json",
            "bulk/index.json", *([catalogue.TARGETS_JSON] if targets else []),
            PAGE.format(language=language),
        )),
    ]
    for sector, members in sectors:
        parts.append(f"\n## {line(sector.title)}\n")
        parts += [
            f"- [{line(state.title)}]({root}"
            f"{dataset_page(state.dataset, language).removesuffix('html')}md):"
            f" {formatting.span(state.period_first, state.period_last, language) or '–'}."
            f" {line(state.description)}"
            for state in members
        ]
    return "\n".join(parts) + "\n"
