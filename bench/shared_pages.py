"""How much time the pages across datasets take, and how large the search index is.

    python -m bench.shared_pages SITE [--datasets 1000] [--keep DIR] [--profile FILE]

SITE is a site that `make run` made. Its datasets are copied under other names until there are as
many as asked for; titles are put together from those of two others, and of the indicators every
third is shared by the copies. Measured are the pages the first time, after one dataset has a new
release with another figure for each of its 63 provinces, and when nothing has changed: the
processor time of all processes, and the time, which says something on a machine that does nothing
else. Then all is made again from nothing, and must be the same, byte for byte. The second is
recorded beside the first.
"""

from __future__ import annotations

import argparse
import cProfile
import gzip
import json
import os
import random
import resource
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench import record
from model.reference.city import use_project
from model.reference.registries import load_registries
from model.util.hashing import pretty_json, sha256_file
from portal.metadata.identifiers import dataset_urn, distribution_urn
from portal.site.shared_pages import figures
from portal.site.site import Site
from portal.site_folder.release_files import DCAT, TURTLE, write_checksums

PROJECT = Path(__file__).resolve().parent.parent
READ = ("{name}.parquet", "{name}*.csv", "csv-metadata.json")  # what pages and files are made from
State = dict[str, Any]


def main() -> None:
    """Copy the datasets, make the shared pages three times, print the times; compare with new."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("site", type=Path)
    parser.add_argument("--datasets", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="where the copies are made and stay")
    parser.add_argument("--profile", type=Path, help="where cProfile's figures of the second go")
    args = parser.parse_args()
    use_project(PROJECT)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        copies = copy(args.site, folder / "site", args.datasets)
        cores = len(os.sched_getaffinity(0))
        site = Site(folder / "site", load_registries(PROJECT), processes=cores)
        first = measure("first time", site)
        changed = next(path for path in copies if path.name.startswith("crops_by_province"))
        release(changed)
        profile = cProfile.Profile() if args.profile else None
        what = f"after {changed.parent.name}/{changed.name} has a new release"
        second = measure(what, site, profile)
        if profile:
            profile.dump_stats(args.profile)
        else:
            record.append("pages across datasets", args.datasets, second, peer=first)
        measure("nothing changed", site)
        for name in ("search-index.js", "search-texts.js"):
            data = (site.folder / "vi" / name).read_bytes()
            print(f"vi/{name}: {len(data):,} bytes, {len(gzip.compress(data, 9)):,} compressed")
        compare(site)


def measure(what: str, site: Site, profile: cProfile.Profile | None = None) -> float:
    """Print how long making the shared pages of a `site` takes, and what is made.

    Returns the processor time of all processes, in seconds.
    """
    before, begun, start = times(site), processor_time(), time.perf_counter()
    if profile:
        profile.enable()
    site.write_shared()
    if profile:
        profile.disable()
    took, seconds = time.perf_counter() - start, processor_time() - begun
    written = [path for path, at in times(site).items() if before.get(path) != at]
    kinds = Counter("/".join(path.relative_to(site.folder).parts[:2]) for path in written)
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(6))
    print(f"{what}: {seconds:.2f} s of processor time, {took:.2f} s,"
          f" {len(written):,} files written ({listed})", flush=True)
    return seconds


def processor_time() -> float:
    """Return the processor time of this process and those that it has ended, in seconds."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def times(site: Site) -> dict[Path, int]:
    """Return when each shared file of a `site` was written."""
    datasets = site.folder / "datasets"
    return {
        path: path.stat().st_mtime_ns
        for top in site.folder.iterdir() if top != datasets
        for path in (top.rglob("*") if top.is_dir() else [top]) if path.is_file()
    }


