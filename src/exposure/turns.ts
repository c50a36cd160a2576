/** What happened is forgotten, the earliest first, once there is a quarter more of it than this. */
const MOST_PAST = 50_000;

/** Instants of a day, and of those to come, at which something about a subject begins or ends. */
export class Turns {
  readonly #most: number;
  readonly #subjects = new Map<number, Set<number>>();
  /** The times, the earliest first. */
  #times: number[] = [];
  #size = 0;
  /** All that happens after this is known. */
  #since = Number.NEGATIVE_INFINITY;

  constructor(most = MOST_PAST) {
    this.#most = most;
  }

  /** How many are kept. */
  get size(): number {
    return this.#size;
  }

  add(time: number, subject: number): void {
    if (time <= this.#since) return;
    let subjects = this.#subjects.get(time);
    if (subjects === undefined) {
      subjects = new Set();
      this.#subjects.set(time, subjects);
      this.#times.splice(this.#firstAfter(time), 0, time);
    }
    const before = subjects.size;
    this.#size += subjects.add(subject).size - before;
  }

  /** The first instant after this one; Infinity where there is none. */
  nextAfter(time: number): number {
    return this.#times[this.#firstAfter(time)] ?? Number.POSITIVE_INFINITY;
  }

  /** Whether everything is known that happens after that time. */
  knows(time: number): boolean {
    return time >= this.#since;
  }

  /** About whom something happens after the one instant and until the other. */
  between(after: number, until: number): Set<number> {
    const found = new Set<number>();
    for (let at = this.#firstAfter(after); at < this.#times.length; at++) {
      const time = this.#times[at] as number;
      if (time > until) break;
      for (const subject of this.#subjects.get(time) ?? []) found.add(subject);
    }
    return found;
  }

  /** Forgets the earliest of what happened until `now` where it is too much. */
  trim(now: number): void {
    if (this.#size <= this.#most * 1.25) return;
    const past = this.#firstAfter(now);
    let forgotten = 0;
    while (forgotten < past && this.#size > this.#most) {
      this.#since = this.#times[forgotten++] as number;
      this.#forget(this.#since);
    }
    this.#times.splice(0, forgotten);
  }

  /** Forgets what happened until that time. */
  forgetUntil(time: number): void {
    const past = this.#times.splice(0, this.#firstAfter(time));
    for (const earlier of past) this.#forget(earlier);
    this.#since = time;
  }

  #forget(time: number): void {
    this.#size -= this.#subjects.get(time)?.size ?? 0;
    this.#subjects.delete(time);
  }

  /** Place of the first time that is later. */
  #firstAfter(time: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
