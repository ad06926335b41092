/* broker.pml: the broker between a network and two adapters, for spin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One loop: in each turn, anything that may happen next happens. The broker is one thread, so each of its turns is atomic. What it knows
 * is v_*, and dies with it; what is on the disk is not. A change of the disk waits in "disk" until it is committed, and what may leave
 * after it waits in "done" until the broker hears of the commit: a crash hits between any two of these. Every committed change goes
 * through transitions.pml, which is made of transitions.txt: a step that the table does not have is an assertion violated.
 *
 * What is checked of everything that leaves is in the inlines "leave_*"; that nothing is stuck, and that the memory says what the disk
 * says, is "quiet". A part of the machine is chosen by -DDELIVER, -DASSIGN, -DREPLY or -DCLAIM (-DEARLY: and settled before it comes), a bug
 * by -DBUG_*; see check-model.py. */

#include "transitions.pml"

#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef DUPLICATES
#define DUPLICATES 2
#endif
#ifndef GRANTS
#define GRANTS 2         /* how often message 0 may be given to somebody */
#endif
#ifndef OTHER
#define OTHER 1          /* the same of message 1 */
#endif
#define most(n) (n == 0 -> GRANTS : OTHER)
#ifndef LOSSES
#define LOSSES 2         /* how often a channel breaks or an endpoint goes */
#endif
#ifndef K
#define K 3              /* changes that wait for the disk */
#endif
#ifndef H
#define H 1              /* commits that wait to be heard of */
#endif

/* Commits. */
#define O_ROUTED    1    /* a message arrives */
#define O_STORED    2
#define O_DELIVERED 3    /* a direct one is taken */
#define O_ASSIGN    4    /* an assignment is made, pushed, accepted, ends */
#define O_TAKEN     5
#define O_ACCEPT    6
#define O_NOTE      7
#define O_RESTORE   8
#define O_END       9
#define O_CLAIM     10
#define O_FETCH     11
#define O_REGISTER  12   /* endpoints */
#define O_LOST      13
#define O_RESTART   14
#define O_BACK      15
#define O_GRACE     16
#define O_EXIT      17
#define O_LEAVE     18
#define O_OPEN      19   /* replies */
#define O_SENT      20
#define O_SENT_LATE 21   /* its assignment is gone */
#define O_UNKNOWN   22
#define O_FORGET    23
#define O_HEARD     24   /* the report of a reply */
#define O_REFUSED   25
#define O_REVIVE    26
#define O_BURY      27
#define O_SUCCEED   28   /* an endpoint that goes on where another was */
#define O_COPY      29   /* nothing: what was queued before it is durable */
#define O_SETTLED   30   /* handled, before it came */

chan disk = [K] of { byte, byte, byte };    /* commit, message or endpoint, endpoint or number */
chan done = [H] of { byte, byte, byte };

/* The disk. */
byte msg[2], own[2], gen[2];     /* message, whose it is, which of its grants */
byte end[2];
byte rep[2], wire[2];
byte let[2];

/* The broker's memory. */
byte v_msg[2], v_own[2], v_gen[2];
bool v_stored[2];                /* the commit of its arrival was heard of */
bool v_ready[2];                 /* may be pushed */
bool v_pushed[2];
bool v_refused[2];
bool v_deadline[2];
byte v_ask[2];                   /* what the upstream is asked about it */
byte v_before[2];                /* what it was before that */
byte v_end[2];
bool v_known[2];                 /* its registration is durable */
bool v_grace[2];
bool v_leaves[2];                /* was succeeded */
byte v_rep[2], v_wire[2];
byte v_fly[2];                   /* how far the work on its reply is */
byte v_let[2];

#define ASK_DISPATCH 1
#define ASK_CLAIM    2
#define ASK_ACCEPT   3
#define FLY_ASK      1
#define FLY_COMMIT   2
#define FLY_SEND     3
#define FLY_RESULT   4

/* The network: what it holds of each message, and what it did on this connection. */
#define NET_HELD     1
#define NET_ACCEPTED 2
byte net[2];
bool out[2];                     /* given to us on this connection, and not answered */
bool given[2];                   /* at all on this connection */

/* The adapters. */
bool attached[2];
byte job[4];                     /* [endpoint * 2 + message]: the grant that it knows of */
byte adapter[2];                 /* whose the endpoint is, 1 or 2: a successor is of the same */
byte holder[2];                  /* which adapter was told that it has the message, and in which grant */
byte held[2];
bool seen[2];                    /* an adapter has seen the direct push */
bool over[2];                    /* an adapter was told that it is settled, before it came */
byte grants[2];
byte sent[2];                    /* the wire id that the network has */
byte wires;

byte crashes, duplicates, losses;
byte m, e, i;                    /* whom the turn is about; 0 between turns */
byte op, x, y, cause, to;

#define fits(n) (len (disk) + (n) <= K)
#define works(s) ((s) == MESSAGE_QUEUED || (s) == MESSAGE_PENDING || (s) == MESSAGE_STAGED || (s) == MESSAGE_ACCEPTED || \
                  (s) == MESSAGE_REPLIED)
