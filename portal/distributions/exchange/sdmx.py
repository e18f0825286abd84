"""The observations as SDMX-CSV 2, and their structure as SDMX-ML 3.

Sources: https://github.com/sdmx-twg/sdmx-csv and https://github.com/sdmx-twg/sdmx-ml. Components
have the names of our columns in capitals. A coded component lists the codes that the release uses,
as a partial codelist. Codes that are no SDMX identifiers (vintages: `VN:2025-07-01`) are text.
Every structure has the semantic version of the release.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from model.declarations.dataset import BOUNDS
from model.reference.city import city
from model.util.languages import languages
from model.util.sql import identifier, literal
from model.util.text import LocalizedText
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.row_text import PLAIN, joined, plain_line

CODE = re.compile(r"[A-Za-z0-9_@$\-]+")  # SDMX's IDType
CONCEPTS = "CONCEPTS"
_SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/v3_0"
_MODEL = "urn:sdmx:org.sdmx.infomodel"


def agency() -> str:
    """Return the id of the city as SDMX's maintenance agency, from its namespace.

    >>> agency()
    'openindicators-danang-gov-vn'
    """
    name = re.sub(r"[^a-z0-9]", "-", city().namespace)
    return name if name[0].isalpha() else f"city-{name}"


def dataflow_id(dataset: str) -> str:
    """Return the id of the dataflow of a dataset.

    >>> dataflow_id("finance/gdp")
    'finance-gdp'
    """
    return dataset.replace("/", "-")


def write_csv(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write the observations of `content` to `path`; `others` is unused.

    Text is as in the release: what a spreadsheet would run as a formula is left as it is.
    """
    flow = f"{agency()}:{dataflow_id(content.dataset.id)}({content.release.semantic_version})"
    names, kinds = _components(content), content.kinds_of("data.parquet")
    header = ["STRUCTURE", "STRUCTURE_ID", "ACTION", *(name.upper() for name in names)]
    texts = {name for name in names if not kinds[name]}
    if texts <= content.matching("data.parquet", PLAIN):  # nothing needs quotes
        line = plain_line(f"dataflow,{flow},I,", names, content.constants_of("data.parquet"))
        with path.open("wb") as file:
            file.write(f"{','.join(header)}\n".encode())
            for lines in content.lines(line, "data.parquet", names):
                file.write(joined(lines))
        return
    columns = [f"{identifier(name)} AS {name.upper()}" for name in names]
    content.copy(
        f"SELECT 'dataflow' AS STRUCTURE, {literal(flow)} AS STRUCTURE_ID, 'I' AS ACTION,"
        f" {', '.join(columns)} FROM t", path,
    )


def _components(content: Content) -> list[str]:
    """Return the columns: dimensions, `freq` first and the period last, figure, attributes."""
    dimensions = ["freq", *content.dataset.key]
    return [
        *dimensions, *(name for name in content.published_columns if name not in dimensions)
    ]


def _write_structure(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write dataflow, structure, concepts and codelists of `content` to `path`."""
    path.write_text(
        message(content.release.issued.isoformat(timespec="seconds"), [_Structure(content).xml()]),
        encoding="utf-8", newline="\n",
    )


def message(prepared: str, parts: Iterable[str]) -> str:
    """Return a structure message; `prepared` is its time, `parts` the inside of its structures."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<mes:Structure xmlns:mes="{_SCHEMAS}/message" xmlns:str="{_SCHEMAS}/structure"'
        f' xmlns:com="{_SCHEMAS}/common">\n<mes:Header><mes:ID>{agency()}</mes:ID>'
        f"<mes:Test>false</mes:Test><mes:Prepared>{prepared}</mes:Prepared>"
        f'<mes:Sender id="{agency()}"/></mes:Header>\n<mes:Structures>\n{"".join(parts)}'
        "</mes:Structures>\n</mes:Structure>\n"
    )


def dataflow(dataset: str, number: str, title: LocalizedText, description: LocalizedText) -> str:
    """Return a dataflow's element: its `dataset`, version (`number`), title and description."""
    flow = dataflow_id(dataset)
    structure = f"{_MODEL}.datastructure.DataStructure={agency()}:{flow}({number})"
    return (
        f'<str:Dataflow id="{flow}" {_maintained(number)}>{_names(title)}'
        f"{_texts('Description', description)}<str:Structure>{structure}</str:Structure>"
        "</str:Dataflow>\n"
    )


