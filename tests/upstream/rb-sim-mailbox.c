/* rb-sim-mailbox.c: the messages of one agent, numbered and kept until they are acknowledged
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-mailbox.h"

#include "rb-sim-json.h"

struct _RbSimMailbox {
  GPtrArray  *mails;    /* of RbSimMail, by ascending sequence, acknowledged ones too */
  GHashTable *known;    /* id -> JsonObject */
  gint64      last;     /* the highest number given */
  gint64      acked;
};

static void
mail_free (gpointer data)
{
  RbSimMail *mail = data;

  g_free (mail->id);
  json_object_unref (mail->frame);
  g_free (mail);
}

RbSimMailbox *
rb_sim_mailbox_new (void)
{
  RbSimMailbox *self = g_new0 (RbSimMailbox, 1);

  self->mails = g_ptr_array_new_with_free_func (mail_free);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_object_unref);
  return self;
}

void
rb_sim_mailbox_free (RbSimMailbox *self)
{
  g_ptr_array_unref (self->mails);
  g_hash_table_unref (self->known);
  g_free (self);
}

RbSimMail *
rb_sim_mailbox_add (RbSimMailbox *self,
                    JsonObject   *frame)
{
  RbSimMail *mail = g_new0 (RbSimMail, 1);

  mail->seq = ++self->last;
  mail->id = g_strdup (rb_sim_json_string (frame, "messageId"));
  mail->frame = json_object_ref (frame);
  json_object_set_int_member (frame, "seq", mail->seq);
  g_ptr_array_add (self->mails, mail);
  if (mail->id != NULL)
    g_hash_table_replace (self->known, g_strdup (mail->id), json_object_ref (frame));
  return mail;
}

gint64
rb_sim_mailbox_hole (RbSimMailbox *self)
{
  return ++self->last;
}

void
rb_sim_mailbox_ack (RbSimMailbox *self,
                    gint64        up_to)
{
  self->acked = MAX (self->acked, up_to);
}

void
rb_sim_mailbox_catch_up (RbSimMailbox *self,
                         gint64        seq)
{
  if (seq <= self->last)
    return;
  self->last = seq;
  rb_sim_mailbox_ack (self, seq);
}

GPtrArray *
rb_sim_mailbox_list (RbSimMailbox *self,
                     gint64        above)
{
  return rb_sim_mailbox_list_all (self, MAX (above, self->acked));
}

GPtrArray *
rb_sim_mailbox_list_all (RbSimMailbox *self,
                         gint64        above)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->mails->len; i++)
    {
      RbSimMail *mail = g_ptr_array_index (self->mails, i);

      if (mail->seq > above)
        g_ptr_array_add (list, mail);
    }
  return list;
}

JsonObject *
rb_sim_mailbox_lookup (RbSimMailbox *self,
                       const char   *id)
{
  return id != NULL ? g_hash_table_lookup (self->known, id) : NULL;
}

gint64
rb_sim_mailbox_get_last (RbSimMailbox *self)
{
  return self->last;
}

gint64
rb_sim_mailbox_get_acked (RbSimMailbox *self)
{
  return self->acked;
}

guint
rb_sim_mailbox_count (RbSimMailbox *self)
{
  g_autoptr(GPtrArray) list = rb_sim_mailbox_list (self, 0);

  return list->len;
}

void
rb_sim_mailbox_clear (RbSimMailbox *self)
{
  g_ptr_array_set_size (self->mails, 0);
  g_hash_table_remove_all (self->known);
  self->last = 0;
  self->acked = 0;
}
