// The page: its controls, and what happens when one of them changes. The fragment of the address holds the selection.

const page = document.getElementById("explorer");
const at = (selector) => page.querySelector(selector);
let selection = null;
let drawnAt = 0;

function labelOf(choice, name) {
  if (choice === "distributions") {
    return DATA.studies.flatMap((study) => study.distributions).find((one) => one.name === name).label;
  }
  return name;
}

function swatch(method) {
  return svg(14, 14, [marker(shapeOf(method), 7, 7, 4, colorOf(method), "")]);
}

function makeControls() {
  for (const [choice, names] of Object.entries(CHOICES)) {
    const fieldset = at(`[data-choice=${choice}]`);
    fieldset.hidden = names.length < 2;
    const boxes = names.map((name) => {
      const mark = choice === "methods" ? swatch(name) : "";
      return `<label><input type="checkbox" value="${escaped(name)}">${mark} ${escaped(labelOf(choice, name))}</label>`;
    });
    fieldset.insertAdjacentHTML("beforeend", boxes.join(""));
  }
  const options = (values, said) => values.map((value) => `<option value="${value}">${said(value)}</option>`).join("");
  const severity = (value) => (value === DATA.severity ? `${value}, as in the paper` : value);
  at("#xp-severity").innerHTML = options(SEVERITIES, severity);
  at("#xp-severity").parentElement.hidden = SEVERITIES.length < 2;
  const repetitions = Array.from({ length: REPETITIONS }, (_, place) => place + 1);
  const repetition = (value) => (value === "mean" ? "mean of all" : value);
  at("#xp-repetition").innerHTML = options(["mean", ...repetitions], repetition);
  at("#xp-delta").max = LARGEST_DELTA * 100;
}

/** What the controls say. */
function fromControls() {
  const ticked = (choice) =>
    CHOICES[choice].filter((_, place) => page.querySelectorAll(`[data-choice=${choice}] input`)[place].checked);
  const repetition = at("#xp-repetition").value;
  return {
    ...Object.fromEntries(Object.keys(CHOICES).map((choice) => [choice, ticked(choice)])),
    severity: Number(at("#xp-severity").value),
    delta: Math.round(at("#xp-delta").value * 1e4) / 1e6,
    repetition: repetition === "mean" ? repetition : Number(repetition),
  };
}

function show(next) {
  selection = next;
  for (const choice of Object.keys(CHOICES)) {
    page.querySelectorAll(`[data-choice=${choice}] input`).forEach((box, place) => {
      box.checked = selection[choice].includes(CHOICES[choice][place]);
    });
  }
  at("#xp-severity").value = selection.severity;
  at("#xp-repetition").value = selection.repetition;
  at("#xp-delta").value = selection.delta * 100;
  const delta = `${+(selection.delta * 100).toFixed(3)}%`;
  at("#xp-delta").setAttribute("aria-valuetext", delta);
  at("#xp-delta-said").textContent = delta;
  at("#xp-distributions-said").textContent = `(${selection.distributions.length} of ${CHOICES.distributions.length})`;
  at("#xp-potential figcaption").textContent = `Prune potential of each distribution, δ = ${delta}`;
  at("#xp-noise figcaption").textContent = `Prune potential over the noise level, δ = ${delta}`;
  draw();
}

function draw() {
  const rows = rowsOf(selection);
  const studies = chosenStudies(selection);
  for (const [id, chart] of Object.entries(CHARTS)) {
    const place = at(`#${id} div`);
    place.innerHTML = chart(place.clientWidth, rows, studies) || "<p>Not measured for what is chosen.</p>";
  }
  drawnAt = page.clientWidth;
  at("#xp-notes").textContent = notes(studies).join(" ");
  at("#xp-key").innerHTML = studies.map(keyOf).join("<br>");
  if (at(".numbers").open) fillTable(rows);
}

