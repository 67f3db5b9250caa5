// Elements are made here and nowhere else. Texts become text nodes, so nothing that a run recorded is ever markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function put(node, ...children) {
  return fill(node, null, children);
}

function byId(id) {
  return document.getElementById(id);
}

// Calls `act` whenever the width of a frame changes, and not for changes of its height, which `act` may cause.
function onWidth(frame, act) {
  let width = frame.clientWidth;
  new ResizeObserver(() => {
    if (frame.clientWidth === width) return;
    width = frame.clientWidth;
    act();
  }).observe(frame);
}

// One tab stop for many things: arrow keys move inside, `next(item, key)` says where to.
function rove(items, next) {
  let current = items[0];
  for (const item of items) item.setAttribute("tabindex", item === current ? "0" : "-1");
  const move = (item) => {
    current.setAttribute("tabindex", "-1");
    current = item;
    current.setAttribute("tabindex", "0");
  };
  for (const item of items) {
    item.addEventListener("focus", () => move(item));
    item.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        item.dispatchEvent(new MouseEvent("click", { bubbles: true }));
        return;
      }
      const target = event.key.startsWith("Arrow") ? next(item, event.key) : null;
      if (target) {
        event.preventDefault();
        target.focus();
      }
    });
  }
}
