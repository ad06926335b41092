#!/usr/bin/env python3
# make-tables.py: the table of transitions as Promela, as C and as a diagram
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make-tables.py TABLE promela|c|dot [OUTPUT]

import sys


class Table:
    def __init__(self, path):
        self.steps = []     # (machine, from, cause, to, line)
        self.effects = []   # (effect, machine, states)
        with open(path, encoding='ascii') as file:
            for number, line in enumerate(file, 1):
                words = line.split('#')[0].split()
                if words:
                    self.read(words, number)
        self.machines = unique(step[0] for step in self.steps)
        self.check()

    def read(self, words, number):
        if words[0] == 'step' and len(words) == 5:
            self.steps.append((*words[1:], number))
        elif words[0] == 'may' and len(words) > 3:
            self.effects.append((words[1], words[2], words[3:]))
        else:
            sys.exit('transitions.txt:{}: neither a step nor an effect'.format(number))

    def check(self):
        keys = [step[:4] for step in self.steps]
        for key in keys:
            if keys.count(key) > 1:
                sys.exit('transitions.txt: twice: ' + ' '.join(key))
        for effect, machine, states in self.effects:
            for state in states:
                if state not in self.states(machine):
                    sys.exit('transitions.txt: may {}: {} has no state {}'.format(effect, machine, state))

    def states(self, machine):
        """That of no row comes first, so that it is 0 everywhere."""
        return unique(['none'] + [word for step in self.steps if step[0] == machine for word in (step[1], step[3])])

    def causes(self):
        """Of messages: what the checker reads from the ladder. "note" is any other commit."""
        return unique(['note'] + [step[2] for step in self.steps if step[0] == 'message'])


C_HEAD = """#pragma once

#include "rb-transitions.h"

typedef struct {
  guint8      machine;
  guint8      from;
  guint8      cause;     /* BY_NOTE but for messages */
  guint8      to;
  const char *text;
} Step;

typedef struct {
  const char *effect;
  guint8      machine;
  guint       states;    /* a bit each */
} May;
"""


def unique(words):
    return list(dict.fromkeys(words))


def name(*words):
    return '_'.join(word.upper().replace('-', '_') for word in words)


def write_promela(table):
    """A constant for each state and cause; one inline for each machine, whose options are the steps; may_EFFECT(state). With -DCOVER each
    step says once that it was made."""
    yield '/* made from transitions.txt by make-tables.py */'
    for machine in table.machines:
        for value, state in enumerate(table.states(machine)):
            yield '#define {} {}'.format(name(machine, state), value)
    for value, cause in enumerate(unique([step[2] for step in table.steps])):
        yield '#define {} {}'.format(name('by', cause), value)
    for effect, machine, states in table.effects:
        yield '#define may_{}(s) ({})'.format(effect, ' || '.join('(s) == ' + name(machine, state) for state in states))
    yield '#ifdef COVER'
    for *step, line in table.steps:
        yield '#define made_{} c_code {{ static int made; if (!made++) printf ("made: {}\\n"); }}'.format(line, ' '.join(step))
    yield '#else'
    for *step, line in table.steps:
        yield '#define made_{} skip'.format(line)
    yield '#endif'
    for machine in table.machines:
        yield 'inline {}_step (row, cause, to) {{'.format(machine)
        yield '  if'
        for origin, cause, to, line in (step[1:] for step in table.steps if step[0] == machine):
            yield '  :: row == {} && cause == {} && to == {} -> row = {}; made_{}'.format(
                name(machine, origin), name('by', cause), name(machine, to), name(machine, to), line)
        yield '  :: else -> assert (false) /* no such step */'
        yield '  fi'
        yield '}'


def write_c(table):
    yield '/* rb-transitions-table.h: made from transitions.txt by make-tables.py */'
    yield C_HEAD
    yield 'enum {'
    for machine in table.machines:
        for value, state in enumerate(table.states(machine)):
            yield '  {} = {},'.format(name(machine, state), value)
    yield '};'
    yield 'enum {'
    for value, cause in enumerate(table.causes()):
        yield '  {} = {},'.format(name('by', cause), value)
    yield '  N_CAUSES'
    yield '};'
    for machine in table.machines:
        words = ', '.join('"{}"'.format(state) for state in table.states(machine))
        yield 'static const char *const {}_states[] = {{ {}, NULL }};'.format(machine, words)
    yield 'static const char *const cause_names[] = {{ {}, NULL }};'.format(', '.join('"{}"'.format(cause) for cause in table.causes()))
    yield 'static const char *const *const state_names[] = {{ {} }};'.format(', '.join(machine + '_states' for machine in table.machines))
    yield 'static const char *const machine_names[] = {{ {} }};'.format(', '.join('"{}"'.format(machine) for machine in table.machines))
    yield 'static const Step steps[] = {'
    for machine, origin, cause, to, _ in table.steps:
        by = name('by', cause) if machine == 'message' else name('by', 'note')
        yield '  {{ RB_MACHINE_{}, {}, {}, {}, "{}" }},'.format(name(machine), name(machine, origin), by, name(machine, to),
                                                              ' '.join((machine, origin, cause, to)))
    yield '};'
    yield 'static const May effects[] = {'
    for effect, machine, states in table.effects:
        yield '  {{ "{}", RB_MACHINE_{}, {} }},'.format(effect, name(machine),
                                                      ' | '.join('1u << ' + name(machine, state) for state in states))
    yield '};'


def write_dot(table):
    yield 'digraph transitions {'
    for machine in table.machines:
        yield '  subgraph cluster_{} {{'.format(machine)
        yield '    label = "{}"'.format(machine)
        for state in table.states(machine):
            yield '    {}_{} [label="{}"]'.format(machine, state, state)
        for step in table.steps:
            if step[0] == machine:
                yield '    {0}_{1} -> {0}_{3} [label="{2}"]'.format(*step)
        yield '  }'
    yield '}'


def main():
    writers = {'promela': write_promela, 'c': write_c, 'dot': write_dot}
    if len(sys.argv) not in (3, 4) or sys.argv[2] not in writers:
        sys.exit('usage: make-tables.py TABLE promela|c|dot [OUTPUT]')
    text = '\n'.join(writers[sys.argv[2]](Table(sys.argv[1]))) + '\n'
    if len(sys.argv) == 3:
        sys.stdout.write(text)
    else:
        with open(sys.argv[3], 'w', encoding='ascii') as file:
            file.write(text)


if __name__ == '__main__':
    main()
