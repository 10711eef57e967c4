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
 * @typedef {["add" | "set" | "text", string, string] | ["attr", string, string, string | null] | ["md", string, ...any[]]} Operation
 * @typedef {{ v: 1, t: "frame", seq: number, ops: Operation[] }} Frame
 * @typedef {{ v: 1, t: "snap", seq: number, html: string }} Snapshot
 * @typedef {{ v: 1, t: "end", seq: number }} End
 */

/** The version of the messages between kernel and page. */
const WIRE = 1;

/* ------------------------------------------------------------------ fragments */

const ELEMENTS = new Set(
  (
    "div span p h1 h2 h3 h4 h5 h6 ul ol li pre code em strong s del a blockquote table thead tbody tr th td br hr " +
    "details summary button time img section header footer dl dt dd small sup mark"
  ).split(" "),
);

const CLASSES = /^(?:(?:ac-[\w-]+|language-[\w+#.-]{1,30}|cont)(?: |$))*$/;
const STYLE = /^(?:text-align:(?:left|right|center)|(?:left|width):\d{1,3}(?:\.\d+)?%)(?:;(?:left|width):\d{1,3}(?:\.\d+)?%)?;?$/;
const ANYTHING = /^/;

/** What each attribute may say. @type {Record<string, RegExp>} */
const ATTRIBUTES = {
  class: CLASSES,
  style: STYLE,
  "data-k": ANYTHING,
  "data-do": /^[a-z_]{1,40}$/,
  "data-tick": /^\d{1,15}$/,
  "data-src": /^https:\/\//i,
  href: /^(?:https?:\/\/|mailto:)/i,
  src: /^data:image\/(?:png|jpeg|gif|webp);base64,[\w+/=\s]*$/i,
  target: /^_blank$/,
  rel: /^[a-z ]*$/,
  type: /^button$/,
  start: /^\d{1,10}$/,
  open: ANYTHING,
  title: ANYTHING,
  alt: ANYTHING,
  role: /^[a-z]+$/,
  disabled: ANYTHING,
  hidden: ANYTHING,
  "aria-label": ANYTHING,
  "aria-hidden": /^(?:true|false)$/,
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
      replaceElement(container, operation[1], operation[2]);
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
    const target = down(container, fragments[index]);
    const fragment = sanitize(fragments[index + 1]);
    const first = fragment.firstChild;
    if (first && first.nodeType === Node.TEXT_NODE) {
      addText(target, /** @type {Text} */ (first).data);
      first.remove();
    }
    target.append(fragment);
  }
}

/** @param {Element} container @param {number} moved */
function newChunk(container, moved) {
  const chunk = document.createElement("div");
  chunk.className = "ac-chunk";
  const old = container.lastElementChild;
  if (old && moved) chunk.append(...[...old.childNodes].slice(-moved));
  container.append(chunk);
}

/** @param {Element} container @param {number} index @param {string} html */
function replaceElement(container, index, html) {
  for (const chunk of container.children) {
    if (index < chunk.children.length) {
      chunk.children[index].replaceWith(sanitize(html));
      return;
    }
    index -= chunk.children.length;
  }
  throw new Error("no such element");
}

/* --------------------------------------------------------------------- clocks */

/** A time span as people write it; the same as `duration` in render/html.py. @param {number} ms */
export function duration(ms) {
  const tenths = Math.max(0, Math.round(ms / 100));
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** Running clocks and the moment each one counts from. @type {Map<Element, number>} */
const clocks = new Map();
/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;

/** Start, or set anew, the clock of an element that has one. @param {Element} element */
function wind(element) {
  const elapsed = element.getAttribute("data-tick");
  if (elapsed === null) {
    clocks.delete(element);
    return;
  }
  clocks.set(element, performance.now() - Number(elapsed));
  ticking ??= setInterval(tick, 100);
}

function tick() {
  for (const [element, since] of clocks) {
    const text = duration(performance.now() - since);
    if (element.textContent !== text) element.textContent = text;
  }
  if (!clocks.size) {
    clearInterval(ticking);
    ticking = undefined;
  }
}

/* ----------------------------------------------------------------------- copies */

/** One place in the document that shows a page: a root element and its elements by key. */
class Copy {
  /** @param {Element} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<string, Element>} */
    this.keys = new Map();
    this.learn(root);
  }

  /** Note the keys and wind the clocks below an element. @param {ParentNode} parent */
  learn(parent) {
    for (const element of parent.querySelectorAll("[data-k]")) {
      this.keys.set(/** @type {string} */ (element.getAttribute("data-k")), element);
    }
    for (const element of parent.querySelectorAll("[data-tick]")) wind(element);
  }

  /** Forget what `learn` noted below an element that goes away. @param {ParentNode} parent */
  forget(parent) {
    for (const element of parent.querySelectorAll("[data-tick]")) clocks.delete(element);
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
      case "add": {
        const fragment = sanitize(operation[2]);
        this.learn(fragment);
        element.append(fragment);
        break;
      }
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
      default:
        throw new Error(`unknown operation ${String(operation[0])}`);
    }
  }

  /** Put a new element in an old one's place; what a person has opened in it stays open.
   * @param {Element} old @param {DocumentFragment} fragment */
  replace(old, fragment) {
    const opened = [...old.querySelectorAll("details[open][data-k]")];
    if (old.matches("details[open]")) opened.push(old);
    const keys = new Set(opened.map((element) => element.getAttribute("data-k")));
    for (const element of fragment.querySelectorAll("details[data-k]")) {
      if (keys.has(element.getAttribute("data-k"))) element.setAttribute("open", "");
    }
    this.forget(/** @type {ParentNode} */ (old.parentNode));
    this.learn(fragment);
    const parent = old.parentNode;
    old.replaceWith(fragment);
    if (parent) this.learn(/** @type {ParentNode} */ (parent));
  }

  /** @param {Element} element @param {string} name @param {string | null} value */
  setAttribute(element, name, value) {
    if (value === null) element.removeAttribute(name);
    else if (allowed(name, value)) element.setAttribute(name, value);
    if (name === "data-tick") wind(element);
  }
}

/* ------------------------------------------------------------------------ pages */

/** Everything the page knows of one model. */
class Page {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.seq = 0;
    this.waiting = false;
    /** @type {Copy[]} */
    this.copies = [];
    /** The DOM while nobody shows it. @type {Copy | undefined} */
    this.spare = undefined;
    const snapshot = model.get("snapshot") ?? {};
    this.reset(Number(snapshot.seq ?? 0), String(snapshot.html ?? ""));
  }

  /** Start again from a snapshot. @param {number} seq @param {string} html */
  reset(seq, html) {
    this.seq = seq;
    this.waiting = false;
    const roots = this.copies.map((copy) => copy.root);
    for (const copy of this.copies) copy.forget(copy.root);
    if (!roots.length) {
      this.spare?.forget(this.spare.root);
      roots.push(document.createElement("div"));
    }
    const fresh = roots.map((root) => {
      const opened = new Set([...root.querySelectorAll("details[open][data-k]")].map((e) => e.getAttribute("data-k")));
      root.replaceChildren(sanitize(html));
      for (const element of root.querySelectorAll("details[data-k]")) {
        if (opened.has(element.getAttribute("data-k"))) element.setAttribute("open", "");
      }
      return new Copy(root);
    });
    if (this.copies.length) this.copies = fresh;
    else this.spare = fresh[0];
  }

  /** @param {Frame | Snapshot | End} message */
  receive(message) {
    if (!message || message.v !== WIRE) return;
    if (message.t === "snap") this.reset(message.seq, message.html);
    else if (message.t === "end") {
      if (message.seq > this.seq) this.ask();
    } else if (message.t === "frame") this.advance(message);
  }

  /** @param {Frame} frame */
  advance(frame) {
    if (frame.seq <= this.seq) return;
    if (frame.seq > this.seq + 1) return this.ask();
    this.seq = frame.seq;
    try {
      for (const copy of this.copies.length ? this.copies : this.spare ? [this.spare] : []) {
        for (const operation of frame.ops) copy.apply(operation);
      }
    } catch (error) {
      // A frame that does not fit means that this DOM is not the one the kernel thinks it is: start again.
      console.warn("agentcell: resynchronising", error);
      this.seq = frame.seq - 1;
      this.ask();
    }
  }

  /** Ask for a snapshot, once. */
  ask() {
    if (this.waiting) return;
    this.waiting = true;
    this.model.send({ v: WIRE, t: "resync", have: this.seq });
  }

  /** A copy for one more place. @returns {Copy} */
  open() {
    let copy = this.spare;
    this.spare = undefined;
    if (!copy) {
      const root = /** @type {Element} */ (this.copies[0].root.cloneNode(true));
      const running = [...this.copies[0].root.querySelectorAll("[data-tick]")];
      copy = new Copy(root);
      [...root.querySelectorAll("[data-tick]")].forEach((element, index) => {
        const since = clocks.get(running[index]);
        if (since !== undefined) clocks.set(element, since);
      });
    }
    this.copies.push(copy);
    return copy;
  }

  /** A place is gone; the last copy is kept for the next one. @param {Element} root */
  close(root) {
    const copy = this.copies.find((one) => one.root === root);
    this.copies = this.copies.filter((one) => one !== copy);
    if (!copy) return;
    copy.forget(copy.root);
    if (!this.copies.length) this.spare = copy;
  }

  /** A click on something that asks the kernel, or that loads an image. @param {Event} event */
  clicked(event) {
    const target = event.target instanceof Element ? event.target : null;
    const button = target?.closest("[data-do]");
    if (button) {
      event.preventDefault();
      button.setAttribute("disabled", "");
      const key = button.closest("[data-k]")?.getAttribute("data-k") ?? "";
      this.model.send({ v: WIRE, t: "do", do: button.getAttribute("data-do"), key });
      return;
    }
    const image = target?.closest("[data-src]");
    if (image) loadImage(image);
  }
}

/** Load a remote image that a person has asked for. @param {Element} place */
function loadImage(place) {
  const source = place.getAttribute("data-src") ?? "";
  if (!allowed("data-src", source)) return;
  const image = document.createElement("img");
  image.referrerPolicy = "no-referrer";
  image.alt = place.textContent ?? "";
  image.src = source;
  place.removeAttribute("data-src");
  place.replaceChildren(image);
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
      return () => model.off("msg:custom", receive);
    },

    /** @param {{ model: Model, el: HTMLElement }} context */
    render({ el }) {
      const { root } = page.open();
      const gone = new AbortController();
      root.addEventListener("click", (event) => page.clicked(event), { signal: gone.signal });
      el.append(root);
      return () => {
        gone.abort();
        root.remove();
        page.close(root);
      };
    },
  };
};
