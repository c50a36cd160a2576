import type { Work } from './work.ts';

const LONGEST = 1024;

/** Numbers in an order, in pieces, so that one can be put in or taken out without moving all the others. */
export class SortedList {
  readonly #compare: (a: number, b: number) => number;
  #pieces: number[][] = [];

  constructor(compare: (a: number, b: number) => number) {
    this.#compare = compare;
  }

  /** Sorts the values by merging, so that it can give way in between. */
  *build(values: Int32Array, compare = this.#compare): Work<void> {
    let [from, to] = [Int32Array.from(values), new Int32Array(values.length)];
    let work = 0;
    for (let width = 1; width < values.length; width *= 2) {
      for (let low = 0; low < values.length; low += 2 * width) {
        const [middle, high] = [Math.min(low + width, values.length), Math.min(low + 2 * width, values.length)];
        let [left, right] = [low, middle];
        for (let at = low; at < high; at++) {
          const isLeft = left < middle && (right >= high || compare(from[left] as number, from[right] as number) <= 0);
          to[at] = from[isLeft ? left++ : right++] as number;
          if ((++work & 0x3fff) === 0) yield;
        }
      }
      [from, to] = [to, from];
    }
    const half = LONGEST / 2;
    this.#pieces = Array.from({ length: Math.ceil(from.length / half) }, (_, i) => [
      ...from.subarray(i * half, (i + 1) * half),
    ]);
  }

  add(value: number): void {
    const piece = this.#pieceFor((last) => this.#compare(last, value) >= 0) ?? this.#pieces.at(-1);
    if (piece === undefined) {
      this.#pieces.push([value]);
      return;
    }
    piece.splice(this.#placeIn(piece, value), 0, value);
    if (piece.length > LONGEST) this.#pieces.splice(this.#pieces.indexOf(piece) + 1, 0, piece.splice(LONGEST / 2));
  }

  /** The value's sort key must still be what it was when it was added. */
  remove(value: number): void {
    const piece = this.#pieceFor((last) => this.#compare(last, value) >= 0);
    if (piece === undefined) return;
    const at = this.#placeIn(piece, value);
    if (piece[at] !== value) return;
    piece.splice(at, 1);
    if (piece.length === 0) this.#pieces.splice(this.#pieces.indexOf(piece), 1);
  }

  /** In order, from the first value of which `isAfter` says so; it must be false for all before and true for all behind. */
  *from(isAfter: (value: number) => boolean): Generator<number> {
    const first = this.#pieceFor(isAfter);
    if (first === undefined) return;
    let at = 0;
    for (let high = first.length; at < high; ) {
      const middle = (at + high) >> 1;
      if (isAfter(first[middle] as number)) high = middle;
      else at = middle + 1;
    }
    yield* first.slice(at);
    for (let i = this.#pieces.indexOf(first) + 1; i < this.#pieces.length; i++) yield* this.#pieces[i] as number[];
  }

  /** The first piece of which the last value is so. */
  #pieceFor(isSo: (last: number) => boolean): number[] | undefined {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isSo(this.#pieces[middle]?.at(-1) as number)) high = middle;
      else low = middle + 1;
    }
    return this.#pieces[low];
  }

  #placeIn(piece: readonly number[], value: number): number {
    let [low, high] = [0, piece.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(piece[middle] as number, value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
