const LONGEST = 1024;

/** Numbers in an order, in pieces, so that one can be put in or taken out without moving all the others. */
export class SortedList {
  readonly #compare: (a: number, b: number) => number;
  #pieces: number[][] = [];

  constructor(compare: (a: number, b: number) => number) {
    this.#compare = compare;
  }

  /** Takes the place of all that was in it. The values are in order already. */
  fill(sorted: ArrayLike<number>): void {
    this.#pieces = [];
    for (let from = 0; from < sorted.length; from += LONGEST / 2) {
      const piece: number[] = [];
      for (let at = from; at < Math.min(from + LONGEST / 2, sorted.length); at++) piece.push(sorted[at] as number);
      this.#pieces.push(piece);
    }
  }

  add(value: number): void {
    const at = Math.min(this.#pieceFor(value), this.#pieces.length - 1);
    const piece = this.#pieces[at];
    if (piece === undefined) {
      this.#pieces.push([value]);
      return;
    }
    piece.splice(this.#placeIn(piece, value), 0, value);
    if (piece.length > LONGEST) this.#pieces.splice(at + 1, 0, piece.splice(LONGEST / 2));
  }

  /** The value's sort key must still be what it was when it was added. */
  remove(value: number): void {
    const at = this.#pieceFor(value);
    const piece = this.#pieces[at];
    if (piece === undefined) return;
    const place = this.#placeIn(piece, value);
    if (piece[place] !== value) return;
    piece.splice(place, 1);
    if (piece.length === 0) this.#pieces.splice(at, 1);
  }

  /** In order, from the first value of which `isAfter` says so; it must be false for all before and true for all behind. */
  *from(isAfter: (value: number) => boolean): Generator<number> {
    const begin = this.#firstPiece(isAfter);
    const first = this.#pieces[begin];
    if (first === undefined) return;
    let at = 0;
    for (let high = first.length; at < high; ) {
      const middle = (at + high) >> 1;
      if (isAfter(first[middle] as number)) high = middle;
      else at = middle + 1;
    }
    for (; at < first.length; at++) yield first[at] as number;
    for (let i = begin + 1; i < this.#pieces.length; i++) yield* this.#pieces[i] as number[];
  }

  #pieceFor(value: number): number {
    return this.#firstPiece((last) => this.#compare(last, value) >= 0);
  }

  /** Place of the first piece of which the last value is so. */
  #firstPiece(isSo: (last: number) => boolean): number {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isSo(this.#pieces[middle]?.at(-1) as number)) high = middle;
      else low = middle + 1;
    }
    return low;
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
