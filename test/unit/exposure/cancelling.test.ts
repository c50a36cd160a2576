import { describe, expect, it } from 'vitest';
import { Scheduler } from '../../../src/exposure/scheduler.ts';
import type { Work } from '../../../src/exposure/work.ts';

describe('a question of the index that nobody waits for any more', () => {
  it('is given up at its next step, and tidies up; others go on', async () => {
    const scheduler = new Scheduler();
    const leaving = new AbortController();
    let [steps, tidied] = [0, false];
    const endless = scheduler.ask(
      function* (): Work<void> {
        try {
          for (;;) {
            steps++;
            yield;
          }
        } finally {
          tidied = true;
        }
      },
      Number.POSITIVE_INFINITY,
      leaving.signal,
    );
    const other = scheduler.ask(function* (): Work<string> {
      for (let i = 0; i < 100; i++) yield;
      return 'done';
    });
    expect(await other).toBe('done');
    leaving.abort();
    await expect(endless).rejects.toMatchObject({ code: 'CANCELLED' });
    expect([steps > 99, tidied]).toEqual([true, true]);
  });

  it('is not begun where it was given up before', async () => {
    const begun = new Scheduler().ask(
      function* (): Work<void> {
        yield;
        throw new Error('begun');
      },
      Number.POSITIVE_INFINITY,
      AbortSignal.abort(),
    );
    await expect(begun).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
