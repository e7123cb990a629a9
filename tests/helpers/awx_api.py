# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the REST API of AWX: it keeps objects in memory and writes down every change.

    with AwxApi(playbooks={"status.yml"}) as api:
        ...                      # CONTROLLER_HOST is api.url, CONTROLLER_OAUTH_TOKEN is api.token
        api.changes              # what was posted, patched or deleted
        api.named("job_templates", "NSO HA status")

It has what the modules of awx.awx call for the objects of the role `awx_setup`. Where AWX would
refuse something, so does it: references to nothing, names that are taken, playbooks that the
project does not have, surveys and credential types against the rules, answers that a template does
not ask for.
"""

from __future__ import annotations

import itertools
import json
import re
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from helpers import awx_rules

Item = dict[str, Any]

#: What hides a secret in an answer.
ENCRYPTED = "$encrypted$"

#: By kind of object, its fields with what they are if nothing is said.
KINDS: dict[str, Item] = {
    "organizations": {"name": "", "description": ""},
    "credential_types": {
        "name": "", "description": "", "kind": "cloud", "managed": False, "inputs": {},
        "injectors": {},
    },
    "credentials": {
        "name": "", "description": "", "organization": None, "credential_type": None, "inputs": {},
    },
    "execution_environments": {
        "name": "", "description": "", "organization": None, "image": "", "pull": "",
        "credential": None,
    },
    "projects": {
        "name": "", "description": "", "organization": None, "scm_type": "", "scm_url": "",
        "scm_branch": "", "credential": None, "scm_revision": "",
    },
    "inventories": {
        "name": "", "description": "", "organization": None, "kind": "", "host_filter": None,
        "variables": "",
    },
    "inventory_sources": {
        "name": "", "description": "", "inventory": None, "source": "", "source_project": None,
        "source_path": "", "overwrite": False, "overwrite_vars": False, "update_on_launch": False,
    },
    "job_templates": {
        "name": "", "description": "", "organization": None, "job_type": "run", "inventory": None,
        "project": None, "playbook": "", "execution_environment": None, "extra_vars": "",
        "limit": "", "job_slice_count": 1, "ask_limit_on_launch": False,
        "ask_variables_on_launch": False, "ask_inventory_on_launch": False,
        "ask_credential_on_launch": False, "ask_job_slice_count_on_launch": False,
        "allow_simultaneous": False, "survey_enabled": False,
    },
    "workflow_job_templates": {
        "name": "", "description": "", "organization": None, "limit": "", "extra_vars": "",
        "ask_limit_on_launch": False, "ask_variables_on_launch": False,
        "ask_inventory_on_launch": False, "allow_simultaneous": False, "survey_enabled": False,
    },
    "workflow_job_template_nodes": {
        "identifier": "", "workflow_job_template": None, "unified_job_template": None,
        "extra_data": {}, "all_parents_must_converge": False,
    },
    "workflow_approval_templates": {"name": "", "description": "", "timeout": 0},
    "project_updates": {"status": "successful"},
    "inventory_updates": {
        "name": "", "status": "successful", "failed": False, "finished": "now", "elapsed": 0,
        "event_processing_finished": True,
    },
}  # fmt: skip

#: Fields that refer to an object, and what kind it is.
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "credential": ("credentials",),
    "execution_environment": ("execution_environments",),
    "inventory": ("inventories",),
    "project": ("projects",),
    "source_project": ("projects",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": (
        "job_templates",
        "workflow_approval_templates",
        "workflow_job_templates",
        "projects",
        "inventory_sources",
    ),
}
#: What a node of a workflow may run, as one list.
UNIFIED = ("job_templates", "workflow_job_templates", "projects", "inventory_sources")

_PATH = re.compile(r"^/api/v2/(\w+)/(?:(\d+)/(?:(\w+)/)?)?$")


class Refused(Exception):
    """An answer other than success.

    status: of HTTP; told: the JSON that says why
    """

    def __init__(self, status: int, **told: Any) -> None:
        super().__init__(str(told))
        self.status = status
        self.told = told


@dataclass(frozen=True)
class Change:
    """A request that was to change something, whether or not it did."""

    method: str
    path: str
    body: Any


class AwxApi:
    """The stand-in, on a port of its own, for as long as a with statement.

    url:     where it is
    token:   the OAuth token that it wants
    changes: the requests that were to change something, in order
    """

    def __init__(self, playbooks: Collection[str], credentials: Collection[str] = ()) -> None:
        """It has an organization, Default, and machine credentials of these names.

        playbooks: what every project has
        """
        self.token = f"oauth-{secrets.token_hex(12)}"
        self.changes: list[Change] = []
        self._playbooks = frozenset(playbooks)
        self._ids = itertools.count(1)
        self._objects: dict[str, dict[int, Item]] = {kind: {} for kind in KINDS}
        #: By object and relation, the ids of those that are associated with it.
        self._related: dict[tuple[int, str], list[int]] = {}
        self._surveys: dict[int, Item] = {}
        self._lock = threading.Lock()
        organization = self._add("organizations", {"name": "Default"})["id"]
        machine = {"name": "Machine", "kind": "ssh", "managed": True}
        kind = self._add("credential_types", machine)["id"]
        for name in credentials:
            fields = {"name": name, "organization": organization, "credential_type": kind}
            self._add("credentials", fields)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> AwxApi:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # What a test looks at

    def all(self, kind: str) -> list[Item]:
        """Return all objects of a kind, as they are kept, secrets included."""
        return list(self._objects[kind].values())

    def named(self, kind: str, name: str) -> Item:
        """Return the object of a kind with this name."""
        (found,) = [one for one in self.all(kind) if one["name"] == name]
        return found

    def survey(self, item: Item) -> Item:
        """Return the survey of a template; empty if it has none."""
        return self._surveys.get(item["id"], {})

    def related(self, item: Item, relation: str) -> list[int]:
        """Return the ids of the objects that are associated with one."""
        return self._related.get((item["id"], relation), [])

    def edit(self, item: Item, **fields: Any) -> None:
        """Change an object as somebody would in the web pages."""
        item.update(fields)

    # What it answers

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        """Return status and JSON for a request. Raises Refused."""
        parts = urlsplit(target)
        found = _PATH.match(unquote(parts.path))
        if not found or found[1] not in (*KINDS, "unified_job_templates"):
            raise Refused(404, detail="Not found.")
        kind, key, relation = found[1], found[2], found[3]
        with self._lock:
            if method != "GET":
                self.changes.append(Change(method, parts.path, body))
            if key is None:
                if method == "POST":
                    return 201, self._shown(kind, self._create(kind, body))
                return 200, self._list(kind, parse_qs(parts.query, keep_blank_values=True))
            item = self._objects[kind].get(int(key))
            if item is None:
                raise Refused(404, detail="Not found.")
            if relation:
                return self._relation(kind, item, relation, method, body)
            if method == "PATCH":
                self._check(kind, {**item, **body}, item["id"])
                item.update(_kept(kind, body, item))
            return 200, self._shown(kind, item)

    def _list(self, kind: str, query: Mapping[str, list[str]]) -> Item:
        kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
        filters = {name: values[0] for name, values in query.items()}
        either = {name[4:]: filters.pop(name) for name in list(filters) if name.startswith("or__")}
        results = [
            self._shown(one, item)
            for one in kinds
            for item in self._objects[one].values()
            if all(str(item.get(name)) == value for name, value in filters.items())
            and (not either or any(str(item.get(name)) == v for name, v in either.items()))
        ]
        return {"count": len(results), "next": None, "previous": None, "results": results}

    def _create(self, kind: str, body: Item) -> Item:
        if kind in ("project_updates", "inventory_updates", "organizations"):
            raise Refused(405, detail="not created like this")
        self._check(kind, body, None)
        item = self._add(kind, _kept(kind, body, {}))
        if kind == "job_templates":
            item["organization"] = self._objects["projects"][item["project"]]["organization"]
        if kind == "projects":
            item["update"] = self._add("project_updates", {})["id"]
            item["scm_revision"] = "0123456789"
        return item

    def _add(self, kind: str, fields: Item) -> Item:
        key = next(self._ids)
        kept = {**KINDS[kind], **fields, "id": key, "type": kind.rstrip("s")}
        self._objects[kind][key] = kept
        return kept

    def _check(self, kind: str, fields: Item, own: int | None) -> None:
        """Refuse what AWX would."""
        for name, kinds in REFERENCES.items():
            key = fields.get(name)
            if key is not None and not any(key in self._objects[one] for one in kinds):
                raise Refused(400, **{name: [f"object {key} does not exist"]})
        # A team may have an inventory source, or a node, of a name that another has as well.
        scope = {"inventory_sources": "inventory", "workflow_job_template_nodes": ""}
        within = scope.get(kind, "organization")
        for other in self._objects[kind].values() if within else ():
            same = other["name"] == fields.get("name")
            if same and other.get(within) == fields.get(within) and other["id"] != own:
                raise Refused(400, __all__=[f"{fields['name']} is there already"])
        if kind == "job_templates" and fields.get("playbook") not in self._playbooks:
            raise Refused(400, playbook=["Playbook not found for project."])
        if kind == "credential_types":
            problems = awx_rules.injector_problems(fields["inputs"], fields["injectors"])
            if problems or fields["kind"] not in ("net", "cloud"):
                raise Refused(400, injectors=problems or ["kind has to be net or cloud"])
        if kind == "workflow_job_template_nodes" and fields.get("extra_data"):
            asked = self._surveys.get(fields["unified_job_template"], {})
            problems = awx_rules.answer_problems(asked, fields["extra_data"])
            if problems:
                raise Refused(400, extra_data=problems)

    def _relation(
        self, kind: str, item: Item, relation: str, method: str, body: Any
    ) -> tuple[int, Any]:
        if relation == "survey_spec":
            return self._survey(item, method, body)
        if relation == "create_approval_template":
            made = self._add("workflow_approval_templates", body)
            item["unified_job_template"] = made["id"]
            return 201, self._shown("workflow_approval_templates", made)
        if relation == "update" and kind == "inventory_sources":
            made = self._add("inventory_updates", {"name": item["name"]})
            return 202, self._shown("inventory_updates", made)
        target = "credentials" if relation == "credentials" else kind
        associated = self._related.setdefault((item["id"], relation), [])
        if method == "GET":
            results = [self._shown(target, self._objects[target][key]) for key in associated]
            return 200, {"count": len(results), "next": None, "previous": None, "results": results}
        if body["id"] not in self._objects[target]:
            raise Refused(400, id=["does not exist"])
        if body.get("disassociate"):
            associated.remove(body["id"])
        else:
            self._check_credentials(relation, [*associated, body["id"]])
            associated.append(body["id"])
        return 204, None

    def _check_credentials(self, relation: str, keys: list[int]) -> None:
        if relation == "credentials":
            kinds = [self._objects["credentials"][key]["credential_type"] for key in keys]
            if len(kinds) != len(set(kinds)):
                raise Refused(400, error="Cannot assign multiple credentials of one type.")

    def _survey(self, item: Item, method: str, body: Any) -> tuple[int, Any]:
        if method == "POST":
            problems = awx_rules.survey_problems(body)
            if problems:
                raise Refused(400, error="; ".join(problems))
            self._surveys[item["id"]] = body
        if method == "DELETE":
            self._surveys.pop(item["id"], None)
        return 200, self._surveys.get(item["id"], {}) if method == "GET" else {}

    def _shown(self, kind: str, item: Item) -> Item:
        """Return an object as AWX shows it: with links, without secrets."""
        url = f"/api/v2/{kind}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in ("survey_spec", "update")}
        summary: Item = {}
        if kind == "workflow_job_template_nodes" and item["unified_job_template"]:
            key = item["unified_job_template"]
            where = next(one for one in REFERENCES["unified_job_template"] if self._has(one, key))
            related["unified_job_template"] = f"/api/v2/{where}/{key}/"
        if kind == "projects" and "update" in item:
            summary["current_update"] = {"id": item["update"]}
        shown = {**item, "url": url, "related": related, "summary_fields": summary}
        if kind == "credentials":
            fields = self._objects["credential_types"][item["credential_type"]]["inputs"]
            hidden = {one["id"] for one in fields.get("fields", []) if one.get("secret")}
            shown["inputs"] = {
                name: ENCRYPTED if name in hidden else value
                for name, value in item["inputs"].items()
            }
        return shown

    def _has(self, kind: str, key: int) -> bool:
        return key in self._objects[kind]


def _kept(kind: str, body: Item, old: Item) -> Item:
    """Return what is kept of the fields that were sent: those that there are, and old secrets."""
    unknown = set(body) - set(KINDS[kind]) - {"type"}
    if unknown:
        raise Refused(400, detail=f"{kind} have no {', '.join(sorted(unknown))} here")
    # Where a text is meant, AWX takes null for an empty one.
    blank = {name: "" for name, usual in KINDS[kind].items() if isinstance(usual, str)}
    kept: Item = {
        name: blank.get(name) if value is None else value
        for name, value in body.items()
        if name in KINDS[kind]
    }
    if kind == "job_templates":
        # It has the organization of its project.
        kept.pop("organization", None)
    if kind == "credentials" and "inputs" in kept:
        before = old.get("inputs", {})
        kept["inputs"] = {
            name: before.get(name) if value == ENCRYPTED else value
            for name, value in kept["inputs"].items()
        }
    return kept


def _handler(api: AwxApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            try:
                if self.headers.get("Authorization") != f"Bearer {api.token}":
                    raise Refused(401, detail="Invalid token.")
                status, told = api.answer(self.command, self.path, body)
            except Refused as refused:
                status, told = refused.status, refused.told
            content = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle

        def log_message(self, format: str, *arguments: Any) -> None:
            """Print nothing: the test has the changes."""

    return Handler


def changed_names(changes: list[Change]) -> Iterator[str]:
    """Yield the kinds of the objects that requests were about, in order."""
    for change in changes:
        yield change.path.split("/")[3]