class _Structure:
    """The structures of a release."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.version = content.release.semantic_version
        self.lists: dict[str, str] = {}  # id of a codelist -> its element

    def xml(self) -> str:
        """Return the message: codelists, concepts, data structure and dataflow."""
        dataset, kept = self.content.dataset, _maintained(self.version)
        dimensions, rest = ["freq", *dataset.key[:-1]], _components(self.content)
        dimensions_xml = "".join(
            f'<str:Dimension id="{name.upper()}" position="{place}">{self._component(name)}'
            "</str:Dimension>\n"
            for place, name in enumerate(dimensions, 1)
        )
        attributes = "".join(
            f'<str:Attribute id="{name.upper()}" usage="optional">{self._component(name)}'
            "<str:AttributeRelationship><str:Observation/></str:AttributeRelationship>"
            "</str:Attribute>\n"
            for name in rest if name not in (*dimensions, "time_period", "obs_value")
        )
        concepts = "".join(
            f'<str:Concept id="{name.upper()}">{_names(words.title)}'
            f"{_texts('Description', words.description)}</str:Concept>\n"
            for name in rest for words in (self.content.names.column(name),)
        )
        return (
            f"<str:Codelists>\n{''.join(self.lists.values())}</str:Codelists>\n"
            f'<str:ConceptSchemes>\n<str:ConceptScheme id="{self._scheme}" {kept}>'
            f"{_names(dataset.title)}\n{concepts}</str:ConceptScheme>\n</str:ConceptSchemes>\n"
            f"<str:Dataflows>\n"
            f"{dataflow(dataset.id, self.version, dataset.title, dataset.description)}"
            "</str:Dataflows>\n"
            f'<str:DataStructures>\n<str:DataStructure id="{dataflow_id(dataset.id)}" {kept}>'
            f"{_names(dataset.title)}\n<str:DataStructureComponents>\n"
            f'<str:DimensionList id="DimensionDescriptor">\n{dimensions_xml}'
            f'<str:TimeDimension id="TIME_PERIOD">{self._concept("time_period")}'
            '<str:LocalRepresentation><str:TextFormat textType="ObservationalTimePeriod"/>'
            "</str:LocalRepresentation></str:TimeDimension>\n</str:DimensionList>\n"
            f'<str:AttributeList id="AttributeDescriptor">\n{attributes}</str:AttributeList>\n'
            '<str:MeasureList id="MeasureDescriptor">\n'
            f'<str:Measure id="OBS_VALUE" usage="optional">{self._component("obs_value")}'
            "</str:Measure>\n</str:MeasureList>\n"
            "</str:DataStructureComponents>\n</str:DataStructure>\n</str:DataStructures>\n"
        )

    @property
    def _scheme(self) -> str:
        return f"{CONCEPTS}-{dataflow_id(self.content.dataset.id)}"

    def _concept(self, name: str) -> str:
        urn = f"{_MODEL}.conceptscheme.Concept={agency()}:{self._scheme}({self.version})"
        return f"<str:ConceptIdentity>{urn}.{name.upper()}</str:ConceptIdentity>"

    def _component(self, name: str) -> str:
        """Return what a component is of: its concept, and its codelist or type."""
        codes = self.content.codes_used.get(name, [])
        if codes and all(map(CODE.fullmatch, codes)):
            urn = f"{_MODEL}.codelist.Codelist={agency()}:{self._codelist(name, codes)}"
            values = f"<str:Enumeration>{urn}({self.version})</str:Enumeration>"
        else:
            number = name == "obs_value" or name in BOUNDS
            values = f'<str:TextFormat textType="{"Double" if number else "String"}"/>'
        return (
            f"{self._concept(name)}<str:LocalRepresentation>{values}</str:LocalRepresentation>"
        )

    def _codelist(self, name: str, codes: Sequence[str]) -> str:
        """Add the codelist of a column; return its id."""
        flow = dataflow_id(self.content.dataset.id)
        listed = f"CL_{name.upper()}-{flow}"
        self.lists[listed] = (
            f'<str:Codelist id="{listed}" {_maintained(self.version)} isPartial="true">'
            f"{_names(self.content.names.column(name).title)}\n"
            f"{''.join(self._codes(name, codes))}</str:Codelist>\n"
        )
        return listed

    def _codes(self, name: str, codes: Sequence[str]) -> Iterator[str]:
        for code in codes:
            named = self.content.names.name_of(name, code)
            names = _names(named) if named else f"<com:Name>{code}</com:Name>"
            yield f"<str:Code id={quoteattr(code)}>{names}</str:Code>\n"


def _maintained(number: str) -> str:
    return f'agencyID="{agency()}" version="{number}"'


def _names(text: LocalizedText) -> str:
    return _texts("Name", text)


def _texts(element: str, text: LocalizedText) -> str:
    return "".join(
        f'<com:{element} xml:lang="{code}">{escape(text.get(code))}</com:{element}>'
        for code in languages()
    )


# Its columns are described by the structure, so it is no table of the Data Package.
sdmx_csv = Distribution.described(
    "sdmx_csv", write_csv, package_properties=lambda _: {"type": "file"}
)
sdmx_structure = Distribution.described("sdmx_structure", _write_structure)
