import { type Driver, toAppError } from './driver.ts';
import { given, type Statement } from './statement.ts';

/** Longest that reading a whole graph may take: an hour. */
const TIMEOUT_MS = 3_600_000;

/** A statement's rows as they come, so that memory does not grow with the graph. */
export async function* streamRows<Params extends object, Row extends object>(
  driver: Driver,
  statement: Statement<Params, Row>,
  params: Params,
): AsyncGenerator<Row> {
  const session = driver.session({ defaultAccessMode: 'READ', fetchSize: 5_000 });
  try {
    for await (const record of session.run(statement.text, given(statement, params), { timeout: TIMEOUT_MS })) {
      yield record.toObject() as Row;
    }
  } catch (error) {
    throw toAppError(error);
  } finally {
    await session.close();
  }
}
