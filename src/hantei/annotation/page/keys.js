// The keyboard: digits choose, letters do; in a text field they are letters.
import * as fields from "./fields.js";
import * as reading from "./reading.js";

const by = (id) => document.getElementById(id);
const writing = (node) => node.matches("textarea, select, input[type=text]");

export function listen({ save, skip, undo, go, enabled }) {
  const does = {
    y: () => fields.decide(true),
    n: () => fields.decide(false),
    e: fields.mend,
    k: skip,
    z: undo,
    v: reading.toggleVeil,
    r: reading.toggleReasoning,
    g: () => { by("guideline").open = !by("guideline").open; },
    c: () => by("comment").focus(),
    "?": () => by("keys").showModal(),
    b: () => go("before"),
    f: () => go("after"),
    Enter: save,
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (writing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Enter" && event.target.matches("button, summary, input[type=checkbox]")) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = /^\d$/.test(name) ? () => fields.digit(Number(name)) : does[name];
    if (!action || (event.key !== "?" && event.key !== "z" && !enabled())) return;
    event.preventDefault();
    action();
  });
}
