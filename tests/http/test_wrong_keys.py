"""Wrong keys: whoever tries many waits, by address; whoever has a good one does not, or not for long."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from structlog.testing import capture_logs

from filmgate.core.account import new_key
from filmgate.core.errors import RateLimited, ServiceUnavailable, Unauthenticated
from filmgate.database.connection import Database
from filmgate.http.addresses import UNKNOWN, network_of
from filmgate.http.services import LOOPBACK, Services
from filmgate.http.wrong_keys import AT_ONCE, FORGOTTEN_AFTER, FREE_TRIES, LONGEST_WAIT, WrongKeys
from filmgate.usecases import accounts
from tests.http.caller import opened


@dataclass
class Clock:
    """Seconds, as far as the test has turned it."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


async def guess(keys: WrongKeys, database: Database, *, address: str = "a", key: str = "") -> float:
    """Try a key that is none; return how long the next one has to wait."""
    try:
        await keys.recognise(key or new_key(), address=address, database=database)
    except Unauthenticated:
        return 0
    except RateLimited as error:
        return error.retry_after.total_seconds()
    raise AssertionError("the key was good")


async def test_after_some_wrong_keys_the_wait_doubles_up_to_a_minute(database: Database) -> None:
    clock = Clock()
    keys = WrongKeys(clock=clock)
    free = [await guess(keys, database) for _ in range(FREE_TRIES)]
    waits = []
    for _ in range(8):
        waits.append(await guess(keys, database))
        clock.now += waits[-1]
        assert await guess(keys, database) == 0
    assert free == [0] * FREE_TRIES
    assert waits == [1, 2, 4, 8, 16, 32, *[LONGEST_WAIT.total_seconds()] * 2]


async def test_a_thousand_guesses_at_once_are_no_way_round_it(database: Database) -> None:
    keys = WrongKeys(clock=Clock())
    waits = await asyncio.gather(*(guess(keys, database) for _ in range(1_000)))
    assert waits.count(0) == AT_ONCE
    assert await guess(keys, database) == LONGEST_WAIT.total_seconds()


async def test_a_slowed_address_has_one_guess_at_a_time(database: Database) -> None:
    clock = Clock()
    keys = WrongKeys(clock=clock)
    for _ in range(FREE_TRIES):
        await guess(keys, database)
    clock.now += 1
    waits = await asyncio.gather(*(guess(keys, database) for _ in range(50)))
    assert waits.count(0) == 1


