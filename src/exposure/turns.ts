/** Instants to come at which something about a subject begins or ends. */
export class Turns {
  readonly #subjects = new Map<number, Set<number>>();
  /** The times, the earliest first. */
  #times: number[] = [];

  add(time: number, subject: number): void {
    const known = this.#subjects.get(time);
    if (known !== undefined) {
      known.add(subject);
      return;
    }
    this.#subjects.set(time, new Set([subject]));
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    this.#times.splice(low, 0, time);
  }

  get next(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Takes out what happens until `at`. */
  until(at: number): { readonly time: number; readonly subjects: ReadonlySet<number> }[] {
    const later = this.#times.findIndex((time) => time > at);
    const due = this.#times.splice(0, later < 0 ? this.#times.length : later);
    return due.map((time) => {
      const subjects = this.#subjects.get(time) ?? new Set<number>();
      this.#subjects.delete(time);
      return { time, subjects };
    });
  }

  clear(): void {
    this.#subjects.clear();
    this.#times = [];
  }
}
