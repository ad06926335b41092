#!/usr/bin/env python3
# measure.py: the figures of measure.sh
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: measure.py BUILD-FOLDER [--idle SECONDS] [--only NAME,...] [--no-peer]

import argparse
import concurrent.futures
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from subjects import Ours, Peer
from adapter import Adapter, operator

STARTS = 20
ENDPOINTS = 1000
MESSAGES = 50
AT_ONCE = 64
SETTLE_S = 2


def kib(pid, field):
    with open('/proc/{}/smaps_rollup'.format(pid), encoding='utf-8') as file:
        return int(re.search(r'^{}:\s+(\d+) kB'.format(field), file.read(), re.MULTILINE).group(1))


def switches(pid):
    """How often the threads of @pid were put on a processor and left it again."""
    total = 0
    for task in os.listdir('/proc/{}/task'.format(pid)):
        with open('/proc/{}/task/{}/status'.format(pid, task), encoding='utf-8') as file:
            total += sum(int(count) for count in re.findall(r'ctxt_switches:\s+(\d+)', file.read()))
    return total


def started(subject):
    subject.start()
    return subject.wait_until_ready()


def measure_start(subject, options):
    times = []
    for number in range(STARTS + 2):
        begun = time.monotonic()
        started(subject)
        if number >= 2:
            times.append((time.monotonic() - begun) * 1000)
        subject.stop()
    yield 'exec to healthy, median of {}'.format(STARTS), '{:.1f} ms'.format(statistics.median(times))
    yield 'exec to healthy, slowest', '{:.1f} ms'.format(max(times))


def measure_idle(subject, options):
    started(subject)
    time.sleep(SETTLE_S)
    yield 'idle, resident', '{:.1f} MB'.format(kib(subject.process.pid, 'Rss') / 1024)
    yield 'idle, proportional (PSS)', '{:.1f} MB'.format(kib(subject.process.pid, 'Pss') / 1024)
    subject.stop()


def bystander():
    """A process whose pid stands for one adapter: a channel belongs to a process."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    return pid


def attach(record, pid):
    adapter = Adapter(pid)
    adapter.connect(record)
    answer = adapter.call('POST', '/v1/endpoint/register', {
        'agent_id': 'a', 'plugin_pid': pid, 'kind': 'custom', 'execution_surface': 'headless'})
    adapter.http.close()
    return adapter, answer['endpoint_id']


def measure_endpoints(subject, options):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pids = [bystander() for _ in range(ENDPOINTS)]
    adapters = []
    try:
        record = started(subject)
        adapters.append(attach(record, os.getpid())[0])
        time.sleep(SETTLE_S)
        before = kib(subject.process.pid, 'Pss')
        adapters += [attach(record, pid)[0] for pid in pids]
        time.sleep(SETTLE_S)
        after = kib(subject.process.pid, 'Pss')
        yield 'each of {} connected endpoints'.format(ENDPOINTS), '{:.1f} KB'.format((after - before) / ENDPOINTS)
        yield 'resident with {} endpoints'.format(ENDPOINTS), '{:.1f} MB'.format(kib(subject.process.pid, 'Rss') / 1024)
    finally:
        for adapter in adapters:
            adapter.close()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    subject.stop()


def measure_wakeups(subject, options):
    record = started(subject)
    time.sleep(SETTLE_S)
    before = switches(subject.process.pid)
    time.sleep(options.idle)
    yield 'wake-ups in {} s, nothing attached'.format(options.idle), str(switches(subject.process.pid) - before)
    adapter, _ = attach(record, os.getpid())
    time.sleep(SETTLE_S)
    before = switches(subject.process.pid)
    time.sleep(options.idle)
    yield 'wake-ups in {} s, one endpoint'.format(options.idle), str(switches(subject.process.pid) - before)
    adapter.close()
    subject.stop()


def count_flushes(pid, action):
    """How often @pid flushed each of its files while @action ran: file name -> count."""
    path = os.path.join('/tmp', 'rb-strace.{}'.format(os.getpid()))
    tracer = subprocess.Popen(['strace', '-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', path, '-p', str(pid)],
                              stderr=subprocess.PIPE, text=True)
    tracer.stderr.readline()       # "Process ... attached"
    action()
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    with open(path, encoding='utf-8') as file:
        names = re.findall(r'f(?:data)?sync\(\d+<([^>]*)>', file.read())
    os.unlink(path)
    return {os.path.basename(name): names.count(name) for name in set(names)}


def per_message(flushes, count):
    parts = ['{} {:.2f}'.format(name, number / count) for name, number in sorted(flushes.items())]
    return '{:.2f} ({})'.format(sum(flushes.values()) / count, ', '.join(parts) or 'none')


def measure_flushes(subject, options):
    """Another account's broker sends, so that only what receiving costs is counted."""
    if not isinstance(subject, Ours) or shutil.which('strace') is None:
        return
    sender = Ours(options.build)
    sender.account = 'sender'
    sender.env.update(MASONS_BROKER_ACCOUNT_ID='sender', MASONS_BROKER_USER_DATA=subject.data)
    sender.data = subject.data
    pids = [bystander() for _ in range(AT_ONCE)]
    try:
        record = started(subject)
        to = operator(record, 'status')['address']
        adapters = [attach(started(sender) if number == 0 else sender.discovery(), pid) for number, pid in enumerate(pids)]

        def waiting():
            return operator(record, 'status')['inbox']

        def send(one):
            adapter, endpoint_id = one
            adapter.call('POST', '/v1/send', {'endpoint_id': endpoint_id, 'to': to, 'content': 'hello'})

        def one_by_one():
            for number in range(MESSAGES):
                send(adapters[0])
                while waiting() < number + 1:
                    time.sleep(0.001)

        def at_once():
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(send, adapters))
            while waiting() < MESSAGES + AT_ONCE:
                time.sleep(0.001)

        yield 'flushes for one inbound message', per_message(count_flushes(subject.process.pid, one_by_one), MESSAGES)
        yield 'flushes a message, {} at once'.format(AT_ONCE), per_message(count_flushes(subject.process.pid, at_once), AT_ONCE)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        sender.stop()
        sender.remove()
    subject.stop()


MEASURES = {'start': measure_start, 'idle': measure_idle, 'endpoints': measure_endpoints, 'wakeups': measure_wakeups,
            'flushes': measure_flushes}


def measure(make, names, options):
    """label -> value, for one subject."""
    figures = {}
    for name in names:
        subject = make()
        try:
            figures.update(MEASURES[name](subject, options))
        finally:
            subject.remove()
    return figures


def print_table(columns):
    labels = list(dict.fromkeys(label for _, figures in columns for label in figures))
    widths = [max([len(name)] + [len(value) for value in figures.values()]) + 2 for name, figures in columns]
    print('{:40}'.format('') + ''.join(name.rjust(width) for (name, _), width in zip(columns, widths)))
    for label in labels:
        print('{:40}'.format(label) + ''.join(figures.get(label, '').rjust(width) for (_, figures), width in zip(columns, widths)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--idle', type=int, default=60)
    parser.add_argument('--only', default=','.join(MEASURES))
    parser.add_argument('--no-peer', action='store_true')
    options = parser.parse_args()
    names = [name for name in options.only.split(',') if name in MEASURES]

    columns = [(Ours.name, measure(lambda: Ours(options.build), names, options))]
    if not options.no_peer and Peer.is_here(options.build):
        columns.append((Peer.name, measure(lambda: Peer(options.build), names, options)))

    print_table(columns)


if __name__ == '__main__':
    main()
