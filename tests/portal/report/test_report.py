"""The yearly report: the same bytes from folder and address, in every language and format."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from datetime import date
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

from model.errors import OpenIndicatorsError, PortalError
from pipelines.cli.site.report import report as command
from portal.report.blocks import Charts, TableBlock, TextBlock, blocks_of
from portal.report.drawing import SVG
from portal.report.findings import Findings
from portal.report.make import WRITERS, findings_of, reports
from portal.site.site import Site
from portal.site_folder.published import PublishedSite
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.fixtures.site_server import served

HOSTILE = "Kinh tế số <b>&\"'</main>"
SHARES = {2021: 12.7, 2022: 17.0, 2023: 20.5, 2024: 14.5}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish two releases of the figure that measures targets of the digital economy."""
    folder = tmp_path_factory.mktemp("reported")
    names = {
        "digital_economy_share": ("percent_grdp", 2), "ict_share_grdp": ("percent_grdp", 1),
    }
    declared = dataset(
        sector="industry", name="ict_industry", title={"vi": HOSTILE, "en": HOSTILE},
        indicators={
            code: {"name": {"vi": code, "en": code}, "unit": unit, "decimals": decimals}
            for code, (unit, decimals) in names.items()
        },
    )
    made = Site(folder / "site", registries(), base_url="https://data.example/")

    def rows(values: dict[int, float]) -> list[dict[str, object]]:
        return [
            row(indicator="digital_economy_share", ref_area="48", geo_vintage="VN:2008-08-01",
                time_period=str(year), obs_value=value, unit_measure="percent_grdp",
                obs_status="E" if year == 2024 else "A")
            for year, value in values.items()
        ]

    first = make_release(folder / "1", declared, rows({2021: 12.0}))
    second = make_release(folder / "2", declared, rows(SHARES), number=2)
    made.apply([first, second])
    return made.folder


def found(site: Path | str, folder: Path, year: int = 2024, day: date | None = None) -> Findings:
    return findings_of(PublishedSite(str(site)), folder, year, day)


def test_what_the_report_finds(site: Path, tmp_path: Path) -> None:
    said = found(site, tmp_path)
    target = said.now["digital_economy_grdp_2025"]
    assert (target.verdict, target.newest and target.newest.value) == ("behind", 14.5)
    assert said.before["digital_economy_grdp_2025"].verdict == "met"
    assert [each.direction for each in said.turned] == [-1]
    assert all(each.target.year >= 2024 for each in said.now.assessments)
    assert said.roll_ups[-1].not_final == sum(
        each.verdict != "no_data" and each.final is False for each in said.now.assessments
        if each.group != "country"
    )
    before = found(site, tmp_path, 2022).now["digital_economy_grdp_2025"]
    assert [each.year for each in before.figures] == [2021, 2022]
    # Release 1 is of 21 November: on that day nobody knew the figures of release 2.
    early = found(site, tmp_path, 2024, date(2026, 11, 21)).now["digital_economy_grdp_2025"]
    assert (early.verdict, early.reason) == ("no_data", "one_figure")


def test_a_stranger_with_the_address_makes_the_same_bytes(site: Path, tmp_path: Path) -> None:
    here = reports(found(site, tmp_path), ["vi", "en"], list(WRITERS))
    again = reports(found(site, tmp_path), ["vi"], list(WRITERS))
    with served(site) as address:
        elsewhere = reports(found(address, tmp_path), ["vi", "en"], list(WRITERS))
    assert [each.name for each in here] == [
        f"report-2024.{language}.{name}" for language in ("vi", "en") for name in WRITERS
    ]
    assert here == elsewhere and here[: len(WRITERS)] == again


def test_every_format_says_the_same(site: Path, tmp_path: Path) -> None:
    html, pdf, word = (each.data for each in reports(found(site, tmp_path), ["vi"], list(WRITERS)))
    blocks = list(blocks_of(html.decode()))
    document = docx.Document(io.BytesIO(word))
    in_pdf = " ".join(" ".join(
        page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages
    ).split())
    in_word = " ".join(
        [each.text for each in document.paragraphs]
        + [cell.text for table in document.tables for line in table.rows for cell in line.cells]
    )
    headings = [each.text for each in blocks if isinstance(each, TextBlock) and each.kind == "h2"]
    assert len(headings) == 8 and "Kết quả theo ngành, lĩnh vực" in headings[1]
    for words in (*headings, "14,5% (2024)", "ước tính", "Chậm tiến độ", "≥ 20% (2025)"):
        assert words in in_pdf and words in in_word
    grids = [each for each in blocks if isinstance(each, TableBlock)]
    assert all(len(cells) == len(grid.widths) for grid in grids for cells in grid.rows)
    checksums = [grid.rows[0][-1].text for grid in grids if len(grid.rows[0][-1].text) == 64]
    assert checksums and checksums[0] in in_word
    charts = [svg for each in blocks if isinstance(each, Charts) for svg, _ in each.charts]
    assert len(charts) >= 2 and all(svg.tag == f"{SVG}svg" for svg in charts)
    assert "<b>" not in html.decode() and " ".join(HOSTILE.split()) in in_word
    proof = "https://data.example/vi/figure.html?dataset=industry%2Fict_industry&amp;release=2"
    assert f'<a href="{proof}' in html.decode()
    with zipfile.ZipFile(io.BytesIO(word)) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_document_opens_in_libreoffice(site: Path, tmp_path: Path) -> None:
    [word] = reports(found(site, tmp_path), ["vi"], ["docx"])
    program = shutil.which("soffice")
    if program is None or not list(Path("/usr/lib/libreoffice").glob("program/libswlo.so")):
        reason = "no LibreOffice Writer: apt-get install libreoffice-writer-nogui"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    (tmp_path / word.name).write_bytes(word.data)
    subprocess.run(
        [program, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile",
         "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / word.name)],
        check=True, capture_output=True, timeout=120,
    )
    pages = PdfReader((tmp_path / word.name).with_suffix(".pdf")).pages
    assert len(pages) > 3 and "14,5%" in "".join(page.extract_text() for page in pages)


def test_nothing_is_reported_of_a_damaged_site(site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    path = copy / "datasets/industry/ict_industry/releases/2/ict_industry.parquet"
    path.unlink()
    path.write_bytes(b"x" * 100)
    with pytest.raises(PortalError, match="not what the site's catalogue says"):
        found(copy, tmp_path)
    targets = copy / "api/registry.json"
    changed = targets.read_bytes().replace(b'"value": 20.0', b'"value": 19.0')
    assert changed != targets.read_bytes()
    targets.write_bytes(changed)
    with pytest.raises(PortalError, match="not what the site's catalogue says"):
        found(copy, tmp_path)


def test_the_command_writes_what_is_asked_for(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(2024, ["en"], ["html"], tmp_path / "out", site=str(site)) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report-2024.en.html"]
    assert "report-2024.en.html" in capsys.readouterr().out
    for wrong, message in (
        ({"format": ["odt"]}, "no format 'odt'"), ({"language": ["ko"]}, "no texts in 'ko'"),
        ({"as_of": "2023-12-31"}, "before 2024"), ({"as_of": "31.12."}, "no date"),
    ):
        with pytest.raises(OpenIndicatorsError, match=message):
            command(2024, to=tmp_path, site=str(site), **wrong)  # type: ignore[arg-type]
