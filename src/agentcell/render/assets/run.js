// @ts-check
/**
 * The page's half of a live view.
 *
 * The kernel makes all HTML and sends operations; this module applies them and knows nothing about runs. Each model has
 * one `Page`, whose DOM starts from the trait `snapshot` and advances by one frame per message. Frames are numbered: one
 * that is missing makes the page ask for a new snapshot, and what arrives meanwhile is dropped, because the snapshot
 * includes it. A page may be shown in several places; every place is a copy that gets the same operations.
 *
 * Nothing that arrives is trusted: each fragment is parsed in an inert <template> and walked against a list of allowed
 * elements and attributes before it is put into the document. That is the second layer; the kernel's escaping is the
 * first.
 *
 * @typedef {{
 *   get(name: string): any,
 *   on(name: string, callback: (...args: any[]) => void): void,
 *   off(name: string, callback?: (...args: any[]) => void): void,
 *   send(message: unknown): void,
 * }} Model
 * @typedef {["add" | "first" | "after" | "set" | "text" | "grow", string, string] | ["del", string] | ["attr", string, string, string | null] | ["md", string, ...any[]] | ["t" | "h", string, number, string]} Operation
 * @typedef {{ v: 1, t: "frame", seq: number, ops: Operation[] }} Frame
 * @typedef {{ v: 1, t: "snap", seq: number, html: string }} Snapshot
 * @typedef {{ v: 1, t: "end", seq: number }} End
 * @typedef {{ v: 1, t: "note", key: string, text: string }} Note
 */

/** The version of the messages between kernel and page. */
const WIRE = 1;

/** Milliseconds from a frame's arrival to its being seen from which the kernel is told. */
const SLOW = 100;
/** Milliseconds to wait for a snapshot before asking again; each time longer. */
const PATIENCE = 3000;
/** Questions without an answer after which the page gives up. */
const MOST_QUESTIONS = 5;

/* ------------------------------------------------------------------ fragments */

const ELEMENTS = new Set(
  (
    "div span p h1 h2 h3 h4 h5 h6 ul ol li pre code em strong s del a blockquote table thead tbody tr th td br hr " +
    "details summary button time img section header footer dl dt dd small sup mark " +
    "input select option textarea label"
  ).split(" "),
);

