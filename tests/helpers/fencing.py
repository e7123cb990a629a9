# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of fencing tasks: those that can be relied on, and those that cannot, with the reason.

As a program it reads paths from standard input, loads each file as the decision of a run does, and
prints what speaks against it: python -m helpers.fencing DIRECTORY.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

from helpers.frozen import ASK, CONFIRM, command
from helpers.modules import COLLECTIONS

OFF = command("true")
CONFIRM_WRONGLY = {**CONFIRM, "delegate_to": "localhost"}

RELIABLE: dict[str, object] = {
    "fenced, asked, confirmed": [OFF, ASK, CONFIRM],
    "a failure that is handled": [
        {"block": [command("false")], "rescue": [{"ansible.builtin.debug": {"msg": "softly"}}]},
        ASK,
        CONFIRM,
    ],
    "a block that ends with it": [
        {
            "block": [OFF, ASK, CONFIRM],
            "rescue": [{"ansible.builtin.fail": {"msg": "it did not work"}}],
        }
    ],
    "two ways": [
        {"block": [OFF, ASK, CONFIRM], "when": "vendor == 'a'"},
        {"block": [OFF, ASK, CONFIRM], "when": "vendor == 'b'"},
    ],
    "a look at what came of it": [
        OFF,
        ASK,
        {"ansible.builtin.fail": {"msg": "it is on"}, "when": "outlet.on"},
        CONFIRM,
    ],
    "an included file": [OFF, {"ansible.builtin.include_tasks": "ask.yml"}, CONFIRM],
    "an imported file": [OFF, {"ansible.builtin.import_tasks": {"file": "ask.yml"}}, CONFIRM],
    "a list of outlets": [{**ASK, "loop": [1, 2]}, CONFIRM],
    "a role, and a question after it": [
        {"ansible.builtin.include_role": {"name": "power"}},
        ASK,
        CONFIRM,
    ],
    "the old form": [
        OFF,
        ASK,
        {"action": "nso.ha.ncs_ha_operation state=confirmed host={{ nso_ha_fence_host }}"},
    ],
    "a role with tasks of all kinds": [
        {"ansible.builtin.include_role": {"name": "orderly"}},
        ASK,
        CONFIRM,
    ],
    "as many at a time as there are": [{**OFF, "throttle": 1, "tags": ["power"]}, ASK, CONFIRM],
    "errors that are not ignored": [{**OFF, "ignore_errors": False}, ASK, CONFIRM],
}

