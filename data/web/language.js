// language.js: what the page says in the language of whoever looks at it; the tables are made from po/ while the tree is built
//
// SPDX-License-Identifier: LGPL-2.1-or-later

// Besides English, in which everything is written: those of po/LINGUAS.
const LANGUAGES = ['de', 'fr'];

let texts = new Map();
let pluralOf = (n) => (n === 1 ? 0 : 1);

// How dates and numbers are written.
export let locale = 'en-GB';

// The first of @wanted, tags such as "de-AT", in which we can speak.
export function choose(wanted) {
  for (const tag of wanted) {
    const name = tag.toLowerCase().split('-')[0];

    if (name === 'en' || LANGUAGES.includes(name)) {
      return { name, tag };
    }
  }
  return { name: 'en', tag: 'en-GB' };
}

export function setTable(table) {
  texts = new Map(Object.entries(table.texts));
  pluralOf = table.plural;
}

export async function loadLanguage() {
  const { name, tag } = choose(navigator.languages);

  locale = tag;
  if (name !== 'en') {
    setTable(await import(`./${name}.js`));
  }
  document.documentElement.lang = name;
}

export function _(text) {
  return texts.get(text)?.[0] ?? text;
}

// Marks a text that is translated where it is shown.
export function N_(text) {
  return text;
}

export function ngettext(one, many, n) {
  return texts.get(one)?.[pluralOf(n)] ?? (n === 1 ? one : many);
}

// Each %s is the next of @values, %2$s the second one.
export function format(text, ...values) {
  let next = 0;

  return text.replace(/%(?:(\d)\$)?s/g, (_all, place) => values[place === undefined ? next++ : place - 1]);
}

export function formatNumber(n) {
  return n.toLocaleString(locale);
}

// Programs name things with underscores. Names and states of things are the same in all languages (po/README.md).
export function words(name) {
  return String(name).replaceAll('_', ' ');
}
