// shout.vala: a runtime that answers each message in capitals
//
// SPDX-License-Identifier: LGPL-2.1-or-later

async void answer (Rb.Client client, Rb.ClientEndpoint endpoint, Rb.ClientMessage message) {
    try {
        yield client.answer_async (endpoint, message, message.content.up (), "text", null, null, null);
    } catch (Error error) {
        stderr.printf ("shout: %s\n", error.message);
    }
}

async void attach (Rb.Client client) {
    try {
        yield client.connect_async (null);
        yield client.register_async (new Rb.ClientEndpoint ("custom", "shout"), null);
    } catch (Error error) {
        stderr.printf ("shout: %s\n", error.message);
        Process.exit (1);
    }
}

int main () {
    var client = new Rb.Client ();
    client.message.connect ((endpoint, message) => {
        answer.begin (client, endpoint, message);
        return true;
    });
    attach.begin (client);
    new MainLoop ().run ();
    return 1;
}
