import type { Work } from './work.ts';

/** What the engine sorts at once: about a millisecond. */
const RUN = 1 << 14;

/** The numbers in ascending order, sorted so that it can give way in between. */
export function* sortNumbers(values: Float64Array): Work<Float64Array> {
  const { length } = values;
  let from = values.slice();
  for (let low = 0; low < length; low += RUN) {
    from.subarray(low, low + RUN).sort();
    yield;
  }
  let to = new Float64Array(length);
  for (let width = RUN; width < length; width *= 2) {
    for (let low = 0; low < length; low += 2 * width) {
      const [middle, high] = [Math.min(low + width, length), Math.min(low + 2 * width, length)];
      for (let at: Heads = { left: low, right: middle, to: low }; at.to < high; ) {
        at = mergeSome(from, to, at, middle, high);
        yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

interface Heads {
  readonly left: number;
  readonly right: number;
  readonly to: number;
}

function mergeSome(from: Float64Array, to: Float64Array, at: Heads, middle: number, high: number): Heads {
  let { left, right } = at;
  const end = Math.min(high, at.to + 4 * RUN);
  for (let i = at.to; i < end; i++) {
    const isLeft = left < middle && (right >= high || (from[left] as number) <= (from[right] as number));
    to[i] = from[isLeft ? left++ : right++] as number;
  }
  return { left, right, to: end };
}
