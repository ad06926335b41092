# layers.py: who may use what; design.md's picture of the layers as a table
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import re

# Folder -> our folders whose headers it may include, besides its own. `broker` is the programs' own main files.
ALLOWED_FOLDERS = {
    'broker/api': (),
    'broker/sql': ('broker/api',),
    'broker/core': ('broker/api',),
    'broker/wire': ('broker/api', 'broker/core'),
    'broker/store': ('broker/api', 'broker/core', 'broker/sql'),
    'broker/host': ('broker/api', 'broker/core'),
    'broker/module': ('broker/api', 'broker/host'),
    'broker/bus': ('broker/api', 'broker/core'),
    'broker/ipc': ('broker/api', 'broker/core', 'broker/wire'),
    'broker/daemon': ('broker/api', 'broker/core', 'broker/wire', 'broker/store', 'broker/host', 'broker/bus', 'broker/ipc'),
    'broker/client': ('broker/api',),
    'broker/client/examples': ('broker/client',),
    'broker/ctl': ('broker/api', 'broker/client'),
    'broker/check': ('broker/api', 'broker/host'),
    'broker/mcp': ('broker/api', 'broker/client'),
    'broker/manual': ('broker/api', 'broker/check', 'broker/core', 'broker/daemon', 'broker/ctl', 'broker/client', 'broker/mcp'),
    'broker': ('broker/api', 'broker/daemon', 'broker/ctl'),
    'modules/local': ('broker/api', 'broker/sql'),
    'modules/claude-code': ('broker/api', 'modules/program'),
    'modules/codex': ('broker/api', 'modules/program'),
    'modules/command': ('broker/api', 'modules/program'),
}
MODULE_FOLDERS = ('broker/api',)

# What an #include names -> the folders that may say it.
FORBIDDEN_HEADERS = (
    ('libsoup', r'libsoup/', ('broker/ipc', 'broker/client', 'modules/http', 'modules/gateway')),
    ('sqlite', r'sqlite3\.h', ('broker/sql',)),
    ('libsecret', r'libsecret/', ('broker/daemon',)),
    ('gmodule', r'gmodule\.h', ('broker/host', 'broker/manual')),
    ('systemd', r'systemd/', ('broker/daemon', 'modules/journal')),
    ('json-glib', r'json-glib/', ('broker/daemon', 'broker/ctl', 'broker/client', 'modules')),
)

# Words in the code (comments and strings do not count) -> the folders that may say them.
FORBIDDEN_WORDS = (
    ('gdbus', r'\b(?:g_dbus_\w+|GDBus\w*|g_bus_\w+)', ('broker/bus', 'broker/client', 'broker/ctl', 'modules/program')),
    ('gmodule-calls', r'\bg_module_(?:open|symbol|close|make_resident)\w*', ('broker/host', 'broker/manual')),
    ('sqlite-calls', r'\bsqlite3_\w+', ('broker/sql',)),
    ('soup-calls', r'\b(?:soup_\w+|Soup[A-Z]\w+)', ('broker/ipc', 'broker/client', 'modules/http', 'modules/gateway')),
)

# The core decides and does nothing else: no sockets, no files, no clock and no output of its own.
CORE_HEADERS = r'(?:stdio\.h|fcntl\.h|unistd\.h|sys/|netinet/|arpa/|poll\.h|glib/gstdio\.h|gio/gunix)'
CORE_WORDS = (
    r'(?<![>.\w])(?:printf|fprintf|puts|g_print|g_printerr'
    r'|fopen|open|read|write|g_open|g_file_\w+|GFile\w*|g_unlink|g_mkdir\w*'
    r'|socket|connect|GSocket\w*|g_socket_\w+'
    r'|g_get_monotonic_time|g_get_real_time|g_date_time_new_now\w*|clock_gettime|gettimeofday|time'
    r'|g_timeout_\w+|g_idle_\w+|g_random_\w+|g_rand_\w+|g_uuid_string_random'
    r'|GSubprocess\w*|g_spawn_\w+|GThread|g_thread_\w+|GMutex|g_mutex_\w+)\s*(?=\()'
)
# What the core uses when its ports are left empty (RbCorePorts, "NULL: the kernel's"): file -> headers and calls.
CORE_EXCEPTIONS = {
    'broker/core/rb-core.c': r'sys/random\.h|getrandom',
}


def allowed_folders(folder):
    if folder in ALLOWED_FOLDERS:
        return ALLOWED_FOLDERS[folder]
    return MODULE_FOLDERS if folder.startswith('modules/') else None


def is_within(folder, allowed):
    return any(folder == one or folder.startswith(one + '/') for one in allowed)


def product_files(tree):
    """The C files that ship; tests may look behind the curtain."""
    return [source for source in tree.c_files() if source.folder.startswith(('broker', 'modules'))]


def includes(source):
    return source.find(r'(?m)^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def check_folders(tree):
    """A folder includes only headers of the layers below it."""
    headers = tree.header_folders()
    for source in product_files(tree):
        allowed = allowed_folders(source.folder)
        if allowed is None:
            yield source.path, 1, 'folder is not in the table of tests/lint/layers.py'
            continue
        for line, match in includes(source):
            owner = headers.get(match.group(2))
            if owner is not None and owner != source.folder and owner not in allowed:
                yield source.path, line, "{} may not include '{}' of {}".format(source.folder, match.group(2), owner)


def check_headers(tree):
    """libsoup, SQLite, GModule, systemd and json-glib are each included by their own folder alone."""
    for source in product_files(tree):
        for line, match in includes(source):
            for name, pattern, allowed in FORBIDDEN_HEADERS:
                if re.match(pattern, match.group(2)) and not is_within(source.folder, allowed):
                    yield source.path, line, "{} does not belong in {}".format(name, source.folder)


def check_words(tree):
    """GDBus, GModule, SQLite and libsoup are each called by their own folder alone."""
    for source in product_files(tree):
        for name, pattern, allowed in FORBIDDEN_WORDS:
            if is_within(source.folder, allowed):
                continue
            for line, match in source.find(pattern, source.code):
                yield source.path, line, "'{}' does not belong in {} ({})".format(match.group(0), source.folder, name)


def check_core(tree):
    """The core has no sockets, files, clock, threads or output of its own."""
    for source in product_files(tree):
        if source.folder != 'broker/core':
            continue
        excepted = CORE_EXCEPTIONS.get(source.path, r'$^')
        for line, match in includes(source):
            if match.group(1) == '<' and re.match(CORE_HEADERS, match.group(2)) and not re.match(excepted, match.group(2)):
                yield source.path, line, "the core may not include '{}'".format(match.group(2))
        for line, match in source.find(CORE_WORDS, source.code):
            if re.match(excepted, match.group(0)):
                continue
            yield source.path, line, "the core may not call '{}'".format(match.group(0))


# Programs, and what only programs do.
PRINTING = ('broker/check', 'broker/client/examples', 'broker/ctl', 'broker/daemon', 'broker/manual', 'broker/module')


def check_printing(tree):
    """Only programs that talk to a person print."""
    for source in product_files(tree):
        if is_within(source.folder, PRINTING) or source.folder == 'broker':
            continue
        if source.path == 'broker/mcp/main.c':
            continue
        for line, match in source.find(r'\b(?:printf|fprintf|puts|fputs|g_print|g_printerr)\s*\(', source.code):
            yield source.path, line, "'{}' outside broker/ctl and the programs".format(match.group(0))


RULES = (
    ('layers/folders', check_folders),
    ('layers/headers', check_headers),
    ('layers/words', check_words),
    ('layers/core-is-pure', check_core),
    ('layers/printing', check_printing),
)
