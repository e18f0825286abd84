"""The catalogue gathers what datasets say of themselves, however that is written."""

import json

import pytest

from model.util.hashing import pretty_json
from portal.metadata.dcat import Node, document, joined

GDP: Node = {"@id": "urn:gdp", "@type": "dcat:Dataset", "dct:title": ',\n    {"@id": "no node"}'}
AGENT: Node = {"@id": "urn:agent", "@type": "foaf:Agent"}
DOCUMENT = document([AGENT, GDP], "./")


@pytest.mark.parametrize("text", [
    pretty_json(DOCUMENT), json.dumps(DOCUMENT), json.dumps(DOCUMENT, indent=1, sort_keys=True),
    json.dumps({"@graph": [dict(reversed(GDP.items())), AGENT]}, indent="\t"),
], ids=["as written", "in a line", "another indent", "keys in another order"])
def test_no_node_is_lost_in_any_layout(text: str) -> None:
    own = {"@id": "./", "@type": "dcat:Catalog"}
    found = json.loads(joined([own, AGENT], [text.encode(), text.encode()], "https://data.test/"))
    assert sorted(found["@graph"], key=lambda node: str(node["@id"])) == [own, AGENT, GDP]
    assert found["@context"]["@base"] == "https://data.test/"


def test_what_is_no_document_is_no_empty_one() -> None:
    with pytest.raises(ValueError, match="@graph"):
        joined([], [b'{"graph": []}'], "./")
