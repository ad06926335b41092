// dom.js: elements, made of text and never of markup
//
// SPDX-License-Identifier: LGPL-2.1-or-later

const SVG = 'http://www.w3.org/2000/svg';

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

export function setData(node, name, value) {
  if (node.dataset[name] !== value) {
    node.dataset[name] = value;
  }
}

// Has @parent hold one child for each of @items, in their order. Children stay who and, where that is right, where they are: what is moved loses the
// focus. So what goes goes first.
export function reconcile(parent, items, keyOf, create, update) {
  const keys = new Set(items.map(keyOf));
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));

  for (const [key, child] of old) {
    if (!keys.has(key)) {
      child.remove();
    }
  }
  let place = parent.firstElementChild;

  for (const item of items) {
    const key = keyOf(item);
    const child = old.get(key) ?? create(item);

    child.dataset.key = key;
    update?.(child, item);
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(child, place);
    }
  }
}

// Behind what is being read out, a little later, and of several only the last: news, no chatter.
let announcement;

export function announce(text) {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    get('announce').textContent = text;
  }, 400);
}

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'medium' });

export function formatTime(iso) {
  const time = new Date(iso);

  return Date.now() - time < 20 * 3600 * 1000 ? clock.format(time) : day.format(time);
}

export function formatSpan(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));

  if (seconds < 60) {
    return `${seconds} s`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min`;
  }
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

function age(node) {
  setText(node, `${formatSpan(Date.now() - new Date(node.dateTime))} ago`);
}

// How long ago; it goes on by itself.
export function setSince(node, iso) {
  if (node.dateTime !== iso) {
    node.dateTime = iso;
    node.title = day.format(new Date(iso));
  }
  age(node);
}

export function makeSince(iso) {
  const node = make('time', { class: 'since' });

  setSince(node, iso);
  return node;
}

export function ageAll() {
  document.querySelectorAll('time.since').forEach(age);
}

// Programs name things with underscores.
export function words(name) {
  return String(name).replaceAll('_', ' ');
}
