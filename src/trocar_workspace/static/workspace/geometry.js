// Pure geometry in LPS millimetres: no DOM, no state, no dose.

/** Axes of L, P, S: across the plane, to the right of the picture, and up or down it; +1 if the axis points that way on screen. */
export const PLANES = {
  transverse: { across: 2, right: 0, down: 1, flip: false },
  coronal: { across: 1, right: 0, down: 2, flip: true },
  sagittal: { across: 0, right: 1, down: 2, flip: true },
};

export const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const plus = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const times = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a) => Math.sqrt(dot(a, a));
export const unit = (a) => times(a, 1 / length(a));

/** Direction of a needle, from entry to tip. */
export const direction = (needle) => unit(minus(needle.tip_lps_mm, needle.entry_lps_mm));

/** How far along a needle the point of it lies that is nearest to a point, from the entry. */
export const depthOf = (needle, point) => dot(minus(point, needle.entry_lps_mm), direction(needle));

/**
 * How far a seed slides when the hand moves by (right, down) in a plane: the slide whose picture is nearest to the hand.
 * null where the needle runs across the plane.
 */
export function slideOf(needle, plane, right, down) {
  const along = direction(needle);
  const seen = [along[PLANES[plane].right], along[PLANES[plane].down]];
  const share = seen[0] ** 2 + seen[1] ** 2;
  return share < 0.04 ? null : (seen[0] * right + seen[1] * down) / share;
}

/** The vector of a motion of the hand in a plane. */
export function motion(plane, right, down) {
  const vector = [0, 0, 0];
  vector[PLANES[plane].right] = right;
  vector[PLANES[plane].down] = down;
  return vector;
}

/** The nearest whole steps of a template to a vector, and none along its needles. */
export function wholeHoles(vector, template) {
  const steps = (axis) => Math.round(dot(vector, axis) / template.pitch_mm) * template.pitch_mm;
  return plus(times(template.columns_lps, steps(template.columns_lps)), times(template.rows_lps, steps(template.rows_lps)));
}

/** The hole whose axis passes nearest to a point. */
export function nearestHole(point, template) {
  const away = (hole) => {
    const to = minus(point, hole.lps_mm);
    return length(minus(to, times(template.direction_lps, dot(to, template.direction_lps))));
  };
  return template.holes.reduce((best, hole) => (away(hole) < away(best) ? hole : best));
}

/** Distance in the picture from a point to a stretch of line; all are [right, down]. */
export function distanceToStretch(point, from, to) {
  const way = [to[0] - from[0], to[1] - from[1]];
  const whole = way[0] ** 2 + way[1] ** 2;
  const share = whole ? Math.min(1, Math.max(0, ((point[0] - from[0]) * way[0] + (point[1] - from[1]) * way[1]) / whole)) : 0;
  return Math.hypot(point[0] - from[0] - share * way[0], point[1] - from[1] - share * way[1]);
}
