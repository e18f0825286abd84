"""JSON-stat, version 1 and 2: https://json-stat.org/format/.

Values are a list with nulls, or a sparse object by position. A cube is read whole: its labels may
follow its values, and cells are accessed by position (see MAX_JSON_BYTES).
"""

from pathlib import Path
from typing import Any

from model.errors import ReadError
from model.util.text import did_you_mean
from sources.formats.cube.cube import Cube, CubeDimension, cells_of, check_names, dimension
from sources.formats.json_text import as_text, load_json
from sources.formats.payload import quoted, saying


def load_cube(path: Path, where: str, wanted: str | None = None) -> Cube:
    """Load the JSON-stat dataset in `path`, named `where` in errors.

    `wanted` is its key or label, where the file holds several.

    Raises:
        ReadError: not JSON, no JSON-stat, several datasets, or a cube that does not fit.
    """
    data = _dataset(load_json(path, where), wanted, where)
    listed = data["dimension"]
    sides = data if "id" in data else listed  # version 2, or 1
    ids, size = sides.get("id"), sides.get("size")
    if not isinstance(ids, list) or not isinstance(size, list) or len(ids) != len(size):
        raise ReadError("`id` and `size` do not fit", where=where, todo="fetch it again")
    sizes = [_count(each, where) for each in size]
    total = cells_of(sizes, where)
    dimensions = tuple(
        _dimension(each, listed.get(each), count, where)
        for each, count in zip(ids, sizes, strict=True)
    )
    check_names(dimensions, where)
    values = _by_position(data.get("value"), total, where)
    if values == [] and total:
        raise ReadError(
            "describes a table and holds no values", where=where, todo="ask for the table's data"
        )
    if isinstance(values, list) and len(values) != total:
        raise ReadError(
            f"has {len(values)} values for {total} cells", where=where, todo="fetch it again"
        )
    return Cube(dimensions, values, _statuses(data.get("status"), total, where), where)


def _dataset(body: Any, wanted: str | None, where: str) -> dict[str, Any]:
    if isinstance(body, dict):
        if isinstance(body.get("dimension"), dict):
            return body
        inside = _inside(body, where)
        if wanted is not None and wanted in inside:
            return inside[wanted]
        if len(inside) == 1 and wanted is None:
            return next(iter(inside.values()))
        if inside:
            raise ReadError(
                f"holds the datasets {', '.join(quoted(key, 40) for key in inside)}",
                where=where,
                todo=did_you_mean(wanted, set(inside)) if wanted else "name one as `dataset`",
            )
    raise ReadError(
        "is no JSON-stat dataset" + saying(body), where=where,
        todo="check the query, and that the response format is json-stat",
    )


def _inside(body: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """Return the datasets of a bundle by their keys, or of a collection by their labels."""
    named = list(body.items())
    if body.get("class") == "collection":
        link = body.get("link")
        items = link.get("item") if isinstance(link, dict) else None
        named = [
            (str(each.get("label") or each.get("href")), each)
            for each in (items if isinstance(items, list) else [])
            if isinstance(each, dict)
        ]
        if named and not any(isinstance(each.get("dimension"), dict) for _, each in named):
            addresses = ", ".join(quoted(str(each.get("href")), 80) for _, each in named[:5])
            raise ReadError(
                f"is a collection of links, not of figures: {addresses}", where=where,
                todo="ask for one of them",
            )
    return {
        key: value for key, value in named
        if isinstance(value, dict) and isinstance(value.get("dimension"), dict)
    }


def _count(value: Any, where: str) -> int:
    text = str(value)
    if not text.isdecimal() or len(text) > 9:
        raise ReadError(f"{quoted(text, 40)!r} is no size of a dimension", where=where)
    return int(text)


def _dimension(key: Any, value: Any, count: int, where: str) -> CubeDimension:
    place = f"{where}, dimension {quoted(str(key), 60)!r}"
    category = value.get("category") if isinstance(value, dict) else None
    if not isinstance(category, dict):
        raise ReadError("has no categories", where=place, todo="fetch it again")
    labels = category.get("label") or {}
    if not isinstance(labels, dict):
        raise ReadError("its labels are no object", where=place)
    index = category.get("index", list(labels))  # one category needs no index
    if isinstance(index, dict):
        order = {_count(position, place): code for code, position in index.items()}
        codes = [order.get(position) for position in range(count)]
    else:
        codes = list(index) if isinstance(index, list) else []
    if len(codes) != count or not all(isinstance(code, str) for code in codes):
        raise ReadError(f"its categories are not {count}, as `size` says", where=place)
    named = [(str(code), as_text(labels.get(code, code), place) or "") for code in codes]
    return dimension(str(key), named, place)


def _by_position(values: Any, total: int, where: str) -> list[Any] | dict[int, Any]:
    if isinstance(values, list):
        return values
    if not isinstance(values, dict):
        raise ReadError("has no values", where=where, todo="fetch it again")
    found = {_count(key, where): value for key, value in values.items()}
    beyond = next((position for position in found if position >= total), None)
    if beyond is not None:
        raise ReadError(f"has a value at {beyond}, but only {total} cells", where=where)
    return found


def _statuses(status: Any, total: int, where: str) -> list[Any] | dict[int, Any] | str | None:
    if isinstance(status, dict) and "value" in status:  # Eurostat's old service
        status = status["value"]
    if status is None or isinstance(status, str):
        return status
    return _by_position(status, total, where)
