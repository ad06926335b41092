// amounts.js: how much, in words
//
// SPDX-License-Identifier: LGPL-2.1-or-later

import { N_, _, format, formatNumber } from './language.js';

const units = [N_('%s B'), N_('%s KiB'), N_('%s MiB'), N_('%s GiB')];

export function formatAmount(n, unit) {
  if (unit !== 'bytes') {
    return formatNumber(n);
  }
  const power = n > 0 ? Math.min(Math.floor(Math.log2(n) / 10), units.length - 1) : 0;

  return format(_(units[power]), formatNumber(Math.round(n / 1024 ** power)));
}
