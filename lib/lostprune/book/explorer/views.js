// The rows of a selection as charts, as a table and as a CSV file.

const COLUMNS = [
  "network", "dataset", "training", "scale", "method", "repetition", "quantity", "delta", "distribution", "group",
  "severity", "noise_level", "prune_ratio", "value", "standard_deviation",
];
const OPACITIES = [1, 0.45, 0.2, 0.05]; // of the bars of each study that is shown
const MARKERS = { WT: "circle", SiPP: "square", FT: "triangle", PFP: "diamond" };

const colorOf = (method) => DATA.colors[method] ?? "#666666";
const shapeOf = (method) => MARKERS[method] ?? "inverted";
const nameOf = (study) => `${study.network}, ${study.training}, ${study.scale}`;

function spread({ value, deviation }, digits = 1) {
  return percent(value, digits) + (deviation === null ? "" : ` ± ${percent(deviation, digits)}`);
}

function tipOf(row) {
  const who = `${nameOf(row.study)}, ${row.method}${row.paper ? ", in the paper" : ""}`;
  const where = row.distribution?.label ?? (row.noise_level === undefined ? "" : `noise ${row.noise_level}`);
  const ratio = row.prune_ratio === undefined ? "" : ` at a prune ratio of ${percent(row.prune_ratio)}`;
  const shown = row.quantity === "error" ? { ...row, value: 1 - row.value } : row;
  return `${who}${where ? `\n${where}` : ""}\n${spread(shown, 2)}${ratio}`;
}

/** Rows of equal key, in order. */
function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return [...groups.values()];
}

function lines(rows, x, value, studies) {
  const key = (row) => `${row.study.line} ${row.method} ${row.distribution?.name} ${row.paper}`;
  return grouped(rows, key).map((group) => {
    const [{ study, method, distribution, paper }] = group;
    return {
      of: distribution?.name,
      color: colorOf(method),
      shape: shapeOf(method),
      dash: DASHES[studies.indexOf(study) % DASHES.length],
      strong: paper || distribution?.group !== "test",
      hollow: paper,
      points: group.map((row) => ({ x: row[x], y: value(row), deviation: row.deviation, tip: tipOf(row) })),
    };
  });
}

const CHARTS = {
  "xp-accuracy": (width, rows, studies) => {
    const those = rows.filter((row) => row.quantity === "error");
    const measures = [...new Set(studies.map((study) => study.measure))].sort().reverse();
    return overRatio(width, lines(those, "prune_ratio", (row) => 1 - row.value, studies), measures.join(" or "), []);
  },
  "xp-excess": (width, rows, studies) => {
    const those = rows.filter((row) => row.quantity === "excess_error_difference");
    return overRatio(width, lines(those, "prune_ratio", (row) => row.value, studies), "ê − e", [0, 0.01]);
  },
  "xp-potential": (width, rows, studies) => barChart(width, barRows(rows, studies)),
  "xp-noise": (width, rows, studies) => {
    const those = rows.filter((row) => row.noise_level !== undefined);
    const series = lines(those, "noise_level", (row) => row.value, studies);
    if (!series.length) return "";
    const levels = series.flatMap((one) => one.points.map((point) => point.x));
    const x = { label: "noise level", range: rangeOf(levels, []), format: (value) => value.toFixed(1) };
    return lineChart(width, { x, y: { label: "prune potential", range: [-0.03, 1.03], format: whole }, series });
  },
};
const whole = (value) => percent(value, 0);

function overRatio(width, series, label, least) {
  const ends = (point) => [-1, 1].map((sign) => point.y + sign * (point.deviation ?? 0));
  const values = series.flatMap((one) => one.points.flatMap((point) => (one.strong ? ends(point) : point.y)));
  if (!values.length) return "";
  const range = rangeOf(values, least);
  const format = (value) => percent(value, range[1] - range[0] < 0.05 ? 1 : 0);
  const x = { label: "prune ratio", range: [-0.02, 1.02], format: whole };
  return lineChart(width, { x, y: { label, range, format }, series });
}

/** A row for each distribution, then two that sum up; in each a bar for every study and method. */
function barRows(rows, studies) {
  const potentials = rows.filter((row) => row.quantity.endsWith("prune_potential") && row.noise_level === undefined);
  const bar = (row, paper) => ({
    color: colorOf(row.method),
    opacity: OPACITIES[studies.indexOf(row.study) % OPACITIES.length],
    value: row.value,
    deviation: row.deviation,
    tip: tipOf(row),
    ...(paper && { paper: { value: paper.value, tip: tipOf(paper) } }),
  });
  const those = (test) => potentials.filter((row) => !row.paper && test(row));
  const printed = (row, quantity, group) =>
    potentials.find(
      (one) =>
        one.paper && one.study === row.study && one.method === row.method &&
        one.quantity === quantity && one.group === group,
    );
  const chart = grouped(those((row) => row.distribution), (row) => row.distribution.name).map((group) => {
    const train = group[0].distribution.group === "train";
    const alone = (row) => train && row.study.distributions.filter((one) => one.group === "train").length === 1;
    return {
      label: group[0].distribution.label,
      of: group[0].distribution.name,
      train,
      bars: group.map((row) => bar(row, alone(row) && printed(row, "average_prune_potential", "train"))),
    };
  });
  chart.sort((a, b) => b.train - a.train);
  for (const group of grouped(those((row) => row.group), (row) => `${row.quantity} ${row.group}`)) {
    const [{ quantity, group: name }] = group;
    const label = `${quantity.startsWith("average") ? "average" : "minimum"}, ${name}`;
    const separate = !chart.at(-1)?.sums;
    chart.push({ label, separate, sums: true, bars: group.map((row) => bar(row, printed(row, quantity, name))) });
  }
  return chart;
}

/** One row of the table and of the file; fractions, not percent. */
function cellsOf(row, selection) {
  const { study, distribution } = row;
  const potential = row.quantity.endsWith("prune_potential");
  return {
    ...study,
    ...row,
    dataset: row.paper ? study.paper.dataset : study.dataset,
    scale: row.paper ? "" : study.scale, // the paper's recipe in full
    repetition: row.paper ? "paper" : selection.repetition,
    delta: potential ? (row.paper ? DATA.delta : selection.delta) : "",
    distribution: distribution?.name ?? (row.paper && row.prune_ratio !== undefined ? study.paper.distribution : ""),
    group: distribution?.group ?? row.group ?? "",
    standard_deviation: row.deviation,
  };
}

const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const toCsv = (table) => table.map((cells) => cells.map(quoted).join(",")).join("\r\n") + "\r\n";

/** Header and rows, all of them text. */
function tableOf(rows, selection) {
  const cells = rows.map((row) => cellsOf(row, selection));
  return [COLUMNS, ...cells.map((row) => COLUMNS.map((column) => String(row[column] ?? "")))];
}
