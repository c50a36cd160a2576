import type { ManagedTransaction } from './driver.ts';

/**
 * A named Cypher statement with the types of its parameters and rows. The text is static: parameters only, nothing is
 * concatenated but constant fragments when the module is loaded. It is sent with `given`.
 */
export interface Statement<Params, Row> {
  readonly name: string;
  readonly text: string;
  /** The names of its parameters. */
  readonly parameters: readonly string[];
  /** Types only; never set. */
  readonly types?: { readonly params: Params; readonly row: Row };
}

const PARAMETER = /\$(\w+)/g;

/**
 * The text names its parameters as `$name`, and is sent with all of them in one map, as `$p.name`. The database plans a
 * statement anew for each combination of its parameters' types: null is a type, and so is each order of magnitude of the
 * length of a text or a list. The types within a map it does not look at (decision 27).
 * @example const byName = statement<{ name: string }, { name: string }>('domain.byName', 'MATCH …')
 */
export function statement<Params extends object, Row extends object>(
  name: string,
  text: string,
): Statement<Params, Row> {
  const parameters = [...new Set([...text.matchAll(PARAMETER)].map(([, parameter = '']) => parameter))];
  return { name, text: text.replaceAll(PARAMETER, '$$p.$1'), parameters };
}

/** What is sent with a statement's text. Of a name that is missing in a map the database would say nothing. */
export function given<Params extends object>(
  { name, parameters }: Pick<Statement<Params, object>, 'name' | 'parameters'>,
  params: Params,
): { readonly p: Params } {
  const missing = parameters.find((parameter) => !(parameter in params));
  if (missing !== undefined) throw new TypeError(`The statement ${name} is sent without its parameter ${missing}.`);
  return { p: params };
}

/** Runs a statement in a transaction that is under way and gives all its rows. */
export async function run<Params extends object, Row extends object>(
  transaction: Pick<ManagedTransaction, 'run'>,
  statement: Statement<Params, Row>,
  params: Params,
): Promise<Row[]> {
  const result = await transaction.run(statement.text, given(statement, params));
  return result.records.map((record) => record.toObject() as Row);
}
