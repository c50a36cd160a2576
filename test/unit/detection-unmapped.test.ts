import { expect, test } from 'vitest';
import { createDetector } from '../../src/detection/detector.ts';
import type { Rule, RuleKind } from '../../src/detection/rule.ts';
import { createUnmapped, type Trace } from '../../src/detection/unmapped.ts';

const rule = (kind: RuleKind, match: string): Rule => ({
  kind,
  id: `${kind}-known`,
  match: [match],
  vendor: 'known.example',
  service: 'OTHER',
  confidence: 1,
  why: '',
  example: [],
  near: [],
});
const detector = createDetector([rule('ns', '*.known.example'), rule('issuer', 'Known *')], []);

function listOf(...traces: readonly Trace[]) {
  const unmapped = createUnmapped(detector);
  for (const trace of traces) unmapped.add(trace);
  return unmapped.list();
}

const ns = (subject: string, host: string): Trace => ({ subject, record: 'results.NS.answers[0]', host });

test('names that no rule knows come by the number of distinct domains, with some of their hosts', () => {
  const traces = [
    ns('a.example', 'ns1.rare.example'),
    ...['a.example', 'b.example'].flatMap((s) => ['4', '3', '2', '1'].map((n) => ns(s, `ns${n}.often.example`))),
  ];
  expect(listOf(...traces)).toEqual([
    {
      kind: 'ns',
      name: 'often.example',
      subjects: 2,
      hosts: ['ns1.often.example', 'ns2.often.example', 'ns3.often.example'],
    },
    { kind: 'ns', name: 'rare.example', subjects: 1, hosts: ['ns1.rare.example'] },
  ]);
});

test('the kind follows from where in the document the name was', () => {
  const kinds = ['NS', 'MX', 'CNAME', 'A', 'AAAA', 'TXT'].map(
    (module) => listOf({ subject: 'a.example', record: `results.${module}.answers[1]`, host: 'x.b.example' })[0]?.kind,
  );
  expect(kinds).toEqual(['ns', 'mx', 'cname', 'cname', 'cname', 'spf']);
  expect(listOf({ subject: 'a.example', record: 'entries[7]', host: 'x.b.example' })[0]?.kind).toBe('host');
  expect(listOf({ subject: 'a.example', record: 'data.tls', host: 'a.example', organization: 'Acme CA' })).toEqual([
    { kind: 'issuer', name: 'Acme CA', subjects: 1, hosts: [] },
  ]);
});

test('what a rule knows, what is only a label, and a domain itself are left out', () => {
  expect(
    listOf(
      ns('a.example', 'ns1.known.example'),
      { subject: 'a.example', record: 'data.tls', host: 'a.example', organization: 'Known Trust Ltd' },
      { subject: 'a.example', record: 'row', host: 'ns1.b.example' },
      { subject: 'a.example', record: 'row', host: 'b', organization: 'digicertinc' },
      { subject: 'a.example', record: 'results.TXT.answers[0]', host: 'www.a.example' },
    ),
  ).toEqual([]);
});