#define waits(s) ((s) == MESSAGE_QUEUED || (s) == MESSAGE_PENDING || (s) == MESSAGE_STAGED)
#define holds(s) ((s) == MESSAGE_ACCEPTED || (s) == MESSAGE_REPLIED)
/* Another endpoint may have its number: ids are never used again, so not before it is gone from the disk. */
#define is_free(n) (v_end[n] == ENDPOINT_NONE && end[n] == ENDPOINT_NONE)
#define reachable(n) (v_end[n] == ENDPOINT_ACTIVE && v_known[n] && attached[n])

/* What leaves. */

inline leave_accept (n)
{
  assert (may_accept (msg[n]));
  net[n] = NET_ACCEPTED;
  out[n] = false
}

/* A yes: from here on the adapter works on it, so nobody else may ever be told the same. */
inline leave_yes (n, who, which)
{
  assert (may_confirm (msg[n]));
  assert (holder[n] == 0 || (holder[n] == adapter[who] && held[n] == which));
  holder[n] = adapter[who];
  held[n] = which
}

inline leave_wire (n)
{
  assert (may_wire (rep[n]) && wire[n] == v_wire[n]);
  assert (sent[n] == 0 || sent[n] == v_wire[n]);     /* one request, one wire id */
  sent[n] = v_wire[n]
}

/* The disk. One place applies all changes, so what spin says of it is said of the table. */

/* Whether the commit is about the message; an endpoint that goes, or is succeeded, is about what waits for it. */
#define touches(n) ((op == O_GRACE || op == O_EXIT || op == O_LEAVE) -> (msg[n] == MESSAGE_QUEUE && own[n] == x) : \
                    (op == O_SUCCEED -> ((msg[n] == MESSAGE_QUEUE || (works (msg[n]) && msg[n] != MESSAGE_STAGED)) && own[n] != x) : n == x))

inline what_of_message (n)
{
  to = msg[n];
  if
  :: op == O_ROUTED -> cause = BY_ROUTED; to = MESSAGE_QUEUE
  :: op == O_STORED -> cause = BY_STORED; to = MESSAGE_INBOX
  :: op == O_DELIVERED -> cause = BY_TAKEN; to = MESSAGE_ENDED
  :: op == O_GRACE || op == O_EXIT || op == O_LEAVE -> cause = BY_RETURNED; to = MESSAGE_INBOX
  :: op == O_SUCCEED && (to == MESSAGE_QUEUE || to == MESSAGE_QUEUED) -> cause = BY_ROUTED
  :: op == O_SUCCEED && to != MESSAGE_QUEUE && to != MESSAGE_QUEUED -> cause = BY_NOTE
  :: op == O_ASSIGN -> cause = BY_ASSIGNED; to = MESSAGE_QUEUED
  :: op == O_TAKEN -> cause = BY_TAKEN; to = MESSAGE_PENDING
  :: op == O_ACCEPT -> cause = BY_ACCEPTED; to = MESSAGE_ACCEPTED
  :: op == O_NOTE || op == O_OPEN -> cause = BY_NOTE
  :: op == O_RESTORE -> cause = BY_RESTORED; to = MESSAGE_INBOX
  :: op == O_END || op == O_SETTLED -> cause = BY_SETTLED; to = MESSAGE_ENDED
  :: op == O_CLAIM -> cause = BY_CLAIMED; to = MESSAGE_PENDING
  :: op == O_FETCH -> cause = BY_ASSIGNED; to = MESSAGE_STAGED
  :: op == O_SENT -> cause = BY_REPLIED; to = MESSAGE_REPLIED
  :: (op == O_HEARD || op == O_REFUSED) && to == MESSAGE_REPLIED -> cause = BY_SETTLED; to = MESSAGE_ENDED
  :: else -> cause = 255
  fi
}

inline apply_message ()
{
  for (i : 0 .. 1) {
    if
    :: touches (i) ->
       what_of_message (i);
       if
       :: op == O_CLAIM && msg[i] == MESSAGE_ENDED -> holder[i] = 0; held[i] = 0     /* it was over, and the upstream gives it again */
       :: op == O_FETCH && msg[i] == MESSAGE_ENDED -> holder[i] = 0; held[i] = 0
       :: else
       fi;
       if
       :: cause != 255 -> message_step (msg[i], cause, to)
       :: else
       fi;
       if
       :: op == O_ROUTED || op == O_ASSIGN || op == O_CLAIM || op == O_FETCH -> own[i] = y % 2; gen[i] = y / 2
       :: op == O_SUCCEED -> own[i] = x
       :: else
       fi;
       if
       :: !works (msg[i]) && msg[i] != MESSAGE_QUEUE -> own[i] = 0; gen[i] = 0
       :: else
       fi
    :: else
    fi
  }
}

