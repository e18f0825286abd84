"""What a portal's user gets, asked with clients that others wrote."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import ckanapi
import duckdb
import httpx
import pytest
from pyshacl import validate as shacl
from rdflib import RDF, Graph
from rdflib.namespace import DCAT
from selenium.webdriver.common.by import By

from model.util.hashing import sha256_bytes, sha256_file
from tests.fixtures.browser import chromium
from tests.fixtures.commands import openindicators
from tests.fixtures.datasets import dataset, real_files
from tests.portal.ckan.environment import CkanEnvironment
from warehouse.store.data_dir import DataDir

pytestmark = [pytest.mark.portal, pytest.mark.browser]


@pytest.fixture(scope="module")
def env(ckan, portal_home, tmp_path_factory):
    """A dataset of two releases, published by the command line."""
    data_dir = DataDir(tmp_path_factory.mktemp("outside") / "data")
    data_dir.prepare()
    found = CkanEnvironment(ckan, data_dir, dataset(name=f"c{uuid.uuid4().hex[:12]}"))
    found.release(1)
    found.release(2)
    done = openindicators(
        data_dir.root, "publish", "--to", "ckan",
        OPENINDICATORS_CKAN_URL=ckan.url, OPENINDICATORS_CKAN_TOKEN_FILE=str(portal_home.token),
    )
    assert done.code == 0, done.err
    yield found
    found.remove()


@pytest.fixture(scope="module")
def package(env, ckan):
    with ckanapi.RemoteCKAN(ckan.url) as reader:  # without a token: anybody
        found = reader.action.package_search(fq=f"name:*{env.declared.name}*")["results"]
        assert len(found) == 1
        return reader.action.package_show(id=found[0]["id"])


def test_every_resource_is_what_it_says_and_genuine(env, package, tmp_path):
    assert len(package["resources"]) >= 8
    for resource in package["resources"]:
        body = httpx.get(resource["url"], follow_redirects=True).content
        assert (len(body), sha256_bytes(body)) == (resource["size"], resource["hash"])
        path = tmp_path / f"{resource['id']}-{Path(resource['url']).name}"
        path.write_bytes(body)
    assert openindicators(env.data_dir.root, "run", "nothing").code != 0  # the folder is the one
    from portal.site.site import Site
    from tests.fixtures.datasets import registries

    Site(env.data_dir.site, registries()).apply(env.history)
    for path in tmp_path.iterdir():
        said = openindicators(env.data_dir.root, "verify", str(path), "--json")
        assert said.code == 0 and said.json["genuine"], path.name


def test_the_datastore_says_the_same_numbers(env, package, ckan):
    (table,) = [r for r in package["resources"] if r.get("datastore_active")]
    data = env.history[-1].path("data.parquet")
    with duckdb.connect() as con:
        count, total = con.execute(
            f"SELECT count(*), sum(obs_value) FROM read_parquet('{data}')"
        ).fetchone()
        rows = con.execute(
            f"SELECT ref_area, time_period, obs_value FROM read_parquet('{data}') ORDER BY ALL"
        ).fetchall()
    with ckanapi.RemoteCKAN(ckan.url) as reader:
        found = reader.action.datastore_search(resource_id=table["id"], limit=32000)
        assert found["total"] == count
        records = found["records"]
        assert sorted((r["ref_area"], r["time_period"], r["obs_value"]) for r in records) == rows
        answer = reader.action.datastore_search_sql(
            sql=f'SELECT count(*) AS n, sum(obs_value) AS total FROM "{table["id"]}"'
        )["records"][0]
        assert int(answer["n"]) == count and float(answer["total"]) == pytest.approx(total)


@pytest.mark.corpus
def test_the_dcat_output_is_valid_dcat_ap(env, package, ckan):
    """Against the shapes that the DCAT-AP editors publish."""
    document = httpx.get(f"{ckan.url}/dataset/{package['name']}.ttl", follow_redirects=True)
    dataset_graph = Graph().parse(data=document.text, format="turtle")
    assert list(dataset_graph.subjects(RDF.type, DCAT.Dataset))
    catalogue = Graph().parse(data=httpx.get(f"{ckan.url}/catalog.ttl").text, format="turtle")
    assert list(catalogue.subjects(RDF.type, DCAT.Catalog))
    shapes = Graph().parse(real_files("ckan/schemas") / "dcat-ap-SHACL.ttl")
    for graph in (dataset_graph, catalogue):
        conforms, _, text = shacl(graph, shacl_graph=shapes, advanced=True)
        assert conforms, text[:3000]


def test_a_browser_downloads_the_files(env, package, ckan, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    browser = chromium(
        tmp_path / "profile",
        {"download.default_directory": str(folder), "download.prompt_for_download": False},
    )
    try:
        browser.get(f"{ckan.url}/dataset/{package['name']}")
        assert env.declared.title.get("vi") in browser.find_element(By.TAG_NAME, "body").text
        current = [r for r in package["resources"] if "/download/" in r["url"]][:4]
        for resource in current:
            browser.get(f"{ckan.url}/dataset/{package['name']}/resource/{resource['id']}")
            link = browser.find_element(By.CSS_SELECTOR, "a.resource-url-analytics[href]")
            browser.execute_script(
                "const a = document.createElement('a'); a.href = arguments[0]; a.download = '';"
                "document.body.append(a); a.click()", link.get_attribute("href"),
            )  # fmt: skip
        wanted = {r["hash"] for r in current}
        for _ in range(100):
            done = {sha256_file(p) for p in folder.iterdir() if p.suffix != ".crdownload"}
            if wanted <= done:
                break
            time.sleep(0.1)
        assert wanted <= done
    finally:
        browser.quit()
