import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../errors.ts';
import type { DatabaseAddress } from '../graph/driver.ts';
import type { Indexed } from './exposure-index.ts';

/** What the thread of the index is given when it begins. */
export interface WorkerSettings {
  readonly neo4j: DatabaseAddress;
  readonly kafkaBrokers: readonly string[];
  /** The file of declared sources. */
  readonly sources: string;
  readonly file?: string | undefined;
  readonly logLevel: string;
}

/** What one thread asks another that can ask the index. */
export type Question =
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly question: Indexed;
      readonly args: readonly unknown[];
      readonly deadline?: number | undefined;
      /** As whom it is asked; undefined: what is public. */
      readonly tenant?: string | undefined;
    }
  /** Nobody waits for that answer any more. */
  | { readonly kind: 'cancel'; readonly id: number };

/** What it is told. */
export type Answered =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'failure';
      readonly id: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: Record<string, unknown>;
    };

export type ToWorker =
  | Question
  /** Another thread asks on that port. */
  | { readonly kind: 'connect'; readonly port: MessagePort }
  | { readonly kind: 'stop' };

export type FromWorker =
  | Answered
  /** What the index reflects now; absent: it can't be asked. */
  | {
      readonly kind: 'state';
      readonly version?: string | undefined;
      /** What each tenant with sources of its own is told in its place. */
      readonly versions?: Readonly<Record<string, string>> | undefined;
    };
