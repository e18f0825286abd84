"""`openindicators corpus` over all real files: what is read, what is refused, and why."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.corpus import FileReport, report
from pipelines.cli.main import app
from tests.fixtures.datasets import SHARED, real_files

pytestmark = pytest.mark.corpus

# Each broken file, and words of the reason for which it is refused.
BROKEN = {
    "ckan/dcat_examples/ckan_full_dataset_dcat_ap.json": "has the key 'creator' twice",
    "ckan/dcat_examples/ckan_full_dataset_dcat_us_vocabularies.json":
        "has the key 'temporal_resolution' twice",
    "ckan/recorded/test_ckan_adapter_read_invalid_url_0.json": "CKAN portal: Não encontrado",
    "messy_tabular/council_payments_3ffdcd42.csv": "csv:9: the row has 5 fields",
    "misc_broken/primary_completion_rates.json": "is empty (0 bytes)",
    "misc_broken/vietnam.csv": "byte order mark",
    "owid/access_to_financial_account_or_services_world_bank_2014.csv": "is empty (0 bytes)",
    "scale/parquet_edge_cases/datapage_v1-corrupt-checksum.parquet": "CRC checksum",
    "sdmx/estat/ESTAT_footer.xml": "413 Due to the large query",
    "sdmx/estat/ESTAT_footer2.xml": "413 Due to the large query",
    "sdmx/sdmx_csv/v3_csv_example-18.csv": "requests deletions",
    "sdmx/sdmx_json2/v3_json_data_generated-sample.json": "the service says",
    "unesco_uis/broken/unesco_sdg4.csv": "a shell wrote the properties",
    "unesco_uis/broken/unesco_sdg4_bulk.csv": "an HTML page, not data (its title: 'UIS Data",
    "worldbank/api_v2/errors/wb_co2_emissions.json": "deleted or archived",
    "worldbank/api_v2/errors/wb_unesco_mean_schooling.json": "parameter value is not valid",
    "worldbank/api_v2/recorded/TestIndicatorValuesService_ListByCountryIDsAndSourceID_3.json":
        "parameter value is not valid",
    "worldbank/api_v2/recorded/TestIndicatorValuesService_ListByCountryIDsAndSourceID_4.json":
        "HTML page, not data (its title: 'Request Error')",
}

# How many tables each reader reads; the rest is no table, and says what it is.
READERS = {
    "files csv": 107, "files xlsx": 70, "worldbank": 62, "sdmx xml": 23, "worldbank_bulk": 21,
    "hxl csv": 19, "pxweb json-stat": 12, "pxweb px": 7, "gho csv": 7, "files json": 6,
    "files parquet": 6, "uis csv": 5, "sdmx json": 4, "hxl xlsx": 2, "hxl json": 2, "sdmx csv": 2,
    "files arrow": 1, "uis json": 1,
}
NO_TABLES = (
    "catalogue: ", "codelist: ", "metadata: ", "not a table: ", "query: ", "schema: ",
    "structure: ", "structure without codelists, not a table: ",
)


@pytest.fixture(scope="module")
def lines() -> list[FileReport]:
    return list(report(real_files()))


def parts(lines: list[FileReport]) -> list[FileReport]:
    """Return what is in the files: each file itself, or the things that it holds."""
    return [part for line in lines for part in line.parts or (line,)]


def test_every_file_is_accounted_for(lines: list[FileReport]) -> None:
    files = [path.relative_to(SHARED).as_posix() for path in SHARED.rglob("*") if path.is_file()]
    assert sorted(line.file for line in lines) == sorted(files)
    named = [part.file for part in parts(lines)]
    assert len(named) == len(set(named))
    assert all(part.reader for line in lines for part in line.parts), "a part is refused"
    manifest = json.loads((SHARED / "MANIFEST.json").read_text(encoding="utf-8"))
    assert {entry["path"] for entry in manifest["entries"]} < set(files)


def test_each_broken_file_is_refused_for_its_own_reason(lines: list[FileReport]) -> None:
    refused = {line.file: line.reason or "" for line in lines if not line.reader}
    assert set(refused) == set(BROKEN)
    for name, words in BROKEN.items():
        assert words in refused[name], (name, refused[name])
        assert refused[name].startswith(name), name


def test_tables_are_read_and_the_rest_says_what_it_is(lines: list[FileReport]) -> None:
    found = parts(lines)
    assert Counter(part.reader for part in found if part.reader and not part.reason) == READERS
    for line in (*found, *lines):
        if line.reader and line.reason:
            assert line.reason.startswith(NO_TABLES), line
        elif line.reader:
            assert line.rows, line


def test_rows_are_those_of_the_manifest(lines: list[FileReport]) -> None:
    rows = {line.file: line.rows for line in (*parts(lines), *lines)}
    manifest = json.loads((SHARED / "MANIFEST.json").read_text(encoding="utf-8"))
    count = 0
    for entry in manifest["entries"]:
        content = entry.get("coverage")
        if isinstance(content, dict) and "rows" in content and "year_columns" in content:
            first, _, last = content["year_columns"].partition("-")
            years = int(last) - int(first) + 1
            assert rows[entry["path"]] == content["rows"] * years, entry["path"]
            count += 1
    assert count == 17
    assert rows["vietnam/environment/fct_air_quality_summary_daily.parquet"] == 44_041
    assert rows["scale/flights-200k.arrow"] == 200_000
    assert rows["scale/flights-20k.json"] == 20_000
    assert rows["worldbank/bulk_zip/gdp_growth.zip"] == 17_290
    assert rows["unesco_uis/bulk/NATMON.zip"] == 9_390
    assert rows["worldbank/bulk_excel/API_IS.AIR.PSGR_DS2_en_excel_v2_713999.xls"] == 15_840
    assert rows["imf/WEO_Data.xlsx"] == 784
    assert rows["asean/ASEAN_adult_literacy_rate.xlsx"] == 18
    assert rows["worldbank/bulk_zip/gdp_growth.zip#Metadata_Country_API_NY.GDP.MKTP.KD.ZG_DS2_en_"
                "csv_v2_216044.csv"] == 265


def test_the_command_prints_the_report(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("area,year,value\n48,2023,1\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("", encoding="utf-8")
    result = CliRunner().invoke(app, ["corpus", str(tmp_path), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {"file": "a.csv", "reader": "files csv", "rows": 1, "reason": None, "parts": []},
        {"file": "b.csv", "reader": "", "rows": None,
         "reason": "b.csv: is empty (0 bytes) → fetch it again, or ask the publisher",
         "parts": []},
    ]
    shown = CliRunner().invoke(app, ["corpus", str(tmp_path)])
    assert shown.exit_code == 0
    assert "files csv" in shown.stdout
    assert "refused" in shown.stdout
