# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: a private data directory, and ansible-runner in a process of its own.

    job = Jobs(tmp_path, cluster).run("switchover", nso_ha_candidate="n2")
    job.status               # successful or failed
    job.artifacts            # what it hands on to the next job of a workflow

The project is the example in the documentation, the form is that of the job template, and the
secrets come from the credential by its injectors. After each job, none of them may be anywhere.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ncs_sim.cluster import Cluster

from helpers import awx_rules
from helpers.awx_objects import INJECTORS, PROJECT, survey
from helpers.modules import COLLECTIONS
from helpers.playbooks import unsettled

#: Who starts all jobs.
USER = "ada"

#: What AWX puts in place of the variables of an inventory that are secret, or are the credential's.
_FROM_THE_CREDENTIAL = ("nso_ha_token", "nso_ha_access_file")


@dataclass(frozen=True)
class Job:
    """A job that has ended.

    number: its id; status: as AWX shows it; code: the exit status; output: what the page of the job
    shows; events: the events of ansible-runner, in order
    """

    number: int
    status: str
    code: int
    output: str
    events: list[dict[str, Any]]

    @property
    def artifacts(self) -> dict[str, Any]:
        """What the job hands on, as AWX takes it from the event of the end."""
        found: dict[str, Any] = self._end.get("artifact_data", {})
        return found

    @property
    def report(self) -> dict[str, Any]:
        """The report among the artifacts."""
        found: dict[str, Any] = self.artifacts["nso_ha_report"]
        return found

    @property
    def text(self) -> str:
        """The lines for people of the report, without the line breaks."""
        return " ".join(line.strip() for line in self.report["table"])

    @property
    def changed(self) -> set[str]:
        """The hosts on which the job counts a change."""
        return set(self._end["changed"])

    @property
    def _end(self) -> dict[str, Any]:
        """What the event of the end has."""
        (stats,) = [one for one in self.events if one["event"] == "playbook_on_stats"]
        found: dict[str, Any] = stats["event_data"]
        return found


class Jobs:
    """The jobs of one cluster. Each has a directory below the one that is given.

    inventory: that of AWX, by which the next job goes; there are no secrets in it
    files:     what the project has besides, by path
    """

    def __init__(self, directory: Path, cluster: Cluster) -> None:
        self._directory = directory
        self._numbers = itertools.count(1)
        self.files: dict[str, str] = {}
        self.inventory = yaml.safe_load(cluster.inventory.read_text())
        hosts = self.inventory["nso"]["hosts"].values()
        paths = {str(host.get("nso_ha_access_file", "")) for host in hosts}
        (self._access_file,) = paths
        for variables in (self.inventory["nso"]["vars"], *hosts):
            for name in _FROM_THE_CREDENTIAL:
                variables.pop(name, None)
        self._token = cluster.token
        self._secrets = [cluster.token]
        if self._access_file:
            self._secrets.append(Path(self._access_file).read_text().strip())

    def run(
        self,
        playbook: str,
        *,
        limit: str = "",
        artifacts: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        credential: bool = True,
        **filled: Any,
    ) -> Job:
        """Run the job template of a playbook to its end, its form filled in like this.

        artifacts: those of the job before it in a workflow
        extra:     variables that no form asks for, as in the definition of a template
        """
        number = next(self._numbers)
        place = self._directory / f"job{number}"
        answers = awx_rules.form(survey(playbook), **filled)
        about = {
            f"{product}_{name}": value
            for product in ("awx", "tower")
            for name, value in (("job_id", number), ("user_name", USER))
        }
        self._lay_out(place, {**(extra or {}), **answers, **(artifacts or {}), **about}, credential)
        runner = [
            sys.executable,
            "-m",
            "ansible_runner",
            "run",
            str(place),
            "-p",
            f"{playbook}.yml",
        ]
        options = ["--ident", str(number), *(["--limit", limit] if limit else [])]
        finished = subprocess.run(
            [*runner, *options],
            env={
                **unsettled(),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        self._assert_discreet(place, finished.stdout + finished.stderr)
        left = place / "artifacts" / str(number)
        assert left.is_dir(), finished.stdout + finished.stderr
        events = [json.loads(path.read_text()) for path in (left / "job_events").glob("*.json")]
        job = Job(
            number,
            (left / "status").read_text(),
            int((left / "rc").read_text()),
            (left / "stdout").read_text(),
            sorted(events, key=lambda event: int(event["counter"])),
        )
        assert job.code == finished.returncode
        assert "Traceback" not in job.output, job.output
        assert awx_rules.is_plain(job.artifacts)
        return job

    def _lay_out(self, place: Path, variables: Mapping[str, Any], credential: bool) -> None:
        """Write what AWX writes for a job."""
        shutil.copytree(PROJECT, place / "project")
        for name, text in self.files.items():
            (place / "project" / name).write_text(text)
        (place / "inventory").mkdir()
        hosts = place / "inventory" / "hosts"
        # AWX hands the inventory over as a program that prints it.
        listed = json.dumps(_listed(self.inventory))
        hosts.write_text(f"#!{sys.executable}\nprint({listed!r})\n")
        hosts.chmod(0o700)
        settled = place / "env"
        settled.mkdir(mode=0o700)
        (settled / "extravars").write_text(_untrusted(variables) + "\n")
        values = {"token": self._token, "access_file": self._access_file}
        environment = awx_rules.inject(INJECTORS, values, settled) if credential else {}
        collections = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
        (settled / "envvars").write_text(json.dumps({**environment, **collections}))
        # As verbose as a template can be: what is not printed then is never printed.
        (settled / "cmdline").write_text("-vvvvv")
        (settled / "settings").write_text(json.dumps({"job_timeout": 180}))

    def _assert_discreet(self, place: Path, printed: str) -> None:
        """Fail if a secret is in anything that the job printed or left, names of files included."""
        injected = place / "env" / "injected-token"
        files = [path for path in place.rglob("*") if path.is_file() and path != injected]
        assert any(path.name == "command" for path in files) or "error" in printed.lower(), printed
        for secret in self._secrets:
            assert secret not in printed, "a secret was printed"
            assert not [path for path in files if secret in str(path)]
            told = [path for path in files if secret.encode() in path.read_bytes()]
            assert not told, f"a secret is in {told}"


def _listed(inventory: Mapping[str, Any]) -> dict[str, Any]:
    """Return an inventory of one group as such a program prints it."""
    hosts = inventory["nso"]["hosts"]
    group = {"hosts": list(hosts), "vars": inventory["nso"]["vars"]}
    return {"nso": group, "_meta": {"hostvars": hosts}}


def _untrusted(value: Any) -> str:
    """Return YAML in which all text is tagged as AWX tags what users give: not to be templated."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{json.dumps(k)}: {_untrusted(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_untrusted(one) for one in value)}]"
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)
