import { describe, expect, it } from 'vitest';
import { askInTurns, createTurns, PLAIN_COST } from '../../src/api/turns.ts';
import type { ExposureQueries } from '../../src/queries/types.ts';

const later = () => Date.now() + 60_000;
const staying = new AbortController().signal;

describe('dear operations', () => {
  it('are executed one after the other, and tenants take turns', async () => {
    const turns = createTurns(1);
    const order: string[] = [];
    const operation = async (tenant: string, name: string) => {
      const end = await turns.wait(tenant, later(), staying);
      order.push(name);
      await new Promise((done) => setTimeout(done, 1));
      end();
      end();
    };
    await Promise.all([operation('a', 'a1'), operation('a', 'a2'), operation('a', 'a3'), operation('b', 'b1')]);
    expect(order).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it('that have gone, or are late, keep nobody waiting', async () => {
    const turns = createTurns(1);
    const end = await turns.wait('a', later(), staying);
    const leaving = new AbortController();
    const gone = turns.wait('a', later(), leaving.signal);
    const late = turns.wait('b', Date.now() + 5, staying);
    const next = turns.wait('c', later(), staying);
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(late).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
    end();
    (await next)();
    await expect(turns.wait('a', later(), AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('ask one question at a time, others all at once; one that fails lets the next one begin', async () => {
    let [running, most] = [0, 0];
    const queries = {
      async totals() {
        most = Math.max(most, ++running);
        await new Promise((done) => setTimeout(done, 1));
        running--;
        throw new Error('failed');
      },
    } as unknown as ExposureQueries;
    const outcome = { cost: PLAIN_COST + 1 };
    const asked = askInTurns(queries, () => outcome.cost);
    const all = () => Promise.allSettled(Array.from({ length: 9 }, () => asked.totals()));
    await all();
    expect([most, running]).toEqual([1, 0]);
    outcome.cost = 1;
    await all();
    expect(most).toBe(9);
  });
});
