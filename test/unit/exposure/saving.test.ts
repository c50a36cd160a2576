import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClaimRow } from '../../../src/exposure/claim-table.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import { readFacts, saveFacts } from '../../../src/exposure/saved-file.ts';
import { decodeTexts, encodeTexts } from '../../../src/exposure/saved-texts.ts';
import { createSaver } from '../../../src/exposure/saver.ts';

const A_USE: ClaimRow = {
  ...{ subject: 0, object: 0, kind: 0, source: 0, firstSeen: 0, lastSeen: 0, sighted: 0.5, measured: -1 },
  ...{ statedAt: Number.NaN, statedConfidence: Number.NaN, retractedAt: Number.NaN },
};

describe('saving', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'avd-saving-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is done one at a time, so that two saves leave a whole file, the later one', async () => {
    const file = join(folder, 'index');
    const facts = new Facts(() => 1);
    for (let n = 0; n < 200_000; n++) facts.nodes.intern(`domain:site${n}.example`);
    let [saves, underWay, most] = [0, 0, 0];
    const { save, idle } = createSaver(async () => {
      most = Math.max(most, ++underWay);
      await saveFacts(file, facts, { graph: 'one', positions: [['topic/0', ++saves]] });
      underWay--;
    });
    void save();
    void save();
    await idle();
    expect(most).toBe(1);
    expect((await readFacts(file, () => 1))?.state.positions).toEqual([['topic/0', 2]]);
  });

  it('leaves room, so that the first claim that comes does not copy all the others', async () => {
    const file = join(folder, 'roomy');
    const facts = new Facts(() => 1);
    const nodes = Array.from({ length: 1_000 }, (_, n) => facts.nodes.intern(`domain:site${n}.example`));
    for (const node of nodes) facts.putUse({ ...A_USE, subject: node, object: 0 });
    await saveFacts(file, facts, { graph: 'one', positions: [] });
    const read = (await readFacts(file, () => 1))?.facts as Facts;
    const [columns, pool] = [read.uses.subject, read.uses.byObject.pool];
    const late = read.nodes.intern('domain:late.example');
    read.putUse({ ...A_USE, subject: late, object: 1 });
    expect(read.uses.count).toBe(1_001);
    expect(read.uses.row(1_000)).toMatchObject({ subject: late, object: 1 });
    expect(read.uses.subject).toBe(columns);
    expect(read.uses.byObject.pool).toBe(pool);
    // What is there only to be filled is not counted: it takes no memory yet.
    expect(read.uses.bytes).toBeLessThan(1_001 * 65);
  });

  it('goes on after one that failed', async () => {
    let tries = 0;
    const { save, idle } = createSaver(async () => {
      if (++tries === 1) throw new Error('the disk is full');
    });
    await expect(save()).rejects.toThrow('the disk is full');
    await save();
    await idle();
    expect(tries).toBe(2);
  });
});

describe('saved texts', () => {
  it.each([[[]], [['']], [['', '', 'a']], [['domain:ä.example', 'p:\u{1F600}', '', 'Ørsted', 'x'.repeat(40)]]])(
    'are read back, whatever the size of the pieces: %j',
    async (texts) => {
      const saved = await encodeTexts(texts);
      for (let piece = 1; piece < 60; piece++) expect(decodeTexts(saved, piece)).toEqual(texts);
    },
  );
});