def compare(site: Site) -> None:
    """Make the shared pages of a `site` from nothing, and say which are not as they were."""
    before = {path: sha256_file(path) for path in times(site)}
    for top in site.folder.iterdir():
        if top.name != "datasets":
            shutil.rmtree(top) if top.is_dir() else top.unlink()
    site.write_shared()
    after = {path: sha256_file(path) for path in times(site)}
    other = [str(path) for path in before | after if before.get(path) != after.get(path)]
    print(f"from nothing: {len(after):,} files, others: {other[:5] or 'none'}")


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
        copied = target / "datasets" / f"{state['dataset']}_{number}"
        copied.mkdir(parents=True)
        codes = {
            each["code"]: each["code"] if at % 3 == 0 else f"{each['code']}_{number}"
            for at, each in enumerate(state["indicators"])
        }
        files = {
            file["name"]: file["name"].replace(state["name"], copied.name)
            for file in state["releases"][-1]["files"]
        }
        mixed = {
            **state, "title": mix(rng, titles), "dataset": f"{state['dataset']}_{number}",
            "name": copied.name,
            "indicators": [
                each if codes[each["code"]] == each["code"]
                else {**each, "code": codes[each["code"]], "name": mix(rng, names)}
                for each in state["indicators"]
            ],
            "releases": [
                {**each, "files": [
                    {**file, "name": files.get(file["name"], file["name"])}
                    for file in each["files"]
                ]}
                for each in state["releases"]
            ],
        }
        for path in (
            path for pattern in READ for path in folder.rglob(pattern.format(name=state["name"]))
        ):
            named = path.with_name(path.name.replace(state["name"], copied.name))
            linked = copied / named.relative_to(folder)
            linked.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, linked)
        renamed = {f"{state['dataset']}/": f"{mixed['dataset']}/"}
        renamed[dataset_urn(state["dataset"])] = dataset_urn(mixed["dataset"])
        for old, new in files.items():
            known = distribution_urn(state["dataset"], old)
            renamed[known] = distribution_urn(mixed["dataset"], new)
        for described in (DCAT, TURTLE):
            text = (folder / described).read_text(encoding="utf-8")
            for known, other in renamed.items():
                text = text.replace(known, other)
            (copied / described).write_text(text, encoding="utf-8")
        if (folder / figures.FILE).exists():
            head, *lines = (folder / figures.FILE).read_text(encoding="utf-8").split("\n")
            parsed = json.loads(head)
            for each in parsed["measures"]:
                each["indicator"] = codes[each["indicator"]]
            whole = "\n".join([json.dumps(parsed, ensure_ascii=False), *lines])
            (copied / figures.FILE).write_text(whole, encoding="utf-8")
        write_state(copied, mixed)
        made.append(copied)
    return made


def write_state(folder: Path, state: State) -> None:
    """Write a dataset's summary into its `folder`, and the checksums of all that is there."""
    (folder / "dataset.json").write_text(pretty_json(state), encoding="utf-8")
    write_checksums(folder)


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


def release(folder: Path) -> None:
    """Give the dataset in a `folder` a new release: another figure in every place."""
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
    last = state["releases"][-1]
    number = last["number"] + 1
    table = pq.read_table(folder / f"{folder.name}.parquet")
    added = pa.concat_tables([table, table.slice(len(table) - 1)])
    lines_of = (folder / f"{folder.name}.csv").read_bytes().splitlines(keepends=True)
    target = folder / "releases" / str(number)
    target.mkdir()
    for name in {path.name for path in folder.iterdir() if path.is_file()}:
        if name == f"{folder.name}.parquet":
            pq.write_table(added, target / name)
        elif name == f"{folder.name}.csv":
            (target / name).write_bytes(b"".join([*lines_of, lines_of[-1]]))
        else:
            continue
        (folder / name).unlink()
        os.link(target / name, folder / name)
    files = [
        {**file, "sha256": sha256_file(folder / file["name"])}
        if (folder / file["name"]).exists() else file
        for file in last["files"]
    ]
    news = {
        **last, "number": number, "version": f"{number}.1.0", "files": files,
        "issued": "2027-01-15T08:00:00Z", "rows": last["rows"] + 1,
    }
    write_state(folder, {
        **state, "rows": news["rows"], "release": number, "issued": news["issued"],
        "releases": [*state["releases"], news],
    })


if __name__ == "__main__":
    main()
