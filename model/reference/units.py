"""Units of measure, and what follows from computing with them.

A quantity is a product of powers of base quantities (`persons`, `m2`, `vnd`) times a factor: a
thousand persons per km² is 0.001 times {persons: 1, m2: -1}. Only amounts that can be counted or
measured together add up: a sum of shares, rates, indices or densities is no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from pydantic import Field

from model.util.text import Frozen, LocalizedText, Name

# Base quantities that are measured; all others are counted, and `per_1000` can be of any of them.
_MEASURED = frozenset({"m2", "metres", "m3", "kg", "vnd", "usd", "intl_usd"})
_PERSONS = "persons"


class Unit(Frozen):
    """A unit of measure (SDMX UNIT_MEASURE).

    dimension: the powers of the base quantities; None where nothing can be computed with it.
    factor: what one of it is in base quantities.
    of_counts: it counts anything per person: beds, doctors, enterprises.
    """

    id: Name
    name: LocalizedText
    symbol: LocalizedText | None = None
    dimension: dict[Name, int] | None = None
    factor: float = Field(default=1, gt=0)
    of_counts: bool = False

    @cached_property
    def quantity(self) -> Quantity | None:
        """What one of it is; None where nothing can be computed with it."""
        if self.dimension is None:
            return None
        return Quantity.of(self.dimension, Fraction(str(self.factor)))


@dataclass(frozen=True)
class Quantity:
    """Powers of base quantities, in order, and a factor; whether amounts of it add up."""

    powers: tuple[tuple[str, int], ...]
    factor: Fraction = Fraction(1)
    additive: bool = False

    @classmethod
    def of(cls, powers: Mapping[str, int], factor: Fraction = Fraction(1)) -> Quantity:
        """Return the quantity of these powers: amounts add up unless they are per something."""
        kept = tuple(sorted((name, power) for name, power in powers.items() if power))
        return cls(kept, factor, bool(kept) and all(power > 0 for _, power in kept))

    def times(self, other: Quantity, sign: int = 1) -> Quantity:
        """Return the product, or with the sign -1 the quotient.

        A density times an area is an amount again; a quotient of two amounts never is.
        """
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + sign * power
        return Quantity.of(powers, self.factor * other.factor**sign)

    def fits(self, unit: Unit) -> bool:
        """Whether a figure of this quantity can be given in a unit."""
        declared = unit.quantity
        if declared is None:
            return False
        if not unit.of_counts:
            return self.powers == declared.powers
        counted = dict(self.powers)
        counted[_PERSONS] = counted.get(_PERSONS, 0) + 1
        left = {name: power for name, power in counted.items() if power}
        return list(left.values()) == [1] and _MEASURED.isdisjoint(left)

    def __str__(self) -> str:
        def product(sign: int) -> str:
            return "·".join(
                name if abs(power) == 1 else f"{name}^{abs(power)}"
                for name, power in self.powers if power * sign > 0
            )

        above, below = product(1) or "1", product(-1)
        scale = "" if self.factor == 1 else f"{float(self.factor):g} "
        return f"{scale}{above}" + (f"/{below}" if below else "")