UNRELIABLE: dict[str, tuple[object, str]] = {
    "empty": ("", "has no tasks"),
    "not there": (None, "no-such-file"),
    "bad YAML": ("- a: [", "unreliable"),
    "no list": ({"a": 1}, "has no tasks"),
    "a list of something else": (["a", CONFIRM], "where a task should be"),
    "unknown action": ([{"no.such.action": {}}, ASK, CONFIRM], "no.such.action"),
    "unknown action in a rescue": (
        [{"block": [OFF], "rescue": [{"no.such.action": {}}]}, ASK, CONFIRM],
        "no.such.action",
    ),
    "unknown keyword": ([{**ASK, "wehn": True}, CONFIRM], "wehn"),
    "unknown keyword of a block": ([{"block": [OFF], "wehn": True}, ASK, CONFIRM], "wehn"),
    "no confirmation": ([OFF, ASK], "has to end with a task that confirms"),
    "another module in its place": (
        [OFF, ASK, {"nso.ha.ncs_ha_operation": {"state": "ended", "host": "n1"}}],
        "has to end with a task that confirms",
    ),
    "something after the confirmation": ([OFF, ASK, CONFIRM, ASK], "has to end with a task"),
    "nothing but the confirmation": ([CONFIRM], "nothing before it does anything"),
    "nothing that does anything": (
        [{"ansible.builtin.debug": {"msg": "off"}}, CONFIRM],
        "nothing before it does anything",
    ),
    "confirmed twice": ([ASK, CONFIRM, CONFIRM], "nothing before it does anything"),
    "ignored errors": ([command("false", ignore_errors=True), ASK, CONFIRM], "ignore_errors"),
    "errors that a block ignores": (
        [{"block": [command("false")], "ignore_errors": True}, ASK, CONFIRM],
        "ignore_errors",
    ),
    "errors that are ignored sometimes": (
        [command("false", ignore_errors="{{ lenient }}"), ASK, CONFIRM],
        "ignore_errors",
    ),
    "errors ignored in what is included": (
        [
            {
                "ansible.builtin.include_tasks": {
                    "file": "ask.yml",
                    "apply": {"ignore_errors": True},
                }
            },
            ASK,
            CONFIRM,
        ],
        "ignore_errors",
    ),
    "an included file that ignores errors": (
        [{"ansible.builtin.include_tasks": "lenient.yml"}, ASK, CONFIRM],
        "ignore_errors",
    ),
    "ignored unreachable": (
        [command("true", ignore_unreachable=True), ASK, CONFIRM],
        "unreachable",
    ),
    "skipped": ([command("true", when=False), CONFIRM], "has a condition"),
    "skipped as a block": ([{"block": [ASK], "when": "some"}, CONFIRM], "has a condition"),
    "an included file that may be skipped": (
        [{"ansible.builtin.include_tasks": "ask.yml", "when": "some"}, CONFIRM],
        "has a condition",
    ),
    "rescued": (
        [{"block": [ASK], "rescue": [{"ansible.builtin.debug": {"msg": "well"}}]}, CONFIRM],
        "rescues a failure",
    ),
    "never fails": ([command("false", failed_when=False), ASK, CONFIRM], "failed_when: false"),
    "not waited for": ([command("sleep", "9", poll=0, **{"async": 9}), ASK, CONFIRM], "poll: 0"),
    "check mode": ([command("true", check_mode=True), ASK, CONFIRM], "check_mode"),
    "once for all": ([command("true", run_once=True), ASK, CONFIRM], "run_once"),
    "a handler": ([command("true", notify="later"), ASK, CONFIRM], "notify"),
    "the end of the play": ([{"ansible.builtin.meta": "end_play"}, ASK, CONFIRM], "end_play"),
    "hosts brought back": ([{"meta": "clear_host_errors"}, ASK, CONFIRM], "clear_host_errors"),
    "a loop over what may be nothing": ([command("true", loop="{{ outlets }}"), CONFIRM], "loops"),
    "a loop over nothing": ([command("true", loop=[]), CONFIRM], "loops"),
    "a loop of which a part is skipped": (
        [command("true", loop=[1, 2], when="item == 1"), CONFIRM],
        "has a condition",
    ),
    "a templated include": (
        [{"ansible.builtin.include_tasks": "{{ vendor }}.yml"}, ASK, CONFIRM],
        "by a name made by a template",
    ),
    "a templated role": (
        [{"ansible.builtin.include_role": {"name": "{{ vendor }}"}}, ASK, CONFIRM],
        "by a name made by a template",
    ),
    "an include of nothing": (
        [{"ansible.builtin.include_tasks": "no-such.yml"}, ASK, CONFIRM],
        "is not there",
    ),
    "an include of itself": ([{"ansible.builtin.include_tasks": "itself.yml"}, CONFIRM], "deep"),
    "no such role": ([{"ansible.builtin.include_role": {"name": "none"}}, ASK, CONFIRM], "none"),
    "a role that cannot be loaded": (
        [{"ansible.builtin.include_role": {"name": "broken"}}, ASK, CONFIRM],
        "no.such.action",
    ),
    "a role whose file cannot be loaded": (
        [{"ansible.builtin.include_role": {"name": "deeply_broken"}}, ASK, CONFIRM],
        "no.such.action",
    ),
    "a role as the last word": (
        [{"ansible.builtin.include_role": {"name": "power"}}, CONFIRM],
        "whether a role did anything",
    ),
    "a role that ends the play": (
        [{"ansible.builtin.include_role": {"name": "ends"}}, ASK, CONFIRM],
        "meta: end_play",
    ),
    "a role with a file that ends a host": (
        [{"ansible.builtin.import_role": {"name": "deeply_ends"}}, ASK, CONFIRM],
        "meta: end_host",
    ),
    "a file with a role that ends the play": (
        [{"ansible.builtin.include_tasks": "by_role.yml"}, ASK, CONFIRM],
        "meta: end_play",
    ),
    "a role that runs a task once": (
        [{"ansible.builtin.include_role": {"name": "once"}}, ASK, CONFIRM],
        "run_once",
    ),
    "a role whose variables cannot be loaded": (
        [{"ansible.builtin.include_role": {"name": "bad_variables"}}, ASK, CONFIRM],
        "bad_variables",
    ),
    "a role whose handlers cannot be loaded": (
        [{"ansible.builtin.include_role": {"name": "bad_handlers"}}, ASK, CONFIRM],
        "no.such.action",
    ),
    "fatal for all": ([command("true", any_errors_fatal=True), ASK, CONFIRM], "any_errors_fatal"),
    "a debugger": ([command("true", debugger="on_failed"), ASK, CONFIRM], "debugger"),
    "a templated throttle": ([command("true", throttle="{{ some }}"), ASK, CONFIRM], "throttle"),
    "a templated tag": ([command("true", tags=["{{ some }}"]), ASK, CONFIRM], "template in tags"),
    "a templated action": (
        [{"action": "{{ what }} end_play"}, ASK, CONFIRM],
        "an action by a name made by a template",
    ),
    "a playbook": ([{"ansible.builtin.import_playbook": "x.yml"}, ASK, CONFIRM], "import_playbook"),
    "unknown keyword for what is included": (
        [
            {"ansible.builtin.include_tasks": {"file": "ask.yml", "apply": {"wehn": True}}},
            ASK,
            CONFIRM,
        ],
        "wehn",
    ),
    "too patient": (
        [command("true", until="outlet.off", retries=100, delay=30), ASK, CONFIRM],
        "may wait for 3000 s (retries and delay)",
    ),
    "too patient in a file": (
        [{"ansible.builtin.include_tasks": "patient.yml"}, ASK, CONFIRM],
        "may wait for 3000 s (timeout)",
    ),
    "too long in the background": (
        [command("true", **{"async": 3000}), ASK, CONFIRM],
        "may wait for 3000 s (async)",
    ),
    "confirmed in always": (
        [ASK, {"block": [command("false")], "always": [CONFIRM]}],
        "rescue or always section",
    ),
    "confirmed elsewhere": ([OFF, ASK, CONFIRM_WRONGLY], "delegate_to"),
}


