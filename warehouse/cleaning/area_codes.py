"""Which code a source's text means for an area, and what became of areas of an earlier vintage.

What is ambiguous is never chosen: a name that several areas have, a code whose name in the
source is another area's, an area that was split. Each gets its reason, and its row is quarantined.
"""

from collections.abc import Callable

import duckdb
import pyarrow as pa

from model.declarations.dataset import Dataset
from model.declarations.source import ColumnRule
from model.records.reject_reasons import RejectError, RejectReason, reason
from model.reference.codelist import Codelist
from model.reference.registries import Registries
from model.reference.succession import AreaSuccession
from model.util.sql import identifier
from warehouse.cleaning.rejection import reject_sql

# Between a code and its name, where one text holds both: ASCII's own unit separator.
SEPARATOR = "\x1f"


# Looking for the nearest name takes milliseconds: a wrong column may have a million texts.
MAX_HINTS = 200


def code_reader(
    rule: ColumnRule, codelist: Codelist, registries: Registries
) -> Callable[[str, str], str]:
    """Return the function that gives the code that a source's text means in a `codelist`.

    It takes a code or a name, and what the source calls the area that this is the code of ("" where
    it does not). It raises ValueError where that is unknown or ambiguous, or where the two do not
    belong together. The `rule` says within which area it must lie; the `registries` have
    successions and other codelists, to say more of an unknown text.
    """
    unknown = 0

    def code_of(label: str, name: str) -> str:
        nonlocal unknown
        try:
            code = codelist.find(label, rule.within, nearest=unknown < MAX_HINTS)
        except RejectError as error:
            unknown += 1
            if unknown > MAX_HINTS:
                raise
            raise RejectError(*error.reasons, *_elsewhere(label, codelist, registries)) from None
        name = name.strip()
        if name and code not in codelist.named(name)[0]:
            raise RejectError(
                reason("named_otherwise", text=label, areas=codelist.describe([code]),
                       codelist=codelist.id, name=name),
                *_elsewhere(label, codelist, registries),
            )
        return code

    return code_of


def _elsewhere(label: str, codelist: Codelist, registries: Registries) -> tuple[RejectReason, ...]:
    """Return what a text means in a vintage before or after, as part of the reason."""
    for succession in registries.successions.values():
        if codelist.id not in (succession.old, succession.new):
            continue
        other_id = succession.old if codelist.id == succession.new else succession.new
        other = registries.codelists[other_id]
        found = {label} if label in other.codes else other.named(label)[0]
        if len(found) != 1:
            continue
        became = succession.successors.get(*found) if other.id == succession.old else None
        now = codelist.describe(became) if became else ""
        return (reason("elsewhere", codelist=other.id, areas=other.describe(found), now=now),)
    return ()


def succeed(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, rule: ColumnRule, succession: AreaSuccession,
    registries: Registries,
) -> None:
    """Replace areas of an earlier vintage in the table `observation` of `con` by what they became.

    That is by `succession`, of the codelist of the `dataset`'s `rule` of `ref_area`, with the
    `registries`' codelists. With `sum`, figures of areas that were merged are added up, where all
    of them have one. A row whose area was split, or is only a part of its successor, gets a reason
    in `_reject`.
    """
    old, new = registries.codelists[succession.old], registries.codelists[succession.new]
    became = {code: _successor(code, rule, succession, old, new) for code in old.codes}
    small = pa.table(
        {
            "_old": list(became),
            "_new": [code for code, _, _ in became.values()],
            "_parts": pa.array([parts for _, parts, _ in became.values()], pa.int64()),
            "_reason": pa.array(
                [why.as_json() if why else None for _, _, why in became.values()], pa.string()
            ),
        }
    )
    # Dimensions may have any name that begins with a letter: these cannot collide with one.
    con.register("_became", small)
    con.execute("CREATE TABLE _successor AS SELECT * FROM _became")
    con.unregister("_became")
    _reject_partial(con, dataset)
    _merge(con, dataset)


