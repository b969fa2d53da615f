// What is chosen, and the fragment of the address that says it: #networks=resnet20&delta=0.01&…

const SEPARATOR = ",";
const unique = (values) => [...new Set(values)];
const chosenStudies = (selection) =>
  DATA.studies.filter((study) =>
    ["network", "training", "scale"].every((field) => selection[`${field}s`].includes(study[field])),
  );

/** What any number can be chosen of, by the name of its control. */
const CHOICES = {
  networks: unique(DATA.studies.map((study) => study.network)),
  trainings: unique(DATA.studies.map((study) => study.training)),
  scales: unique(DATA.studies.map((study) => study.scale)),
  methods: unique(DATA.studies.flatMap((study) => study.methods)),
  distributions: unique(DATA.studies.flatMap((study) => study.distributions.map((one) => one.name))),
};
const SEVERITIES = unique([DATA.severity, ...DATA.studies.flatMap((study) => study.severities?.levels ?? [])]).sort();
const REPETITIONS = Math.max(0, ...DATA.studies.map((study) => study.repetitions));
const LARGEST_DELTA = 0.05; // as far as the paper's Figure 38 goes

function standardSelection() {
  const [first] = DATA.studies;
  const two = ["WT", "FT"].filter((method) => CHOICES.methods.includes(method)); // those that the paper shows first
  return {
    networks: [first.network],
    trainings: [first.training],
    scales: [...CHOICES.scales],
    methods: two.length ? two : CHOICES.methods,
    distributions: [...CHOICES.distributions],
    severity: DATA.severity,
    delta: DATA.delta,
    repetition: "mean",
  };
}

/** The fragment that leads to a selection; what is as usual is left out. */
function toFragment(selection) {
  const usual = standardSelection();
  return Object.entries(selection)
    .map(([name, value]) => [name, [value].flat().join(SEPARATOR)])
    .filter(([name, text]) => text !== [usual[name]].flat().join(SEPARATOR))
    .map(([name, text]) => `${name}=${encodeURIComponent(text)}`)
    .join("&");
}

/** The selection of a fragment. What it does not say is as usual, and so is what it says wrongly. */
function fromFragment(fragment) {
  const selection = standardSelection();
  const said = new URLSearchParams(fragment.replace(/^#/, ""));
  for (const [name, choices] of Object.entries(CHOICES)) {
    if (!said.has(name)) continue;
    const names = said.get(name).split(SEPARATOR);
    if (said.get(name) === "" || choices.some((choice) => names.includes(choice))) {
      selection[name] = choices.filter((choice) => names.includes(choice));
    }
  }
  const number = (name, isGood) => {
    const value = Number(said.get(name));
    if (said.has(name) && said.get(name) !== "" && isGood(value)) selection[name] = value;
  };
  number("severity", (value) => SEVERITIES.includes(value));
  number("delta", (value) => value >= 0 && value <= LARGEST_DELTA);
  number("repetition", (value) => Number.isInteger(value) && value >= 1 && value <= REPETITIONS);
  return selection;
}
