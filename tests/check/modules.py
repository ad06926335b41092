# modules.py: our own modules pass rb-module-check
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import os
import sys

from check import Checker

HERE = os.path.dirname(os.path.abspath(__file__))
# What a network without a server cannot do, or a module does not need.
NO_SERVER = {'connector/reconnect', 'connector/refused', 'connector/silence'}


def passes(checker, module, skipped, *arguments):
    certificate = checker.run(module, *arguments)
    bad = [check for check in certificate['checks'] if check['result'] != 'passed' and check['name'] not in skipped]
    assert not bad, bad
    assert {check['name'] for check in certificate['checks'] if check['result'] == 'skipped'} == set(skipped), certificate['counts']


def partner(checker, kind):
    return '{} {} {} {}'.format(sys.executable, os.path.join(HERE, 'sim-partner.py'), checker.simulation, kind)


def connector_local(checker):
    """connector-local keeps its contract, with a twin"""
    passes(checker, 'connector-local.so', NO_SERVER, '--twin')


def connector_gateway(checker):
    """connector-gateway keeps its contract, with the simulated gateway"""
    passes(checker, 'connector-gateway.so', set(), '--strict', '--partner', partner(checker, 'gateway'))


def upstream_local(checker):
    """upstream-local keeps its contract"""
    passes(checker, 'upstream-local.so', {'upstream/early', 'upstream/control', 'upstream/refused', 'upstream/failing', 'upstream/silence'})


def upstream_http(checker):
    """upstream-http keeps its contract, with the simulated API"""
    passes(checker, 'upstream-http.so', set(), '--strict', '--partner', partner(checker, 'upstream'))


def emitter_http(checker):
    """emitter-http keeps its contract, with the simulated API"""
    passes(checker, 'emitter-http.so', set(), '--strict', '--partner', partner(checker, 'emitter'))


def emitter_journal(checker):
    """emitter-journal keeps its contract, into a file"""
    passes(checker, 'emitter-journal.so', {'emitter/heard', 'emitter/refused', 'emitter/failing', 'emitter/silence'}, '--set', 'target=file')


def spawn_driver_command(checker):
    """spawn-driver-command keeps its contract"""
    passes(checker, 'spawn-driver-command.so', set(), '--strict', '--spawn-kind', 'check', '--set', 'kinds=check', '--set', 'command-check={runtime}')


def spawn_driver_presets(checker):
    """spawn-driver-claude-code and spawn-driver-codex keep their contract"""
    for kind in ('claude-code', 'codex'):
        passes(checker, 'spawn-driver-' + kind + '.so', set(), '--strict', '--spawn-kind', kind, '--set', 'command={runtime}')


def main():
    program, modules, simulation = sys.argv[1:]
    checker = Checker(program, modules)
    checker.simulation = simulation
    return checker.cases([connector_local, connector_gateway, upstream_local, upstream_http, emitter_http, emitter_journal,
                          spawn_driver_command, spawn_driver_presets])


sys.exit(main())