def write(directory: Path, name: str, tasks: object) -> Path:
    """Write a file with tasks, or with this text, and return its path."""
    path = directory / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tasks if isinstance(tasks, str) else yaml.safe_dump(tasks))
    return path


def files(tmp_path: Path) -> dict[str, str]:
    """Write all files into a directory; return the path of each, by its case."""
    write(tmp_path, "ask", [ASK])
    write(tmp_path, "lenient", [command("false", ignore_errors=True)])
    write(tmp_path, "itself", [{"ansible.builtin.include_tasks": "itself.yml"}])
    write(tmp_path, "roles/power/tasks/main", [command("false", ignore_errors=True)])
    write(tmp_path, "roles/broken/tasks/main", [{"no.such.action": {}}])
    write(tmp_path, "roles/deeply_broken/tasks/main", [{"include_tasks": "more.yml"}])
    write(tmp_path, "roles/deeply_broken/tasks/more", [{"no.such.action": {}}])
    write(tmp_path, "by_role", [{"include_role": {"name": "ends"}}])
    write(tmp_path, "patient", [command("true", timeout=3000)])
    write(tmp_path, "roles/ends/tasks/main", [{"block": [{"meta": "end_play"}]}])
    write(tmp_path, "roles/deeply_ends/tasks/main", [{"include_tasks": "more.yml"}])
    write(tmp_path, "roles/deeply_ends/tasks/more", [{"meta": "end_host"}])
    write(tmp_path, "roles/once/tasks/main", [command("true", run_once=True)])
    write(tmp_path, "roles/bad_variables/tasks/main", [OFF])
    write(tmp_path, "roles/bad_variables/vars/main", "a: [")
    write(tmp_path, "roles/bad_handlers/tasks/main", [OFF])
    write(tmp_path, "roles/bad_handlers/handlers/main", [{"no.such.action": {}}])
    write(
        tmp_path,
        "roles/orderly/tasks/main",
        [
            {"block": [{**OFF, "notify": "later"}], "always": [{"import_tasks": "more.yml"}]},
            {"include_tasks": "more.yml"},
            {"include_role": {"name": "power"}},
            {"meta": "noop"},
        ],
    )
    write(tmp_path, "roles/orderly/tasks/more", [OFF])
    write(tmp_path, "roles/orderly/handlers/main", [{**OFF, "name": "later"}])
    found = {}
    for number, (name, tasks) in enumerate(RELIABLE.items()):
        found[name] = str(write(tmp_path, f"reliable-{number}", tasks))
    for number, (name, (tasks, _words)) in enumerate(UNRELIABLE.items()):
        path = tmp_path / "no-such-file.yml"
        found[name] = str(path if tasks is None else write(tmp_path, f"unreliable-{number}", tasks))
    return found


def main(directory: str) -> None:
    """Print the problems of each file, by its path."""
    from ansible.parsing.dataloader import DataLoader
    from ansible.playbook.play import Play
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([str(COLLECTIONS)])
    from ansible_collections.nso.ha.plugins.plugin_utils._run import hook_file, task_file
    from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Limits

    loader = DataLoader()
    loader.set_basedir(directory)
    said: dict[str, list[str]] = {}
    for path in json.load(sys.stdin):
        try:
            tasks = task_file.Reader(loader, Play()).read(path)
        except task_file.FileError as problem:
            said[path] = [str(problem)]
        else:
            said[path] = hook_file.problems(tasks, False, Limits().hook)
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
