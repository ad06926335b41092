/* test-module-files.c: the modules as files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module.h"
#include "rb-test.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

typedef struct {
  const char   *file;
  RbModuleKind  kind;
  const char   *name;
  const char   *first_key;
} Case;

static const Case cases[] = {
  { "connector-gateway.so", RB_MODULE_CONNECTOR, "gateway", "url" },
  { "connector-local.so", RB_MODULE_CONNECTOR, "local", "handle" },
  { "emitter-http.so", RB_MODULE_EMITTER, "http", "api-host" },
  { "upstream-http.so", RB_MODULE_UPSTREAM, "http", "api-host" },
  { "upstream-local.so", RB_MODULE_UPSTREAM, "local", "handle" },
};

static char *
build_path (const char *file)
{
  const char *directory = g_getenv ("RB_TEST_MODULE_DIR");

  g_assert_nonnull (directory);
  return g_build_filename (directory, file, NULL);
}

static void
test_only_symbol (gconstpointer data)
{
  const Case *test = data;
  g_autofree char *path = build_path (test->file);
  g_autofree char *file = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  const ElfW(Ehdr) *header;
  const ElfW(Shdr) *sections;

  g_test_summary ("The module exports its description and nothing else.");

  g_assert_true (g_file_get_contents (path, &file, NULL, NULL));
  header = (const void *) file;
  sections = (const void *) (file + header->e_shoff);
  for (guint i = 0; i < header->e_shnum; i++)
    {
      const ElfW(Sym) *symbols = (const void *) (file + sections[i].sh_offset);

      if (sections[i].sh_type != SHT_DYNSYM)
        continue;
      for (gsize j = 1; j < sections[i].sh_size / sizeof *symbols; j++)
        if (symbols[j].st_shndx != SHN_UNDEF)
          g_ptr_array_add (names, file + sections[sections[i].sh_link].sh_offset + symbols[j].st_name);
    }
  g_assert_cmpuint (names->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, RB_MODULE_INFO_SYMBOL);
}

static void
test_description (gconstpointer data)
{
  const Case *test = data;
  g_autofree char *path = build_path (test->file);
  void *module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  const RbModuleInfo *info;
  GType type;

  g_test_summary ("The description says what the module is, and its type is what it says.");

  if (module == NULL)
    g_test_message ("%s", dlerror ());
  g_assert_nonnull (module);
  info = dlsym (module, RB_MODULE_INFO_SYMBOL);
  g_assert_nonnull (info);
  g_assert_cmpuint (info->abi, ==, RB_MODULE_ABI);
  g_assert_cmpuint (info->size, ==, sizeof *info);
  g_assert_cmpstr (info->name, ==, test->name);
  g_assert_cmpstr (info->version, ==, RB_VERSION);
  g_assert_cmpint (info->kind, ==, test->kind);
  g_assert_cmpstr (info->settings[0].key, ==, test->first_key);

  /* From here on it must stay loaded. */
  type = info->get_type ();
  g_assert_true (g_type_is_a (type, RB_TYPE_MODULE));
  g_assert_true (G_TYPE_IS_OBJECT (type));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *symbol_path = g_strdup_printf ("/modules/files/%s/only-symbol", cases[i].file);
      g_autofree char *description_path = g_strdup_printf ("/modules/files/%s/description", cases[i].file);

      g_test_add_data_func (symbol_path, &cases[i], test_only_symbol);
      g_test_add_data_func (description_path, &cases[i], test_description);
    }
  return g_test_run ();
}