def _successor(
    code: str, rule: ColumnRule, succession: AreaSuccession, old: Codelist, new: Codelist
) -> tuple[str | None, int, RejectReason | None]:
    """Return an old area's successor, of how many it is made, or why it has none."""
    after = succession.successors.get(code, set())
    if not after:
        return None, 0, reason(
            "no_successor", concept="ref_area", areas=old.describe([code]), codelist=new.id
        )
    if len(after) > 1:
        return None, 0, reason(
            "split", concept="ref_area", areas=old.describe([code]), into=new.describe(after)
        )
    successor = next(iter(after))
    parts = succession.predecessors[successor]
    split = [part for part in parts if len(succession.successors[part]) > 1]
    if split:
        return None, 0, reason(
            "part_of_split", concept="ref_area", areas=old.describe(split), into=new.describe(after)
        )
    if len(parts) > 1 and rule.successor != "sum":
        return None, 0, reason(
            "part", concept="ref_area", areas=old.describe([code]), into=new.describe(after)
        )
    return successor, len(parts), None


def _rest(dataset: Dataset) -> list[str]:
    return [identifier(name) for name in dataset.key if name != "ref_area"]


def _reject_partial(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Give a reason to each row whose area has no successor, or lacks its other parts."""
    rest = ", ".join(["_new", *_rest(dataset)])
    of = {"concept": "'ref_area'", "into": "s._new"}
    figures = "count(obs_value) OVER same"
    missing = reject_sql("parts_missing", **of, parts="s._parts", figures=figures)
    differ = reject_sql("parts_differ", **of)
    con.execute(
        f"""
        CREATE TABLE _succeeding AS
        SELECT o._id, s._new, s._parts,
               coalesce(s._reason,
                 CASE WHEN count(*) OVER same <> s._parts
                           OR count(obs_value) OVER same <> s._parts
                      THEN {missing}
                      WHEN count(DISTINCT nullif(obs_status, 'A')) OVER same > 1
                      THEN {differ} END) AS _reason
        FROM observation o JOIN _successor s ON o.ref_area = s._old
        WHERE o._reject IS NULL
        WINDOW same AS (PARTITION BY {rest})
        """
    )
    con.execute(
        "UPDATE observation o SET _reject = '[' || t._reason || ']',"
        " _original = to_json(struct_pack(ref_area := o.ref_area, obs_value := o.obs_value))"
        " FROM _succeeding t WHERE o._id = t._id AND t._reason IS NOT NULL"
    )


_LONE = "CASE WHEN count(*) = 1 THEN any_value({0}) END AS {0}"


def _merge(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Put one row for each successor in place of its parts' rows."""
    rest = ", ".join(_rest(dataset))
    columns = ", ".join(
        {
            "ref_area": "t._new AS ref_area",
            # In one order: sums of floats depend on it, and two runs must give the same bytes.
            "obs_value": "fsum(obs_value ORDER BY o._id) AS obs_value",
            "obs_status": "max(nullif(obs_status, 'A')) AS obs_status",
            # Bounds of parts do not add up to those of their sum.
            "lower_bound": _LONE.format("lower_bound"), "upper_bound": _LONE.format("upper_bound"),
            "footnotes": "array_to_string(list_sort(list_distinct(flatten(list("
            "string_split(footnotes, ' ')) FILTER (footnotes IS NOT NULL)))), ' ') AS footnotes",
            "obs_note": "string_agg(DISTINCT obs_note, '; ' ORDER BY obs_note) AS obs_note",
        }.get(
            name,
            identifier(name)
            if name in dataset.key
            else f"any_value({identifier(name)}) AS {name}",
        )
        for name in dataset.observation_columns
    )
    con.execute(
        f"""
        CREATE TABLE _merged AS
        SELECT * REPLACE (coalesce(obs_status, 'A') AS obs_status) FROM (
            SELECT {columns}, min(o._id) AS _id, arg_min(_part, o._id) AS _part,
                   arg_min(_row, o._id) AS _row, arg_min(_column, o._id) AS _column,
                   NULL AS _original, NULL AS _reject
            FROM observation o JOIN _succeeding t USING (_id)
            WHERE t._reason IS NULL GROUP BY t._new, {rest}
        )
        """
    )
    con.execute(
        "DELETE FROM observation WHERE _id IN (SELECT _id FROM _succeeding WHERE _reason IS NULL)"
    )
    con.execute("INSERT INTO observation BY NAME SELECT * FROM _merged")
