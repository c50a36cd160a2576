import type { Work } from './work.ts';

/** Long work that several questions may need at once: one does it, the others wait. */
export class UnderWay {
  readonly #names = new Set<string>();

  /** What is there, after waiting for another question that is making it. */
  *once<T>(name: string, get: () => T | undefined): Work<T | undefined> {
    while (this.#names.has(name)) yield;
    return get();
  }

  *doing(name: string, work: Work<void>): Work<void> {
    this.#names.add(name);
    try {
      yield* work;
    } finally {
      this.#names.delete(name);
    }
  }
}
