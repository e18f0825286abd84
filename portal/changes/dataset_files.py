"""What a dataset's folder has about its releases: pages, change sets, addresses and feeds."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from model.util.languages import languages
from portal.base import HasOrigins
from portal.changes import change_set, release_page
from portal.changes.addresses import pointers
from portal.changes.feeds import NAME, ReleaseNews, release_feed
from portal.changes.offered import OfferedRelease
from portal.content import Content

ORIGINS = "origins.parquet"
Preview = Callable[[Content], Mapping[str, list[dict[str, Any]]]]


def dataset_files(
    content: Content, items: Sequence[OfferedRelease], opened: Callable[[int], Content],
    preview: Preview, base_url: str | None, same: Path | None, staging: Path,
) -> dict[str, bytes | Path]:
    """Return the files: path in the dataset's folder -> bytes, or the file that stays as it is.

    Args:
        content: the current release.
        items: all releases, oldest first.
        opened: opens a release by its position in `items`.
        preview: the first rows of a release as text, by language.
        base_url: the site's address on the web with a slash at the end, if known.
        same: the dataset's folder as readers see it, where this code made it.
        staging: the folder that is being filled. Origins are written there, and not returned: they
            may be larger than memory.
    """
    found: dict[str, bytes | Path] = {}
    for at, item in enumerate(items):
        folder = f"releases/{item.release.number}"
        place = f"{folder}/{ORIGINS}"
        if same and (same / place).is_file():  # a release never changes
            found[place] = same / place
        elif item.files and not item.gone:
            _write_origins(opened(at), staging / place)
        page, changes = f"{folder}/{release_page.PAGE}", f"{folder}/{change_set.FILE}"
        if same and item.after and (same / changes).is_file():
            found[changes] = same / changes
            # The page of the one before says that it is no longer the last one.
            if at < len(items) - 2 and (same / page).is_file():
                found[page] = same / page
                continue
        own = content if item.after is None else opened(at)
        is_public = content.public and own.public and not item.gone
        # The dataset's own page has the figures that are current.
        rows = preview(own) if is_public and item.after else {}
        found[page] = release_page.render(own, item, rows, base_url)
        if changes not in found:
            found[changes] = change_set.change_set(own, item, is_public)
    dataset = content.dataset
    news = [
        ReleaseNews(
            dataset.id, dataset.title, item.release.number, item.version, item.release.issued,
            item.release.reason, item.release.changes,
        )
        for item in items
    ]
    for language in languages():
        name = NAME.format(language=language)
        found[name] = release_feed(
            f"datasets/{dataset.id}/{name}", dataset.title, news, language, base_url
        )
    return found | pointers(items)


def _write_origins(content: Content, path: Path) -> None:
    """Write where each figure of a release stands in its source as Parquet, where that is known."""
    if not isinstance(content.files, HasOrigins) or not content.public:
        return
    found = content.files.origins(content.registries)
    if found is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, found.schema, compression="zstd", version="2.6") as writer:
        for batch in found:
            writer.write_batch(batch)