const CLASSES = /^(?:(?:ac-[\w-]+|language-[\w+#.-]{1,30}|cont)(?: |$))*$/;
/** Alignment, a width, and the numbers that run.css draws the timeline from. */
const STYLE = /^(?:(?:text-align:(?:left|right|center)|(?:left|width):\d{1,3}(?:\.\d+)?%|--[a-z]:\d{1,9}(?:\.\d{1,6})?)(?:;(?!$)|$)){1,4}$/;
const ANYTHING = /^/;

/** What each attribute may say. @type {Record<string, RegExp>} */
const ATTRIBUTES = {
  class: CLASSES,
  style: STYLE,
  "data-k": ANYTHING,
  "data-do": /^[a-z_]{1,40}$/,
  "data-form": ANYTHING,
  "data-digest": /^[0-9a-f]{64}$/,
  "data-field": ANYTHING,
  "data-note": /^$/,
  "data-must": /^$/,
  "data-off": /^$/,
  "data-said": /^$/,
  "data-enter": /^[a-z_]{1,40}$/,
  "data-needs": /^(?:seen|same|edited|text)(?: (?:seen|same|edited|text))*$/,
  "data-tick": /^\d{1,15}$/,
  "data-clock": /^\d{1,15}$/,
  "data-left": /^\d{1,15}$/,
  "data-span": /^$/,
  "data-to": ANYTHING,
  "data-fold": ANYTHING,
  "data-src": /^https:\/\//i,
  href: /^(?:https?:\/\/|mailto:)/i,
  src: /^data:image\/(?:png|jpeg|gif|webp);base64,[\w+/=\s]*$/i,
  target: /^_blank$/,
  rel: /^[a-z ]*$/,
  type: /^(?:text|checkbox|button)$/,
  value: ANYTHING,
  placeholder: ANYTHING,
  rows: /^\d{1,2}$/,
  checked: /^$/,
  selected: /^$/,
  spellcheck: /^false$/,
  start: /^\d{1,10}$/,
  colspan: /^\d{1,2}$/,
  open: ANYTHING,
  title: ANYTHING,
  alt: ANYTHING,
  width: /^\d{1,5}$/,
  height: /^\d{1,5}$/,
  role: /^[a-z]+$/,
  disabled: ANYTHING,
  hidden: ANYTHING,
  "aria-label": ANYTHING,
  "aria-hidden": /^(?:true|false)$/,
  "aria-expanded": /^(?:true|false)$/,
  "aria-live": /^(?:polite|off)$/,
  tabindex: /^(?:0|-1)$/,
};

/** @param {string} name @param {string} value */
function allowed(name, value) {
  const rule = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined;
  return rule !== undefined && rule.test(value);
}

/**
 * An HTML fragment with nothing in it but allowed elements and attributes. An element that is not allowed becomes its
 * text, an attribute that is not allowed is dropped.
 * @param {string} html
 * @returns {DocumentFragment}
 */
export function sanitize(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  clean(template.content);
  return template.content;
}

/** @param {ParentNode} parent */
function clean(parent) {
  let element = parent.firstElementChild;
  while (element) {
    const next = element.nextElementSibling;
    if (element.namespaceURI !== "http://www.w3.org/1999/xhtml" || !ELEMENTS.has(element.localName)) {
      element.replaceWith(document.createTextNode(element.textContent ?? ""));
    } else {
      for (const { name, value } of [...element.attributes]) {
        if (!allowed(name, value)) element.removeAttribute(name);
      }
      if (element.matches("input:not([type=checkbox])")) element.setAttribute("type", "text");
      if (element.matches(FIELD)) element.setAttribute("autocomplete", "off");
      if (element.hasAttribute("href")) {
        element.setAttribute("rel", "noopener noreferrer");
        element.setAttribute("target", "_blank");
      }
      if (element.hasAttribute("data-src")) {
        element.setAttribute("role", "button");
        element.setAttribute("tabindex", "0");
      }
      if (element.firstElementChild) clean(element);
    }
    element = next;
  }
}

/* ------------------------------------------------------------------- Markdown */

/**
 * Apply one Markdown operation (render/markdown.py describes them) to its container.
 *
 * Positions are counted along the chain: the last chunk, its last child element, and so on downwards.
 * @param {Element} container
 * @param {any[]} operation
 */
export function applyMarkdown(container, operation) {
  switch (operation[0]) {
    case "text":
      addText(down(container, operation[1]), operation[2]);
      break;
    case "patch":
      patch(container, operation);
      break;
    case "chunk":
      newChunk(container, operation[1]);
      break;
    case "replace":
      topLevel(container, operation[1]).replaceWith(sanitize(operation[2]));
      break;
    case "mark":
      mark(container, operation);
      break;
    default:
      throw new Error(`unknown Markdown operation ${String(operation[0])}`);
  }
}

/** @param {Element} container @param {number} depth @returns {Element} */
function down(container, depth) {
  let element = container.lastElementChild;
  for (let level = 0; level < depth && element; level++) element = element.lastElementChild;
  if (!element) throw new Error(`nothing at depth ${depth}`);
  return element;
}

/** @param {Element} element @param {string} text */
function addText(element, text) {
  const last = element.lastChild;
  if (last && last.nodeType === Node.TEXT_NODE) /** @type {Text} */ (last).appendData(text);
  else element.append(text);
}

/** @param {Element} container @param {any[]} operation */
function patch(container, [, depth, nodes, units, ...fragments]) {
  const element = down(container, depth);
  for (let count = 0; count < nodes; count++) element.lastChild?.remove();
  if (units) {
    const text = /** @type {Text} */ (element.lastChild);
    text.deleteData(text.length - units, units);
    if (!text.length) text.remove();
  }
  for (let index = 0; index < fragments.length; index += 2) {
    addHtml(down(container, fragments[index]), fragments[index + 1]);
  }
}

/** @param {Element} element @param {string} html */
function addHtml(element, html) {
  const fragment = sanitize(html);
  const first = fragment.firstChild;
  if (first && first.nodeType === Node.TEXT_NODE) {
    addText(element, /** @type {Text} */ (first).data);
    first.remove();
  }
  element.append(fragment);
}

/** @param {Element} container @param {number} moved */
function newChunk(container, moved) {
  const chunk = document.createElement("div");
  chunk.className = "ac-chunk";
  const old = container.lastElementChild;
  if (old && moved) chunk.append(...[...old.childNodes].slice(-moved));
  container.append(chunk);
}

/** @param {Element} container @param {number} index @returns {Element} */
function topLevel(container, index) {
  for (const chunk of container.children) {
    if (index < chunk.children.length) return chunk.children[index];
    index -= chunk.children.length;
  }
  throw new Error("no such element");
}

/** Colour code that is there already. @param {Element} container @param {any[]} operation */
function mark(container, [, index, ...marks]) {
  const blocks = topLevel(container, index).querySelectorAll("pre > code");
  for (let at = 0; at < marks.length; at += 2) {
    const code = blocks[marks[at]];
    if (!code) throw new Error("no such code");
    keepingSelection(code, () => colour(code, marks[at + 1]));
  }
}

/** The texts below an element, in order. @param {Element} element */
function textsOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const found = [];
  while (walker.nextNode()) found.push(/** @type {Text} */ (walker.currentNode));
  return found;
}

/**
 * Put the runs of a code's text in spans: a letter for the kind of each (`.` is plain), then its length unless it is 1.
 * @param {Element} code @param {string} runs
 */
function colour(code, runs) {
  const rest = [...runs.matchAll(/([a-z.])(\d*)/g)].reverse();
  let kind = ".";
  let left = 0;
  for (const text of textsOf(code)) {
    const parts = [];
    for (let at = 0; at < text.length; ) {
      if (!left) {
        const run = rest.pop();
        kind = run ? run[1] : ".";
        left = run ? Number(run[2] || 1) : Infinity;
      }
      const piece = text.data.slice(at, at + left);
      at += piece.length;
      left -= piece.length;
      if (kind === ".") parts.push(piece);
      else {
        const span = document.createElement("span");
        span.className = `ac-hl-${kind}`;
        span.textContent = piece;
        parts.push(span);
      }
    }
    text.replaceWith(...parts);
  }
}

/** Change the nodes of an element whose text stays: what is selected in it stays selected.
 * @param {Element} element @param {() => void} change */
function keepingSelection(element, change) {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed) return change();
  /** @type {[Node | null, number][]} */
  const ends = [
    [selection.anchorNode, selection.anchorOffset],
    [selection.focusNode, selection.focusOffset],
  ];
  const before = ends.map(([node, offset]) => {
    if (!node || !element.contains(node)) return -1;
    const range = document.createRange();
    range.setStart(element, 0);
    range.setEnd(node, offset);
    return range.toString().length;
  });
  change();
  if (before[0] < 0 && before[1] < 0) return;
  const [anchor, focus] = ends.map((end, index) => (before[index] < 0 ? end : textAt(element, before[index])));
  if (anchor[0] && focus[0]) selection.setBaseAndExtent(anchor[0], anchor[1], focus[0], focus[1]);
}

/** Where a character of an element's text is. @param {Element} element @param {number} offset @returns {[Node, number]} */
function textAt(element, offset) {
  for (const text of textsOf(element)) {
    if (offset <= text.length) return [text, offset];
    offset -= text.length;
  }
  return [element, element.childNodes.length];
}

/* --------------------------------------------------------------------- clocks */

/** A time span as people write it; the same as `duration` in render/html.py. @param {number} ms */
export function duration(ms) {
  const tenths = Math.max(0, Math.round(ms / 100));
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** The clocks that somebody sees, and the copy each stands in. @type {Map<Element, Copy>} */
const running = new Map();
/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;
/** When the clocks were last set. */
let ticked = -Infinity;
/** Milliseconds after which a frame sets the clocks as well, so that they cost no layout of their own. */
const TICK = 100;
let ticks = 0;

const CLOCKS = "[data-tick], [data-left]";

/** Let a clock be seen. @param {Element} element @param {Copy} copy */
function run(element, copy) {
  running.set(element, copy);
  show(element, copy, performance.now());
  if (ticking === undefined) {
    ticked = -Infinity;
    ticking = setInterval(() => tick(1.5 * TICK), TICK);
  }
}

/** Let a clock stand. @param {Element} element */
function stop(element) {
  running.delete(element);
  if (!running.size) {
    clearInterval(ticking);
    ticking = undefined;
  }
}

/** Let the clocks go on if they were last set so many milliseconds ago. @param {number} after */
function tick(after) {
  const now = performance.now();
  if (now - ticked < after) return;
  ticked = now;
  ticks += 1;
  const still = calm();
  const scale = ticks % (still ? 10 : 3) === 0;
  for (const [element, copy] of running) {
    if (scale || !element.hasAttribute("data-span") || (still && behind(element, now - copy.zero))) show(element, copy, now);
  }
}

/** Whether a scale is so old that bars of late would stand outside of it. @param {Element} element @param {number} ms */
function behind(element, ms) {
  return ms > 1250 * Number(/** @type {HTMLElement} */ (element).style.getPropertyValue("--t"));
}

/** Bring a clock to what time it is in its run. @param {Element} element @param {Copy} copy @param {number} at */
function show(element, copy, at) {
  const now = at - copy.zero;
  if (element.hasAttribute("data-span")) {
    /** @type {HTMLElement} */ (element).style.setProperty("--t", (Math.max(1, now) / 1000).toFixed(3));
    return;
  }
  const left = element.getAttribute("data-left");
  const text = duration(left === null ? now - Number(element.getAttribute("data-tick")) : Number(left) - now);
  if (element.textContent !== text) element.textContent = text;
}

/** Whether the person has asked for less motion. */
function calm() {
  return typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/* ------------------------------------------------------------------------ forms */

/*
 * A form is an element with `data-form`, which says what it is about. Its fields have a name in `data-field`, its
 * buttons an action in `data-do`; a button waits for what `data-needs` lists: that everything folded (`data-must`) was
 * opened, that no field differs from what it was, that one does, that something is written. What the actions mean is the kernel's.
 */

const FIELD = "input, textarea, select";

/**
 * @typedef {HTMLElement & {
 *   type: string, value: string, defaultValue: string, checked: boolean, defaultChecked: boolean,
 *   options: HTMLOptionsCollection, selectedIndex: number,
 * }} Field
 */

/** The fields of a form. @param {Element} form @returns {Field[]} */
const fieldsOf = (form) => /** @type {any} */ ([...form.querySelectorAll("[data-field]")].filter((one) => one.matches(FIELD)));

/** What a field holds. @param {Field} field @returns {string | boolean} */
const held = (field) => (field.type === "checkbox" ? field.checked : field.value);

/** Whether a field holds something else than at first. @param {Field} field */
function touched(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (field.localName === "select") {
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(0, first);
  }
  return field.value !== field.defaultValue;
}

/** What a person has entered in a form. @param {Element} form */
function entered(form) {
  /** @type {Record<string, string | boolean>} */
  const found = {};
  for (const field of fieldsOf(form)) {
    if (touched(field)) found[field.getAttribute("data-field") ?? ""] = held(field);
  }
  return found;
}

/** Folded parts that a person has opened once. @type {WeakSet<Element>} */
const seen = new WeakSet();

/** Enable the buttons of a form that have what they need. @param {Element} form */
function weigh(form) {
  const card = form.closest("details") ?? form;
  for (const part of card.querySelectorAll("details[data-must][open]")) seen.add(part);
  const fields = fieldsOf(form);
  const edited = fields.some((field) => !field.hasAttribute("data-note") && touched(field));
  /** @type {Record<string, boolean>} */
  const ready = {
    seen: [...card.querySelectorAll("details[data-must]")].every((part) => seen.has(part)),
    same: !edited,
    edited,
    text: fields.some((field) => field.type !== "checkbox" && field.value.trim() !== ""),
  };
  for (const button of form.querySelectorAll("[data-do]")) {
    const needs = (button.getAttribute("data-needs") ?? "").split(" ").filter(Boolean);
    const free = needs.every((need) => ready[need]) && !button.hasAttribute("data-off") && !form.hasAttribute("data-sent");
    button.toggleAttribute("disabled", !free);
    if (needs.includes("seen") && !ready.seen) button.setAttribute("title", "Open everything that is folded first");
    else if (needs.includes("same") && edited) button.setAttribute("title", "Arguments were edited: approve them as edited, or take the changes back");
    else if (needs.includes("seen")) button.removeAttribute("title");
  }
}

/** What was entered in the forms below an element, by their keys. @param {ParentNode} parent */
function drafts(parent) {
  return [...parent.querySelectorAll("[data-form][data-k]")].map((form) => ({
    key: form.getAttribute("data-k") ?? "",
    digest: form.getAttribute("data-digest"),
    sent: form.hasAttribute("data-sent"),
    entered: entered(form),
  }));
}

/** Enter in a form what was entered in the one in whose place it stands.
 * @param {Element | undefined} form @param {ReturnType<typeof drafts>[number]} draft */
function restore(form, draft) {
  if (!form || form.getAttribute("data-digest") !== draft.digest) return;
  for (const field of fieldsOf(form)) {
    const value = draft.entered[field.getAttribute("data-field") ?? ""];
    if (typeof value === "boolean") field.checked = value;
    else if (value !== undefined) field.value = value;
  }
  form.toggleAttribute("data-sent", draft.sent);
  weigh(form);
}

/** Show what the kernel answers to a form; without words all is well. @param {Element} form @param {string} text */
function answer(form, text) {
  form.removeAttribute("data-sent");
  const place = form.querySelector("[data-said]");
  if (place) place.textContent = text;
  if (!text) {
    for (const field of fieldsOf(form)) {
      if (field.type !== "checkbox" && field.localName === "input") field.value = field.defaultValue;
    }
  }
  weigh(form);
}

/* ----------------------------------------------------------------------- copies */

/** One place in the document that shows a page: a root element and its elements by key. */
class Copy {
  /** @param {Element} root */
  constructor(root) {
    this.root = root;
    /** Hears what a person opens and closes. @type {((key: string, open: boolean) => void) | undefined} */
    this.chose = undefined;
    /** @type {Map<string, Element>} */
    this.keys = new Map();
    /** Which details a person has opened or closed. @type {Map<string, boolean>} */
    this.choices = new Map();
    /** What a person has folded away. @type {Set<string>} */
    this.folded = new Set();
    /** When the run began, by the page's clock. */
    this.zero = performance.now();
    /** Forms that have just come. @type {Element[]} */
    this.fresh = [];
    this.learn(root);
    this.settle();
  }

  /** Note the keys and wind the clocks below an element. @param {ParentNode} parent */
  learn(parent) {
    for (const element of parent.querySelectorAll("[data-k]")) {
      const key = /** @type {string} */ (element.getAttribute("data-k"));
      this.keys.set(key, element);
      const choice = this.choices.get(key);
      if (choice !== undefined) element.toggleAttribute("open", choice);
      if (this.folded.has(key)) element.toggleAttribute("hidden", true);
    }
    for (const element of parent.querySelectorAll("[data-clock]")) this.wind(element);
    for (const element of parent.querySelectorAll(CLOCKS)) run(element, this);
    for (const button of parent.querySelectorAll("[data-fold]")) this.press(button);
    this.fresh.push(...parent.querySelectorAll("[data-form]"));
  }

  /** Weigh the forms that are new, once they stand where they belong. */
  settle() {
    for (const form of this.fresh.splice(0)) weigh(form);
  }

  /** Set the clock to what the kernel says. @param {Element} element */
  wind(element) {
    this.zero = performance.now() - Number(element.getAttribute("data-clock"));
  }

  /** Let a button that folds say whether it has. @param {Element} button */
  press(button) {
    const folded = this.folded.has(button.getAttribute("data-fold") ?? "");
    button.setAttribute("aria-expanded", String(!folded));
  }

  /** Hide or show what a button is about. @param {Element} button */
  fold(button) {
    const key = button.getAttribute("data-fold") ?? "";
    if (!this.folded.delete(key)) this.folded.add(key);
    this.keys.get(key)?.toggleAttribute("hidden", this.folded.has(key));
    this.press(button);
  }

  /** Open what a bar of the timeline stands for, and go there. @param {string} key */
  go(key) {
    const found = this.keys.get(key);
    if (!found) return;
    for (let element = /** @type {Element | null} */ (found); element && element !== this.root; element = element.parentElement) {
      if (element.localName !== "details" || element.hasAttribute("open")) continue;
      this.chosen(element);
      element.setAttribute("open", "");
    }
    found.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    const place = found.matches("details") ? found.querySelector("summary") : found;
    /** @type {HTMLElement | null} */ (place)?.focus({ preventScroll: true });
    if (!calm()) found.animate?.([{ outlineColor: "transparent" }, { outline: "2px solid" }, { outlineColor: "transparent" }], 900);
  }

  /** Move the focus from one card to the next. @param {number} step */
  step(step) {
    const cards = [...this.root.querySelectorAll(".ac-card > summary")].filter((one) => one.checkVisibility?.() ?? true);
    const active = document.activeElement;
    let at = cards.findIndex((card) => card === active || card.parentElement?.contains(active));
    for (let index = at + 1; index < cards.length && cards[index].parentElement?.contains(active); index++) at = index;
    const next = at < 0 ? (step > 0 ? 0 : cards.length - 1) : at + step;
    /** @type {HTMLElement | undefined} */ (cards[next])?.focus();
  }

  /** Stop the clocks below an element that nobody sees any more. @param {Element} element */
  hide(element) {
    for (const clock of element.querySelectorAll(CLOCKS)) stop(clock);
    stop(element);
  }

  /** Let the clocks of a copy that is seen again go on. */
  show() {
    for (const clock of this.root.querySelectorAll(CLOCKS)) run(clock, this);
  }

  /** Remember what a person opens and closes. @param {Element} details */
  chosen(details) {
    const key = details.getAttribute("data-k");
    if (key === null) return;
    this.choices.set(key, !details.hasAttribute("open"));
    this.chose?.(key, !details.hasAttribute("open"));
  }

  /** @param {string} key */
  find(key) {
    const element = this.keys.get(key);
    if (!element) throw new Error(`no element with key ${key}`);
    return element;
  }

  /** @param {Operation} operation */
  apply(operation) {
    const element = this.find(operation[1]);
    switch (operation[0]) {
      case "add":
        element.append(this.made(operation[2]));
        break;
      case "first":
        element.prepend(this.made(operation[2]));
        break;
      case "after":
        element.after(this.made(operation[2]));
        break;
      case "del":
        this.forget(element);
        element.remove();
        break;
      case "grow":
        addText(element, operation[2]);
        break;
      case "set":
        this.replace(element, sanitize(operation[2]));
        break;
      case "text":
        element.textContent = operation[2];
        break;
      case "attr":
        this.setAttribute(element, operation[2], operation[3]);
        break;
      case "md":
        applyMarkdown(element, operation.slice(2));
        break;
      case "t":
        addText(down(element, operation[2]), operation[3]);
        break;
      case "h":
        addHtml(down(element, operation[2]), operation[3]);
        break;
      default:
        throw new Error(`unknown operation ${String(operation[0])}`);
    }
  }

  /** A fragment whose keys are known. @param {string} html */
  made(html) {
    const fragment = sanitize(html);
    this.learn(fragment);
    return fragment;
  }

  /** Let the keys and clocks of an element go. @param {Element} element */
  forget(element) {
    this.hide(element);
    for (const part of [element, ...element.querySelectorAll("[data-k]")]) {
      const key = part.getAttribute("data-k");
      if (key !== null && this.keys.get(key) === part) this.keys.delete(key);
    }
  }

  /** Put a new element in an old one's place; the focus stays where it was.
   * @param {Element} old @param {DocumentFragment} fragment */
  replace(old, fragment) {
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    const key = active?.closest("[data-k]")?.getAttribute("data-k") ?? "";
    const kept = drafts(old);
    this.forget(old);
    this.learn(fragment);
    old.replaceWith(fragment);
    for (const draft of kept) restore(this.keys.get(draft.key), draft);
    if (active) focusLike(active, this.keys.get(key));
  }

  /** Start again from a snapshot. @param {string} html */
  reset(html) {
    this.hide(this.root);
    const active = this.root.contains(document.activeElement) ? document.activeElement : null;
    const key = active?.closest("[data-k]")?.getAttribute("data-k") ?? "";
    const kept = drafts(this.root);
    this.keys.clear();
    this.root.replaceChildren(sanitize(html));
    this.learn(this.root);
    this.settle();
    for (const draft of kept) restore(this.keys.get(draft.key), draft);
    if (active) focusLike(active, this.keys.get(key));
  }

  /** @param {Element} element @param {string} name @param {string | null} value */
  setAttribute(element, name, value) {
    if (name === "open" && this.choices.has(element.getAttribute("data-k") ?? "")) return;
    if (value === null) element.removeAttribute(name);
    else if (allowed(name, value)) element.setAttribute(name, value);
    if (name === "data-clock") this.wind(element);
    if (name === "data-tick" || name === "data-left" || name === "data-span") {
      if (element.matches(CLOCKS)) run(element, this);
      else stop(element);
    }
    const form = name === "data-off" ? element.closest("[data-form]") : null;
    if (form) weigh(form);
  }
}

/** Focus what stands in the place of an element that had the focus. @param {Element} lost @param {Element | undefined} place */
function focusLike(lost, place) {
  const name = lost.hasAttribute("data-field") ? "data-field" : "data-do";
  const value = lost.getAttribute(name);
  const alike = [...(place?.querySelectorAll(lost.localName) ?? [])];
  const found = place?.matches(lost.localName) ? place : alike.find((one) => one.getAttribute(name) === value);
  /** @type {HTMLElement | null | undefined} */ (found)?.focus({ preventScroll: true });
}

/* ------------------------------------------------------------------------ pages */

/** Everything the page knows of one model. */
class Page {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.seq = 0;
    /** How often a snapshot was asked for without an answer. */
    this.asked = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.patience = undefined;
    /** @type {Copy[]} */
    this.copies = [];
    /** The DOM while nobody shows it. @type {Copy | undefined} */
    this.spare = new Copy(document.createElement("div"));
    const snapshot = model.get("snapshot") ?? {};
    this.reset(Number(snapshot.seq ?? 0), String(snapshot.html ?? ""));
  }

  /** Start again from a snapshot. @param {number} seq @param {string} html */
  reset(seq, html) {
    this.seq = seq;
    clearTimeout(this.patience);
    this.patience = undefined;
    this.asked = 0;
    for (const copy of this.all()) copy.reset(html);
  }

  /** Every copy, seen or not. */
  all() {
    return this.spare ? [...this.copies, this.spare] : this.copies;
  }

  /** @param {Frame | Snapshot | End | Note} message */
  receive(message) {
    if (!message || message.v !== WIRE) return;
    if (message.t === "note") this.told(String(message.key), String(message.text));
    else if (message.t === "snap") this.reset(message.seq, message.html);
    else if (message.t === "end") {
      if (message.seq > this.seq) this.ask();
    } else if (message.t === "frame") this.advance(message);
  }

  /** The kernel's answer to a form. @param {string} key @param {string} text */
  told(key, text) {
    for (const copy of this.all()) {
      const form = copy.keys.get(key);
      if (form?.hasAttribute("data-form")) answer(form, text);
    }
  }

  /** Send what was entered in a form, with what its button means; nothing is sent twice.
   * @param {Element} form @param {Element} button */
  submit(form, button) {
    form.setAttribute("data-sent", "");
    weigh(form);
    const key = form.getAttribute("data-k") ?? "";
    const about = form.getAttribute("data-form");
    const digest = form.getAttribute("data-digest");
    const message = { v: WIRE, t: "do", do: button.getAttribute("data-do"), key, about, fields: entered(form) };
    this.model.send(digest === null ? message : { ...message, digest });
  }

  /** @param {Frame} frame */
  advance(frame) {
    if (frame.seq <= this.seq) return;
    if (frame.seq > this.seq + 1) return this.ask();
    this.seq = frame.seq;
    this.notice();
    try {
      for (const copy of this.all()) {
        for (const operation of frame.ops) copy.apply(operation);
        copy.settle();
      }
      tick(TICK);
    } catch (error) {
      // A frame that does not fit means that this DOM is not the one the kernel thinks it is: start again.
      console.warn("agentcell: resynchronising", error);
      this.seq = frame.seq - 1;
      this.ask();
    }
  }

  /** Tell the kernel when the page cannot follow: a frame that takes long to come into view. One in ten is looked at. */
  notice() {
    if (this.seq % 10 || this.copies.length === 0 || document.hidden) return;
    const arrived = performance.now();
    requestAnimationFrame(() => {
      setTimeout(() => {
        const spent = Math.round(performance.now() - arrived);
        if (spent > SLOW && !document.hidden) this.model.send({ v: WIRE, t: "slow", ms: Math.min(spent, 10 * SLOW) });
      });
    });
  }

  /** Ask for a snapshot, and again when none comes: the question or the answer may be lost like anything else. */
  ask() {
    if (this.patience !== undefined || this.asked >= MOST_QUESTIONS) return;
    this.asked += 1;
    this.patience = setTimeout(() => {
      this.patience = undefined;
      this.ask();
    }, PATIENCE * this.asked);
    this.model.send({ v: WIRE, t: "resync", have: this.seq });
  }

  /** The model is gone: nothing will answer. */
  end() {
    clearTimeout(this.patience);
    this.asked = MOST_QUESTIONS;
  }

  /** A copy for one more place. @returns {Copy} */
  open() {
    const copy = this.spare ?? this.duplicate();
    this.spare = undefined;
    this.copies.push(copy);
    copy.chose = (key, open) => this.model.send({ v: WIRE, t: "fold", key, open }); // the record keeps it so
    copy.show();
    return copy;
  }

  /** A second copy of what is shown. @returns {Copy} */
  duplicate() {
    const first = this.copies[0];
    const copy = new Copy(/** @type {Element} */ (first.root.cloneNode(true)));
    copy.zero = first.zero;
    copy.choices = new Map(first.choices);
    copy.folded = new Set(first.folded);
    return copy;
  }

  /** A place is gone; the last copy is kept for the next one. @param {Copy} copy */
  close(copy) {
    copy.hide(copy.root);
    this.copies = this.copies.filter((one) => one !== copy);
    if (!this.copies.length) this.spare = copy;
  }

  /** A click on something that asks the kernel, opens, or loads an image. @param {Copy} copy @param {Event} event */
  clicked(copy, event) {
    const target = event.target instanceof Element ? event.target : null;
    const button = target?.closest("[data-do]");
    if (button) {
      event.preventDefault();
      if (button.hasAttribute("disabled")) return;
      const form = button.closest("[data-form]");
      if (form) return this.submit(form, button);
      button.setAttribute("disabled", "");
      const key = button.closest("[data-k]")?.getAttribute("data-k") ?? "";
      this.model.send({ v: WIRE, t: "do", do: button.getAttribute("data-do"), key });
      return;
    }
    const image = target?.closest("[data-src]");
    if (image) {
      event.preventDefault();
      loadImage(image);
      return;
    }
    const fold = target?.closest("[data-fold]");
    if (fold) return copy.fold(fold);
    const bar = target?.closest("[data-to]");
    if (bar) return copy.go(bar.getAttribute("data-to") ?? "");
    const summary = target?.closest("summary");
    if (summary?.parentElement) copy.chosen(summary.parentElement);
  }
}

/**
 * Load a remote image that a person has asked for. It goes into a shadow tree: operations that come later count the
 * nodes that the kernel has sent, and those stay as they are.
 * @param {Element} place
 */
function loadImage(place) {
  const source = place.getAttribute("data-src") ?? "";
  if (!allowed("data-src", source) || place.shadowRoot) return;
  const image = document.createElement("img");
  image.referrerPolicy = "no-referrer";
  image.alt = place.textContent ?? "";
  image.style.maxWidth = "100%";
  image.src = source;
  place.attachShadow({ mode: "open" }).append(image);
}

/** Enter in a line that presses a button of its form. @param {Element} field @param {KeyboardEvent} event */
function entering(field, event) {
  const action = field.getAttribute("data-enter");
  if (event.key !== "Enter" || event.isComposing || !action) return;
  event.preventDefault();
  const buttons = [...(field.closest("[data-form]")?.querySelectorAll("button[data-do]") ?? [])];
  const button = buttons.find((one) => one.getAttribute("data-do") === action);
  /** @type {HTMLElement | undefined} */ (button)?.click();
}

/** A field has changed, or a folded part was opened. @param {Event} event */
function changed(event) {
  const target = event.target instanceof Element ? event.target : null;
  const form = target?.closest("[data-form]");
  if (form) weigh(form);
  if (!target?.hasAttribute("data-must")) return;
  if (target.hasAttribute("open")) seen.add(target);
  for (const one of target.parentElement?.closest("details")?.querySelectorAll("[data-form]") ?? []) weigh(one);
}

/** What a person types into. */
const TYPING = "input, textarea, select, [contenteditable]";
/** What Enter and the space bar press without our help. */
const PRESSED = "button, summary, a, input, textarea, select";

/**
 * A key while the focus is in a copy. Notebooks listen at the document, before any element, and have a meaning of their
 * own for most keys: what is meant for us must not reach them.
 * @param {Copy} copy @param {KeyboardEvent} event
 */
function pressed(copy, event) {
  const target = event.target instanceof Element ? event.target : null;
  if (!target || !copy.root.contains(target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches(TYPING)) {
    entering(target, event);
    if (event.key !== "Escape") event.stopImmediatePropagation();
    return;
  }
  const done = keyAction(copy, target, event.key);
  if (done) event.preventDefault();
  if (done || ((event.key === "Enter" || event.key === " ") && target.matches(PRESSED))) event.stopImmediatePropagation();
}

/** Do what a key means; whether it meant anything. @param {Copy} copy @param {Element} target @param {string} key */
function keyAction(copy, target, key) {
  if (key === "j" || key === "k") {
    copy.step(key === "j" ? 1 : -1);
    return true;
  }
  const press = key === "Enter" || key === " ";
  const image = target.closest("[data-src]");
  if (image && press) {
    loadImage(image);
    return true;
  }
  const bar = target.closest("[data-to]");
  if (!bar) return false;
  if (press) {
    copy.go(bar.getAttribute("data-to") ?? "");
    return true;
  }
  if (key !== "ArrowLeft" && key !== "ArrowRight") return false;
  const bars = [...copy.root.querySelectorAll("[data-to]")];
  const next = bars[bars.indexOf(bar) + (key === "ArrowRight" ? 1 : -1)];
  /** @type {HTMLElement | undefined} */ (next)?.focus();
  return true;
}

/* -------------------------------------------------------------------- following */

/**
 * Keep the end of a run in sight while it grows, as long as the person is looking at the end. Whoever scrolls up, be it
 * by a line, is left where they are until they come back; so is whoever opens something that pushes the end away.
 * @param {Copy} copy @param {HTMLElement} end an element after the copy
 * @returns {() => void} stops it
 */
function follow(copy, end) {
  if (typeof IntersectionObserver !== "function" || typeof ResizeObserver !== "function") return () => {};
  let seen = false;
  let left = false;
  let acted = false;
  /** Where everything that scrolls the run was. @type {WeakMap<Element, number>} */
  const places = new WeakMap();
  const sight = new IntersectionObserver((entries) => {
    seen = entries[entries.length - 1].isIntersecting;
    if (seen) left = false;
  });
  // Sizes are told before the frame is drawn and after people's scrolling: nobody sees the end leave.
  const size = new ResizeObserver(() => {
    if (seen && !left && !acted) end.scrollIntoView({ block: "nearest" });
    acted = false;
  });
  const scrolled = (/** @type {Event} */ event) => {
    const place = event.target === document ? document.scrollingElement : event.target;
    if (!(place instanceof Element) || !place.contains(end)) return;
    const up = place.scrollTop < (places.get(place) ?? 0);
    left = up && end.getBoundingClientRect().bottom > place.getBoundingClientRect().bottom;
    places.set(place, place.scrollTop);
  };
  const act = () => {
    acted = true;
    requestAnimationFrame(() => requestAnimationFrame(() => (acted = false)));
  };
  // Who sees the last lines is at the end, though what stands below them may be out of sight.
  const last = document.createElement("div");
  last.style.cssText = "position:absolute;bottom:0;width:1px;height:48px;visibility:hidden";
  end.style.cssText = "position:relative;scroll-margin-bottom:8px";
  end.append(last);
  document.addEventListener("scroll", scrolled, { capture: true, passive: true });
  copy.root.addEventListener("click", act);
  sight.observe(last);
  size.observe(copy.root);
  return () => {
    sight.disconnect();
    size.disconnect();
    document.removeEventListener("scroll", scrolled, { capture: true });
    copy.root.removeEventListener("click", act);
  };
}

/**
 * The widget of one model. Hosts hand `initialize` and `render` different objects for the same model, so what they
 * share lives in this closure.
 */
export default () => {
  /** @type {Page} */
  let page;
  return {
    /** @param {{ model: Model }} context */
    initialize({ model }) {
      page = new Page(model);
      const receive = (/** @type {any} */ message) => page.receive(message);
      model.on("msg:custom", receive);
      return () => {
        model.off("msg:custom", receive);
        page.end();
      };
    },

    /** @param {{ model: Model, el: HTMLElement }} context */
    render({ el }) {
      const copy = page.open();
      const gone = new AbortController();
      const { signal } = gone;
      copy.root.addEventListener("click", (event) => page.clicked(copy, event), { signal });
      window.addEventListener("keydown", (event) => pressed(copy, event), { signal, capture: true });
      copy.root.addEventListener("input", changed, { signal });
      copy.root.addEventListener("change", changed, { signal });
      copy.root.addEventListener("toggle", changed, { signal, capture: true });
      const end = document.createElement("div");
      el.classList.add("mathjax_ignore", "tex2jax_ignore"); // formulas stay as they were typed
      el.append(copy.root, end);
      const leave = follow(copy, end);
      return () => {
        leave();
        end.remove();
        gone.abort();
        copy.root.remove();
        page.close(copy);
      };
    },
  };
};
