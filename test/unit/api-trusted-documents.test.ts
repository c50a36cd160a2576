import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { print } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf, loadTrustedDocuments } from '../../src/api/trusted-documents.ts';
import { inProgram } from '../../src/program.ts';
import { VendorsDocument } from '../support/generated/graphql-client.ts';

const root = inProgram('.');
const folder = mkdtempSync(join(tmpdir(), 'avd-documents-'));
const path = join(folder, 'trusted.json');
const example = (name: string) => readFileSync(join(root, 'graphql/examples', name), 'utf8');

beforeAll(() => {
  const script = ['--import', 'tsx', 'scripts/trusted-documents.ts', 'graphql/examples'];
  writeFileSync(path, execFileSync(process.execPath, script, { cwd: root }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the file of trusted documents', () => {
  it('lets each example pass, as it was written and as the typed client prints it', async () => {
    const documents = await loadTrustedDocuments(path, true);
    for (const name of readdirSync(join(root, 'graphql/examples'))) documents.check(example(name));
    documents.check(print(VendorsDocument));
    expect(() => documents.check(`${example('vendors.graphql')} `)).toThrow(
      expect.objectContaining({ code: 'DOCUMENT_NOT_TRUSTED' }),
    );
    const asked = { method: 'POST', headers: {}, search: '' };
    const body = { documentId: `sha256:${hashOf(example('vendors.graphql'))}`, variables: { domain: 'a.example' } };
    expect(documents.resolve({ ...asked, body }).body).toEqual({
      query: example('vendors.graphql'),
      variables: { domain: 'a.example' },
    });
  });

  it('is refused where it cannot be read, or a document has another name', async () => {
    const wrong = { code: 'CONFIG_INVALID' };
    await expect(loadTrustedDocuments(join(folder, 'none'), true)).rejects.toMatchObject(wrong);
    for (const text of ['', '[]', '{"a":"b"}', JSON.stringify({ [hashOf('a')]: 'b' })]) {
      writeFileSync(join(folder, 'wrong'), text);
      await expect(loadTrustedDocuments(join(folder, 'wrong'), true)).rejects.toMatchObject(wrong);
    }
  });
});