/** How a study looks in the charts, and where its numbers come from. */
function keyOf(study, place) {
  const [dash, opacity] = [DASHES, OPACITIES].map((looks) => looks[place % looks.length]);
  const line = `<path d="M0 6H34" stroke="currentColor" stroke-width="2" stroke-dasharray="${dash}"/>`;
  const bar = `<path d="M38 2h14v8h-14z" fill="currentColor" stroke="currentColor" fill-opacity="${opacity}"/>`;
  const paper = study.paper ? ` Diamonds and empty marks: ${study.paper.source}` : "";
  const text = `${study.network}, ${study.dataset}, ${study.training} training: ${study.provenance}.${paper}`;
  return `${svg(54, 12, [line, bar])} ${escaped(text)}`;
}

/** What of the selection is not there, in sentences. */
function notes(studies) {
  if (!studies.length || !selection.methods.length) return ["Choose a network, a training and a method."];
  if (!selection.distributions.length) return ["Choose a distribution."];
  return studies.flatMap((study) => {
    const shown = study.distributions.filter((one) => selection.distributions.includes(one.name));
    const found = shown.filter((one) => errorOf(study, study.methods[0], one, selection.severity));
    const missing = selection.distributions.length - found.length;
    const many = missing === 1 ? "1 of the chosen distributions" : `${missing} of the chosen distributions`;
    const at = selection.severity === DATA.severity ? "" : ` at severity ${selection.severity}`;
    return missing ? [`${nameOf(study)}: ${many} not measured${at}.`] : [];
  });
}

function fillTable(rows) {
  const [header, ...body] = tableOf(rows, selection);
  const row = (cells, tag) => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  at(".numbers thead").innerHTML = row(header, "th");
  at(".numbers tbody").innerHTML = body.map((cells) => row(cells, "td")).join("");
}

function change(next) {
  show(next);
  const fragment = toFragment(selection);
  history.replaceState(null, "", location.href.split("#")[0] + (fragment ? `#${fragment}` : ""));
}

function download() {
  const file = new Blob([toCsv(tableOf(rowsOf(selection), selection))], { type: "text/csv" });
  const link = document.createElement("a");
  Object.assign(link, { href: URL.createObjectURL(file), download: "lost-in-pruning.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function pointAt(event) {
  const mark = event.target.closest("[data-tip]");
  const name = event.target.closest("[data-of]")?.dataset.of;
  page.querySelectorAll("[data-of]").forEach((one) => one.classList.toggle("lit", one.dataset.of === name));
  const tip = at("#xp-tip");
  tip.hidden = !mark?.dataset.tip;
  if (tip.hidden) return;
  tip.textContent = mark.dataset.tip;
  const left = Math.min(event.clientX + 12, document.documentElement.clientWidth - tip.offsetWidth - 4);
  Object.assign(tip.style, { left: `${Math.max(4, left)}px`, top: `${event.clientY + 14}px` });
}

function start() {
  makeControls();
  at(".controls").addEventListener("input", () => change(fromControls()));
  at(".controls").addEventListener("submit", (event) => event.preventDefault());
  for (const button of page.querySelectorAll("[data-all], [data-none]")) {
    const { all, none } = button.dataset;
    button.addEventListener("click", () => change({ ...selection, [all ?? none]: all ? [...CHOICES[all]] : [] }));
  }
  at("#xp-reset").addEventListener("click", () => change(standardSelection()));
  at("#xp-csv").addEventListener("click", download);
  at(".numbers").addEventListener("toggle", () => draw());
  page.addEventListener("pointerover", pointAt);
  page.addEventListener("click", pointAt);
  // A fragment without a value is a heading of the page.
  addEventListener("hashchange", () => location.hash.includes("=") && show(fromFragment(location.hash)));
  new ResizeObserver(() => page.clientWidth !== drawnAt && draw()).observe(page);
  show(fromFragment(location.hash));
}

if (DATA.studies.length) start();
else page.innerHTML = "<p>There are no results in <code>book/results</code> yet.</p>";
