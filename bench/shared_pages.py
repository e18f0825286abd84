"""How much processor time the pages across datasets take, and how large the search index is.

    python -m bench.shared_pages SITE [--datasets 1000] [--keep DIR]

SITE is a site that `make run` made. Its datasets are copied under other names until there are as
many as asked for; titles are put together from those of two others, and of the indicators every
third is shared by the copies. Measured are the pages the first time, after one dataset has changed,
and when nothing has.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from model.reference.city import use_project
from model.reference.registries import load_registries
from portal.site import Site
from portal.site.shared_pages import figures

PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Copy the datasets, make the shared pages three times, print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("site", type=Path)
    parser.add_argument("--datasets", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="where the copies are made and stay")
    args = parser.parse_args()
    use_project(PROJECT)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        copies = copy(args.site, folder / "site", args.datasets)
        site = Site(folder / "site", load_registries(PROJECT))
        measure("first time", site)
        changed = next(path for path in copies if len(figures.read(path).places) > 60)
        change(changed)
        measure(f"after {changed.parent.name}/{changed.name} changed", site)
        measure("nothing changed", site)
        for name in ("search-index.js", "search-texts.js"):
            data = (site.folder / "vi" / name).read_bytes()
            print(f"vi/{name}: {len(data):,} bytes, {len(gzip.compress(data, 9)):,} compressed")


def measure(what: str, site: Site) -> None:
    """Print the processor time that making the shared pages of a `site` takes, and what is made."""
    before = {path: path.stat().st_mtime_ns for path in site.folder.rglob("*") if path.is_file()}
    start = time.process_time()
    site.write_shared()
    seconds = time.process_time() - start
    after = {path: path.stat().st_mtime_ns for path in site.folder.rglob("*") if path.is_file()}
    written = sum(before.get(path) != at for path, at in after.items())
    print(f"{what}: {seconds:.2f} s, {written:,} files written")


def copy(source: Path, target: Path, count: int) -> list[Path]:
    """Copy the datasets of the site `source` to `target` until there are `count`; their folders."""
    rng = random.Random(0)  # noqa: S311 - not for secrets
    folders = sorted(path.parent for path in source.glob("datasets/*/*/dataset.json"))
    states = [json.loads((folder / "dataset.json").read_bytes()) for folder in folders]
    titles = [state["title"] for state in states]
    names = [each["name"] for state in states for each in state["indicators"]]
    made = []
    for number in range(count):
        folder, state = folders[number % len(folders)], states[number % len(folders)]
        old, new = state["dataset"], f"{state['dataset']}_{number}"
        copied = target / "datasets" / new
        copied.mkdir(parents=True)
        codes = {
            each["code"]: each["code"] if at % 3 == 0 else f"{each['code']}_{number}"
            for at, each in enumerate(state["indicators"])
        }
        mixed = {
            **state, "title": mix(rng, titles), "dataset": new, "name": copied.name,
            "indicators": [
                each if codes[each["code"]] == each["code"]
                else {**each, "code": codes[each["code"]], "name": mix(rng, names)}
                for each in state["indicators"]
            ],
        }
        text = json.dumps(mixed, ensure_ascii=False)
        for sign in ".-":
            text = text.replace(f'"name": "{state["name"]}{sign}', f'"name": "{copied.name}{sign}')
        (copied / "dataset.json").write_text(text, encoding="utf-8")
        dcat = (folder / "dcat.jsonld").read_text(encoding="utf-8")
        (copied / "dcat.jsonld").write_text(dcat.replace(old, new), encoding="utf-8")
        for path in folder.rglob(f"{state['name']}.parquet"):
            linked = copied / path.relative_to(folder).with_stem(copied.name)
            linked.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, linked)
        if (folder / figures.FILE).exists():
            head, *lines = (folder / figures.FILE).read_text(encoding="utf-8").split("\n")
            parsed = json.loads(head)
            for each in parsed["measures"]:
                each["indicator"] = codes[each["indicator"]]
            whole = "\n".join([json.dumps(parsed, ensure_ascii=False), *lines])
            (copied / figures.FILE).write_text(whole, encoding="utf-8")
        made.append(copied)
    return made


def mix(rng: random.Random, texts: list[dict[str, Any]]) -> dict[str, str]:
    """Return the first half of one text with the second half of another, in each language."""
    one, two = rng.choice(texts), rng.choice(texts)
    return {
        code: " ".join([
            *one[code].split()[: len(one[code].split()) // 2 + 1],
            *two[code].split()[len(two[code].split()) // 2 :],
        ])
        for code in one
    }


def change(folder: Path) -> None:
    """Change a figure of every place in a dataset's `folder`, as a new release does."""
    path = folder / figures.FILE
    head, *lines = path.read_text(encoding="utf-8").split("\n")
    changed = []
    for line in lines:
        key, _, series = line.partition("\t")
        parsed = json.loads(series)
        parsed[0][2][-1] += 1
        changed.append(f"{key}\t{json.dumps(parsed)}")
    path.write_text("\n".join([head, *changed]), encoding="utf-8")
    state = json.loads((folder / "dataset.json").read_bytes())
    (folder / "dataset.json").write_text(
        json.dumps({**state, "rows": state["rows"] + 1}, ensure_ascii=False), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
