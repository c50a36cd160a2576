import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Facts } from '../../../src/exposure/facts.ts';
import { readFacts, saveFacts } from '../../../src/exposure/saved-file.ts';
import { decodeTexts, encodeTexts } from '../../../src/exposure/saved-texts.ts';
import { createSaver } from '../../../src/exposure/saver.ts';

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
