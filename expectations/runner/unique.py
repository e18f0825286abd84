"""Is a key unique? By one pass where the rows are in its order, else by the key's hash.

As Great Expectations has it, rows with a NULL in the key are left out, and every row of a
duplicate is unexpected.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from model.util.sql import identifier

# Up to so many rows grouping costs next to nothing. Of larger tables the first so many tell
# whether it is worth while to expect the key's order.
LOOK_AT = 50_000


@dataclass(frozen=True)
class Key:
    """The columns that must be unique together, among the rows that fulfil a condition."""

    columns: tuple[str, ...]
    row_filter: str | None = None

    def ids_query(self, relation: str) -> str:
        """Return SQL for the `_id` of every row whose key is not unique.

        Keys of the same hash are looked for first: eight bytes a row, whatever the key.
        """
        names = ", ".join(self._names)
        table = identifier(relation)
        rows = f"(SELECT _id, {names} FROM {table} WHERE {' AND '.join(self._conditions)})"
        same_hash = (
            f"SELECT hash({names}) AS h FROM {rows} GROUP BY h HAVING count(*) > 1"
        )
        return (
            f"SELECT _id FROM {rows} WHERE hash({names}) IN ({same_hash})"
            f" QUALIFY count(*) OVER (PARTITION BY {names}) > 1"
        )

    def repeated_query(self, relation: str) -> str:
        """Return SQL that counts the keys that more than one row has."""
        return (
            f"SELECT count(*) FROM (SELECT 1 FROM {identifier(relation)}"
            f" WHERE {' AND '.join(self._conditions)}"
            f" GROUP BY {', '.join(self._names)} HAVING count(*) > 1)"
        )

    def in_order_query(self, relation: str, limit: int | None = None) -> str:
        """Return SQL: is the key of each row of a relation above the one before, so all are unique?

        `limit` is how many rows to look at, None for all. `lag` without an order takes the rows
        as they come, in one thread, and keeps none.
        """
        names = self._names
        before = [f"_before_{place}" for place in range(len(names))]
        lags = ", ".join(
            f"lag({name}) OVER () AS {earlier}"
            for name, earlier in zip(names, before, strict=True)
        )
        rows = f"SELECT {', '.join(names)} FROM {identifier(relation)}"
        if self.row_filter:
            rows += f" WHERE {self.row_filter}"
        if limit is not None:
            rows += f" LIMIT {limit}"
        return (
            f"SELECT count(*) - count(*) FILTER (WHERE {_above(names, before)}) <= 1"
            f" FROM (SELECT {', '.join(names)}, {lags} FROM ({rows}))"
        )

    @property
    def _names(self) -> list[str]:
        return [identifier(name) for name in self.columns]

    @property
    def _conditions(self) -> list[str]:
        complete = [f"{name} IS NOT NULL" for name in self._names]
        return [self.row_filter, *complete] if self.row_filter else complete


def _above(names: Sequence[str], before: Sequence[str]) -> str:
    """Return the condition that a key follows another; NULL or false where any of it is NULL."""
    name, earlier, *_ = names[0], before[0]
    if len(names) == 1:
        return f"{name} > {earlier}"
    rest = _above(names[1:], before[1:])
    return f"({name} > {earlier} OR ({name} = {earlier} AND {rest}))"
