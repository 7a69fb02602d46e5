"""The whole story: the fleet comes in, then every scene at its moment."""

from __future__ import annotations

from collections.abc import Sequence

from examples.demo.play import Play
from examples.demo.records import Incident
from examples.demo.results import Result
from examples.demo.stage import Stage
from examples.demo.timeline import in_order, scenes
from examples.demo.twists import twists


async def tell(stage: Stage, incidents: Sequence[Incident]) -> list[Result]:
    """Play all incidents in their true order; return what came out, in the order of filing."""
    plays = {incident.key: Play(stage, incident) for incident in incidents}
    await _bring_in_customers(stage)
    told = [scene for play in plays.values() for scene in scenes(play)]
    for scene in in_order([*told, *twists(plays)]):
        stage.clock.move_to(scene.at)
        await scene.play()
    return [result for play in plays.values() for result in play.results]


async def _bring_in_customers(stage: Stage) -> None:
    """Import the customers from the file that a vendor would hand over."""
    accepted = await stage.bring_in("customers", "customers.ndjson", stage.fleet.customers)
    held = sum(map(len, stage.fleet.installs.values()))
    stage.claims.tell("the vendor", f"brings in {accepted} customers; {held} installs follow, product by product")
