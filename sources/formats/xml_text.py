"""XML, parsed in pieces: no document type, no entities, no tree, bounded in size and depth.

expat alone, not a tree builder, so that memory stays flat; a document type is refused where it
begins, and with it every entity that could be expanded or fetched.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from xml.parsers import expat

from model.errors import ReadError
from sources.formats.payload import quoted
from sources.limits import MAX_TEXT_BYTES, MAX_XML_DEPTH, MAX_XML_TOKEN

_PIECE = 1 << 18

LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"


class XmlHandler(Protocol):
    """Receives the elements. Names are "namespace local", or "local" without a namespace."""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Handle a start tag."""
        ...

    def end(self, text: str, line: int) -> None:
        """Handle an end tag, with the text since the last tag."""
        ...


def local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition(" ")[2]


def namespace(name: str) -> str:
    """Return the namespace of a name, "" when it has none."""
    return name.rpartition(" ")[0]


def pieces(path: Path, where: str, handler: XmlHandler) -> Iterator[None]:
    """Parse the file `path`, named `where`, into `handler`, and yield after each piece of it.

    Raises:
        ReadError: not well formed, a document type, too deep, or a tag or text without end.
    """
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise ReadError(f"has more than {MAX_TEXT_BYTES} bytes", where=where)
    driver = _Driver(where, handler)
    fed = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                driver.parser.Parse(piece, False)
                fed += len(piece)
                if fed - driver.parser.CurrentByteIndex > MAX_XML_TOKEN:
                    raise ReadError(
                        f"has a tag of more than {MAX_XML_TOKEN} bytes", where=driver.place
                    )
                yield
            driver.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ReadError(
            f"is no well-formed XML: {expat.ErrorString(error.code)} (column {error.offset + 1})",
            where=f"{where}:{error.lineno}",
            todo="fetch it again: the answer may have been cut off",
        ) from error
    except (LookupError, ValueError) as error:  # an unknown encoding
        raise ReadError(
            f"is in an encoding that cannot be read: {quoted(str(error))}", where=where,
            todo="ask the publisher for UTF-8",
        ) from error
    yield


def parse_xml(path: Path, where: str, handler: XmlHandler) -> None:
    """Parse the file at `path` into `handler`; `where` and errors as for `pieces`."""
    for _ in pieces(path, where, handler):
        pass


class _Driver:
    """Bounds depth and text between expat and the handler."""

    def __init__(self, where: str, handler: XmlHandler) -> None:
        self.where = where
        self.handler = handler
        self.depth = 0
        self.text: list[str] = []
        self.length = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    @property
    def place(self) -> str:
        """The line that is read, for messages."""
        return f"{self.where}:{self.parser.CurrentLineNumber}"

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_XML_DEPTH:
            raise ReadError("is nested too deeply", where=self.place)
        self.text.clear()
        self.length = 0
        self.handler.start(name, attributes, self.parser.CurrentLineNumber)

    def end(self, _name: str) -> None:
        self.depth -= 1
        text = "".join(self.text)
        self.text.clear()
        self.length = 0
        self.handler.end(text, self.parser.CurrentLineNumber)

    def characters(self, text: str) -> None:
        self.length += len(text)
        if self.length > MAX_XML_TOKEN:
            raise ReadError(f"a text has more than {MAX_XML_TOKEN} characters", where=self.place)
        self.text.append(text)

    def refuse_doctype(self, *_declared: object) -> None:
        raise ReadError(
            "declares a document type, which no data message needs", where=self.place,
            todo="ask the publisher: XML that reads other files is made this way",
        )
