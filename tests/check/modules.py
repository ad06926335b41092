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


def main():
    program, modules, simulation = sys.argv[1:]
    checker = Checker(program, modules)
    checker.simulation = simulation
    return checker.cases([connector_local, connector_gateway])


sys.exit(main())