inline apply_endpoint ()
{
  to = ENDPOINT_NONE;
  i = x;
  if
  :: op == O_REGISTER || op == O_SUCCEED -> cause = BY_REGISTERED; to = ENDPOINT_ACTIVE
  :: op == O_LOST -> cause = BY_CHANNEL_LOST; to = ENDPOINT_RECONNECTING
  :: op == O_RESTART -> cause = BY_RESTARTED; to = ENDPOINT_RECONNECTING; i = 0
  :: op == O_BACK -> cause = BY_REATTACHED; to = ENDPOINT_ACTIVE
  :: op == O_GRACE -> cause = BY_GRACE_OVER
  :: op == O_EXIT -> cause = BY_EXITED
  :: op == O_LEAVE -> cause = BY_UNREGISTERED
  :: else -> cause = 255
  fi;
  do
  :: cause == 255 || i > 1 -> break
  :: cause == BY_RESTARTED && end[i] != ENDPOINT_ACTIVE -> i++
  :: else ->
     endpoint_step (end[i], cause, to);
     if
     :: cause == BY_RESTARTED -> i++
     :: else -> i = 2
     fi
  od
}

inline apply_reply ()
{
  if
  :: op == O_OPEN -> cause = BY_REQUESTED; to = REPLY_OPEN; wire[x] = y
  :: op == O_SENT || op == O_SENT_LATE -> cause = BY_SENT; to = REPLY_SENT
  :: op == O_UNKNOWN -> cause = BY_UNKNOWN; to = REPLY_UNKNOWN
  :: op == O_FORGET -> cause = BY_FORGOTTEN; to = REPLY_NONE; wire[x] = 0
  :: op == O_SUCCEED -> cause = BY_INHERITED
  :: else -> cause = 255
  fi;
  for (i : 0 .. 1) {
    if
    :: cause != 255 && (cause == BY_INHERITED -> rep[i] != REPLY_NONE : i == x) ->
       if
       :: cause == BY_INHERITED -> to = rep[i]
       :: else
       fi;
       reply_step (rep[i], cause, to)
    :: else
    fi
  }
}

inline what_of_letter ()
{
  if
  :: op == O_SENT -> cause = BY_TOLD; to = LETTER_QUEUED
  :: op == O_HEARD -> cause = BY_HEARD; to = LETTER_NONE
  :: op == O_REFUSED -> cause = BY_REFUSED; to = LETTER_DEAD
  :: op == O_REVIVE && let[x] == LETTER_DEAD -> cause = BY_REVIVED; to = LETTER_NONE    /* and is told again, as another one */
  :: op == O_REVIVE && let[x] != LETTER_DEAD -> cause = BY_TOLD; to = LETTER_QUEUED
  :: op == O_BURY -> cause = BY_FORGOTTEN; to = LETTER_NONE
  :: else -> cause = 255
  fi
}

inline apply_letter ()
{
  for (i : 0 .. 1) {
    what_of_letter ();
    if
    :: cause != 255 && (i == 0 || op == O_REVIVE) -> letter_step (let[x], cause, to)
    :: else
    fi
  }
}

inline commit ()
{
  disk ? op, x, y;
  apply_message ();
  apply_endpoint ();
  apply_reply ();
  apply_letter ();
  done ! op, x, y
}

/* The broker takes things back. */

inline restore (n)
{
  v_msg[n] = MESSAGE_INBOX;
  v_deadline[n] = false; v_ready[n] = false; v_pushed[n] = false; v_own[n] = 0; v_gen[n] = 0;
  disk ! O_RESTORE, n, 0
}

inline finish (n)
{
  v_msg[n] = MESSAGE_ENDED;
  v_deadline[n] = false; v_ready[n] = false; v_pushed[n] = false; v_own[n] = 0; v_gen[n] = 0;
  disk ! O_END, n, 0
}

/* Needs room for two and one. */
inline endpoint_gone (n, how)
{
  v_end[n] = ENDPOINT_NONE;
  v_grace[n] = false; v_leaves[n] = false; v_known[n] = false; attached[n] = false;
  for (i : 0 .. 1) {
    if
    :: v_own[i] == n && waits (v_msg[i]) -> restore (i)
    :: v_own[i] == n && v_msg[i] == MESSAGE_ACCEPTED -> finish (i)
    :: else
    fi
  }
  for (i : 0 .. 1) {
    if
    :: v_msg[i] == MESSAGE_QUEUE && v_own[i] == n ->
#ifdef BUG_DROP_AT_GRACE
       v_msg[i] = MESSAGE_ENDED; v_pushed[i] = false
#else
       v_msg[i] = MESSAGE_INBOX; v_pushed[i] = false; v_own[i] = 0
#endif
    :: else
    fi
  }
  disk ! how, n, 0
}

inline channel_lost (n)
{
  attached[n] = false;
  v_end[n] = ENDPOINT_RECONNECTING;
  v_grace[n] = true;
  for (i : 0 .. 1) {
    if
    :: v_own[i] == n && v_pushed[i] && v_msg[i] == MESSAGE_QUEUED -> restore (i)
    :: v_own[i] == n && v_pushed[i] && v_msg[i] != MESSAGE_QUEUED -> v_pushed[i] = false
    :: else
    fi
  }
  disk ! O_LOST, n, 0
}

