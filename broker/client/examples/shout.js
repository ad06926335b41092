// shout.js: a runtime that answers each message in capitals
//
// SPDX-License-Identifier: LGPL-2.1-or-later
imports.gi.versions.Rb = '1';
const { GLib, Rb } = imports.gi;
const System = imports.system;

const client = new Rb.Client();

client.connect('message', (_client, endpoint, message) => {
    client.answer_async(endpoint, message, message.content.toUpperCase(), 'text', null, (_source, result) => {
        try {
            client.answer_finish(result);
        } catch (error) {
            printerr(`shout: ${error.message}`);
        }
    });
    return true;
});

client.connect_async(null, (_source, result) => {
    try {
        client.connect_finish(result);
    } catch (error) {
        printerr(`shout: ${error.message}`);
        System.exit(1);
    }
    client.register_async(new Rb.ClientEndpoint({ session_name: 'shout' }), null, null);
});

new GLib.MainLoop(null, false).run();
