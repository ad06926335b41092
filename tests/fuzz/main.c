/* main.c: runs a fuzz target on a corpus, and on random mutations of it, without a fuzzer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A target is a function that aborts when something is wrong. With libFuzzer this file is left out, and clang's main()
 * calls the same function; here any compiler makes a short, repeatable test of it:
 *
 *   test-fuzz-NAME FILE-OR-FOLDER... [--random N SEED | --seconds N SEED]
 *
 * The input being run is kept in the file that RB_FUZZ_CRASH names, if it is set, so that a crash leaves it behind. */

#define MAX_MUTATIONS 8
#define MAX_INPUT_BYTES 4096

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
run_one (GByteArray *input)
{
  const char *crash = g_getenv ("RB_FUZZ_CRASH");
  /* A copy of exactly its size, so that a sanitizer sees one read too many. */
  g_autofree guint8 *data = g_memdup2 (input->data, input->len);

  if (crash != NULL)
    g_file_set_contents (crash, (const char *) input->data, input->len, NULL);
  LLVMFuzzerTestOneInput (data, input->len);
}

static void
add_file (GPtrArray  *corpus,
          const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *data = NULL;
  gsize length;

  if (!g_file_get_contents (path, &data, &length, &error))
    {
      g_printerr ("%s\n", error->message);
      exit (2);
    }
  g_ptr_array_add (corpus, g_byte_array_new_take ((guint8 *) g_steal_pointer (&data), length));
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In the order of names, so that a seed means the same everywhere. */
static void
add_folder (GPtrArray  *corpus,
            GDir       *folder,
            const char *path)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, name, NULL));

  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    add_file (corpus, g_ptr_array_index (names, i));
}

static void
add_path (GPtrArray  *corpus,
          const char *path)
{
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);

  if (folder != NULL)
    add_folder (corpus, folder, path);
  else
    add_file (corpus, path);
}

static guint
pick (GRand *rand,
      guint  n)
{
  return n > 0 ? g_rand_int_range (rand, 0, n) : 0;
}

static void
insert (GByteArray   *input,
        guint         at,
        const guint8 *data,
        guint         length)
{
  guint tail = input->len - at;

  if (length == 0)
    return;

  g_byte_array_set_size (input, input->len + length);
  memmove (input->data + at + length, input->data + at, tail);
  memcpy (input->data + at, data, length);
}

static void
mutate (GRand           *rand,
        const GPtrArray *corpus,
        GByteArray      *input)
{
  const GByteArray *other = g_ptr_array_index (corpus, pick (rand, corpus->len));
  guint at = pick (rand, input->len + 1);
  guint from = pick (rand, other->len);
  guint8 byte = g_rand_int (rand);

  switch (pick (rand, 6))
    {
    case 0:
      if (at < input->len)
        input->data[at] = byte;
      break;
    case 1:
      if (at < input->len)
        input->data[at] ^= 1 << pick (rand, 8);
      break;
    case 2:
      insert (input, at, &byte, 1);
      break;
    case 3:
      if (at < input->len)
        g_byte_array_remove_range (input, at, 1 + pick (rand, MIN (input->len - at, 16)));
      break;
    case 4:
      insert (input, at, other->data + from, pick (rand, MIN (other->len - from, 32) + 1));
      break;
    default:
      g_byte_array_set_size (input, at);
      break;
    }
}

/* Until @n were run, or for @seconds. Returns how many it were. */
static guint64
run_random (const GPtrArray *corpus,
            guint64          n,
            guint64          seconds,
            guint32          seed)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  gint64 until_us = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
  guint64 i;

  for (i = 0; i < n || g_get_monotonic_time () < until_us; i++)
    {
      const GByteArray *start = g_ptr_array_index (corpus, pick (rand, corpus->len));
      g_autoptr(GByteArray) input = g_byte_array_new ();
      guint n_mutations = 1 + pick (rand, MAX_MUTATIONS);

      g_byte_array_append (input, start->data, MIN (start->len, MAX_INPUT_BYTES));
      for (guint k = 0; k < n_mutations; k++)
        mutate (rand, corpus, input);
      run_one (input);
    }
  return i;
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GPtrArray) corpus = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);
  guint64 n_random = 0;
  guint64 seconds = 0;
  guint32 seed = 0;

  for (int i = 1; i < argc; i++)
    {
      gboolean is_random = g_str_equal (argv[i], "--random");

      if ((is_random || g_str_equal (argv[i], "--seconds")) && i + 2 < argc)
        {
          *(is_random ? &n_random : &seconds) = g_ascii_strtoull (argv[i + 1], NULL, 10);
          seed = g_ascii_strtoull (argv[i + 2], NULL, 10);
          i += 2;
        }
      else
        {
          add_path (corpus, argv[i]);
        }
    }

  if (corpus->len == 0)
    {
      g_printerr ("usage: %s FILE-OR-FOLDER... [--random N SEED | --seconds N SEED]\n", argv[0]);
      return 2;
    }

  printf ("1..2\n");
  for (guint i = 0; i < corpus->len; i++)
    run_one (g_ptr_array_index (corpus, i));
  printf ("ok 1 /fuzz/corpus # %u files\n", corpus->len);
  fflush (stdout);

  n_random = run_random (corpus, n_random, seconds, seed);
  printf ("ok 2 /fuzz/random # %" G_GUINT64_FORMAT " mutations, seed %u\n", n_random, seed);
  return 0;
}
