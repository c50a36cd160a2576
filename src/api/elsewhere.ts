import type { Answer } from './answer-cache.ts';
import type { ApiContext, Begun } from './context.ts';
import type { ApiErrorCode } from './errors.ts';
import type { Viewer } from './viewer.ts';

/** A query that this thread has found valid, and dear. */
export interface DearQuery extends Begun {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The request's header of that name. */
  readonly accept: string | undefined;
  readonly viewer: Viewer;
}

/** An answer as it was made elsewhere. */
export interface DearAnswer {
  readonly status: number | undefined;
  /** Beside the answer's type. */
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: Answer;
  readonly outcome: Outcome;
  /** The codes of its errors. */
  readonly codes: readonly ApiErrorCode[];
}

/** What is noted of an answer, see `ApiContext.outcome`. */
export type Outcome = Pick<ApiContext['outcome'], 'isWhole' | 'isUnversioned' | 'isWrongDocument'>;

/** Where dear queries are executed, so that no other request waits for the thread that they keep busy. */
export interface Elsewhere {
  /** @throws AppError CANCELLED where `signal` aborts, LIMIT_EXCEEDED where it takes too much memory, INTERNAL */
  execute(query: DearQuery, signal: AbortSignal): Promise<DearAnswer>;
}
