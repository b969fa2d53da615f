// The numbers of a selection, computed from the curves of the page as lostprune.metrics computes them.

const known = (values) => values.filter((value) => value !== null && Number.isFinite(value));

/** Mean and standard deviation (ddof 0, as in the paper) of what is known; null where nothing is. */
function summary(values) {
  const those = known(values);
  if (!those.length) return { value: null, deviation: null };
  const value = those.reduce((sum, one) => sum + one, 0) / those.length;
  const squares = those.reduce((sum, one) => sum + (one - value) ** 2, 0);
  return { value, deviation: those.length > 1 ? Math.sqrt(squares / those.length) : null };
}

/** Definition 1 for one chain: the largest ratio whose error is within delta of the parent's; null without a parent. */
function prunePotential(error, ratio, delta) {
  if (error[0] === null) return null;
  const within = (cycle) => error[cycle] !== null && error[cycle] <= error[0] + delta + DATA.rounding;
  return Math.max(0, ...known(ratio.filter((_, cycle) => within(cycle))));
}

/** Errors [repetition][cycle] on a distribution; undefined where the study did not measure it at this severity. */
function errorOf(study, method, distribution, severity) {
  const places = (names) => names.indexOf(distribution.name);
  if (severity === DATA.severity || distribution.group === "train") {
    return study.error[method][places(study.distributions.map((one) => one.name))];
  }
  const level = study.severities ? study.severities.levels.indexOf(severity) : -1;
  return level < 0 ? undefined : study.severities.error[method][level][places(study.severities.distributions)];
}

/** Definition 2: what a shift adds to a pruned network beyond what it adds to its parent, [repetition][cycle]. */
function excessDifference(train, test) {
  const meanOver = (errors, repetition, cycle) => {
    const values = errors.map((one) => one[repetition][cycle]);
    return values.includes(null) ? null : summary(values).value;
  };
  return train[0].map((chain, repetition) => {
    const excess = chain.map((_, cycle) => {
      const [shifted, usual] = [test, train].map((errors) => meanOver(errors, repetition, cycle));
      return shifted === null || usual === null ? null : shifted - usual;
    });
    return excess.map((value) => (value === null || excess[0] === null ? null : value - excess[0]));
  });
}

/** Values [repetition] as the selection asks for them: the mean and deviation over all, or those of one. */
function overRepetitions(values, repetition) {
  return repetition === "mean" ? summary(values) : { value: values[repetition - 1] ?? null, deviation: null };
}

/** Values [repetition][cycle] as points over the prune ratio; cycles that not all repetitions reached are left out. */
function points(values, ratio, repetition) {
  const reached = (cycle) => repetition !== "mean" || ratio.every((chain) => chain[cycle] !== null);
  return ratio[0]
    .map((_, cycle) => cycle)
    .filter(reached)
    .map((cycle) => {
      const [y, x] = [values, ratio].map((all) => overRepetitions(all.map((chain) => chain[cycle]), repetition));
      return { prune_ratio: x.value, ...y };
    })
    .filter((point) => point.value !== null && point.prune_ratio !== null);
}

/** Every number that is shown, one row each: the charts draw these rows, and the table and the CSV file list them. */
function rowsOf(selection) {
  return chosenStudies(selection).flatMap((study) =>
    selection.methods
      .filter((method) => study.methods.includes(method))
      .flatMap((method) =>
        [...measured(study, method, selection), ...paperRows(study, method)].map((row) => ({ study, method, ...row })),
      ),
  );
}

function measured(study, method, { distributions, severity, delta, repetition }) {
  const ratio = study.ratio[method];
  const potentialOf = (error) => error.map((chain, place) => prunePotential(chain, ratio[place], delta));
  const rows = [];
  const shown = { train: [], test: [] }; // of each distribution: its errors and potentials, by repetition
  for (const distribution of study.distributions.filter((one) => distributions.includes(one.name))) {
    const error = errorOf(study, method, distribution, severity);
    if (!error) continue;
    const potential = potentialOf(error);
    shown[distribution.group].push({ error, potential });
    const shownAt = distribution.group === "test" ? severity : DATA.severity;
    const where = { distribution, severity: distribution.corrupted ? shownAt : null };
    rows.push({ quantity: "prune_potential", ...where, ...overRepetitions(potential, repetition) });
    for (const point of points(error, ratio, repetition)) rows.push({ quantity: "error", ...where, ...point });
  }
  for (const [group, those] of Object.entries(shown)) {
    if (group === "train" ? those.length < 2 : !those.length) continue;
    for (const [name, pick] of [["average", (all) => summary(all).value], ["minimum", (all) => Math.min(...all)]]) {
      const each = ratio.map((_, place) => {
        const all = those.map((one) => one.potential[place]);
        return all.includes(null) ? null : pick(all);
      });
      const shownAt = group === "test" ? severity : null;
      rows.push({ quantity: `${name}_prune_potential`, group, severity: shownAt, ...overRepetitions(each, repetition) });
    }
  }
  const train = study.distributions.filter((one) => one.group === "train").map((one) => errorOf(study, method, one));
  if (shown.test.length) {
    const difference = excessDifference(train, shown.test.map((one) => one.error));
    for (const point of points(difference, ratio, repetition)) {
      rows.push({ quantity: "excess_error_difference", severity, ...point });
    }
  }
  (study.noise?.levels ?? []).forEach((noise_level, place) => {
    const potential = potentialOf(study.noise.error[method][place]);
    rows.push({ quantity: "prune_potential", noise_level, ...overRepetitions(potential, repetition) });
  });
  return rows.filter((row) => row.value !== null);
}

/** What the paper prints of the same network and method. */
function paperRows(study, method) {
  const printed = study.paper?.potential[method];
  if (!printed) return [];
  const rows = Object.entries(printed).map(([what, [value, deviation]]) => {
    const [name, group] = what.split(" ");
    return { quantity: `${name}_prune_potential`, group, value, deviation, paper: true };
  });
  const commensurate = study.paper.commensurate[method];
  if (commensurate) {
    for (const [prune_ratio, value] of [[0, study.paper.parent_error], commensurate]) {
      rows.push({ quantity: "error", prune_ratio, value, deviation: null, paper: true });
    }
  }
  return rows;
}
