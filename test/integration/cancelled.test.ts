import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Driver } from '../../src/graph/driver.ts';
import { statement } from '../../src/graph/statement.ts';
import { createReader } from '../../src/queries/reader.ts';
import { testDriver } from '../support/database.ts';

let driver: Driver;
beforeAll(() => {
  driver = testDriver();
});
afterAll(() => driver.close());

const MARK = 'nobody waits for this';
const ENDLESS = statement<object, { n: number }>(
  'endless',
  `UNWIND range(1, 2000000000) AS i WITH i WHERE i % 7 = 8 RETURN count(i) AS n, '${MARK}' AS mark`,
);

/** How many of them the database is working on. */
async function underWay(): Promise<number> {
  const session = driver.session();
  try {
    const { records } = await session.run(
      "SHOW TRANSACTIONS YIELD currentQuery, status WHERE currentQuery CONTAINS $mark AND NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n",
      { mark: MARK },
    );
    return Number(records[0]?.get('n'));
  } finally {
    await session.close();
  }
}

describe('a question that nobody waits for any more', () => {
  it('is given up by the database too, at once', async () => {
    const leaving = new AbortController();
    const reader = createReader({ driver, timeout: 60_000 }).within(Date.now() + 60_000, leaving.signal);
    const asked = reader.read(ENDLESS, {}).catch((error: unknown) => error);
    await expect.poll(underWay, { timeout: 20_000 }).toBe(1);
    const begun = performance.now();
    leaving.abort();
    expect(await asked).toMatchObject({ code: 'CANCELLED' });
    await expect.poll(underWay, { timeout: 5000 }).toBe(0);
    expect(performance.now() - begun).toBeLessThan(5000);
    await expect(reader.read(ENDLESS, {})).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('leaves the driver of use to others', async () => {
    const reader = createReader({ driver, timeout: 10_000 });
    const one = statement<object, { one: number }>('one', 'RETURN 1 AS one');
    expect(await reader.read(one, {})).toMatchObject([{}]);
  });
});
