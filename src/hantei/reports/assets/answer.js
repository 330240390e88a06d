// One answer in the list: a line to choose it by, and its body, built when it is first unfolded.
function answerItem(answer, judge) {
  const details = el("details", { class: "answer" }, answerLine(answer, judge));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(answerBody(answer, judge));
  });
  return el("li", null, details);
}

function answerLine(answer, judge) {
  const judgment = judgmentOf(answer, judge);
  const last = answer.turns[answer.turns.length - 1];
  const asked = last ? plain(last.text).slice(0, 300) : "";
  return el(
    "summary",
    null,
    verdictChip(verdictOf(answer, judge)),
    el("span", { class: "asked", lang: tagOf(answer), dir: "auto" }, asked || "(empty question)"),
    el("span", { class: "facts" }, ...facts(answer, judgment).map((fact) => el("span", null, fact))),
  );
}

function facts(answer, judgment) {
  const parts = [isolated(names.systems[answer.system])];
  if (judgment && judgment.p !== undefined) parts.push(`p ${probability(judgment.p)}`);
  if (answer.harm !== undefined) parts.push(isolated(names.harms[answer.harm]));
  if (answer.language !== undefined) parts.push(isolated(names.languages[answer.language].name));
  if (answer.intent && answer.intent !== "harmful") parts.push(`${answer.intent} prompt`);
  if (judgment && judgment.refusal && judgment.refusal !== "none") parts.push(`${judgment.refusal} refusal`);
  if (answer.status) parts.push(answer.status);
  if (judgesDisagree(answer)) parts.push("judges disagree");
  return parts;
}

function tagOf(answer) {
  return answer.language === undefined ? null : names.languages[answer.language].tag || null;
}

function answerBody(answer, judge) {
  const lang = tagOf(answer);
  const body = el("div", { class: "body" });
  if (answer.turnsCut) body.append(el("p", { class: "cut" }, `${answer.turnsCut} earlier turns are not shown.`));
  answer.turns.forEach((turn, index) => {
    const name = answer.turns.length > 1 ? `Turn ${index + 1}: ${turn.role}` : "Question";
    body.append(part(name, turn.text, { lang }));
  });
  if (answer.reasoning) body.append(fold("Reasoning before the answer", textBlock(answer.reasoning, { lang, "aria-label": "Reasoning" })));
  body.append(part("Answer", answer.answer, { lang, class: `main ${verdictOf(answer, judge)}` }));
  if (answer.error) body.append(el("p", { class: "cut" }, "Error: ", isolated(answer.error)));
  if (answer.reference) body.append(fold("Reference answer", textBlock(answer.reference, { lang, "aria-label": "Reference answer" })));
  if (answer.criteria) body.append(fold("Criteria of this prompt", textBlock(answer.criteria, { "aria-label": "Criteria" })));
  body.append(el("div", null, el("h4", null, "Verdicts"), ...verdicts(answer, judge)), identity(answer));
  return body;
}

function part(title, text, attributes) {
  return el("div", null, el("h4", null, title), textBlock(text, { ...attributes, "aria-label": title }));
}

function verdicts(answer, judge) {
  const judgments = answer.judgments || [];
  if (!judgments.length) return [el("p", { class: "soft" }, "Nobody judged this answer.")];
  const shown = (judgment) => Number(judgment.judge === judge);
  return [...judgments].sort((a, b) => shown(b) - shown(a)).map(judgmentCard);
}

function judgmentCard(judgment) {
  const card = el("div", { class: "judgment" });
  card.append(el("div", { class: "head" }, verdictChip(judgment.verdict), isolated(names.judges[judgment.judge])));
  const pairs = judgmentPairs(judgment);
  if (pairs.length) card.append(el("dl", null, ...pairs.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value)))));
  if (judgment.critique) card.append(part("Critique", judgment.critique, {}));
  if (judgment.comment) card.append(part("Comment", judgment.comment, {}));
  (judgment.attempts || []).forEach((reply, index) => {
    const name = `Raw reply ${index + 1}`;
    card.append(fold(name, textBlock(reply, { "aria-label": name })));
  });
  return card;
}

function judgmentPairs(judgment) {
  const pairs = [];
  const add = (name, value) => { if (value !== undefined) pairs.push([name, value]); };
  if (judgment.why) add("Without a verdict", isolated(judgment.why));
  if (judgment.p !== undefined) add("Probability of unsafe", probabilityNode(judgment.p));
  add("Score", judgment.score);
  add("Action", judgment.action);
  add("Refusal", judgment.refusal);
  if (judgment.categories) add("Categories", isolated(judgment.categories.join(", ")));
  if (judgment.repeat) add("Judged again", `repeat ${judgment.repeat}`);
  if (judgment.turn !== undefined) add("Judged turn", String(judgment.turn + 1));
  return pairs;
}

function probabilityNode(value) {
  const meter = el("progress", { class: "meter", max: 1, value, "aria-hidden": "true" });
  return el("span", null, probability(value), meter);
}

function identity(answer) {
  const line = el("p", { class: "soft small" }, "Answer ", isolated(answer.id), " to prompt ", isolated(answer.prompt));
  if (answer.benchmark) line.append(" of ", isolated(answer.benchmark));
  if (answer.region) line.append(", region ", isolated(answer.region));
  return line;
}
