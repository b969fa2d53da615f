// Charts as SVG text, drawn at the width that there is: letters keep their size on a phone.

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const percent = (fraction, digits = 1) => `${(fraction * 100).toFixed(digits)}%`;
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "1 4"]; // one for each study that is shown
const SHAPES = {
  circle: (x, y, r) => `<circle cx="${x}" cy="${y}" r="${r}"`,
  square: (x, y, r) => `<rect x="${x - r}" y="${y - r}" width="${2 * r}" height="${2 * r}"`,
  triangle: (x, y, r) => `<path d="M${x} ${y - 1.2 * r}l${1.2 * r} ${2 * r}h${-2.4 * r}z"`,
  inverted: (x, y, r) => `<path d="M${x} ${y + 1.2 * r}l${1.2 * r} ${-2 * r}h${-2.4 * r}z"`,
  diamond: (x, y, r) => `${SHAPES.square(x, y, r)} transform="rotate(45 ${x} ${y})"`,
};

/** From numbers in [low, high] to pixels in [from, to]. */
function scaleOf([low, high], [from, to]) {
  return (value) => Math.round((from + ((value - low) / (high - low || 1)) * (to - from)) * 10) / 10;
}

const between = ([low, high], value) => Math.min(high, Math.max(low, value));

/** Round numbers that divide [low, high] into about `count` parts. */
function ticks([low, high], count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((one) => one * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, place) => (first + place) * step);
}

/** The range of values, with a little room, rounded to ticks. */
function rangeOf(values, least) {
  const [low, high] = [Math.min(...values, ...least), Math.max(...values, ...least)];
  const room = (high - low) * 0.04;
  return [low - room, high + room];
}

/** What a mark is about: pointing at it lights up all marks of the same. */
const of = (mark) => (mark.of ? `data-of="${escaped(mark.of)}"` : "");

function marker(shape, x, y, r, color, tip, hollow) {
  const paint = hollow ? `fill="none" stroke="${color}" stroke-width="1.6"` : `fill="${color}"`;
  return `${SHAPES[shape](x, y, r)} ${paint} data-tip="${escaped(tip)}"/>`;
}

/**
 * Lines over a number.
 *
 * x, y: { label, range, format };
 * series: [{ of, color, shape, dash, strong, hollow, points: [{ x, y, deviation, tip }] }].
 */
function lineChart(width, { x, y, series }) {
  const [left, right, top, bottom, height] = [54, 10, 8, 40, 250];
  const across = scaleOf(x.range, [left, width - right]);
  const down = scaleOf(y.range, [height - bottom, top]);
  const parts = [];
  for (const value of ticks(y.range, 5)) {
    parts.push(`<path class="grid" d="M${left} ${down(value)}H${width - right}"/>`);
    parts.push(`<text x="${left - 6}" y="${down(value) + 4}" text-anchor="end">${y.format(value)}</text>`);
  }
  for (const value of ticks(x.range, width > 420 ? 6 : 4)) {
    parts.push(`<path class="grid" d="M${across(value)} ${top}V${height - bottom}"/>`);
    parts.push(`<text x="${across(value)}" y="${height - bottom + 16}" text-anchor="middle">${x.format(value)}</text>`);
  }
  if (y.range[0] < 0) parts.push(`<path class="zero" d="M${left} ${down(0)}H${width - right}"/>`);
  for (const one of [...series].sort((a, b) => Boolean(a.strong) - Boolean(b.strong))) {
    const places = one.points.map((point) => [across(point.x), down(point.y)]);
    const way = `M${places.map((place) => place.join(" ")).join("L")}`;
    const look = `stroke="${one.color}" stroke-width="${one.strong ? 2.4 : 1}" stroke-dasharray="${one.dash ?? ""}"`;
    parts.push(`<g class="${one.strong ? "strong" : "faint"}" ${of(one)}>`);
    if (!one.hollow) parts.push(`<path d="${way}" fill="none" ${look}/>`);
    one.points.forEach((point, place) => {
      const [px, py] = places[place];
      if (point.deviation && one.strong) {
        const [high, low] = [1, -1].map((sign) => down(between(y.range, point.y + sign * point.deviation)));
        parts.push(`<path stroke="${one.color}" d="M${px} ${high}V${low}"/>`);
      }
      parts.push(marker(one.shape, px, py, one.strong ? 4 : 2.5, one.color, point.tip, one.hollow));
    });
    parts.push("</g>");
  }
  const middle = (top + height - bottom) / 2;
  const center = (left + width - right) / 2;
  parts.push(`<text x="${center}" y="${height - 6}" text-anchor="middle">${escaped(x.label)}</text>`);
  parts.push(`<text transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`);
  return svg(width, height, parts);
}

/**
 * Rows of bars from 0 to 100%.
 *
 * rows: [{ label, of, train, separate, bars: [{ color, opacity, value, deviation, tip, paper: { value, tip } }] }].
 */
function barChart(width, rows) {
  const [left, right, thick] = [Math.min(150, width * 0.36), 34, 8];
  const across = scaleOf([0, 1], [left, width - right]);
  const parts = [];
  let y = 4;
  for (const row of rows) {
    const height = Math.max(row.bars.length * thick, 10) + 10;
    parts.push(`<g ${of(row)}>`);
    if (row.train) parts.push(`<rect class="train" x="0" y="${y}" width="${width}" height="${height}"/>`);
    if (row.separate) parts.push(`<path class="zero" d="M0 ${y}H${width}"/>`);
    parts.push(`<text x="${left - 6}" y="${y + height / 2 + 4}" text-anchor="end">${escaped(row.label)}</text>`);
    row.bars.forEach((bar, place) => {
      const from = y + 5 + place * thick;
      const middle = from + thick / 2;
      if (bar.value !== undefined) {
        const length = Math.max(across(bar.value) - left, 1);
        parts.push(
          `<rect x="${left}" y="${from}" width="${length}" height="${thick - 1}" fill="${bar.color}" ` +
            `fill-opacity="${bar.opacity}" stroke="${bar.color}" stroke-width="0.8" data-tip="${escaped(bar.tip)}"/>`,
        );
      }
      if (bar.deviation) {
        const ends = [-1, 1].map((sign) => across(between([0, 1], bar.value + sign * bar.deviation)));
        parts.push(`<path class="whisker" d="M${ends[0]} ${middle}H${ends[1]}"/>`);
      }
      if (bar.paper) {
        parts.push(marker("diamond", across(bar.paper.value), middle, 3.5, "currentColor", bar.paper.tip, true));
      }
    });
    parts.push("</g>");
    y += height;
  }
  const grid = ticks([0, 1], 5).map(
    (value) =>
      `<path class="grid" d="M${across(value)} 4V${y}"/>` +
      `<text x="${across(value)}" y="${y + 16}" text-anchor="middle">${percent(value, 0)}</text>`,
  );
  return svg(width, y + 24, [...grid, ...parts]);
}

// Hidden from screen readers, which have the table.
const svg = (width, height, parts) =>
  `<svg width="${width}" height="${height}" aria-hidden="true">${parts.join("")}</svg>`;
