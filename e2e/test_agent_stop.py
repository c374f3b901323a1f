"""Stopping an agent loses nothing: SIGTERM at any load, with a Region that answers at once, slowly or never. Each write that
was taken is answered, or counted as of unknown outcome, and the next process knows of those."""

import asyncio
import json
import os
import re
import signal

import exits
from fake_world import APP, Client, play, weather

AT_ONCE = 20
ROUNDS = 10
CLIENTS = 4
UPSTREAM_TIMEOUT = 0.3
# docs/configuration.md: upstream_timeout and five seconds. The machine is busy with twenty agents; this only ends what hangs.
PATIENCE = 30


def outcomes_of(clients):
    return {item: told for client in clients for item, told in client.outcomes.items()}


def books(region, told, name):
    """The applications' and the Region's books agree."""
    taken = set(region.taken)
    for item, outcome in told.items():
        if outcome == "answered":
            assert item in region.answered, f"{name}: {item} was acknowledged, and the Region did not answer it"
        elif outcome != "unknown":
            assert item not in taken, f"{name}: {item} was {outcome}, and the Region has taken it"
    mine = [item for item in region.taken if item.startswith(name + "-")]
    assert len(mine) == len(set(mine)), f"{name}: a write was sent twice"
    assert set(mine) <= {item for item, outcome in told.items() if outcome in ("answered", "unknown")}
    return sum(outcome == "unknown" for outcome in told.values())


async def one_life(world, name, stop_after):
    agent = await world.agent(name, upstream_timeout=f"{int(UPSTREAM_TIMEOUT * 1000)}ms")
    clients = [Client(agent.port, f"{name}-{number}") for number in range(CLIENTS)]
    tasks = [asyncio.create_task(client.run()) for client in clients]
    await agent.until(lambda: len(outcomes_of(clients)) >= stop_after, "writes are made")
    agent.process.send_signal(signal.SIGTERM)
    status = await agent.end(PATIENCE)
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
    log = agent.log.read_text()
    assert status == 0, f"{name}: exit status {status}: {log[-2000:]}"
    unknown = books(world.active, outcomes_of(clients), name)
    left = agent.directory / "state" / f"{APP}.json.unknown"
    written_down = json.loads(left.read_text())["writes"] if left.exists() else 0
    assert written_down == unknown, f"{name}: {unknown} writes of unknown outcome, {written_down} written down"
    return unknown


def test_two_hundred_stops_under_load_lose_nothing(tmp_path):
    async def story(world):
        unknown = 0
        for number in range(ROUNDS):
            lives = [one_life(world, f"h{number}x{index}", stop_after=5 + 7 * index) for index in range(AT_ONCE)]
            unknown += sum(await asyncio.gather(*lives))
        return unknown

    assert play(tmp_path, story, decide=weather(7, hung=0.02, slow=0.2)) > 0, "no write was ever of unknown outcome: this proves nothing"


def test_what_a_stop_cuts_is_known_to_the_next_process(tmp_path):
    hangs = [False]

    async def story(world):
        agent = await world.agent("h", upstream_timeout="200ms")
        clients = [Client(agent.port, f"h-{number}") for number in range(5)]
        tasks = [asyncio.create_task(client.run()) for client in clients]
        await agent.until(lambda: len(world.active.answered) > 50, "writes are answered")
        hangs[0] = True
        await agent.until(lambda: len(set(world.active.taken) - world.active.answered) >= 5, "each client waits")
        agent.process.send_signal(signal.SIGTERM)
        assert await agent.end(PATIENCE) == 0
        await asyncio.gather(*tasks)
        unknown = books(world.active, outcomes_of(clients), "h")
        assert unknown >= 5
        assert re.search(rf"leaves writes whose outcome is unknown.* writes={unknown}\b", agent.log.read_text())
        hangs[0] = False
        world.controller.reports.clear()
        await agent.start()
        await agent.until(lambda: world.controller.reports.get("h", {}).get("unknown", {}).get("count") == unknown, "its reports tell")
        report = world.controller.reports["h"]
        assert report["unknown"]["newest_age_ms"] < 30_000, "they count from the start of the process"
        assert f"outcome is unknown app={APP} writes={unknown}" in agent.log.read_text()
        agent.process.send_signal(signal.SIGTERM)
        assert await agent.end(PATIENCE) == 0

    play(tmp_path, story, decide=lambda _: None if hangs[0] else 0.0)


def test_a_signal_while_it_starts_is_an_order_to_stop(tmp_path):
    """It waits for its AWS keys when the signal comes."""

    async def story(world):
        asked, keys = tmp_path / "asked", tmp_path / "keys"
        os.mkfifo(keys)
        (tmp_path / "credentials").write_text(f"[default]\ncredential_process = sh -c 'touch {asked}; cat {keys}'\n")
        starting = asyncio.create_task(world.agent("h"))

        def asks_for_keys():
            assert not starting.done(), starting.exception()
            return asked.exists()

        await exits.until_meanwhile(asks_for_keys, 60, "it asks for its keys")
        starting.cancel()
        agent = world.agents["h"]
        agent.process.send_signal(signal.SIGTERM)
        keys.write_text('{"Version":1,"AccessKeyId":"AKIDEXAMPLE","SecretAccessKey":"secret"}')
        assert await agent.end(PATIENCE) == 0, agent.log.read_text()[-2000:]

    play(tmp_path, story)