/* Handled, as an adapter says and the upstream agrees, before the network delivered it: a copy of it is one of what ended. */
inline settle_early (n)
{
#ifdef BUG_SETTLED_IS_UNMARKED
  disk ! O_COPY, n, 1
#else
  v_msg[n] = MESSAGE_ENDED;
  v_stored[n] = true;
  disk ! O_SETTLED, n, 0
#endif
}

/* Dies, and is there again: nobody can do anything in between but wait. */
inline resume (n)
{
  v_msg[n] = msg[n]; v_own[n] = own[n]; v_gen[n] = gen[n];
  v_stored[n] = (msg[n] != MESSAGE_NONE);
  v_ready[n] = (msg[n] == MESSAGE_QUEUED);
  v_pushed[n] = false; v_refused[n] = false; v_ask[n] = 0; v_before[n] = 0;
#ifdef BUG_NO_DEADLINE_AFTER_RESTART
  v_deadline[n] = false;
#else
  v_deadline[n] = (msg[n] == MESSAGE_QUEUED || msg[n] == MESSAGE_PENDING);
#endif
  v_rep[n] = rep[n]; v_wire[n] = wire[n]; v_fly[n] = 0; v_let[n] = let[n];
  out[n] = false; given[n] = false;
  if
  :: waits (msg[n]) && end[own[n]] == ENDPOINT_NONE -> restore (n)
  :: msg[n] == MESSAGE_ACCEPTED && end[own[n]] == ENDPOINT_NONE -> finish (n)
  :: msg[n] == MESSAGE_REPLIED && let[n] != LETTER_QUEUED -> finish (n)
  :: else
  fi
}

inline crash ()
{
  do
  :: nempty (disk) -> disk ? op, x, y
  :: empty (disk) -> break
  od;
  do
  :: nempty (done) -> done ? op, x, y
  :: empty (done) -> break
  od;
  x = 0;
  for (i : 0 .. 1) {
    v_leaves[i] = false;
    v_end[i] = end[i]; v_known[i] = (end[i] != ENDPOINT_NONE); attached[i] = false;
    if
    :: end[i] == ENDPOINT_ACTIVE -> v_end[i] = ENDPOINT_RECONNECTING; x = 1
    :: else
    fi;
    v_grace[i] = (v_end[i] == ENDPOINT_RECONNECTING)
  }
  if
  :: x == 1 -> disk ! O_RESTART, 0, 0
  :: else
  fi;
  resume (0);
  resume (1)
}

/* Another endpoint of the same adapter, while the one that it had waits for it: what that had is its now. */
inline succeed (n)
{
  v_end[n] = ENDPOINT_ACTIVE;
  attached[n] = true;
  adapter[n] = adapter[1 - n];
  for (i : 0 .. 1) {
    if
    :: v_own[i] != n && (v_msg[i] == MESSAGE_QUEUE || (works (v_msg[i]) && v_msg[i] != MESSAGE_STAGED)) ->
       v_own[i] = n;
       job[n * 2 + i] = job[(1 - n) * 2 + i]
    :: else
    fi
  }
  disk ! O_SUCCEED, n, 0
}

/* What the broker does when a commit is heard of. */

inline heard_of_reply ()
{
  if
  :: op == O_OPEN || (op == O_NOTE && v_fly[x] == FLY_COMMIT && y == 1) ->
     if
     :: holds (v_msg[x]) && v_fly[x] == FLY_COMMIT -> leave_wire (x); v_fly[x] = FLY_SEND
     :: else -> v_fly[x] = 0
     fi
  :: op == O_SENT || op == O_SENT_LATE ->
     assert (may_receipt (rep[x]));
     v_fly[x] = 0;
     if
     :: op == O_SENT -> v_let[x] = LETTER_QUEUED
     :: else
     fi
  :: op == O_REVIVE -> v_let[x] = LETTER_QUEUED
  :: op == O_UNKNOWN -> v_fly[x] = 0
  :: else
  fi
}

inline hear ()
{
  done ? op, x, y;
  if
  :: op == O_SETTLED || (op == O_COPY && y == 1) -> over[x] = true
  :: op == O_ROUTED || op == O_STORED || (op == O_COPY && y == 0) ->
     v_stored[x] = true;
     leave_accept (x)
  :: op == O_ASSIGN && v_msg[x] == MESSAGE_QUEUED && v_gen[x] == y / 2 -> v_ready[x] = true
  :: (op == O_ACCEPT || (op == O_NOTE && y == 0)) && holds (v_msg[x]) -> leave_yes (x, v_own[x], v_gen[x])
  :: op == O_CLAIM || op == O_FETCH ->
     v_stored[x] = true;
     if
     :: out[x] -> leave_accept (x)
     :: else
     fi;
     if
     :: v_msg[x] != MESSAGE_INBOX && v_gen[x] == y / 2 ->
        assert (may_grant (msg[x]) || msg[x] == MESSAGE_INBOX || msg[x] == MESSAGE_ENDED);
        job[(y % 2) * 2 + x] = y / 2
     :: else
     fi
  :: op == O_REGISTER && v_end[x] != ENDPOINT_NONE -> assert (may_register (end[x])); v_known[x] = true
  :: op == O_SUCCEED ->
     if
     :: v_end[x] != ENDPOINT_NONE -> assert (may_register (end[x])); v_known[x] = true
     :: else
     fi;
     v_leaves[1 - x] = (v_end[1 - x] != ENDPOINT_NONE)
  :: else
  fi;
  heard_of_reply ()
}

