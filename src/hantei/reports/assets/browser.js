// The list, its pages and its controls.
const FIELDS = { text: "f-text", system: "f-system", harm: "f-harm", language: "f-language", verdict: "f-verdict", refusal: "f-refusal", intent: "f-intent", judges: "f-judges", order: "f-order", size: "f-size" };
const byId = (id) => document.getElementById(id);
let matching = [];

function show() {
  const pages = Math.max(1, Math.ceil(matching.length / state.size));
  state.page = Math.min(state.page, pages - 1);
  const start = state.page * state.size;
  const items = matching.slice(start, start + state.size).map((answer) => answerItem(answer, state.judge));
  byId("list").replaceChildren(...(items.length ? items : [el("li", { class: "empty" }, "No answer passes these filters.")]));
  byId("count").textContent = `${matching.length.toLocaleString("en")} of ${answers.length.toLocaleString("en")} answers`;
  byId("page").textContent = `Page ${(state.page + 1).toLocaleString("en")} of ${pages.toLocaleString("en")}`;
  byId("previous").disabled = state.page === 0;
  byId("next").disabled = state.page >= pages - 1;
  byId("fold").disabled = !items.length;
  byId("fold").textContent = "Unfold all on this page";
}

function refresh() {
  for (const [name, id] of Object.entries(FIELDS)) state[name] = byId(id).value;
  state.size = Number(state.size);
  state.page = 0;
  matching = chosen();
  show();
}

function turn(step) {
  state.page += step;
  show();
  byId("count-title").scrollIntoView({ block: "start" });
  byId("count-title").focus({ preventScroll: true });
}

function foldAll() {
  const items = [...document.querySelectorAll("#list > li > details")];
  const open = items.some((item) => !item.open);
  items.forEach((item) => { item.open = open; });
  byId("fold").textContent = open ? "Fold all on this page" : "Unfold all on this page";
}

function clearFilters() {
  byId("filters").reset();
  refresh();
  byId("f-text").focus();
}

/** Wait for a pause in typing: a large file takes a moment to search. */
function later(action, wait) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(action, wait); };
}

function startBrowser() {
  fillFixed();
  fillByJudge();
  byId("filters").addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  byId("filters").addEventListener("change", refresh);
  byId("f-text").addEventListener("input", later(refresh, 150));
  byId("f-clear").addEventListener("click", clearFilters);
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  byId("fold").addEventListener("click", foldAll);
  byId("browser").hidden = answers.length === 0;
  refresh();
}
