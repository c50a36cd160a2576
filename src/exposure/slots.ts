/**
 * What is waited for, by small numbers that are given again. Not a Map from ever new numbers: each table that a Map has
 * outgrown points at the next, so that once one of them is old the garbage collector keeps all that came after it until
 * its next full collection, and copies answers in pauses of 20 to 30 ms.
 */
export class Slots<T> {
  readonly #held: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** @returns its number, until it is taken out */
  put(value: T): number {
    const slot = this.#free.pop() ?? this.#held.length;
    this.#held[slot] = value;
    return slot;
  }

  /** Undefined where nothing is there. */
  take(slot: number): T | undefined {
    const value = this.#held[slot];
    if (value === undefined) return undefined;
    this.#held[slot] = undefined;
    this.#free.push(slot);
    return value;
  }

  takeAll(): T[] {
    const all = this.#held.filter((value) => value !== undefined);
    for (let slot = 0; slot < this.#held.length; slot++) this.take(slot);
    return all;
  }
}