/* The network gives us a message, once more or for the first time. */

inline place (n)
{
  assert (net[n] == NET_HELD && !over[n]);     /* else it would have a second effect */
  if
#ifdef DELIVER
  :: v_end[0] != ENDPOINT_NONE ->
     v_msg[n] = MESSAGE_QUEUE; v_own[n] = 0;
     disk ! O_ROUTED, n, 0
  :: v_end[0] == ENDPOINT_NONE ->
#else
  :: true ->
#endif
     v_msg[n] = MESSAGE_INBOX;
     disk ! O_STORED, n, 0
  fi
#ifdef BUG_ACCEPT_BEFORE_COMMIT
  ; leave_accept (n)
#endif
}

inline give (n)
{
  if
  :: out[n] || net[n] == NET_ACCEPTED -> duplicates++
  :: else
  fi;
  out[n] = (net[n] == NET_HELD);
  given[n] = true;
  if
  :: v_msg[n] == MESSAGE_ENDED ->      /* perhaps neither its end nor its arrival is durable yet */
#ifdef BUG_END_IS_TRUSTED
     leave_accept (n)
#else
     disk ! O_COPY, n, 0
#endif
  :: v_msg[n] != MESSAGE_NONE && v_msg[n] != MESSAGE_ENDED && v_stored[n] -> leave_accept (n)
  :: v_msg[n] != MESSAGE_NONE && v_msg[n] != MESSAGE_ENDED && !v_stored[n]      /* with the first one, when that is stored */
#ifdef DELIVER
#ifndef BUG_REFUSED_IS_OVERTAKEN
  :: v_msg[n] == MESSAGE_NONE && n == 1 && v_refused[0] -> out[n] = false
#define overtakes(n) (n == 1 && v_refused[0])
#else
#define overtakes(n) false
#endif
  :: v_msg[n] == MESSAGE_NONE -> v_refused[n] = true; out[n] = false
#else
#define overtakes(n) false
#endif
  :: v_msg[n] == MESSAGE_NONE && !overtakes (n) -> v_refused[n] = false; place (n)
  fi
}

#define may_give(n) (net[n] != 0 && fits (1) && (n == 0 || given[0] || net[0] == NET_ACCEPTED) && \
                     ((net[n] == NET_HELD && !out[n]) || duplicates < DUPLICATES))

#ifdef BUG_LANE_IS_SKIPPED
#define is_first(n) true
#else
#define is_first(n) (n == 0 || !(v_msg[0] == MESSAGE_QUEUE && v_own[0] == v_own[n]))
#endif

/* Both messages are of one conversation: the second may only be pushed when the first has a place, and is not before it in the queue. */
inline push_direct (n)
{
  assert (may_push (msg[n]));
  assert (n == 0 || (msg[0] != MESSAGE_NONE && (v_msg[0] != MESSAGE_QUEUE || v_own[0] != v_own[n] || seen[0])));
  v_pushed[n] = true;
  seen[n] = true
}

inline push_assignment (n)
{
  assert (may_push (msg[n]));
  v_pushed[n] = true;
  v_ready[n] = false;
  job[v_own[n] * 2 + n] = v_gen[n]
}

/* The upstream agrees, or not, to what it was asked. */
inline agreed (n)
{
  if
  :: v_ask[n] == ASK_DISPATCH && v_end[v_own[n]] != ENDPOINT_NONE ->
     v_msg[n] = MESSAGE_QUEUED; v_gen[n] = grants[n]; v_deadline[n] = true;
     disk ! O_ASSIGN, n, v_own[n] + 2 * v_gen[n]
#ifdef BUG_PUSH_BEFORE_COMMIT
     ; v_ready[n] = true
#endif
  :: v_ask[n] == ASK_CLAIM && v_end[v_own[n]] != ENDPOINT_NONE ->
     v_msg[n] = MESSAGE_PENDING; v_gen[n] = grants[n]; v_deadline[n] = true;
     disk ! O_CLAIM, n, v_own[n] + 2 * v_gen[n]
  :: v_ask[n] == ASK_ACCEPT && waits (v_msg[n]) && v_gen[n] == v_before[n] ->
     v_msg[n] = MESSAGE_ACCEPTED; v_deadline[n] = false; v_ready[n] = false; v_pushed[n] = false;
#ifdef BUG_YES_BEFORE_COMMIT
     leave_yes (n, v_own[n], v_gen[n]);
#endif
     disk ! O_ACCEPT, n, v_own[n] + 2 * v_gen[n]
  :: else -> declined (n)
  fi;
  v_ask[n] = 0; v_before[n] = 0
}

