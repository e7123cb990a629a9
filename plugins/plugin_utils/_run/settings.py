# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The settings of a host: its variables, read and checked in one place.

A host states its settings itself, in a task without a connection, so that they are what its modules
will be given. Those of a host that Ansible has dropped are read from the inventory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.nso.ha.plugins.module_utils._node import validation
from ansible_collections.nso.ha.plugins.module_utils._node.ways import (
    HA_SOCKET,
    OPERATIONAL_STATE,
    WAYS,
)

from .._model.topology import DEFAULT_PRIORITY, MEMBER, Member
from . import health, tokens

DEFAULT_GROUP = "nso"
DEFAULT_STATE_DIR = "/var/lib/nso-ha"

#: Variables that count for the whole group, and have to be the same on each host.
OF_THE_GROUP = (
    "nso_ha_allow_data_loss",
    "nso_ha_allow_orphans",
    "nso_ha_allow_overwrite",
    "nso_ha_announce_tasks",
    "nso_ha_assume_dead",
    "nso_ha_backup_tasks",
    "nso_ha_break_lock",
    "nso_ha_candidate",
    "nso_ha_fail_when",
    "nso_ha_fence_tasks",
    "nso_ha_gap_limit",
    "nso_ha_group",
    "nso_ha_history_limit",
    "nso_ha_operation",
    "nso_ha_override",
    "nso_ha_planned_candidate",
    "nso_ha_withdraw_tasks",
)

#: Variables of the role: the token and the access file, wherever they come from.
TOKEN = "__nso_ha_token"
ACCESS_FILE = "__nso_ha_access_file"

#: The token as users give it for a host.
GIVEN_TOKEN = "nso_ha_token"

#: The variable that has the ways of looking at a node, and what it is by default.
LOOK = "nso_ha_look"
DEFAULT_LOOK = (OPERATIONAL_STATE,)

#: Variables of the group that are text, and those that are lists of names or text with names.
_TEXTS_OF_THE_GROUP = (
    "nso_ha_announce_tasks",
    "nso_ha_backup_tasks",
    "nso_ha_candidate",
    "nso_ha_fence_tasks",
    "nso_ha_group",
    "nso_ha_operation",
    "nso_ha_planned_candidate",
    "nso_ha_withdraw_tasks",
)
_NAMES_OF_THE_GROUP = (
    "nso_ha_allow_data_loss",
    "nso_ha_allow_orphans",
    "nso_ha_allow_overwrite",
    "nso_ha_assume_dead",
    "nso_ha_override",
)

#: The variable that says how much `history` has, its default, and the most that a log has.
HISTORY_LIMIT = "nso_ha_history_limit"
DEFAULT_HISTORY_LIMIT = 20
MOST_HISTORY = 200

#: The variable that says with which health `status` fails, and the word for all that is not well.
FAIL_WHEN = "nso_ha_fail_when"
UNHEALTHY = "unhealthy"

#: The connection plugin that does not leave the controller.
_LOCAL = ("local", "ansible.builtin.local")

#: Evaluates a variable of a host; raises NotEvaluable. None is one that is not set.
Read = Callable[[str], object]


_Default = TypeVar("_Default")


