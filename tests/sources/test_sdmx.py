"""SDMX in all its forms: what is read, what is refused, and what an independent reader says."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import warnings
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.declarations.source import ColumnRule
from model.errors import ReadError, SourceError
from sources.base import SourceFile
from sources.connectors.sdmx import connector
from sources.connectors.sdmx.request import data_request
from sources.fetch.folder import FolderTransport
from sources.fetch.http import HttpLimits, HttpTransport
from sources.fetch.parts import fetch_parts
from sources.limits import MAX_XML_DEPTH
from tests.fixtures.datasets import SHARED, real_files
from tests.fixtures.listeners import serving
from warehouse.cleaning.numbers import number_of

DATA = SHARED
STRUCTURE = "sdmx-structure-message.xml"
SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas"
NSDP = "vietnam/nso_nsdp_sdmx"


@pytest.fixture(name="corpus")
def _corpus() -> Path:
    return real_files()


def rows_of(folder: Path, *contents: bytes | str, structure: str = "", **options: Any) -> list[Any]:
    parts = []
    for number, content in enumerate(contents, start=1):
        path = folder / f"part-{number}.dat"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        parts.append(SourceFile(path.name, path))
    if structure:
        (folder / STRUCTURE).write_text(structure)
        parts.append(SourceFile(STRUCTURE, folder / STRUCTURE))
    checked = connector.Options.model_validate({"files": ["*"], **options})
    return pa.Table.from_batches(connector.read(parts, checked)).to_pylist()


def rows_at(path: Path, target: Path, **options: Any) -> list[dict[str, Any]]:
    checked = connector.Options.model_validate({"files": [str(path.relative_to(DATA))], **options})
    found = fetch_parts(connector, checked, FolderTransport(DATA), target)
    parts = found.parts
    return pa.Table.from_batches(connector.read(parts, checked)).to_pylist()


def message(
    body: str, root: str = "StructureSpecificData", version: str = "v2_1", **more: str
) -> str:
    header = more.get(
        "header",
        '<m:Structure structureID="S" dimensionAtObservation="TIME_PERIOD">'
        '<c:Structure><Ref agencyID="A" id="DSD"/></c:Structure></m:Structure>',
    )
    return (
        f'<m:{root} xmlns:m="{SCHEMAS}/{version}/message" xmlns:c="{SCHEMAS}/{version}/common" '
        f'xmlns:g="{SCHEMAS}/{version}/data/generic" xmlns:f="{SCHEMAS}/{version}/message/footer" '
        'xmlns:x="http://www.w3.org/2001/XMLSchema-instance">'
        f"<m:Header><m:ID>1</m:ID>{header}</m:Header>{body}</m:{root}>"
    )


SERIES = (
    '<m:DataSet COMMENT="all" action="Replace"><Group x:type="y" AREA="VN" TITLE="Việt Nam"/>'
    '<Series AREA="VN" SEX="T" UNIT_MULT="3">'
    '<Obs TIME_PERIOD="2020" OBS_VALUE="1.50"/><Obs TIME_PERIOD="2021" OBS_STATUS="O"/></Series>'
    '<Series AREA="LA" SEX="T"><Obs TIME_PERIOD="2020" OBS_VALUE="-7"/></Series></m:DataSet>'
)
GENERIC = """<m:DataSet structureRef="S"><g:Group type="G"><g:GroupKey>
<g:Value id="AREA" value="VN"/></g:GroupKey><g:Attributes>
<g:Value id="TITLE" value="Việt Nam"/></g:Attributes></g:Group>
<g:Series><g:SeriesKey><g:Value id="AREA" value="VN"/>
<g:Value id="SEX" value="T"/></g:SeriesKey><g:Attributes>
<g:Value id="UNIT_MULT" value="3"/></g:Attributes>
<g:Obs><g:ObsDimension value="2020"/><g:ObsValue value="1.50"/></g:Obs>
<g:Obs><g:ObsDimension value="2021"/><g:Attributes><g:Value id="OBS_STATUS" value="O"/>
</g:Attributes></g:Obs></g:Series>
<g:Series><g:SeriesKey><g:Value id="AREA" value="LA"/><g:Value id="SEX" value="T"/>
</g:SeriesKey><g:Obs><g:ObsDimension value="2020"/><g:ObsValue value="-7"/></g:Obs></g:Series>
</m:DataSet>"""
FLAT = """<m:DataSet><g:Obs><g:ObsKey><g:Value id="AREA" value="VN"/>
<g:Value id="TIME_PERIOD" value="2020"/></g:ObsKey><g:ObsValue value="1.50"/></g:Obs></m:DataSet>"""


# --- XML


@pytest.mark.parametrize("version", ["v2_1", "v3_0"])
def test_structure_specific(tmp_path: Path, version: str) -> None:
    rows = rows_of(tmp_path, message(SERIES, version=version))
    assert rows[0] == {
        "AREA": "VN",
        "SEX": "T",
        "UNIT_MULT": "3",
        "COMMENT": "all",
        "OBS_STATUS": None,
        "TITLE": "Việt Nam",
        "time_period": "2020",
        "value": "1.50",
        "_part": "part-1.dat",
        "_row": 1,
    }
    assert [
        (r["time_period"], r["value"], r["OBS_STATUS"], r["TITLE"], r["_row"]) for r in rows
    ] == [
        ("2020", "1.50", None, "Việt Nam", 1),
        ("2021", None, "O", "Việt Nam", 2),
        ("2020", "-7", None, None, 3),
    ]


def test_generic_says_the_same(tmp_path: Path) -> None:
    generic = rows_of(tmp_path, message(GENERIC, "GenericData"))
    specific = rows_of(tmp_path, message(SERIES.replace(' COMMENT="all"', "")))
    for rows in (generic, specific):
        for row in rows:
            row.pop("COMMENT", None)
    assert generic == specific
    (flat,) = rows_of(tmp_path, message(FLAT, "GenericData"))
    assert (flat["AREA"], flat["time_period"], flat["value"]) == ("VN", "2020", "1.50")


def test_utf_16_and_zip(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + message(SERIES)
    assert len(rows_of(tmp_path, text.encode("utf-16"))) == 3
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.xml", message(SERIES))
    assert len(rows_of(tmp_path, buffer.getvalue())) == 3


FOOTER = (
    '<f:Footer><f:Message code="{0}" severity="{1}"><c:Text>too large</c:Text>'
    "<c:Text>see https://x</c:Text></f:Message></f:Footer>"
)
ENTITIES = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (message(FOOTER.format("413", "Infomation")), "the service says: 413 too large see https"),
        (message(SERIES + FOOTER.format("510", "Error")), "the service says: 510 too large"),
        (message(FOOTER.format("", "Warning")), "the service says: too large"),
        (
            message(
                '<m:ErrorMessage code="100"><c:Text>NoRecordsFound</c:Text></m:ErrorMessage>',
                "Error",
            ),
            "the service says: 100 NoRecordsFound",
        ),
        (message("<m:DataSet/>"), "holds no observations"),
        (message(SERIES, "Structure"), r"dat:1: is no message of data but of 'Structure'"),
        (message(SERIES, version="v2_0"), "is SDMX-ML 2.0"),
        ("<a/>", "is no message of SDMX-ML"),
        (message(SERIES).replace("Replace", "Delete"), "requests deletions"),
        (message("<m:DataSet><Wave/></m:DataSet>"), "has an unknown element 'Wave'"),
        (message("<m:Wave/>"), "has an unknown element 'Wave'"),
        (message(SERIES)[:-20], r"dat:1: is no well-formed XML: .*\n.*cut off"),
        (
            message(
                '<m:DataSet structureRef="T"/>',
                header='<m:Structure structureID="S"/><m:Structure structureID="U"/>',
            ),
            "refers to the structure 'T'",
        ),
        (ENTITIES + "<a>&c;</a>", r"dat:1: declares a document type"),
        (EXTERNAL + "<a>&b;</a>", "declares a document type"),
        (message("<m:DataSet>" + "<g:Attributes>" * 10**6), "is nested too deeply"),
        (message("<m:DataSet>" + "<c:Annotations>" * MAX_XML_DEPTH), "is nested too deeply"),
        ('<?xml version="1.0" encoding="x-none"?><a/>', "encoding"),
        ("NoRecordsFound", "is no SDMX in XML, JSON or CSV; it begins: NoRecordsFound"),
        ("<!DOCTYPE html><html><title>Down</title>", "is an HTML page, not SDMX .*'Down'"),
        ("", r"is empty \(0 bytes\)"),
        (
            message(
                '<m:DataSet><Series AREA="a" area="b"><Obs OBS_VALUE="1"/></Series></m:DataSet>'
            ),
            "two columns would be named 'AREA'",
        ),
    ],
)
def test_bad_xml(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        rows_of(tmp_path, content)


def test_a_tag_without_end(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="has a tag of more than"):
        rows_of(tmp_path, b'<a b="' + b"x" * 17_000_000)
    with pytest.raises(ReadError, match="a text has more than"):
        rows_of(tmp_path, message("<m:DataSet><Series>" + "x" * 17_000_000))


def test_groups_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.connectors.sdmx.xml_message.MAX_GROUPS", 1)
    assert len(rows_of(tmp_path, message(SERIES))) == 3
    with pytest.raises(ReadError, match="dat:1: has more than 1 groups"):
        rows_of(tmp_path, message(SERIES.replace("<Group", '<Group AREA="LA"/><Group')))


def test_a_note_beside_data_is_no_error(tmp_path: Path) -> None:
    assert len(rows_of(tmp_path, message(SERIES + FOOTER.format("", "Information")))) == 3


def test_a_message_with_annotations(tmp_path: Path) -> None:
    noted = SERIES.replace(
        "<Series", "<c:Annotations><c:Annotation><Obs/></c:Annotation></c:Annotations><Series", 1
    )
    assert len(rows_of(tmp_path, message(noted))) == 3


def test_messages_of_two_structures(tmp_path: Path) -> None:
    other = message(SERIES).replace('id="DSD"', 'id="OTHER"')
    with pytest.raises(
        ReadError, match="part-2.dat: is of the structure 'OTHER'; part-1.dat is of"
    ):
        rows_of(tmp_path, message(SERIES), other)
    fewer = message('<m:DataSet><Obs AREA="X" TIME_PERIOD="1" OBS_VALUE="2"/></m:DataSet>')
    rows = rows_of(tmp_path, fewer, message(SERIES))
    assert [(r["_part"], r["AREA"], r["SEX"]) for r in rows] == [
        ("part-1.dat", "X", None),
        ("part-2.dat", "VN", "T"),
        ("part-2.dat", "VN", "T"),
        ("part-2.dat", "LA", "T"),
    ]


NAMES = st.sampled_from(["AREA", "SEX", "AGE", "FREQ"])
TEXTS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
    ),
    max_size=6,
)


@given(st.lists(st.tuples(st.dictionaries(NAMES, TEXTS), st.decimals(allow_nan=False)), min_size=1))
@settings(max_examples=80, deadline=None)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, facts: list[tuple[dict[str, str], Any]]
) -> None:
    specific = "".join(
        f"<Obs {' '.join(f'{k}={quoteattr(v)}' for k, v in key.items())} OBS_VALUE='{value}'/>"
        for key, value in facts
    )
    generic = "".join(
        "<g:Obs><g:ObsKey>"
        + "".join(f"<g:Value id='{k}' value={quoteattr(v)}/>" for k, v in key.items())
        + f"</g:ObsKey><g:ObsValue value='{value}'/></g:Obs>"
        for key, value in facts
    )
    folder = tmp_path_factory.mktemp("sdmx")
    for body, root in ((specific, "StructureSpecificData"), (generic, "GenericData")):
        rows = rows_of(folder, message(f"<m:DataSet>{body}</m:DataSet>", root))
        assert [row["value"] for row in rows] == [str(value) for _, value in facts]
        for row, (key, _) in zip(rows, facts, strict=True):
            assert {k: row[k] for k in key} == key


@given(st.binary(max_size=200), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, noise: bytes, kind: int) -> None:
    whole = message(SERIES).encode()
    cut = len(noise) * 7 % len(whole)
    content = (noise, whole[:cut] + noise, whole[:cut] + noise + whole[cut:], b"{" + noise)[kind]
    with contextlib.suppress(SourceError):
        rows_of(tmp_path_factory.mktemp("sdmx"), content)


# --- Labels and multipliers

DSD = f"""<m:Structure xmlns:m="{SCHEMAS}/v2_1/message" xmlns:s="{SCHEMAS}/v2_1/structure"
 xmlns:c="{SCHEMAS}/v2_1/common"><m:Structures>
