#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Three simulated NSO nodes become a cluster, hand the primary role over and lose their primary, while
# somebody writes. Started by "make demo"; every step is checked, so the demo fails if one does not do
# what it says.
set -euo pipefail
cd "$(dirname "$0")/../.."

dir=.demo
bin=.venv/bin
log=$dir/ansible.log
load=

# What a user gets who has configured nothing.
export ANSIBLE_CALLBACK_RESULT_FORMAT=json

bold() { if [ -t 1 ]; then printf "\033[1m%s\033[0m" "$1"; else printf "%s" "$1"; fi; }
step() { printf "\n%s\n" "$(bold "== $*")"; }
sim() { "$bin/ncs-sim" "$@"; }
ctl() { sim ctl --dir "$dir" "$@"; }

die() {
    printf '\nThe demo failed: %s\n' "$1" >&2
    exit 1
}

cleanup() {
    status=$?
    if [ -n "$load" ]; then
        kill -TERM "$load" 2>/dev/null || true
        wait "$load" || true
    fi
    if [ "$status" -eq 0 ] && [ -n "${KEEP:-}" ]; then
        return
    fi
    sim down --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$dir"
}

# play EXPECTED_OUTCOME PLAYBOOK [ARGUMENTS]: the exit status and the report have to agree with it.
play() {
    expected=$1
    shift
    printf '$ ansible-playbook -i %s/inventory.yml %s\n' "$dir" "$*"
    code=0
    "$bin/ansible-playbook" -i "$dir/inventory.yml" "$@" </dev/null 2>&1 | tee "$log" || code=$?
    case $expected in
        ok) [ "$code" -eq 0 ] || die "the playbook ended with $code" ;;
        refused)
            if [ "$code" -eq 0 ] || ! grep -q "converge refused: " "$log"; then
                die "this was to be refused"
            fi
            ;;
    esac
}

unchanged() {
    if grep -E '^n[0-9].*changed=[1-9]' "$log" >/dev/null; then
        die "the second run changed something"
    fi
}

expect_value() {
    found=$(ctl "$1" read "$2") || die "$1 has no value for $2"
    printf '   %s reads %s = %s\n' "$1" "$2" "$found"
    [ "$found" = "$3" ] || die "$1 should have read $3"
}

if [ -d "$dir" ]; then
    sim down --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$dir"
fi
trap cleanup EXIT
mkdir -p "$dir"

step "Three simulated NSO nodes start. Each is a process with its own address, and none is in a cluster."
sim up --nodes 3 --dir "$dir"

step "The inventory lists three members. n2 and n3 would lose their own data, so that needs consent."
play refused nso.ha.converge

step "With consent for these two, the nodes become a cluster."
play ok nso.ha.converge -e nso_ha_allow_overwrite=n2,n3

step "Once more: nothing is changed."
play ok nso.ha.converge
unchanged

step "What is written on the primary is read on the secondaries."
ctl n1 write greeting hello >/dev/null || die "n1 took no write"
expect_value n2 greeting hello
expect_value n3 greeting hello

step "Somebody writes to whichever node is primary, from now on. n2 is to take over from n1."
"$bin/ncs-sim" load --dir "$dir" --history "$dir/history" --rate 20 >"$dir/verdict" 2>&1 &
load=$!
until [ -s "$dir/history" ]; do sleep 0.1; done
play ok nso.ha.switchover -e nso_ha_candidate=n2

step "The inventory is as it was. Converge keeps n2 as primary, and has nothing to do."
play ok nso.ha.converge
unchanged

step "n2, the primary now, is killed. The others find out, and one of them is made primary."
ctl n2 kill
until ctl n1 status | grep -q '"role": "none"' && ctl n3 status | grep -q '"role": "none"'; do sleep 0.1; done
play ok nso.ha.failover

step "n2 starts again and is brought back. It may have a last write that nobody was told of."
ctl n2 start
play ok nso.ha.rejoin -e nso_ha_allow_overwrite=n2

step "n1 is to be primary again, unless it is already. Converge keeps that, too."
play ok nso.ha.switchover -e nso_ha_candidate=n1
play ok nso.ha.converge
unchanged

step "Nothing that was acknowledged is lost, and never were two nodes primary at once."
kill -TERM "$load"
code=0
wait "$load" || code=$?
load=
sed 's/^/   /' "$dir/verdict"
[ "$code" -eq 0 ] || die "the load ended with $code"
expect_value n2 greeting hello

if [ -n "${KEEP:-}" ]; then
    step "The nodes are still running. Things to try:"
    cat <<'EOF'
   .venv/bin/ncs-sim ctl --dir .demo n2 status
   .venv/bin/ncs-sim ctl --dir .demo n1 write color blue
   .venv/bin/ansible-playbook -i .demo/inventory.yml nso.ha.status
   .venv/bin/ansible-playbook -i .demo/inventory.yml nso.ha.switchover --check
   .venv/bin/ncs-sim ctl --dir .demo n1 kill
   .venv/bin/ansible-playbook -i .demo/inventory.yml nso.ha.failover
   .venv/bin/ncs-sim down --dir .demo        # stops them all
EOF
else
    step "Everything is stopped and removed again. 'make demo KEEP=1' leaves the nodes running."
fi