async def test_a_new_key_on_many_connections_at_once_is_one_guess(
    services: Services, key: str
) -> None:
    """As after a restart, when nothing is known yet."""
    async with opened(services, key) as client:
        answers = await asyncio.gather(*(client.get("/v1/models") for _ in range(2 * AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}


async def test_wrong_keys_are_forgotten_after_a_while(database: Database) -> None:
    clock = Clock()
    keys = WrongKeys(clock=clock)
    for _ in range(FREE_TRIES):
        await guess(keys, database)
    assert await guess(keys, database) == 1
    clock.now += FORGOTTEN_AFTER.total_seconds() + 1
    assert [await guess(keys, database) for _ in range(FREE_TRIES)] == [0] * FREE_TRIES


async def test_another_address_is_not_slowed(database: Database) -> None:
    keys = WrongKeys(clock=Clock())
    for _ in range(FREE_TRIES + 1):
        await guess(keys, database)
    assert await guess(keys, database, address="b") == 0


async def test_good_keys_of_a_whole_company_at_once_are_no_guesses(
    database: Database, key: str
) -> None:
    keys = WrongKeys(clock=Clock())
    more = [
        (await accounts.create_key(database, account="ours", name="x"))[0]
        for _ in range(2 * FREE_TRIES)
    ]
    await asyncio.gather(
        *(keys.recognise(each, address="a", database=database) for each in [key, *more])
    )
    assert await guess(keys, database) == 0


async def test_a_known_key_works_from_an_address_that_guesses_and_an_unknown_good_one_waits(
    services: Services, key: str
) -> None:
    late, _ = await accounts.create_key(services.database, account="ours", name="late")
    async with opened(services, key) as ours, opened(services, late) as latecomer:
        assert (await ours.get("/v1/models")).status_code == 200
        async with opened(services, None) as guesser:
            for _ in range(FREE_TRIES + 1):
                refused = await guesser.get(
                    "/v1/models", headers={"authorization": f"Bearer {new_key()}"}
                )
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert (await ours.get("/v1/models")).status_code == 200
        # Looking at it would tell the guesser whether it is good.
        assert (await latecomer.get("/v1/models")).status_code == 429


async def test_a_slowed_address_is_logged_once_and_no_key_ever(services: Services) -> None:
    key = new_key()
    with capture_logs() as lines:
        async with opened(services, key) as guesser:
            for _ in range(FREE_TRIES + 5):
                await guesser.get("/v1/models")
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [line["address"] for line in warnings] == ["203.0.113.5"]
    assert not [secret for secret in (key, key[-8:]) if secret in str(lines)]


async def test_a_mistyped_key_counts_and_never_reaches_the_database(dsn: str) -> None:
    away = await Database.open(dsn)
    await away.aclose()
    keys = WrongKeys(clock=Clock())
    waits = [await guess(keys, away, key="sk-fg-mistyped") for _ in range(FREE_TRIES + 1)]
    assert waits == [0] * FREE_TRIES + [1]


async def test_a_database_that_is_away_makes_no_key_a_wrong_one(
    dsn: str, database: Database
) -> None:
    away = await Database.open(dsn)
    await away.aclose()
    keys = WrongKeys(clock=Clock())
    for _ in range(2 * FREE_TRIES):
        with pytest.raises(ServiceUnavailable):
            await keys.recognise(new_key(), address="a", database=away)
    assert await guess(keys, database) == 0


async def test_a_request_without_a_key_is_no_guess(services: Services) -> None:
    async with opened(services, None) as anonymous:
        answers = [await anonymous.get("/v1/models") for _ in range(2 * FREE_TRIES)]
    assert {answer.status_code for answer in answers} == {401}


async def test_a_spray_of_addresses_takes_no_more_memory_than_agreed(database: Database) -> None:
    keys = WrongKeys(clock=Clock(), remembered=100)
    for number in range(300):
        await guess(keys, database, address=str(number), key="sk-fg-mistyped")
    assert keys.address_count == 100


# Addresses


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", UNKNOWN),
        ("nonsense", UNKNOWN),
        ("203.0.113.5, 203.0.113.6", UNKNOWN),
    ],
)
def test_an_ipv6_client_counts_by_its_network(host: str, network: str) -> None:
    assert network_of(host) == network


async def statuses_behind(
    services: Services, *, proxy: str, forwarded: list[str], tries: int = FREE_TRIES + 1
) -> list[int]:
    """Of wrong keys that a proxy passes on."""
    async with opened(services, "sk-fg-mistyped", address=proxy) as guesser:
        return [
            (
                await guesser.get(
                    "/v1/models", headers={"x-forwarded-for": forwarded[number % len(forwarded)]}
                )
            ).status_code
            for number in range(tries)
        ]


async def test_behind_a_trusted_proxy_its_clients_are_told_apart(services: Services) -> None:
    both = ["198.51.100.1", "198.51.100.2"]
    assert set(await statuses_behind(services, proxy="127.0.0.1", forwarded=both)) == {401}
    assert 429 in await statuses_behind(services, proxy="127.0.0.1", forwarded=both[:1])


async def test_what_a_client_writes_itself_before_the_proxy_does_not_help(
    services: Services,
) -> None:
    forged = [f"192.0.2.{number}, 198.51.100.1" for number in range(50)]
    assert 429 in await statuses_behind(services, proxy="127.0.0.1", forwarded=forged)


async def test_nobody_else_is_believed(services: Services) -> None:
    forged = [f"192.0.2.{number}" for number in range(50)]
    assert 429 in await statuses_behind(services, proxy="203.0.113.77", forwarded=forged)


async def test_a_chain_of_trusted_proxies_is_followed(services: Services) -> None:
    trusting = replace(services, trusted_proxies=[*LOOPBACK, *LOOPBACK])
    forged = [f"198.51.100.{number}, 127.0.0.2" for number in range(50)]
    assert set(await statuses_behind(trusting, proxy="127.0.0.1", forwarded=forged)) == {401}
