import type { ManagedTransaction } from './driver.ts';

/**
 * A named Cypher statement with the types of its parameters and rows. The text is static: parameters only, nothing is
 * concatenated but constant fragments when the module is loaded. It is sent with `given(params)`.
 */
export interface Statement<Params, Row> {
  readonly name: string;
  readonly text: string;
  /** Types only; never set. */
  readonly types?: { readonly params: Params; readonly row: Row };
}

/**
 * The text names its parameters as `$name`, and is sent with all of them in one, `$p.name`: the database plans a statement
 * anew for every combination of its parameters' types, where null is a type, and each order of magnitude of the length of
 * a text or a list is one. The types within a map it does not look at (decision 27).
 * @example const byName = statement<{ name: string }, { name: string }>('domain.byName', 'MATCH …')
 */
export function statement<Params extends object, Row extends object>(
  name: string,
  text: string,
): Statement<Params, Row> {
  return { name, text: text.replaceAll(/\$(?=\w)/g, '$$p.') };
}

/** What is sent with a statement's text. */
export const given = (params: object): { readonly p: object } => ({ p: params });

/** Runs a statement in a transaction that is under way and gives all its rows. */
export async function run<Params extends object, Row extends object>(
  transaction: Pick<ManagedTransaction, 'run'>,
  { text }: Statement<Params, Row>,
  params: Params,
): Promise<Row[]> {
  const result = await transaction.run(text, given(params));
  return result.records.map((record) => record.toObject() as Row);
}
