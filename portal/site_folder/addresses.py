"""Where the pages and files of a dataset are in a site's folder."""

from portal.metadata.schema_org import Addresses


def dataset_page(dataset: str, language: str) -> str:
    """Return the path of a `dataset`'s page in a `language` in the site."""
    return f"{language}/{dataset}.html"


def charts_page(dataset: str, language: str) -> str:
    """Return the path of the page of all charts of a `dataset` in a `language` in the site."""
    return f"{language}/{dataset}/charts.html"


def addresses(dataset: str, language: str, root: str) -> Addresses:
    """Return where a `dataset`'s things are in a `language`, from the `root` of the site."""
    return Addresses(
        home=f"{root}{language}/index.html", page=root + dataset_page(dataset, language),
        folder=f"{root}datasets/{dataset}/",
    )
