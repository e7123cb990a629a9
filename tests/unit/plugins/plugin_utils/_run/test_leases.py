# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long the locks of a run are valid, and when that is too short."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store.lock import MAX_LEASE
from ansible_collections.nso.ha.plugins.plugin_utils._run import leases
from ansible_collections.nso.ha.plugins.plugin_utils._run.leases import LEAST, Crowd
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Limits
from helpers import cases
from helpers.cases import N1, N2, N3

THREE = Crowd(hosts=3, forks=5)
#: All copies of three nodes one after the other: 2 x 30 + 3 x (6 x 30 + 300 + 60).
ONE_FORK = Crowd(hosts=3, forks=1)


@pytest.mark.parametrize(
    ("hosts", "forks", "throttle", "rounds"),
    [(3, 5, 0, 1), (5, 5, 0, 1), (6, 5, 0, 2), (100, 5, 0, 20), (6, 5, 2, 3), (6, 2, 9, 3)],
)
def test_hosts_take_as_many_rounds_as_forks_or_a_throttle_make(
    hosts: int, forks: int, throttle: int, rounds: int
) -> None:
    assert Crowd(hosts, forks, throttle).rounds == rounds


def test_by_default_a_lock_lasts_as_long_as_the_limits_and_the_rounds_ask_for() -> None:
    settings = [cases.settings(one) for one in (N1, N2, N3)]
    assert leases.lease(settings, THREE) == LEAST
    assert leases.lease(settings, ONE_FORK) == 60 + 3 * (180 + 300 + 60)
    for crowd in (THREE, ONE_FORK, Crowd(hosts=100, forks=5)):
        assert leases.problems(settings, crowd) == []


@pytest.mark.parametrize(
    ("limits", "needed"),
    [
        (Limits(wait=1000), 60 + 180 + 1000 + 60),
        (Limits(verify=1000), 60 + 180 + 300 + 1000),
        (Limits(rollback=1000), 60 + 180 + 1000 + 60),
        (Limits(hook=5000), 5000 + 180 + 120),
        (Limits(catch_up=5000), 5000 + 180 + 120),
        (Limits(answer=1000), 6 * 1000 + 120 + 4 * 1000),
    ],
)
def test_each_limit_makes_it_longer_on_whichever_host_it_is_set(
    limits: Limits, needed: float
) -> None:
    settings = [cases.settings(N1), cases.settings(N2, limits=limits)]
    assert leases.lease(settings, Crowd(2, 5)) == needed


def test_a_lock_that_would_expire_while_hosts_wait_is_refused_with_all_that_it_depends_on() -> None:
    settings = [cases.settings(N1), cases.settings(N2, limits=Limits(lock=900))]
    assert leases.problems(settings, THREE) == []
    (problem,) = leases.problems(settings, ONE_FORK)
    assert problem == (
        "n2: nso_ha_lock_timeout is 900 s, and between two renewals 1680 s can pass (a look at "
        "every node, copying and verifying: nso_ha_timeout 30 s, nso_ha_wait_timeout 300 s, "
        "nso_ha_verify_timeout 60 s; 3 rounds of 3 hosts with 1 fork). Set nso_ha_lock_timeout "
        "to 1680 or more, or leave it empty, which makes it as long as it has to be; or use more "
        "forks (-f), or lower these limits"
    )
    enough = [cases.settings(N2, limits=Limits(lock=1680))]
    assert leases.problems(enough, ONE_FORK) == []
    (hook,) = leases.problems([cases.settings(N1, limits=Limits(lock=900, hook=800))], THREE)
    assert "nso_ha_hook_timeout 800 s" in hook
    (throttled,) = leases.problems(settings, Crowd(3, 5, throttle=1))
    assert "3 rounds of 3 hosts with throttle: 1" in throttled


def test_no_lock_lasts_longer_than_a_year() -> None:
    settings = [cases.settings(N1, limits=Limits(wait=2 * MAX_LEASE))]
    assert leases.lease(settings, THREE) == MAX_LEASE
    (problem,) = leases.problems(settings, THREE)
    assert "no lock lasts longer than" in problem
