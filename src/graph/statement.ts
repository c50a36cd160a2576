import type { ManagedTransaction } from './driver.ts';

/**
 * A named Cypher statement with the types of its parameters and rows. The text is static: parameters only, nothing is
 * concatenated but constant fragments when the module is loaded.
 */
export interface Statement<Params, Row> {
  readonly name: string;
  readonly text: string;
  /** Types only; never set. */
  readonly types?: { readonly params: Params; readonly row: Row };
}

/** @example const byName = statement<{ name: string }, { name: string }>('domain.byName', 'MATCH …') */
export function statement<Params extends object, Row extends object>(
  name: string,
  text: string,
): Statement<Params, Row> {
  return { name, text };
}

/** Runs a statement in a transaction that is under way and gives all its rows. */
export async function run<Params extends object, Row extends object>(
  transaction: Pick<ManagedTransaction, 'run'>,
  { text }: Statement<Params, Row>,
  params: Params,
): Promise<Row[]> {
  const result = await transaction.run(text, params);
  return result.records.map((record) => record.toObject() as Row);
}
