import { AppError } from '../errors.ts';
import type { Work } from './work.ts';

/** Longest that questions are worked on before messages are looked at again. */
const TURN_MS = 4;

interface Question {
  readonly begin: () => Work<unknown>;
  work: Work<unknown> | undefined;
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Waiting = Question | { readonly change: () => void };

/**
 * Runs many questions side by side on one thread, each a step at a time, and changes between them: a question sees the
 * facts as they are when it begins until it has its answer. What waits is served in order, so neither starves.
 */
export class Scheduler {
  readonly #waiting: Waiting[] = [];
  #running: Question[] = [];
  #later = new Map<string, () => Work<void>>();
  #isScheduled = false;
  #holders = 0;

  /** @throws AppError QUERY_TIMEOUT, CANCELLED */
  ask<T>(begin: () => Work<T>, deadline = Number.POSITIVE_INFINITY, signal?: AbortSignal): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ begin, work: undefined, deadline, signal, resolve, reject });
      this.#schedule();
    }) as Promise<T>;
  }

  /** Runs the change while no question is under way. */
  change(change: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        change() {
          try {
            change();
            resolve();
          } catch (error) {
            reject(error);
          }
        },
      });
      this.#schedule();
    });
  }

  /** Keeps changes away until the work is done; questions go on. */
  async whileUnchanged<T>(work: () => Promise<T>): Promise<T> {
    this.#holders++;
    try {
      return await work();
    } finally {
      this.#holders--;
      this.#schedule();
    }
  }

  /** Work that nobody waits for, done when nothing else is to do; of two with one name one is done. */
  later(name: string, work: () => Work<void>): void {
    this.#later.set(name, work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const end = performance.now() + TURN_MS;
    do {
      this.#admit();
      for (const question of [...this.#running]) this.#step(question);
    } while (performance.now() < end && this.#running.length > 0);
    const isHeld = this.#holders > 0 && this.#running.length === 0;
    if (!isHeld && (this.#running.length > 0 || this.#waiting.length > 0 || this.#later.size > 0)) this.#schedule();
  }

  #admit(): void {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      if ('change' in head) {
        if (this.#running.length > 0 || this.#holders > 0) return;
        head.change();
      } else {
        this.#running.push(head);
      }
      this.#waiting.shift();
    }
    const [next] = this.#later;
    if (next === undefined || this.#running.length > 0) return;
    this.#later.delete(next[0]);
    this.#running.push({
      begin: next[1],
      work: undefined,
      deadline: Number.POSITIVE_INFINITY,
      resolve() {},
      reject() {},
    });
  }

  #step(question: Question): void {
    try {
      if (question.signal?.aborted) {
        question.work?.return(undefined);
        throw new AppError('CANCELLED', 'Nobody waits for the answer any more.');
      }
      question.work ??= question.begin();
      if (Date.now() > question.deadline) {
        question.work.return(undefined);
        throw new AppError('QUERY_TIMEOUT', 'The question took longer than its time limit.');
      }
      const { done, value } = question.work.next();
      if (done !== true) return;
      question.resolve(value);
    } catch (error) {
      question.reject(error);
    }
    this.#running = this.#running.filter((other) => other !== question);
  }
}
