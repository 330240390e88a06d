// Building the page. Text only ever enters as text nodes: nothing here takes markup from a string.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function isolated(text) {
  return el("bdi", null, text);
}

/** One run of a text: plain, a control's sign, or a marked span with its weight against the strongest one. */
function runNode(run, strongest) {
  if (typeof run === "string") return document.createTextNode(run);
  if (run.length === 1) return el("span", { class: "ctl", title: "a character that cannot be seen" }, run[0]);
  const up = run[1] > 0;
  const strength = 1 + Math.min(2, Math.floor((3 * Math.abs(run[1])) / strongest));
  const title = `${up ? "towards unsafe" : "towards safe"}, weight ${run[1].toFixed(2)}`;
  return el("mark", { class: `${up ? "up" : "down"} s${strength}`, title }, el("span", { class: "sign" }, up ? "+" : "−"), run[0]);
}

/** A text that may scroll in its box has to be reachable by keyboard. */
function long(text) {
  return plain(text).length > 600;
}

function textBlock(text, attributes) {
  const weights = text.runs.filter((run) => Array.isArray(run) && run.length === 2).map((run) => Math.abs(run[1]));
  const strongest = weights.reduce((most, weight) => Math.max(most, weight), 0) || 1;
  const block = el("div", { dir: "auto", role: "group", tabindex: long(text) ? "0" : null, ...attributes, class: `text ${(attributes && attributes.class) || ""}` });
  if (!text.runs.length) block.append(el("i", { class: "soft" }, "(empty)"));
  text.runs.forEach((run) => block.append(runNode(run, strongest)));
  if (text.of === undefined) return block;
  return el("div", null, block, el("p", { class: "cut" }, `Cut: the first ${text.shown.toLocaleString("en")} of ${text.of.toLocaleString("en")} characters are shown.`));
}

function fold(title, ...children) {
  return el("details", { class: "fold" }, el("summary", null, title), ...children);
}

function verdictChip(verdict) {
  return el("span", { class: `verdict ${verdict}` }, VERDICTS[verdict]);
}

function probability(value) {
  if (value > 0.995 && value < 1) return ">0.99";
  return value < 0.005 && value > 0 ? "<0.01" : value.toFixed(2);
}
