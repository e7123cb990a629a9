# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next command, as it is pasted into a shell."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import FAILED, Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._run import commands, table
from helpers import cases
from helpers.cases import NEW, OLD

RUN = replace(cases.run(), inventory="-i inventory.yml")


def test_what_was_given_before_is_given_again_and_a_consent_replaces_an_older_one() -> None:
    given = {
        "nso_ha_candidate": "-e nso_ha_candidate=n2",
        "nso_ha_allow_overwrite": "-e nso_ha_allow_overwrite=n3@old",
    }
    consents = {"nso_ha_allow_overwrite": "-e nso_ha_allow_overwrite=n3@new"}
    assert commands.again(replace(RUN, given=given), consents) == (
        "ansible-playbook nso.ha.converge -i inventory.yml -e nso_ha_candidate=n2 "
        "-e nso_ha_allow_overwrite=n3@new"
    )


def test_one_option_agrees_to_all_that_was_refused() -> None:
    verdicts = [Verdict("overwrite", FAILED, "newer", host) for host in ("n2", "n3")]
    decision = cases.decision().with_verdicts(verdicts)
    decision = replace(decision, plan=replace(decision.plan, before={"n2": OLD, "n3": NEW}))
    assert commands.consents(decision) == {
        "nso_ha_allow_overwrite": "-e nso_ha_allow_overwrite=n2@id1/5.000000,n3@id1/6.000000"
    }


def test_a_sentence_is_told_apart_from_the_command_that_it_ends_with() -> None:
    assert commands.split("start NSO on n1, then run nso.ha.rejoin", RUN) == (
        "start NSO on n1, then run",
        "ansible-playbook nso.ha.rejoin -i inventory.yml",
    )
    assert commands.split("run nso.ha.converge", RUN)[0] == ""
    assert commands.split("wait for it", RUN) == ("wait for it", "")


def test_a_long_command_is_broken_so_that_a_shell_still_takes_it() -> None:
    option = f"-e nso_ha_allow_overwrite={'n' * 50}"
    lines = table.command(f"ansible-playbook nso.ha.rejoin -i inventory.yml {option}", "Next:")
    assert [line.text for line in lines] == [
        "Next:",
        "  ansible-playbook nso.ha.rejoin -i inventory.yml \\",
        f"    {option}",
    ]
