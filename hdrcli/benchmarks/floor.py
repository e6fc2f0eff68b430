"""How close networks come to the machine: the time of their operations at its own best rate, and the share reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hdrcli.benchmarks.ours import NETWORK

Row = Mapping[str, Any]


def by_precision(rates: Sequence[Row]) -> dict[str, float]:
    """FLOP/s by type of number."""
    return {one["precision"]: one["rate"] for one in rates}


def microseconds(network: Row, rates: Mapping[str, float]) -> dict[str, float]:
    """A network's least time a pixel by type of number, if it were nothing but the machine's best convolutions."""
    return {name: 1e6 * network["operations_per_pixel"] / rate for name, rate in rates.items()}


def share(network: Row, rates: Mapping[str, float]) -> dict[str, float]:
    """The shares of the machine's rates that a network reaches by the pixel."""
    least = microseconds(network, rates)
    return {name: least[name] / network["microseconds"][name]["median"] for name in rates}


def share_of_whole(row: Row, networks: Sequence[Row], rates: Mapping[str, float]) -> float | None:
    """The share of the best of the rates that the network reaches in a whole process; None of what is no network."""
    of_model = next((one for one in networks if one["model"] == row["model"]), None)
    took = row.get("stages", {}).get(NETWORK)
    if of_model is None or took is None or not rates:
        return None
    return min(microseconds(of_model, rates).values()) * row["megapixels"] / took["median"]
