#!/usr/bin/env python3
# shout.py: a runtime that answers each message in capitals
#
# SPDX-License-Identifier: LGPL-2.1-or-later
import sys

import gi
gi.require_version('Rb', '1')
from gi.repository import GLib, Rb


def on_message(client, endpoint, message):
    client.answer_async(endpoint, message, message.get_content().upper(), 'text', None, on_answered)
    return True


def on_answered(client, result):
    try:
        client.answer_finish(result)
    except GLib.Error as error:
        print('shout: ' + error.message, file=sys.stderr)


def on_connected(client, result, loop):
    try:
        client.connect_finish(result)
    except GLib.Error as error:
        print('shout: ' + error.message, file=sys.stderr)
        loop.quit()
        return
    client.register_async(Rb.ClientEndpoint(session_name='shout'), None, None)


def main():
    loop = GLib.MainLoop()
    client = Rb.Client()
    client.connect('message', on_message)
    client.connect_async(None, on_connected, loop)
    loop.run()
    return 1    # it is stopped by a signal, so this was no success


sys.exit(main())
