import { describe, expect, it } from 'vitest';
import { fanOutFile } from '../support/fan-out-file.ts';

const partner = (file: string) => fanOutFile(`bad/${file}`, 'partner-relationships', 'partner');

/** "line 2: CODE" of all that was refused. */
async function refusedIn(file: string): Promise<string[]> {
  const { refused } = await partner(file);
  return refused.map(({ place, code }) => `${place.replace(`${file} `, '')}: ${code}`);
}

async function subjectsIn(file: string): Promise<string[]> {
  const { events } = await partner(file);
  return events.map((event) => event.key);
}

describe('wrong and odd partner files end as their list says', () => {
  it.each([
    ['json-truncated.jsonl', ['line 2: MALFORMED_JSON'], ['good-1.example', 'good-3.example']],
    ['json-utf16le-bom.jsonl', ['json-utf16le-bom.jsonl: UTF16'], []],
    ['json-latin1.jsonl', ['line 1: INVALID_UTF8'], ['good-1.example']],
    ['json-utf8-bom.jsonl', [], ['bom.example']],
    ['json-invalid-utf8.jsonl', ['line 1: INVALID_UTF8', 'line 2: INVALID_UTF8'], ['good-1.example']],
    ['json-duplicate-keys.jsonl', ['line 1: DUPLICATE_KEY'], []],
    ['json-nan-infinity.jsonl', ['line 1: MALFORMED_JSON', 'line 2: MALFORMED_JSON', 'line 3: OUT_OF_RANGE'], []],
    [
      'dates.jsonl',
      [
        'line 1: TIME_OUT_OF_RANGE',
        'line 2: TIME_IN_FUTURE',
        'line 3: TIME_INVALID',
        'line 4: TIME_INVALID',
        'line 5: TIME_INVALID',
        'line 6: TIME_INVALID',
        'line 7: TIME_IN_FUTURE',
      ],
      ['date.example'],
    ],
    ['csv-quoted-fields.csv', [], ['quoted.example', 'newline.example']],
    ['csv-formula.csv', [], ['formula.example', 'at.example']],
    ['csv-columns.csv', ['line 2: WRONG_COLUMN_COUNT', 'line 3: WRONG_COLUMN_COUNT'], ['fine.example']],
    ['csv-unclosed-quote.csv', ['line 2: UNCLOSED_QUOTE'], []],
    ['csv-header-only.csv', [], []],
    ['prototype-pollution.jsonl', ['line 1: UNKNOWN_FIELD', 'line 2: UNKNOWN_FIELD'], []],
    [
      'relationships.jsonl',
      [
        'line 1: SUBJECT_EQUALS_OBJECT',
        'line 2: SUBJECT_EQUALS_OBJECT',
        'line 5: OUT_OF_RANGE',
        'line 6: OUT_OF_RANGE',
        'line 7: FIELD_INVALID',
        'line 8: UNKNOWN_SERVICE',
        'line 9: UNKNOWN_TYPE',
        'line 10: FIELD_MISSING',
        'line 11: NAME_WITHOUT_LETTER',
        'line 12: NAME_EMPTY',
      ],
      [
        'partner:ouro holdings',
        'partner:boros group',
        'control.example',
        'case-1.example',
        'case-2.example',
        'retract.example',
      ],
    ],
  ])('%s', async (file, refused, subjects) => {
    expect(await refusedIn(file)).toEqual(refused);
    expect(await subjectsIn(file)).toEqual(subjects);
  });

  it('gives each odd name its domain, and keeps the host as evidence', async () => {
    expect(await subjectsIn('domain-names.jsonl')).toEqual([
      'trailing.example',
      'mixed.example',
      'mixed.example',
      `${'a'.repeat(63)}.example`,
      'under.example',
      'xn--bcher-kva.example',
      'xn--bcher-kva.example',
      'github.io',
      'somebody.github.io',
      'wild.example',
      'xn--i-7iq.example',
      'xn--pple-login-yqi.example',
      'space.example',
    ]);
    const { actions } = await partner('domain-names.jsonl');
    expect(actions[4]).toMatchObject({
      subject: { name: 'under.example' },
      evidence: { host: '_dmarc.under.example' },
    });
  });

  it('brings an offset to UTC', async () => {
    const { events } = await partner('dates.jsonl');
    expect(events.map((event) => event.time)).toEqual([Date.UTC(2026, 9, 1, 12)]);
  });

  it('names columns, lines and what was expected', async () => {
    const reasons = async (file: string) => (await partner(file)).refused.map(({ reason }) => reason);
    expect(await reasons('csv-columns.csv')).toEqual([
      '4 columns where the header has 6.',
      '7 columns where the header has 6.',
    ]);
    expect(await reasons('csv-unclosed-quote.csv')).toEqual([
      'Unclosed quote that begins on line 2; lines 2 to 3 are refused with it.',
    ]);
    expect((await reasons('json-truncated.jsonl'))[0]).toContain('line 1, column 98');
    expect((await reasons('dates.jsonl'))[3]).toContain('looks like seconds since 1970');
    expect((await reasons('relationships.jsonl'))[5]).toContain('known are dns, cdn, certificate_authority');
  });

  it('keeps names as text: quotes, commas, breaks and formulas', async () => {
    const names = async (file: string) =>
      (await partner(file)).actions.flatMap((action) => (action.type === 'name-organization' ? action.name : []));
    expect(await names('csv-quoted-fields.csv')).toEqual(['ACME, Inc. "The Best"', 'Two Lines Ltd']);
    expect(await names('csv-formula.csv')).toEqual([
      '=HYPERLINK("http://evil.example","click")',
      "@SUM(1+1)*cmd|' /C calc'!A0",
    ]);
    expect(await names('relationships.jsonl')).toContain('Bell and red Ltd');
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('keeps the retraction of what was never claimed', async () => {
    const { actions } = await partner('relationships.jsonl');
    const retraction = actions.find((action) => action.type === 'state-use');
    expect(retraction).toMatchObject({ retracted: true, subject: { name: 'retract.example' } });
  });
});
