import { AppError } from '../errors.ts';
import type { Work } from './work.ts';

/** Longest that questions are worked on before messages are looked at again. */
const TURN_MS = 1;

/** Whether whoever asked waits no more. An AbortSignal tells it, but to make one takes a tenth of a small question's time. */
export type Cancelled = Pick<AbortSignal, 'aborted'>;

interface Question {
  readonly begin: () => Work<unknown>;
  work: Work<unknown> | undefined;
  readonly deadline: number;
  readonly signal?: Cancelled | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Change {
  readonly change: () => void;
  /** Whether it waits for `whileUnchanged` too. */
  readonly isOfFacts: boolean;
}

type Waiting = Question | Change;

/**
 * Runs many questions side by side on one thread, each a step at a time, and changes between them: a question sees the
 * facts as they are when it begins until it has its answer. What waits is served in order, so neither starves.
 */
export class Scheduler {
  readonly #waiting: Waiting[] = [];
  #running: Question[] = [];
  #isScheduled = false;
  #holders = 0;

  /** @throws AppError QUERY_TIMEOUT, CANCELLED */
  ask<T>(begin: () => Work<T>, deadline = Number.POSITIVE_INFINITY, signal?: Cancelled): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ begin, work: undefined, deadline, signal, resolve, reject });
      this.#schedule();
    }) as Promise<T>;
  }

  /** Runs the change while no question is under way. */
  change(change: () => void): Promise<void> {
    return this.#change(change, true);
  }

  /** As `change`, for what changes no facts: it goes on during `whileUnchanged`. */
  advance(change: () => void): Promise<void> {
    return this.#change(change, false);
  }

  #change(change: () => void, isOfFacts: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        isOfFacts,
        change() {
          try {
            change();
            // Not at once: what was asked meanwhile comes before the next change.
            setImmediate(resolve);
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
    if (this.#running.length > 0 || this.#waiting.some((item) => !this.#isHeld(item))) this.#schedule();
  }

  #isHeld(item: Waiting): boolean {
    return this.#holders > 0 && 'change' in item && item.isOfFacts;
  }

  #admit(): void {
    for (let at = 0; at < this.#waiting.length; ) {
      const item = this.#waiting[at] as Waiting;
      if (this.#isHeld(item)) {
        // Questions pass it.
        at++;
        continue;
      }
      if ('change' in item) {
        if (this.#running.length > 0) return;
        item.change();
      } else {
        this.#running.push(item);
      }
      this.#waiting.splice(at, 1);
    }
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
