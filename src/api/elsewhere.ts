import type { Answer } from './answer-cache.ts';
import type { ApiErrorCode } from './errors.ts';
import type { Viewer } from './viewer.ts';

/** What is said of a request when it begins. */
export interface Begun {
  /** When it is given up, ms since 1970. */
  readonly deadline: number;
  /** Its instant, ms since 1970: every part of an answer is of the same instant. */
  readonly now: number;
  /** What the engine reflected then, where it tells: the answer reflects at least that. */
  readonly graphVersion: string | undefined;
}

/** What is noted of an answer. */
export interface Outcome {
  /** It is one of a query, without errors, and tells of nothing that may change without the graph's version. */
  isWhole: boolean;
  /** The document or its variables are wrong: an answer of GraphQL's own. */
  isWrongDocument?: boolean | undefined;
}

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

/** Where dear queries are executed, so that no other request waits for the thread that they keep busy. */
export interface Elsewhere {
  /**
   * What is begun is given up where `signal` aborts.
   * @throws AppError BAD_ARGUMENT for variables that can't be sent, LIMIT_EXCEEDED where it takes too much memory,
   *   QUERY_TIMEOUT, INTERNAL
   */
  execute(query: DearQuery, signal: AbortSignal): Promise<DearAnswer>;
}
