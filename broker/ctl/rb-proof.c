/* rb-proof.c: whether what was acknowledged is there, once and in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-proof.h"

void
rb_proof_judge (const gboolean *acknowledged,
                guint           n_messages,
                GArray         *found,
                RbProof        *proof)
{
  g_autofree guint *times = g_new0 (guint, n_messages + 1);
  gint64 last = -1;

  *proof = (RbProof) { 0 };
  for (guint i = 0; i < found->len; i++)
    {
      gint64 number = g_array_index (found, gint64, i);

      if (number < 0 || number >= n_messages)
        {
          proof->strange++;
          continue;
        }
      times[number]++;
      proof->misplaced += number < last;
      last = MAX (last, number);
    }
  for (guint i = 0; i < n_messages; i++)
    {
      proof->lost += acknowledged[i] && times[i] == 0;
      proof->repeated += times[i] > 1;
    }
}

gboolean
rb_proof_is_good (const RbProof *proof)
{
  return proof->lost == 0 && proof->repeated == 0 && proof->misplaced == 0 && proof->strange == 0;
}
