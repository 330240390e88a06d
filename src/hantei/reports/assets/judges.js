// Which judge's verdicts are shown, and the way from a cell of the heat map to its answers.
function showJudge(index) {
  state.judge = index;
  document.querySelectorAll("section.judge").forEach((section) => { section.hidden = section.dataset.judge !== String(index); });
  document.querySelectorAll("nav.sections a[data-part]").forEach((link) => {
    const id = `${link.dataset.part}-${index}`;
    link.setAttribute("href", `#${id}`);
    link.parentElement.hidden = document.getElementById(id) === null;
  });
  fillByJudge();
  refresh();
}

function startJudges() {
  const choice = document.getElementById("judge-choice");
  if (!choice) return;
  choice.hidden = false;
  choice.addEventListener("change", (event) => showJudge(Number(event.target.value)));
  showJudge(Number(choice.querySelector("input:checked").value));
}

function openCell(cell) {
  document.getElementById("filters").reset();
  document.getElementById("f-system").value = cell.dataset.system || ALL;
  document.getElementById("f-harm").value = cell.dataset.harm;
  refresh();
  document.getElementById("answers").scrollIntoView({ block: "start" });
  document.getElementById("count-title").focus({ preventScroll: true });
}

function startCells() {
  const present = new Set(answers.map((answer) => `${answer.system}/${answer.harm}`));
  const harms = new Set(answers.map((answer) => answer.harm));
  document.querySelectorAll("table.heat td[data-harm]").forEach((cell) => {
    const { system, harm } = cell.dataset;
    if (system === undefined ? !harms.has(Number(harm)) : !present.has(`${system}/${harm}`)) return;
    const button = el("button", { type: "button" }, ...cell.childNodes, el("span", { class: "sr" }, ", show answers"));
    button.addEventListener("click", () => openCell(cell));
    cell.replaceChildren(button);
  });
}
