// dom.js: elements, made of text and never of markup
//
// SPDX-License-Identifier: LGPL-2.1-or-later

const SVG = 'http://www.w3.org/2000/svg';
const FOCUSABLE = 'select:enabled, input:enabled, button:enabled, summary, a[href]';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'onclick') {
      node.addEventListener('click', value);
    } else if (value === true) {
      node.setAttribute(name, '');
    } else if (value !== false && value !== undefined && value !== null) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

// Strings among the children become text, whatever is in them.
export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function get(id) {
  return document.getElementById(id);
}

// Only a real change touches the page: what somebody reads, selects or hears stays as it is.
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

// Marks that turn the direction of what follows, and what is invisible: shown as what they are, as in a terminal. Lines go on.
const TREACHEROUS = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

export function plain(text) {
  return String(text).replace(/[\n\t\r]+/g, ' ').replace(TREACHEROUS, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

// What others say, in whatever language it is.
export function setForeign(node, text) {
  setText(node, plain(text));
}

export function makeForeign(name, attributes = {}, text = '') {
  return make(name, { lang: 'und', dir: 'auto', ...attributes }, plain(text));
}

export function setData(node, name, value) {
  if (node.dataset[name] !== value) {
    node.dataset[name] = value;
  }
}

// Whoever was at what is gone now goes on with what comes next, or at the beginning of that part of the page.
function passFocus(parent, next) {
  const place = next?.querySelector(FOCUSABLE) ?? parent.closest('section:not([hidden])')?.querySelector('h2[tabindex]') ?? get('main');

  place.focus();
}

function findNext(child, keys) {
  for (const way of ['nextElementSibling', 'previousElementSibling']) {
    for (let at = child[way]; at !== null; at = at[way]) {
      if (keys.has(at.dataset.key)) {
        return at;
      }
    }
  }
  return null;
}

// Has @parent hold one child for each of @items, in their order. Children stay who they are, and the one that has the focus stays where it is, since
// what is moved loses it: others go around it.
export function reconcile(parent, items, keyOf, create, update) {
  const keys = new Set(items.map((item) => String(keyOf(item))));
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const focused = [...old.values()].find((child) => child.contains(document.activeElement));
  const next = focused !== undefined && !keys.has(focused.dataset.key) ? findNext(focused, keys) : undefined;

  for (const [key, child] of old) {
    if (!keys.has(key)) {
      child.remove();
    }
  }
  let place = parent.firstElementChild;

  for (const item of items) {
    const key = String(keyOf(item));
    const child = old.get(key) ?? create(item);

    child.dataset.key = key;
    update?.(child, item);
    while (child === focused && place !== child) {
      const behind = place;

      place = place.nextElementSibling;
      parent.append(behind);
    }
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(child, place);
    }
  }
  if (next !== undefined) {
    passFocus(parent, next);
  }
}

export function focusFirst(node) {
  node?.querySelector(FOCUSABLE)?.focus();
}