/* What was taken for it is there again as it was. */
inline declined (n)
{
  if
  :: v_ask[n] == ASK_DISPATCH || v_ask[n] == ASK_CLAIM ->
#ifdef BUG_END_IS_FORGOTTEN
     v_msg[n] = (v_before[n] == MESSAGE_ENDED -> MESSAGE_NONE : v_before[n]);
#else
     v_msg[n] = v_before[n];
#endif
     v_own[n] = 0;
     if
     :: v_before[n] != MESSAGE_INBOX -> v_stored[n] = (v_msg[n] == MESSAGE_ENDED); out[n] = false     /* the network gives it again */
     :: else
     fi
  :: else
  fi
}

/* Taken out of the inbox, or made of what only the upstream had, while it is asked: live, and nobody else's. */
#define TAKEN_OUT 99

inline ask_for (n, who, what)
{
  v_ask[n] = what;
  v_before[n] = v_msg[n];
  if
  :: v_msg[n] != MESSAGE_INBOX -> v_stored[n] = false     /* a delivery of it waits for what becomes of this */
  :: else
  fi;
  v_msg[n] = TAKEN_OUT;
  v_own[n] = who;
  grants[n]++
}

/* The work of a reply. */
inline request_reply (n)
{
  if
  :: v_fly[n] == 0 && v_rep[n] == REPLY_SENT -> assert (may_receipt (rep[n]))
  :: v_fly[n] == 0 && v_rep[n] == REPLY_NONE && holds (v_msg[n]) -> v_fly[n] = FLY_ASK
  :: v_fly[n] == 0 && v_rep[n] == REPLY_OPEN && holds (v_msg[n]) -> v_fly[n] = FLY_COMMIT; disk ! O_NOTE, n, 1
  :: else
  fi
}

inline reply_agreed (n)
{
  if
  :: holds (v_msg[n]) ->
     v_rep[n] = REPLY_OPEN;
     wires++;
     v_wire[n] = wires;
     v_fly[n] = FLY_COMMIT;
     disk ! O_OPEN, n, wires
#ifdef BUG_SEND_BEFORE_COMMIT
     ; leave_wire (n)
#endif
  :: else -> v_fly[n] = 0
  fi
}

inline reply_sent (n)
{
  v_rep[n] = REPLY_SENT;
  v_fly[n] = FLY_RESULT;
  if
  :: v_msg[n] == MESSAGE_ACCEPTED -> v_msg[n] = MESSAGE_REPLIED; disk ! O_SENT, n, 0
  :: else -> disk ! O_SENT_LATE, n, 0
  fi
}

inline report_over (n)
{
  if
  :: v_msg[n] == MESSAGE_REPLIED -> v_msg[n] = MESSAGE_ENDED; v_own[n] = 0; v_gen[n] = 0
  :: else
  fi
}

/* Nothing waits for the disk or the upstream: the memory says what the disk says, and whatever is not over has a next step. */
#define same(n) (v_msg[n] == msg[n] && v_rep[n] == rep[n] && v_let[n] == let[n] && v_end[n] == end[n] && \
                 (!(works (msg[n]) || msg[n] == MESSAGE_QUEUE) || v_own[n] == own[n]))
#define there(n) (v_grace[own[n]] || (v_end[own[n]] == ENDPOINT_ACTIVE && attached[own[n]]))
#define goes_on(n) ((net[n] != NET_ACCEPTED || msg[n] != MESSAGE_NONE) && \
                    (msg[n] != MESSAGE_QUEUE || there (n)) && \
                    ((msg[n] != MESSAGE_QUEUED && msg[n] != MESSAGE_PENDING) || v_deadline[n]) && \
                    ((msg[n] != MESSAGE_STAGED && msg[n] != MESSAGE_ACCEPTED) || there (n)) && \
                    (msg[n] != MESSAGE_REPLIED || let[n] == LETTER_QUEUED))
#define quiet (empty (disk) && empty (done) && v_ask[0] + v_ask[1] + v_fly[0] + v_fly[1] == 0)

