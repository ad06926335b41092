#!/usr/bin/env python3
# isolate.py: what it costs to run the connector in a process of its own
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: isolate.py BUILD-FOLDER [--messages N] [--rounds N]
#
# CPU time of the broker and, where there is one, of its connector's process, for each message: with and without in turns, in one run.

import argparse
import concurrent.futures
import os
import signal
import statistics
import sys
import time

sys.dont_write_bytecode = True

from measure import attach, bystander
from subjects import Ours
from adapter import operator

AT_ONCE = 16
ROOM = ('--set', 'limits.inbox-cap=1000000', '--set', 'limits.message-cap=1000000')


def busy_us(pid):
    """What all threads of @pid have used so far."""
    total = 0
    for task in os.listdir('/proc/{}/task'.format(pid)):
        with open('/proc/{}/task/{}/schedstat'.format(pid, task), encoding='utf-8') as file:
            total += int(file.read().split()[0])
    return total / 1000


def pids_of(broker, record):
    return [broker.process.pid] + [module['pid'] for module in operator(record, 'modules') if 'pid' in module]


def cost(pids, count, action):
    before = [busy_us(pid) for pid in pids]
    action()
    return [(busy_us(pid) - then) / count for pid, then in zip(pids, before)]


def beside(first):
    """Another account of the same network."""
    other = Ours(os.path.dirname(os.path.dirname(first.program)))
    other.account = 'other'
    other.env.update(MASONS_BROKER_ACCOUNT_ID='other', MASONS_BROKER_USER_DATA=first.data)
    other.data = first.data
    other.options = ROOM
    return other


def send_all(adapters, to, count):
    def send(number):
        adapter, endpoint_id = adapters[number % AT_ONCE]
        for _ in range(count // AT_ONCE):
            adapter.call('POST', '/v1/send', {'endpoint_id': endpoint_id, 'to': to, 'content': 'hello'})

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(send, range(AT_ONCE)))


def wait_for(record, count):
    while operator(record, 'status')['inbox'] < count:
        time.sleep(0.05)


def measure_round(build, isolated, count):
    """(of an inbound message, of a send), each as a list: the broker, its connector's process"""
    ours = Ours(build)
    ours.options = [*ROOM, '--set', 'local.isolate={}'.format('yes' if isolated else 'no')]
    other = beside(ours)
    pids = [bystander() for _ in range(AT_ONCE)]
    try:
        for broker in (ours, other):
            broker.start()
        records = [broker.wait_until_ready() for broker in (ours, other)]
        addresses = [operator(record, 'status')['address'] for record in records]
        mine, theirs = ([attach(record, pid) for pid in pids] for record in records)
        measured = pids_of(ours, records[0])
        send_all(theirs, addresses[0], 10 * AT_ONCE)
        wait_for(records[0], 10 * AT_ONCE)

        def receive():
            send_all(theirs, addresses[0], count)
            wait_for(records[0], 10 * AT_ONCE + count)

        inbound = cost(measured, count, receive)
        outbound = cost(measured, count, lambda: send_all(mine, addresses[1], count))
        return inbound, outbound
    finally:
        for broker in (ours, other):
            broker.stop()
            broker.remove()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def report(name, without, having):
    plain, total = (statistics.median(sum(one) for one in all) for all in (without, having))
    parts = ' + '.join('{:.1f}'.format(statistics.median(one[i] for one in having)) for i in range(2))
    print('{:10} {:8.1f} us without, {:8.1f} us with ({}): {:+.1f} %'.format(name, plain, total, parts, 100 * (total / plain - 1)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--messages', type=int, default=1600)
    parser.add_argument('--rounds', type=int, default=5)
    options = parser.parse_args()
    rounds = {False: [], True: []}

    for _ in range(options.rounds):
        for isolated in rounds:
            rounds[isolated].append(measure_round(options.build, isolated, options.messages))
    for number, name in enumerate(('inbound', 'send')):
        report(name, *([one[number] for one in rounds[isolated]] for isolated in (False, True)))


if __name__ == '__main__':
    main()
