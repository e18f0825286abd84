"""Takes the documents' pictures from the running site and Dagster's UI: `make pictures`.

Needs Debian's chromium and chromium-driver, and the data folder of a `make run`; for CKAN's pages
`make portal` and the dataset published there, else they stay as they are.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from dev.ckan.portal_dir import PortalDir, default_folder
from dev.ckan.running_portal import load_portal
from model.errors import OpenIndicatorsError
from tests.fixtures.browser import started

FOLDER = Path(__file__).parent / "pictures"
SITE, UI = 8765, 8766
PICTURES = (
    ("catalogue", f"http://127.0.0.1:{SITE}/vi/index.html", (1280, 1000), 1),
    ("dataset", f"http://127.0.0.1:{SITE}/en/industry/retail_trade.html", (1280, 1340), 1),
    ("gaps", f"http://127.0.0.1:{SITE}/vi/finance/economy_da_nang.html#chart", (1280, 1100), 1),
    ("reconciliation", f"http://127.0.0.1:{SITE}/vi/reconciliation.html", (1280, 1000), 1),
    ("explorer", f"http://127.0.0.1:{SITE}/vi/explorer.html?dataset=education/general_education"
     "&indicator=pupils&d.school_level=L1,L2,L3&area=48", (1280, 1000), 5),
    ("targets", f"http://127.0.0.1:{SITE}/vi/targets/index.html", (1280, 1000), 1),
    ("target", f"http://127.0.0.1:{SITE}/en/targets/digital_economy_grdp_2025.html",
     (1280, 1250), 1),
    ("quality", f"http://127.0.0.1:{SITE}/en/quality.html", (1280, 1000), 1),
    ("dagster", f"http://127.0.0.1:{UI}/locations/openindicators/asset-groups/tourism",
     (1500, 950), 20),
)  # fmt: skip
CKAN_DATASET = "finance-grdp-by-province"


@contextmanager
def running(address: str, *command: str, **environment: str) -> Iterator[None]:
    """Run a server while the body runs, from its first answer on."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command], start_new_session=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, **environment},
    )
    try:
        for _ in range(120):
            try:
                httpx.get(address, timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def portal_pages() -> list[tuple[str, str, tuple[int, int], int]]:
    """Return the pictures of a real CKAN; none where none is up or the dataset is not there."""
    try:
        url = load_portal(PortalDir(default_folder())).url
        found = httpx.get(f"{url}/api/3/action/package_show?id={CKAN_DATASET}").raise_for_status()
    except (OpenIndicatorsError, httpx.HTTPError) as error:
        print(f"no picture of CKAN: {error}")
        return []
    table = next(r["id"] for r in found.json()["result"]["resources"] if r.get("datastore_active"))
    page = f"{url}/dataset/{CKAN_DATASET}"
    return [
        ("ckan", page, (1280, 1000), 2), ("ckan-table", f"{page}/resource/{table}", (1280, 1000), 4)
    ]


def take() -> None:
    """Take every picture."""
    with TemporaryDirectory() as profile:
        driver = started(Path(profile), "--hide-scrollbars")
        try:
            for name, address, size, seconds in (*PICTURES, *portal_pages()):
                driver.set_window_size(*size)
                driver.get(address)
                time.sleep(seconds)
                driver.save_screenshot(str(FOLDER / f"{name}.png"))
        finally:
            driver.quit()


if __name__ == "__main__":
    site = running(
        f"http://127.0.0.1:{SITE}", "pipelines.cli.main", "serve", "--port", str(SITE)
    )
    with site, running(f"http://127.0.0.1:{UI}", "pipelines.dagster.ui", PORT=str(UI)):
        take()
