import { AppError } from '../errors.ts';
import { type Asking, INDEXED, type Indexed, type IndexedQueries } from './exposure-index.ts';
import type { Answered, Question } from './messages.ts';
import { Slots } from './slots.ts';

/** The questions of an index that lives on another thread, asked by messages. */
export interface AskedByMessage {
  /** As `ExposureIndexClient.queries`. */
  queries(deadline?: number, signal?: AbortSignal, tenant?: string): IndexedQueries;
  /** Takes what the other thread says to a question. */
  receive(message: Answered): void;
  /** Nothing that was asked will be answered. */
  giveUp(): void;
}

interface AskingHere extends Asking {
  readonly signal: AbortSignal | undefined;
}

/** `post` sends to the other thread; of a question it throws AppError INDEX_NOT_READY where that can't be asked. */
export function askByMessage(post: (message: Question) => void): AskedByMessage {
  const pending = new Slots<{ resolve: (value: unknown) => void; reject: (error: unknown) => void }>();

  async function ask(
    question: Indexed,
    args: readonly unknown[],
    { deadline, signal, tenant }: AskingHere,
  ): Promise<unknown> {
    let cancel = (): void => undefined;
    try {
      return await new Promise((resolve, reject) => {
        const id = pending.put({ resolve, reject });
        // The other thread says that it has given up, as it says everything else.
        cancel = () => post({ kind: 'cancel', id });
        signal?.addEventListener('abort', cancel, { once: true });
        try {
          post({ kind: 'ask', id, question, args, deadline, tenant });
        } catch (error) {
          pending.take(id);
          throw error;
        }
        if (signal?.aborted) cancel();
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  return {
    queries(deadline, signal, tenant) {
      const entries = INDEXED.map((question) => [
        question,
        (...args: readonly unknown[]) => ask(question, args, { deadline, signal, tenant }),
      ]);
      return Object.fromEntries(entries) as IndexedQueries;
    },
    receive(message) {
      const asked = pending.take(message.id);
      if (message.kind === 'answer') asked?.resolve(message.value);
      else asked?.reject(new AppError(message.code, message.message, message.details));
    },
    giveUp() {
      for (const { reject } of pending.takeAll()) reject(notReady());
    },
  };
}

export const notReady = (): AppError => new AppError('INDEX_NOT_READY', 'The exposure index is being made.');

/** Answers what another thread asks by messages. `queriesOf` throws AppError INDEX_NOT_READY where it can't. */
export function answerByMessage(
  queriesOf: (asking: Asking) => IndexedQueries,
  send: (message: Answered) => void,
): (message: Question) => void {
  // By the slot that whoever asks has given the question.
  const asked: ({ aborted: boolean } | undefined)[] = [];

  async function answer({ id, question, args, deadline, tenant }: Question & { kind: 'ask' }): Promise<Answered> {
    const signal = { aborted: false };
    asked[id] = signal;
    try {
      const queries = queriesOf({ deadline, signal, tenant });
      const ask = queries[question] as (...args: readonly unknown[]) => Promise<unknown>;
      return { kind: 'answer', id, value: await ask(...args) };
    } catch (error) {
      const known =
        error instanceof AppError ? error : new AppError('INTERNAL', 'The exposure index failed.', {}, error);
      const details = { ...known.details, ...(known.cause !== undefined && { cause: String(known.cause) }) };
      return { kind: 'failure', id, code: known.code, message: known.message, details };
    } finally {
      asked[id] = undefined;
    }
  }

  return (message) => {
    if (message.kind === 'ask') {
      void answer(message).then(send);
      return;
    }
    const signal = asked[message.id];
    if (signal !== undefined) signal.aborted = true;
  };
}
