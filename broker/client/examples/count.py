#!/usr/bin/env python3
# count.py: a runtime that counts words, and keeps what is only said to it
#
# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import sys

import gi
gi.require_version('Rb', '1')
from gi.repository import GLib, Rb

ENOUGH = 2


def keep(message):
    """On the disk, so that it survives whatever happens to us."""
    with open('diary.txt', 'a', encoding='utf-8') as diary:
        diary.write('{}: {}\n'.format(message.get_sender(), message.get_content()))
        diary.flush()
        os.fsync(diary.fileno())


def on_message(client, endpoint, message):
    if message.get_assignment_id() is None:
        keep(message)
    else:
        client.report_async(endpoint, message, Rb.ClientState.ACCEPTED, None, None, on_accepted, endpoint, message)
    return True


def on_accepted(client, result, endpoint, message):
    try:
        client.report_finish(result)
    except GLib.Error as error:
        print('count: it is somebody else\'s by now: ' + error.message, file=sys.stderr)
        return
    client.report_async(endpoint, message, Rb.ClientState.STARTED, 'counting', None, on_started, endpoint, message)


def on_started(client, result, endpoint, message):
    words = len(message.get_content().split())
    if words < ENOUGH:
        client.fail_async(endpoint, message, 'too_short', 'there is nothing to count', False, None, on_said, client.fail_finish)
    else:
        client.reply_async(endpoint, message, None, '{} words'.format(words), None, None, on_said, client.reply_finish)


def on_said(_client, result, finish):
    try:
        finish(result)
    except GLib.Error as error:
        print('count: ' + error.message, file=sys.stderr)


def on_connected(client, result, loop):
    try:
        client.connect_finish(result)
    except GLib.Error as error:
        print('count: ' + error.message, file=sys.stderr)
        loop.quit()
        return
    client.register_async(Rb.ClientEndpoint(session_name='count', task_hint='counts words'), None, None)


def main():
    loop = GLib.MainLoop()
    client = Rb.Client(kind='count', version='1')
    client.connect('message', on_message)
    client.connect('phase-changed', lambda _client, phase, failure: print('count: ' + phase.value_nick, failure or '', flush=True))
    client.connect_async(None, on_connected, loop)
    loop.run()
    return 1    # it is stopped by a signal, so this was no success


sys.exit(main())