class NotEvaluable(Exception):
    """A variable whose value cannot be made out; the text says why."""


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds. `lock` is None where it is not given; see leases.py for that."""

    answer: float = 30
    wait: float = 300
    verify: float = 60
    catch_up: float = 30
    rollback: float = 60
    hook: float = 120
    start: float = 300
    lock: float | None = None


#: The variable of each limit.
LIMIT_NAMES: Mapping[str, str] = {
    "answer": "nso_ha_timeout",
    "wait": "nso_ha_wait_timeout",
    "verify": "nso_ha_verify_timeout",
    "catch_up": "nso_ha_catch_up_timeout",
    "rollback": "nso_ha_rollback_timeout",
    "hook": "nso_ha_hook_timeout",
    "start": "nso_ha_start_timeout",
    "lock": "nso_ha_lock_timeout",
}


@dataclass(frozen=True)
class Settings:
    """The settings of one host.

    member:      what the inventory wants of the node
    limits:      time limits
    look:        the ways of looking at the node where no order follows, in the order of trying
    path, ip, port, access_file: the connection options of the modules; "" is one that is not given
    state_dir:   the state directory of the node
    ha_port, process: how to tell whether a daemon runs; "" is the default of ncs_ha_status
    group:       the variables that count for the whole group, as they are on this host
    problems:    what is wrong with a variable, in words, with its name and the host's
    has_token:   whether there is a token, or it is not known
    token_digest: by which it is compared with those of the other hosts, see tokens.py; "" for none
    stated:      whether the host has said this itself; else it is from the inventory
    history_limit: how many operations `history` has
    fail_when:   the states of health with which `status` fails
    """

    member: Member
    limits: Limits
    path: str
    ip: str
    port: str
    access_file: str
    state_dir: str
    ha_port: str
    process: str
    group: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    has_token: bool = True
    stated: bool = True
    look: tuple[str, ...] = DEFAULT_LOOK
    token_digest: str = ""
    history_limit: int = DEFAULT_HISTORY_LIMIT
    fail_when: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """Return a variable of the group as text without blanks around it; "" if not set."""
        return as_text(self.group.get(name))


def as_text(value: object) -> str:
    """Return a variable as text without blanks around it; "" where it is not set."""
    return "" if value is None else str(value).strip()


@dataclass
class _Reader:
    """Reads the variables of a host, and keeps what is wrong with them."""

    host: str
    evaluate: Read
    problems: list[str] = field(default_factory=list)
    token: str = ""

    def value(self, name: str) -> object:
        try:
            return self.evaluate(name)
        except NotEvaluable as problem:
            # What users set has no underscores before it.
            shown = name.removeprefix("__")
            self.problems.append(f"{shown} of {self.host} cannot be evaluated: {problem}")
            return None

    def text(self, name: str, default: str = "") -> str:
        value = self.value(name)
        self._refuse(name, validation.text_problem(value))
        return as_text(value) or default

    def address(self) -> tuple[str, str]:
        """Return the address at which others dial the node, and the variable that has it."""
        for name in ("nso_ha_node_ip", "ansible_host"):
            text = self.text(name)
            if text:
                return text, name
        return self.host, "inventory_hostname"

    def of_the_group(self, name: str) -> object:
        value = self.value(name)
        if name in _TEXTS_OF_THE_GROUP:
            self._refuse(name, validation.text_problem(value))
        if name in _NAMES_OF_THE_GROUP and isinstance(value, (list, tuple)):
            for entry in value:
                self._refuse(f"an entry of {name}", validation.text_problem(entry))
        return value

    def _refuse(self, name: str, problem: str) -> None:
        if problem:
            self.problems.append(f"{name.removeprefix('__')} of {self.host} {problem}")

    def check_token(self) -> bool:
        """Return whether there is a token, and keep it.

        What is wrong with it is kept among the problems, without a word of it.
        """
        before = len(self.problems)
        given = self.value(GIVEN_TOKEN)
        if len(self.problems) > before:
            return True
        if validation.kind_of(given):
            self._refuse(GIVEN_TOKEN, validation.token_problem(given))
            return True
        token = self.value(TOKEN)
        if len(self.problems) > before:
            self.problems[-1] += ". NSO_HA_TOKEN_FILE has to name a file on the controller"
            return True
        if not as_text(token):
            return False
        problem = validation.token_problem(token)
        if problem and not validation.kind_of(token):
            problem += (
                ". Remove them from nso_ha_token, from the file that NSO_HA_TOKEN_FILE names, or "
                "from NSO_HA_TOKEN, whichever has the token"
            )
        self._refuse(GIVEN_TOKEN, problem)
        self.token = "" if problem else as_text(token)
        return True

    def look(self) -> tuple[str, ...]:
        """Return the ways of looking at the node, each once."""
        value = self.value(LOOK)
        ways = _words(value)
        if ways is not None and not set(ways).difference(WAYS):
            return tuple(dict.fromkeys(ways)) or DEFAULT_LOOK
        self._refuse(LOOK, f"is {value!r}; it has to be a list of {' and '.join(WAYS)}")
        return DEFAULT_LOOK

    def fail_when(self, value: object) -> tuple[str, ...]:
        """Return the states of health with which status fails, each once."""
        names = _words(value)
        states = [state for state in health.EXIT_STATUS if state != health.HEALTHY]
        if names is None or set(names).difference([*states, UNHEALTHY]):
            self._refuse(
                FAIL_WHEN, f"is {value!r}; it has to be a list of {', '.join([UNHEALTHY, *states])}"
            )
            return ()
        return tuple(states if UNHEALTHY in names else dict.fromkeys(names))

    def history_limit(self, value: object) -> int:
        """Return how many operations `history` has."""
        text = as_text(value)
        if not text:
            return DEFAULT_HISTORY_LIMIT
        if isinstance(value, bool) or not text.isdecimal() or not 1 <= int(text) <= MOST_HISTORY:
            self._refuse(
                HISTORY_LIMIT, f"is {value!r}; it has to be a whole number from 1 to {MOST_HISTORY}"
            )
            return DEFAULT_HISTORY_LIMIT
        return int(text)

    def truth(self, name: str) -> bool:
        """Return a variable that is true or false; false where it is not given."""
        value = self.value(name)
        try:
            return truth(value)
        except ValueError:
            self._refuse(name, f"is {value!r}; it has to be true or false")
            return False

    def seconds(self, name: str, default: _Default) -> float | _Default:
        try:
            return seconds(self.value(name), name, default)
        except ValueError as problem:
            self.problems.append(f"{self.host}: {problem}")
            return default


def read(
    host: str,
    evaluate: Read,
    *,
    stated: bool = True,
    transport: str = "",
    digest: Callable[[str], str] | None = None,
) -> Settings:
    """Return the settings of a host.

    `transport` is the name of the connection plugin by which Ansible reaches it, "" where that is
    not known. `digest` returns the digest of a token; without it tokens are not compared.
    """
    reader = _Reader(host, evaluate)
    defaults = Limits()
    limits = {
        limit: reader.seconds(name, getattr(defaults, limit)) for limit, name in LIMIT_NAMES.items()
    }
    has_token = reader.check_token() if stated else True
    look = reader.look()
    # Such a host cannot even be looked at without one.
    if look[0] == HA_SOCKET and not has_token:
        reader.problems.append(_no_token(host))
    group = {name: reader.of_the_group(name) for name in OF_THE_GROUP}
    history_limit = reader.history_limit(group[HISTORY_LIMIT])
    fail_when = reader.fail_when(group[FAIL_WHEN])
    address, address_from = reader.address()
    ha_port = as_text(reader.value("nso_ha_ha_port"))
    member = Member(
        host=host,
        node_id=reader.text("nso_ha_node_id", host),
        address=address,
        role=reader.text("nso_ha_role", MEMBER),
        upstream=reader.text("nso_ha_upstream"),
        priority=_priority(reader.value("nso_ha_priority")),
        hold=reader.truth("nso_ha_hold_followers"),
        start_phases=reader.truth("nso_ha_start_phases"),
        address_from=address_from,
        local=(transport or reader.text("ansible_connection")) in _LOCAL,
        ha_port=ha_port,
    )
    return Settings(
        member=member,
        limits=Limits(**limits),
        path=reader.text("nso_ha_path"),
        ip=reader.text("nso_ha_ip"),
        port=as_text(reader.value("nso_ha_port")),
        access_file=reader.text(ACCESS_FILE),
        state_dir=reader.text("nso_ha_state_dir", DEFAULT_STATE_DIR),
        ha_port=ha_port,
        process=reader.text("nso_ha_process"),
        group=group,
        problems=tuple(reader.problems),
        has_token=has_token,
        stated=stated,
        look=look,
        token_digest=digest(reader.token) if digest and reader.token else "",
        history_limit=history_limit,
        fail_when=fail_when,
    )


def _words(value: object) -> list[str] | None:
    """Return the entries of a list, or of text with commas or blanks; None of anything else."""
    if value is None:
        return []
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value):
        return [word.strip() for word in value if word.strip()]
    return None


def _priority(value: object) -> int:
    """Return a priority; -1 for what is not a whole number, which no topology may have."""
    if value is None or not str(value).strip():
        return DEFAULT_PRIORITY
    try:
        return int(str(value).strip())
    except ValueError:
        return -1


def truth(value: object) -> bool:
    """Return whether a value, which may be text, is true; blank text is not given, so it is false.

    Raises ValueError for what is neither true nor false.
    """
    if value is None or not str(value).strip():
        return False
    try:
        return bool(boolean(str(value)))
    except TypeError:
        raise ValueError(f"{value!r} is neither true nor false") from None


def seconds(value: object, name: str, default: _Default) -> float | _Default:
    """Return a time in seconds that was given as a number or as text; blank text is not given.

    Raises ValueError for anything else.
    """
    if value is None or not str(value).strip():
        return default
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if isinstance(value, bool) or not 0 <= number < float("inf"):
        raise ValueError(f"{name} is {value!r}; it has to be a number of seconds")
    return number


def problems(settings: Sequence[Settings], orders: bool) -> list[str]:
    """Return what is wrong with the settings of the hosts, one by one and together, in words.

    `orders` says whether orders may follow, which take a token.
    """
    lacking = [
        host_settings.member.host
        for host_settings in settings
        if not host_settings.has_token
        and (orders or _no_token(host_settings.member.host) in host_settings.problems)
    ]
    reasons = [_no_token(", ".join(lacking))] if lacking else []
    reasons += [
        text
        for host_settings in settings
        for text in host_settings.problems
        if text != _no_token(host_settings.member.host)
    ]
    stated = [host_settings for host_settings in settings if host_settings.stated]
    for name in OF_THE_GROUP:
        reasons += _uneven(name, stated)
    return reasons


def token_problems(settings: Sequence[Settings]) -> list[str]:
    """Return in words that hosts have another token than the others, or nothing."""
    return tokens.differing(
        {host_settings.member.host: host_settings.token_digest for host_settings in settings}
    )


def _no_token(hosts: str) -> str:
    return (
        f"{hosts}: there is no token. Set nso_ha_token, or give the job a credential that has it, "
        "or put it into the environment of Ansible: NSO_HA_TOKEN_FILE names a file with it, "
        "NSO_HA_TOKEN is the token itself"
    )


def _uneven(name: str, settings: Sequence[Settings]) -> list[str]:
    """Return in words that hosts differ in a variable that is one for all of them, or nothing."""
    values = {
        host_settings.member.host: host_settings.group.get(name) or None
        for host_settings in settings
    }
    first = next(iter(values), "")
    others = [host for host in values if values[host] != values[first]]
    if not others:
        return []
    return [
        f"{name} is not the same on {', '.join(others)} as on {first}. It counts for the whole "
        "group and cannot be set for a host: give it with -e, and name the nodes in it"
    ]
