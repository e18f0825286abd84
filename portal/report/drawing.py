"""The report's charts on other surfaces than a browser: the elements of their SVG, drawn.

Only what templates/report.html writes: lines, paths of straight lines, circles, rectangles and
text, with their attributes on each element. `Surface` is a page of a PDF or a picture.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol
from xml.etree import ElementTree

import font_source_serif_pro
from PIL import Image, ImageDraw, ImageFont

# Static, free (OFL), with all letters of Vietnamese, and a wheel: fonts of the system differ, and
# a fresh machine may have none.
_FONTS = files(font_source_serif_pro) / "files"
REGULAR, BOLD = (str(_FONTS / f"SourceSerifPro-{face}.ttf") for face in ("Regular", "Bold"))
SCALE = 3  # of pictures: 340 px on 80 mm are 324 dots an inch
_PLACE = re.compile(r"([MLl])(-?[\d.]+) ?(-?[\d.]+)")
SVG = "{http://www.w3.org/2000/svg}"

Point = tuple[float, float]


class Surface(Protocol):
    """What a chart is drawn on; positions and sizes are those of the SVG."""

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """Draw a line of a `colour` and a `width` through `points`."""

    def circle(self, centre: Point, radius: float, fill: str, stroke: str, width: float) -> None:
        """Draw a circle of a `radius` around `centre`: its `fill`, its `stroke` of a `width`."""

    def rectangle(self, corner: Point, size: Point, fill: str) -> None:
        """Fill a rectangle of a `size` (width, height) at its upper left `corner` with `fill`."""

    def text(self, at: Point, words: str, anchor: str, size: float, colour: str) -> None:
        """Write `words` of a `size` and `colour`; `at` is a point of their base line.

        `anchor` says whether their start, middle or end is there.
        """


def size_of(svg: ElementTree.Element) -> Point:
    """Return width and height of a chart."""
    return float(svg.attrib["width"]), float(svg.attrib["height"])


def draw(svg: ElementTree.Element, surface: Surface) -> None:
    """Draw a chart (`svg`) on a `surface`."""
    size = float(svg.attrib["font-size"])
    for each in svg:
        given = each.attrib
        number = {name: float(value) for name, value in given.items() if _is_number(value)}
        kind = each.tag.removeprefix(SVG)
        width = number.get("stroke-width", 1)
        if kind == "line":
            ends = [(number["x1"], number["y1"]), (number["x2"], number["y2"])]
            surface.line(ends, given["stroke"], width)
        elif kind == "path":
            for points in _runs(given["d"]):
                surface.line(points, given["stroke"], width)
        elif kind == "circle":
            centre = (number["cx"], number["cy"])
            surface.circle(centre, number["r"], given["fill"], given["stroke"], width)
        elif kind == "rect":
            corner, extent = (number["x"], number["y"]), (number["width"], number["height"])
            surface.rectangle(corner, extent, given["fill"])
        elif kind == "text":
            words = " ".join((each.text or "").split())
            anchor = given.get("text-anchor", "start")
            surface.text((number["x"], number["y"]), words, anchor, size, given["fill"])
        else:
            raise ValueError(f"a chart has an element {kind!r}, which is not drawn")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _runs(path: str) -> list[list[Point]]:
    """Return the lines of a path; a place to which none leads has one of no length."""
    runs: list[list[Point]] = []
    for command, x, y in _PLACE.findall(path):
        across, down = runs[-1][-1] if command == "l" else (0, 0)
        if command == "M":
            runs.append([])
        runs[-1].append((across + float(x), down + float(y)))
    return [points for points in runs if len(points) > 1]


@dataclass(frozen=True)
class _Picture:
    """A picture to draw on."""

    canvas: ImageDraw.ImageDraw

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        placed = [(x * SCALE, y * SCALE) for x, y in points]
        self.canvas.line(placed, fill=colour, width=round(width * SCALE), joint="curve")

    def circle(self, centre: Point, radius: float, fill: str, stroke: str, width: float) -> None:
        x, y = (each * SCALE for each in centre)
        r = radius * SCALE
        self.canvas.ellipse((x - r, y - r, x + r, y + r), fill, stroke, round(width * SCALE))

    def rectangle(self, corner: Point, size: Point, fill: str) -> None:
        (x, y), (width, height) = corner, size
        if width:
            self.canvas.rectangle(
                (x * SCALE, y * SCALE, (x + width) * SCALE, (y + height) * SCALE), fill
            )

    def text(self, at: Point, words: str, anchor: str, size: float, colour: str) -> None:
        basic = ImageFont.Layout.BASIC  # the other one is not in every build
        font = ImageFont.truetype(REGULAR, round(size * SCALE), layout_engine=basic)
        place = (at[0] * SCALE, at[1] * SCALE)
        code = {"start": "ls", "middle": "ms", "end": "rs"}[anchor]
        self.canvas.text(place, words, colour, font, code)


def picture(svg: ElementTree.Element) -> bytes:
    """Return a chart as PNG."""
    width, height = size_of(svg)
    image = Image.new("RGB", (round(width * SCALE), round(height * SCALE)), "#ffffff")
    draw(svg, _Picture(ImageDraw.Draw(image)))
    target = io.BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()
