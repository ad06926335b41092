// more.js: long lists are shown from their beginning, and go on when somebody wants it: what nobody looks at costs nothing
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { focusFirst, get, setText } from './dom.js';
import { format, formatNumber, ngettext } from './language.js';

const STEP = 50;

const allowed = new Map();   // id of a list to how many of it may be shown

// Shows more of the list @id when its button is clicked; @show shows it again.
export function watchMore(id, show) {
  const button = get(`${id}-more`);

  button.addEventListener('click', () => {
    const before = get(id).children.length;

    allowed.set(id, before + STEP);
    show();
    focusFirst(get(id).children[before]);
  });
}

export function cut(id, rows) {
  const shown = rows.slice(0, allowed.get(id) ?? STEP);
  const rest = rows.length - shown.length;
  const button = get(`${id}-more`);

  button.hidden = rest === 0;
  setText(button, rest === 0 ? '' : format(ngettext('%s more', '%s more', rest), formatNumber(rest)));
  return shown;
}