init {
  d_step {
#ifdef DELIVER
    net[0] = NET_HELD; net[1] = NET_HELD;
#endif
#ifdef CLAIM
    net[0] = NET_HELD; net[1] = NET_ACCEPTED;
    msg[1] = MESSAGE_ENDED; v_msg[1] = MESSAGE_ENDED; v_stored[1] = true;
#endif
#ifdef ASSIGN
    for (i : 0 .. 1) { net[i] = NET_ACCEPTED; msg[i] = MESSAGE_INBOX; v_msg[i] = MESSAGE_INBOX; v_stored[i] = true }
#endif
#ifdef REPLY
    for (i : 0 .. 1) {
      net[i] = NET_ACCEPTED; msg[i] = MESSAGE_ACCEPTED; v_msg[i] = MESSAGE_ACCEPTED; v_stored[i] = true;
      own[i] = i; v_own[i] = i; gen[i] = 1; v_gen[i] = 1; grants[i] = 1; holder[i] = i + 1; held[i] = 1
    }
#endif
    for (i : 0 .. 1) { end[i] = ENDPOINT_ACTIVE; v_end[i] = ENDPOINT_ACTIVE; v_known[i] = true; attached[i] = true; adapter[i] = i + 1 }
    i = 0
  }

  do
  :: atomic {
    if :: m = 0 :: m = 1 fi;
    if :: e = 0 :: e = 1 fi;
    if
    /* the disk */
    :: m == 0 && e == 0 && nempty (disk) && nfull (done) -> d_step { commit () }
    :: m == 0 && e == 0 && nempty (done) -> d_step { hear () }
    :: m == 0 && e == 0 && crashes < CRASHES -> d_step { crashes++; crash () }
    :: m == 0 && e == 0 && quiet -> assert (same (0) && same (1)); assert (goes_on (0) && goes_on (1))

    /* adapters come and go */
    :: m == 0 && attached[e] && v_end[e] == ENDPOINT_ACTIVE && fits (3) && losses < LOSSES -> d_step { losses++; channel_lost (e) }
    :: m == 0 && !attached[e] && v_end[e] == ENDPOINT_RECONNECTING && fits (1) ->
       d_step { attached[e] = true; v_end[e] = ENDPOINT_ACTIVE; v_grace[e] = false; disk ! O_BACK, e, 0 }
    :: m == 0 && v_grace[e] && fits (3) -> d_step { endpoint_gone (e, O_GRACE) }
    :: m == 0 && e == 0 && v_end[0] != ENDPOINT_NONE && fits (3) && losses < LOSSES -> d_step { losses++; endpoint_gone (0, O_LEAVE) }
    :: m == 0 && e == 1 && v_end[1] != ENDPOINT_NONE && fits (3) && losses < LOSSES -> d_step { losses++; endpoint_gone (1, O_EXIT) }
    :: m == 0 && v_leaves[e] && fits (3) -> d_step { endpoint_gone (e, O_LEAVE) }
#ifndef CLAIM
    :: m == 0 && is_free (e) && v_end[1 - e] == ENDPOINT_RECONNECTING && fits (1) -> d_step { succeed (e) }
#endif
#ifndef REPLY
    :: m == 0 && is_free (e) && fits (1) ->
       d_step { v_end[e] = ENDPOINT_ACTIVE; attached[e] = true; adapter[e] = 3 - adapter[1 - e]; disk ! O_REGISTER, e, 0 }
#endif

#if defined (DELIVER) || defined (CLAIM)
    :: e == 0 && may_give (m) -> give (m)
#endif

#ifdef DELIVER
    :: e == 0 && v_msg[m] == MESSAGE_QUEUE && v_stored[m] && !v_pushed[m] && reachable (v_own[m]) && is_first (m) ->
       d_step { push_direct (m) }
    :: e == 0 && v_msg[m] == MESSAGE_QUEUE && v_pushed[m] && fits (1) ->
       d_step { v_msg[m] = MESSAGE_ENDED; v_pushed[m] = false; v_own[m] = 0; disk ! O_DELIVERED, m, 0 }
    :: e == 0 && v_msg[m] == MESSAGE_QUEUE && v_pushed[m] -> v_pushed[m] = false      /* no receipt came */
#endif

#ifdef ASSIGN
    :: v_msg[m] == MESSAGE_INBOX && v_ask[m] == 0 && grants[m] < most (m) && v_end[e] != ENDPOINT_NONE ->
       d_step { ask_for (m, e, ASK_DISPATCH) }
    :: e == 0 && v_msg[m] == MESSAGE_QUEUED && v_ready[m] && !v_pushed[m] && reachable (v_own[m]) -> d_step { push_assignment (m) }
    :: e == 0 && v_msg[m] == MESSAGE_QUEUED && v_pushed[m] && fits (1) ->
       d_step { v_msg[m] = MESSAGE_PENDING; v_pushed[m] = false; disk ! O_TAKEN, m, 0 }
    :: e == 0 && v_msg[m] == MESSAGE_QUEUED && v_pushed[m] && fits (1) -> d_step { restore (m) }      /* no receipt came */
#endif

#ifdef CLAIM
    /* The upstream grants what is in our inbox, and what only it has. Message 1 has ended here before. */
    :: (v_msg[m] == MESSAGE_INBOX || v_msg[m] == MESSAGE_NONE || v_msg[m] == MESSAGE_ENDED) && v_ask[m] == 0 && grants[m] < most (m) &&
       !over[m] && v_end[e] == ENDPOINT_ACTIVE && net[m] != 0 -> d_step { ask_for (m, e, ASK_CLAIM) }
    :: (v_msg[m] == MESSAGE_INBOX || v_msg[m] == MESSAGE_NONE || v_msg[m] == MESSAGE_ENDED) && v_ask[m] == 0 && grants[m] < most (m) &&
       !over[m] && v_end[e] == ENDPOINT_ACTIVE && fits (1) ->
       d_step {
         grants[m]++; v_own[m] = e; v_gen[m] = grants[m]; v_msg[m] = MESSAGE_STAGED;
         disk ! O_FETCH, m, e + 2 * grants[m]
       }
    :: e == 0 && v_msg[m] == MESSAGE_STAGED && fits (1) -> d_step { finish (m) }
#ifdef EARLY
    :: e == 0 && (v_msg[m] == MESSAGE_NONE || v_msg[m] == MESSAGE_ENDED) && v_ask[m] == 0 && !over[m] && fits (1) ->
       d_step { settle_early (m) }
#endif
    :: e == 0 && v_msg[m] == MESSAGE_INBOX && v_ask[m] == 0 && fits (1) -> d_step { finish (m) }      /* handled without a reply */
#endif

#if defined (ASSIGN) || defined (CLAIM)
    :: e == 0 && v_ask[m] != 0 && fits (1) -> d_step { agreed (m) }
    :: e == 0 && v_ask[m] != 0 -> d_step { declined (m); v_ask[m] = 0; v_before[m] = 0 }
    /* An adapter says yes to the grant that it knows of; whether that is still the one is the broker's to know. */
    :: job[e * 2 + m] != 0 && attached[e] && v_ask[m] == 0 && waits (v_msg[m]) && v_own[m] == e && v_gen[m] == job[e * 2 + m] ->
       d_step { v_ask[m] = ASK_ACCEPT; v_before[m] = v_gen[m] }
#ifdef BUG_STALE_GRANT
    :: job[e * 2 + m] != 0 && attached[e] && v_ask[m] == 0 && works (v_msg[m]) && fits (1) ->
       d_step { leave_yes (m, e, job[e * 2 + m]) }
#endif
    :: job[e * 2 + m] != 0 && attached[e] && v_ask[m] == 0 && holds (v_msg[m]) && v_own[m] == e && v_gen[m] == job[e * 2 + m] && fits (1) ->
       d_step { disk ! O_NOTE, m, 0 }
    :: job[e * 2 + m] != 0 && attached[e] && waits (v_msg[m]) && v_own[m] == e && v_gen[m] == job[e * 2 + m] && fits (1) ->
       d_step { restore (m) }                                                                         /* it says no */
    :: job[e * 2 + m] != 0 && attached[e] && works (v_msg[m]) && v_own[m] == e && v_gen[m] == job[e * 2 + m] && fits (1) ->
       d_step { finish (m) }                                                                          /* it fails */
#ifdef BUG_DEADLINE_AFTER_ACCEPTANCE
    :: e == 0 && holds (v_msg[m]) && fits (1) -> d_step { v_msg[m] = MESSAGE_INBOX; v_own[m] = 0; disk ! O_RESTORE, m, 0 }
#endif
    :: e == 0 && v_deadline[m] && fits (1) -> d_step { restore (m) }
#endif

#ifdef REPLY
    :: m == e && attached[e] && fits (1) -> d_step { request_reply (m) }
    :: e == 0 && v_fly[m] == FLY_ASK && fits (1) -> d_step { reply_agreed (m) }
    :: e == 0 && v_fly[m] == FLY_ASK -> v_fly[m] = 0
    :: e == 0 && v_fly[m] == FLY_SEND && fits (1) -> d_step { reply_sent (m) }
    :: e == 0 && v_fly[m] == FLY_SEND && fits (1) -> d_step { v_rep[m] = REPLY_UNKNOWN; v_fly[m] = FLY_RESULT; disk ! O_UNKNOWN, m, 0 }
    :: e == 0 && v_fly[m] == FLY_SEND -> v_fly[m] = 0
    /* A record is forgotten when it is old and its assignment is gone. */
#ifdef BUG_RECORD_IS_FORGOTTEN
    :: e == 0 && v_fly[m] == 0 && v_rep[m] != REPLY_NONE && fits (1) ->
#else
    :: e == 0 && v_fly[m] == 0 && v_rep[m] != REPLY_NONE && !works (v_msg[m]) && fits (1) ->
#endif
       d_step { v_rep[m] = REPLY_NONE; v_wire[m] = 0; disk ! O_FORGET, m, 0 }
    /* The report of the reply is told, until it is heard or refused for good; that ends the assignment. */
    :: e == 0 && v_let[m] == LETTER_QUEUED && fits (1) ->
       d_step { assert (may_tell (let[m])); v_let[m] = LETTER_NONE; report_over (m); disk ! O_HEARD, m, 0 }
    :: e == 0 && v_let[m] == LETTER_QUEUED && fits (1) ->
       d_step { assert (may_tell (let[m])); v_let[m] = LETTER_DEAD; report_over (m); disk ! O_REFUSED, m, 0 }
    :: e == 0 && v_let[m] == LETTER_DEAD && fits (1) -> d_step { v_let[m] = LETTER_NONE; disk ! O_BURY, m, 0 }
    :: e == 0 && v_let[m] == LETTER_DEAD && fits (1) -> d_step { v_let[m] = LETTER_NONE; disk ! O_REVIVE, m, 0 }
#endif
    :: true
    fi;
    m = 0; e = 0; i = 0; op = 0; x = 0; y = 0; cause = 0; to = 0
  }
  od
}
