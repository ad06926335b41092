// differences.mjs: where our daemon says something else than the npm daemon in the same conversation, and why
//
// SPDX-License-Identifier: LGPL-2.1-or-later

const stepOf = (record, name) => record.find ((step) => step.name === name);

// Moves what matches @what behind what matches @other, where it stands before it. Returns how often.
function movedBehind (list, what, other) {
  const from = list.findIndex ((text) => what.test (text));
  const to = list.findLastIndex ((text) => other.test (text));
  if (from < 0 || to < from)
    return 0;
  list.splice (to, 0, ...list.splice (from, 1));
  return 1;
}

function sum (numbers) {
  return numbers.reduce ((a, b) => a + b, 0);
}

// Each has an undo() that makes a normalised record of ours what the npm daemon's is in this one respect, and returns how often;
// one that never does is no difference any more, unless it is by chance.
export const differences = [
  {
    name: 'version',
    reason: '3.11: a version that no SDK exceeds, or it would kill the daemon',
    undo: (record) => {
      const { body } = stepOf (record, 'initialize').answers[0];
      const isOurs = body.server_version.startsWith ('999.');
      body.server_version = '0.2.36';
      return Number (isOurs);
    },
  },
  {
    name: 'requests-over-the-stream',
    reason: 'the channel of an adapter that asks for it takes requests as well; announced in the capabilities',
    undo: (record) => {
      const { server_capabilities: capabilities } = stepOf (record, 'initialize').answers[0].body;
      const isOurs = capabilities.stream_requests_v1 === true;
      delete capabilities.stream_requests_v1;
      return Number (isOurs);
    },
  },
  {
    name: 'frames-name-their-endpoint',
    reason: 'IMP-16: an adapter with several endpoints can tell which one a message is for',
    undo: (record) => sum (record.flatMap ((step) => Object.values (step.frames).flat ()).map ((frame) => {
      const isOurs = frame.event === 'message_received' && typeof frame.endpoint_id === 'string';
      delete frame.endpoint_id;
      return Number (isOurs);
    })),
  },
  {
    name: 'acknowledged-when-stored',
    // Both may come first then.
    isByChance: true,
    reason: 'a message is acknowledged to the network as soon as it is on our disk; whoever hears of it next does so from there',
    undo: (record) => sum (record.map (({ order }) => movedBehind (order, /^frame DELIVERY_ACK$/, /inbound-routed|undispatched-changed/))),
  },
  {
    name: 'one-trace-for-a-message',
    reason: 'a claimed message has the trace that its arrival was reported with; the npm daemon begins a second one',
    undo: (record) => {
      const { body } = stepOf (record, 'claim').api.find (({ name }) => name.endsWith ('/undispatched-changed'));
      const isOurs = body.traceId === '<trace 1 of claim>';
      body.traceId = '<trace 2 of claim>';
      body.traceparent = '00-<trace 2 of claim>-<span 2 of claim>-01';
      return Number (isOurs);
    },
  },
  {
    name: 'says-goodbye',
    reason: 'IMP-54: the network learns at once that the daemon goes offline',
    undo: (record) => {
      const { api } = stepOf (record, 'stop');
      const index = api.findIndex (({ body }) => body?.state === 'offline' && body.reason === 'broker_shutdown');
      return index < 0 ? 0 : api.splice (index, 1).length;
    },
  },
  {
    name: 'keeps-its-endpoints',
    reason: 'a clean stop leaves the endpoints as they are: their adapters come back to the next daemon, and find all that came meanwhile',
    undo: (record) => {
      const { api } = stepOf (record, 'stop');
      if (api.some (({ name }) => name.startsWith ('DELETE ')))
        return 0;
      api.push ({ name: 'DELETE /v1/runtime-endpoints/ep_3' });
      return 1;
    },
  },
];