<s:Codelist agencyID="A" id="CL_AREA"><s:Code id="VN"><c:Name xml:lang="vi">Việt Nam</c:Name>
<c:Name xml:lang="en">Viet  Nam</c:Name></s:Code><s:Code id="LA"><c:Name xml:lang="fr">Laos</c:Name>
</s:Code></s:Codelist><s:Codelist agencyID="A" id="CL_SEX"><s:Code id="T"><c:Name>Total</c:Name>
</s:Code></s:Codelist>
<s:ConceptScheme agencyID="A" id="CS"><s:Concept id="SEX"><s:CoreRepresentation><s:Enumeration>
<Ref agencyID="A" id="CL_SEX"/></s:Enumeration></s:CoreRepresentation></s:Concept></s:ConceptScheme>
<s:DataStructure agencyID="A" id="DSD"><s:DataStructureComponents>
<s:Dimension id="AREA"><s:LocalRepresentation><s:Enumeration>urn:x.Codelist=A:CL_AREA(1.0)
</s:Enumeration></s:LocalRepresentation></s:Dimension>
<s:Dimension id="SEX"><s:ConceptIdentity><Ref maintainableParentID="CS" agencyID="A" id="SEX"/>
</s:ConceptIdentity></s:Dimension></s:DataStructureComponents></s:DataStructure>
<s:Dataflow id="FLOW"><s:Structure><Ref agencyID="A" id="DSD"/></s:Structure></s:Dataflow>
</m:Structures></m:Structure>"""


@pytest.mark.parametrize("named", ["DSD", "FLOW"])
def test_labels(tmp_path: Path, named: str) -> None:
    text = message(SERIES).replace('id="DSD"', f'id="{named}"')
    rows = rows_of(tmp_path, text, structure=DSD)
    assert [(r["AREA_label"], r["AREA_label_vi"], r["SEX_label"]) for r in rows] == [
        ("Viet Nam", "Việt Nam", "Total"),
        ("Viet Nam", "Việt Nam", "Total"),
        ("Laos", None, "Total"),
    ]
    assert "SEX_label_vi" not in rows[0]


def test_labels_of_another_structure(tmp_path: Path) -> None:
    text = message(SERIES).replace('id="DSD"', 'id="DSE"')
    with pytest.raises(ReadError, match=r"is 'DSE'; `structure` defines DSD\n.*did you mean 'DSD'"):
        rows_of(tmp_path, text, structure=DSD)
    with pytest.raises(ReadError, match="is no structure message of SDMX-ML, but of 'Struct"):
        rows_of(tmp_path, text, structure=text)
    with pytest.raises(ReadError, match="declares a document type"):
        rows_of(tmp_path, text, structure=ENTITIES + "<a/>")


@pytest.mark.parametrize(
    ("value", "power", "gives"),
    [
        ("1.50", "3", "1500"),
        ("1.5678", "3", "1567.8"),
        ("-0.1", "6", "-100000"),
        ("779337.6704454578", "9", "779337670445457.8"),
        ("1E2", "1", "1000"),
        ("NaN", "3", "NaN"),
        ("na", "3", "na"),
        ("12", "-3", "0.012"),
        ("5", "0", "5"),
        ("0.00", "2", "0"),
        (
            "1234567890123456789012345678901234567890.5",
            "1",
            "12345678901234567890123456789012345678905",
        ),
    ],
)
def test_multiplied_to_the_last_digit(tmp_path: Path, value: str, power: str, gives: str) -> None:
    body = f'<m:DataSet><Obs A="x" UNIT_MULT="{power}" OBS_VALUE="{value}"/></m:DataSet>'
    (row,) = rows_of(tmp_path, message(body), apply_unit_mult=True)
    assert (row["value"], row["UNIT_MULT"]) == (gives, "0")
    (row,) = rows_of(tmp_path, message(body))
    assert (row["value"], row["UNIT_MULT"]) == (value, power)


@pytest.mark.parametrize(
    ("value", "power"), [("1", "x"), ("7 902.3", "1"), ("1", "31"), ("1E999999", "1"), ("1,5", "1")]
)
def test_what_cannot_be_multiplied_is_no_number(tmp_path: Path, value: str, power: str) -> None:
    good, bad = '<Obs UNIT_MULT="3" OBS_VALUE="2"/>', f'UNIT_MULT="{power}" OBS_VALUE="{value}"'
    body = f"<m:DataSet><Obs {bad}/>{good}</m:DataSet>"
    rows = rows_of(tmp_path, message(body), apply_unit_mult=True)
    assert [row["value"] for row in rows] == [f"{value} (UNIT_MULT {power})", "2000"]
    rule = ColumnRule(column="value")
    with duckdb.connect() as con:
        con.execute("CREATE TABLE raw (value VARCHAR)")
        con.execute("INSERT INTO raw VALUES (?)", [rows[0]["value"]])
        number, reason = number_of(rule, {"value": "VARCHAR"})
        read = f"(SELECT *, {number} AS _number FROM raw) AS raw"
        found = con.execute(f"SELECT _number, {reason} FROM {read}").fetchone()
    assert found[0] is None and "not_a_number" in found[1] and power in found[1]
    without = message('<m:DataSet><Obs OBS_VALUE="1"/></m:DataSet>')
    with pytest.raises(ReadError, match="has no UNIT_MULT to apply"):
        rows_of(tmp_path, without, apply_unit_mult=True)


# --- JSON


def body_of(version: int = 1, **changes: Any) -> dict[str, Any]:
    structure: dict[str, Any] = {
        "dimensions": {
            "dataSet": [
                {"id": "FREQ", "keyPosition": 0, "values": [{"id": "A", "name": "Annual"}]}
            ],
            "series": [
                {
                    "id": "AREA",
                    "keyPosition": 1,
                    "values": [
                        {"id": "VN", "name": "Viet Nam"},
                        {"id": "LA", "name": "Laos", "names": {"fr": "le Laos", "en": "Lao PDR"}},
                    ],
                }
            ],
            "observation": [
                {"id": "TIME_PERIOD", "values": [{"id": "2020", "name": "year"}, {"id": "2021"}]}
            ],
        },
        "attributes": {
            "series": [{"id": "UNIT", "values": [{"id": "P"}]}],
            "observation": [{"id": "STATUS", "values": [{"id": "E", "name": "estimate"}]}],
        },
    }
    data_sets = [
        {
            "series": {
                "0": {"attributes": [0], "observations": {"0": [1.50, None], "1": [2, 0]}},
                "1": {"observations": {"0": [None]}},
            }
        }
    ]
    if version == 2:
        structure["attributes"]["dimensionGroup"] = [{"id": "TITLE"}]
        structure["links"] = [{"urn": "urn:x.Dataflow=A:FLOW(1.0)"}]
        data_sets[0]["dimensionGroupAttributes"] = {":1:": ["About Laos"]}
        return {"data": {"structures": [structure], "dataSets": data_sets, **changes}}
    return {"structure": structure, "dataSets": data_sets, **changes}


@pytest.mark.parametrize("version", [1, 2])
def test_json(tmp_path: Path, version: int) -> None:
    rows = rows_of(tmp_path, json.dumps(body_of(version)))
    assert [
        (
            r["FREQ"],
            r["FREQ_label"],
            r["AREA"],
            r["AREA_label"],
            r["UNIT"],
            r["STATUS"],
            r["STATUS_label"],
            r["time_period"],
            r["value"],
        )
        for r in rows
    ] == [
        ("A", "Annual", "VN", "Viet Nam", "P", None, None, "2020", "1.5"),
        ("A", "Annual", "VN", "Viet Nam", "P", "E", "estimate", "2021", "2"),
        ("A", "Annual", "LA", "Lao PDR", None, None, None, "2020", None),
    ]
    if version == 2:
        assert [r["TITLE"] for r in rows] == [None, None, "About Laos"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            {"errors": [{"code": 404, "title": "NoRecordsFound"}]},
            "service says: 404: NoRecordsFound",
        ),
        (
            {"errors": [{"code": "150", "title": "Semantic", "detail": "no flow"}]},
            "service says: 150: Semantic: no flow",
        ),
        ({"a": 1}, "has no `dataSets`"),
        ([], "has no `dataSets`"),
        (body_of(dataSets=[]), "holds no data set"),
        (body_of(dataSets=[{}]), "holds no observations"),
        (body_of(dataSets=[{"action": "Delete"}]), "requests deletions"),
        (
            body_of(dataSets=[{"series": {"7": {"observations": {"0": [1]}}}}]),
            "AREA: the position '7'",
        ),
        (
            body_of(dataSets=[{"series": {"-1": {"observations": {"0": [1]}}}}]),
            "'-1' is out of range",
        ),
        (body_of(dataSets=[{"series": {"0:0": {"observations": {}}}}]), "has not 1 positions"),
        (body_of(dataSets=[{"series": {"0": {"observations": {"0": 5}}}}]), "'0' is no list"),
        (
            body_of(dataSets=[{"series": {"0": {"observations": {"0": [1, 0, 0]}}}}]),
            "has 2 attributes",
        ),
        (body_of(dataSets=[{"structure": 4}]), "the position '4' is out of range"),
        (body_of(structure=None), "has no structure"),
        (body_of(structure={"measures": {"observation": [1, 2]}}), "has 2 measures"),
    ],
)
def test_bad_json(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        rows_of(tmp_path, json.dumps(content))


JSON = st.recursive(
    st.none() | st.integers(-2, 9) | st.sampled_from(["0", "0:0", "id", "VN", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "values",
                    "series",
                    "observation",
                    "observations",
                    "0",
                    "0:0",
                    "attributes",
                    "dataSet",
                    "dimensions",
                    "name",
                    "names",
                    "structure",
                    "dimensionGroupAttributes",
                    "measures",
                    "links",
                    "keyPosition",
                    "urn",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
@settings(max_examples=300, deadline=None)
def test_any_json(tmp_path_factory: pytest.TempPathFactory, structure: Any, data_set: Any) -> None:
    folder = tmp_path_factory.mktemp("sdmx")
    for content in (
        {"structure": structure, "dataSets": [data_set]},
        body_of(dataSets=[data_set]),
        body_of(structure=structure),
        {"data": {"structures": [structure], "dataSets": [data_set, data_set]}},
        {"errors": structure, "data": data_set},
    ):
        with contextlib.suppress(SourceError):
            rows_of(folder, json.dumps(content))


# --- CSV


def test_csv(tmp_path: Path) -> None:
    text = (
        "\ufeffDATAFLOW,AREA: Area,TIME_PERIOD: Time,OBS_VALUE: Value,NOTE\n"
        'A:F(1.0): Flow,VN: Viet Nam: all,2020,1.50,"a: b"\nA:F(1.0): Flow,LA,2021,,\n'
    )
    rows = rows_of(tmp_path, text)
    assert [
        (r["AREA"], r["AREA_label"], r["time_period"], r["value"], r["NOTE"], r["_row"])
        for r in rows
    ] == [("VN", "Viet Nam: all", "2020", "1.50", "a: b", 2), ("LA", None, "2021", None, None, 3)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("DATAFLOW,A,OBS_VALUE\n", "holds no observations"),
        ("DATAFLOW,A,OBS_VALUE\nA:F(1),x,1\nA:G(1),x,1\n", r"dat:3: is of 'A:G\(1\)'"),
        ("STRUCTURE,STRUCTURE_ID,ACTION,A\ndataflow,A:F(1),D,x\n", "dat:2: requests deletions"),
        ("DATAFLOW,A,OBS_VALUE\nA:F(1),x\n", "dat:2: the row has 2 fields"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        rows_of(tmp_path, text)


@given(st.text(st.sampled_from('aA:;,"\n\r[]D '), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_csv(tmp_path_factory: pytest.TempPathFactory, noise: str) -> None:
    with contextlib.suppress(SourceError):
        rows_of(tmp_path_factory.mktemp("sdmx"), "STRUCTURE,STRUCTURE_ID,ACTION," + noise)


# --- Asking


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"flow": "EXR"}, "data/EXR/all"),
        (
            {
                "agency": "IMF.STA",
                "flow": "CPI",
                "version": "3.0.1",
                "key": "VNM.CPI+PPI..M",
                "start": 2010,
                "end": "2020-Q4",
            },
            "data/IMF.STA,CPI,3.0.1/VNM.CPI+PPI..M?startPeriod=2010&endPeriod=2020-Q4",
        ),
        (
            {"agency": "A", "flow": "F", "rest": "3.0", "key": "*", "start": 2010, "end": 2011},
            "data/dataflow/A/F/+/*?c%5BTIME_PERIOD%5D=ge:2010+le:2011",
        ),
        ({"flow": "F", "key": "a/../b?c"}, "data/F/a%2F..%2Fb%3Fc"),
    ],
)
def test_what_is_asked(options: dict[str, Any], path: str) -> None:
    checked = connector.Options.model_validate({"base_url": "https://x.example/rest/", **options})
    assert checked.asked is not None
    assert data_request(checked, checked.asked).url == f"https://x.example/rest/{path}"
    assert checked.host == "x.example"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "`base_url` and `urls` and `files`"),
        ({"base_url": "https://x"}, "`base_url` or `service`, and `flow`, together"),
        ({"base_url": "https://x", "flow": "F", "rest": "3.0"}, "needs the `agency`"),
        (
            {"base_url": "https://x", "agency": "A", "flow": "F", "rest": "3.0", "form": "generic"},
            "has no form 'generic'",
        ),
    ],
)
def test_bad_options(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        connector.Options.model_validate(options)


@pytest.fixture(name="service")
def _service() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []
    answers = {
        "/data/F/all": message(SERIES),
        "/structure": DSD,
        "/data/LARGE/all": message(FOOTER.format("413", "Infomation")),
        "/data/NONE/all": "NoRecordsFound",
        "/data/HTML/all": "<html><title>Log in</title></html>",
    }

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Accept", "")))
            body = answers[self.path].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}", asked


def test_over_http(service: tuple[str, list[tuple[str, str]]], tmp_path: Path) -> None:
    url, asked = service
    transport = HttpTransport(HttpLimits(allow_private=True, min_interval=0))
    options = connector.Options(base_url=url, flow="F", form="xml", structure=f"{url}/structure")
    found = fetch_parts(connector, options, transport, tmp_path / "1")
    assert [part.name for part in found.parts] == ["f.dat", STRUCTURE]
    assert asked[0] == ("/data/F/all", "application/vnd.sdmx.structurespecificdata+xml;version=2.1")
    parts = found.parts
    rows = pa.Table.from_batches(connector.read(parts, options)).to_pylist()
    assert [row["AREA_label_vi"] for row in rows] == ["Việt Nam", "Việt Nam", None]
    whole = connector.Options(urls=(f"{url}/data/F/all",))
    assert len(fetch_parts(connector, whole, transport, tmp_path / "2").parts) == 1
    for flow, says in (
        ("LARGE", "413 too large"),
        ("NONE", "NoRecordsFound"),
        ("HTML", "'Log in'"),
    ):
        options = connector.Options(base_url=url, flow=flow)
        with pytest.raises(SourceError, match=says):
            fetch_parts(connector, options, transport, tmp_path / flow)


# --- The real files

READ = {
    "sdmx/ecb/ECB_EXR_1_M.USD.EUR.SP00.A.xml": 252,
    "sdmx/ecb/ECB_EXR_flat.json": 4,
    "sdmx/ecb/ECB_EXR_ng-flat.xml": 12,
    "sdmx/ecb/ECB_EXR_sg-ts.xml": 12,
    "sdmx/estat/ESTAT_NAMA_10_GDP-ss.xml": 4,
    "sdmx/estat/ESTAT_demography-xs.xml": 60,
    "sdmx/estat/ESTAT_footer2.zip": 43,
    "sdmx/estat/cdh_e_fos.xml": 672,
    "sdmx/imf/IMF_PCPS.xml": 1,
    "sdmx/imf/IMF_RES_WEO-data.xml": 1,
    "sdmx/insee/INSEE_CNA-2010-CONSO-SI-A17.xml": 2,
    "sdmx/insee/INSEE_IPI-2010-A21.xml": 3_230,
    "sdmx/istat/ISTAT_22_289.xml": 8,
    "sdmx/oecd/OECD_data-PART2-all-all.json": 7,
    "sdmx/oecd/TOURISM_INBOUND.json": 4_604,
    "sdmx/oecd/oecd1.json": 60,
    "sdmx/sdmx_csv/v3_csv_example-01.csv": 2,
    "sdmx/sdmx_csv/v3_csv_example-05.csv": 2,
    "sdmx/worldbank/WB_gh-78.xml": 1,
    f"{NSDP}/CPIVNM.xml": 1_683,
    f"{NSDP}/GDPVNM.xml": 5_818,
    f"{NSDP}/IIPVNM.xml": 470,
    f"{NSDP}/LMIVNM.xml": 737,
    f"{NSDP}/METVNM.xml": 17_206,
    f"{NSDP}/MOF_SPI01.xml": 626,
    f"{NSDP}/MoF_GGO_Vietnam.xml": 230,
    f"{NSDP}/POPVNM.xml": 165,
    f"{NSDP}/SBV.BOP_Vietnam.xml": 1_842,
    f"{NSDP}/SBV.INR_VNM.xml": 40,
}
REFUSED = {
    "sdmx/bis/BIS_gh-180.xml": "no message of data but of 'Structure'",
    "sdmx/estat/DSD_cdh_e_fos.xml": "no message of data but of 'Structure'",
    "sdmx/estat/ESTAT_GOV_10Q_GGNFA.xml": "no message of data but of 'Structure'",
    "sdmx/estat/ESTAT_apro_mk_cola-structure.xml": "no message of data but of 'Structure'",
    "sdmx/estat/ESTAT_footer.xml": "the service says: 413 Due to the large query",
    "sdmx/estat/ESTAT_footer2.xml": "the service says: 413 Due to the large query",
    "sdmx/imf/IMF_01R.xml": "no message of data but of 'Structure'",
    "sdmx/imf/IMF_ECOFIN_DSD-structure.xml": "no message of data but of 'Structure'",
    "sdmx/imf/IMF_STA_DSD_BOP.xml": "no message of data but of 'Structure'",
    "sdmx/imf/IMF_STA_availableconstraint_CPI.xml": "no message of data but of 'Structure'",
    "sdmx/other/TEST_gh-149.xml": "no message of data but of 'Structure'",
    "sdmx/sdmx_csv/v3_csv_example-18.csv": "requests deletions",
    "sdmx/sdmx_json2/v3_json_data_generated-sample.json": "the service says: 90483457",
    "sdmx/unicef/UNICEF_GLOBAL_DATAFLOW-structure.xml": "no message of data but of 'Structure'",
}


@pytest.mark.corpus
def test_every_real_file(corpus: Path, tmp_path: Path) -> None:
    files = [p for p in (corpus / "sdmx").rglob("*.*") if p.is_file()]
    files += (corpus / NSDP).glob("*.xml")
    assert {str(p.relative_to(corpus)) for p in files} == READ.keys() | REFUSED.keys()
    for number, (path, count) in enumerate(READ.items()):
        assert len(rows_at(corpus / path, tmp_path / f"r{number}")) == count, path
    for number, (path, says) in enumerate(REFUSED.items()):
        with pytest.raises(SourceError, match=says):
            rows_at(corpus / path, tmp_path / f"x{number}")


@pytest.mark.corpus
def test_an_independent_reader_agrees(corpus: Path, tmp_path: Path) -> None:
    """Every cell that sdmx1 reads: key, value and attributes of each observation."""
    reader = pytest.importorskip("sdmx")
    # sdmx1 2.28 cannot load its reader of SDMX-ML 3 any more once it has read a file of 2.1.
    importlib.import_module("sdmx.reader.xml.v30")
    logging.getLogger("sdmx").setLevel(logging.CRITICAL)
    cells, observations, unread = 0, 0, []
    more: dict[str, set[str]] = {}
    for number, path in enumerate(READ):
        source = corpus / path
        if source.suffix == ".zip":
            with zipfile.ZipFile(source) as archive:
                source = Path(archive.extract(archive.namelist()[0], tmp_path))
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            try:
                theirs_read = reader.read_sdmx(source)
            except Exception:  # it fails in many ways
                unread.append(path)
                continue
        rows = rows_at(corpus / path, tmp_path / str(number))
        facts = [_fact(each, data_set) for data_set in theirs_read.data for each in data_set.obs]
        assert len(facts) == len(rows)
        for fact, row in zip(facts, rows, strict=True):
            ours = _ours(row)
            assert fact.items() <= ours.items(), path
            if extra := ours.keys() - fact.keys():
                more.setdefault(path.rpartition("/")[2], set()).update(extra)
            cells += len(fact)
        observations += len(facts)
    assert unread == [  # without their structure
        "sdmx/istat/ISTAT_22_289.xml",
        "sdmx/sdmx_csv/v3_csv_example-01.csv",
        "sdmx/sdmx_csv/v3_csv_example-05.csv",
    ]
    assert more == MORE
    assert (observations, cells) == (37_782, 316_961)


# What sdmx1 does not tell of an observation: the attributes that a structure-specific message has
# at its data set, and those that a JSON message has at its series.
MORE = {
    **{
        f"{each}.xml": {"COMMENT"}
        for each in (
            "CPIVNM",
            "GDPVNM",
            "IIPVNM",
            "LMIVNM",
            "METVNM",
            "POPVNM",
            "SBV.BOP_Vietnam",
            "SBV.INR_VNM",
        )
    },
    "IMF_RES_WEO-data.xml": {
        "ACCESS_SHARING_LEVEL",
        "CONTACT_POINT",
        "DEPARTMENT",
        "FULL_DESCRIPTION",
        "KEYWORDS_DATASET",
        "LANGUAGE",
        "LICENSE",
        "PUBLICATION_DATE",
        "PUBLISHER",
        "SECURITY_CLASSIFICATION",
        "SHORT_SOURCE_CITATION",
        "SUGGESTED_CITATION",
        "TOPIC_DATASET",
        "UPDATE_DATE",
    },
    "TOURISM_INBOUND.json": {"TIME_FORMAT"},
    "oecd1.json": {"POWERCODE", "REFERENCEPERIOD", "TIME_FORMAT", "UNIT"},
}


def _fact(observation: Any, data_set: Any) -> dict[str, str]:
    """Return all that sdmx1 knows of an observation."""
    fact = {str(k): str(v.value) for k, v in observation.key.values.items()}
    for attributes in (data_set.attrib, observation.attrib):
        fact |= {str(k): str(getattr(v.value, "id", v.value)) for k, v in attributes.items()}
    if observation.value is not None:
        fact["value"] = _number(observation.value)
    return fact


def _ours(row: dict[str, Any]) -> dict[str, str]:
    """Return all that a row says, apart from labels and its position."""
    filled = {
        key: value
        for key, value in row.items()
        if value is not None and not key.startswith("_") and not key.endswith("_label")
    }
    time = filled.pop("time_period", None)
    if "value" in filled:
        filled["value"] = _number(filled["value"])
    return filled if time is None else {**filled, "TIME_PERIOD": time}


def _number(value: Any) -> str:
    """Return a number as sdmx1's JSON reader has it, a float; a mark ("na") as it came."""
    try:
        return repr(float(value))
    except ValueError:
        return str(value)


@pytest.mark.corpus
def test_viet_nam_s_indicators_are_named(corpus: Path, tmp_path: Path) -> None:
    rows = rows_at(
        corpus / NSDP / "CPIVNM.xml",
        tmp_path,
        apply_unit_mult=True,
        structure="sdmx/imf/IMF_ECOFIN_DSD-structure.xml",
    )
    assert {row["FREQ_label"] for row in rows} <= {"Monthly", None}
    assert rows[0]["value"] == "102.8928"


@pytest.mark.corpus
def test_the_codes_of_eurostat_are_named(corpus: Path, tmp_path: Path) -> None:
    rows = rows_at(
        corpus / "sdmx/estat/cdh_e_fos.xml", tmp_path, structure="sdmx/estat/DSD_cdh_e_fos.xml"
    )
    named = {row["FOS07"]: row["FOS07_label"] for row in rows}
    assert named["FOS1"] == "Natural sciences"
    assert all(row["GEO_label"] for row in rows)
