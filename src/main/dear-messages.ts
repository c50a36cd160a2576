import type { MessagePort } from 'node:worker_threads';
import type { DearAnswer, DearQuery } from '../api/elsewhere.ts';
import type { ErrorCode } from '../errors.ts';
import type { DatabaseAddress } from '../graph/driver.ts';

/** What the thread of dear queries is given when it begins. */
export interface DearSettings {
  readonly neo4j: DatabaseAddress;
  /** The file of declared sources, and the folder of graphql/schema. */
  readonly sources: string;
  readonly schemaFolder: string;
  /** Whether there is an exposure index; a port to it comes as a message. */
  readonly isIndexed: boolean;
  readonly introspection: boolean;
  readonly logLevel: string;
}

export type ToDear =
  | { readonly kind: 'execute'; readonly id: number; readonly query: DearQuery }
  /** Nobody waits for that answer any more. */
  | { readonly kind: 'abandon'; readonly id: number }
  /** Where the index is asked from now on. */
  | { readonly kind: 'index'; readonly port: MessagePort }
  | { readonly kind: 'stop' };

export type FromDear =
  | { readonly kind: 'executed'; readonly id: number; readonly made: DearAnswer }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string };
