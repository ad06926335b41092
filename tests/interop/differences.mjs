// differences.mjs: where our daemon says something else than the npm daemon in the same conversation, and why
//
// SPDX-License-Identifier: LGPL-2.1-or-later

// Each has an undo() that makes a normalised record of ours what the npm daemon's is in this one respect, and returns how often.
export const differences = [
];
