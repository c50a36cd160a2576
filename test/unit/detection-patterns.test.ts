import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHostIndex, createNameIndex, createTokenIndex } from '../../src/detection/pattern.ts';

function indexOf(create: () => ReturnType<typeof createHostIndex<string>>, patterns: readonly string[]) {
  const index = create();
  for (const pattern of patterns) {
    expect(index.problem(pattern), pattern).toBeUndefined();
    index.add(pattern, pattern);
  }
  return index;
}

describe('patterns of hosts', () => {
  const index = indexOf(createHostIndex, ['*.acme.example', 'www.acme.example', '*.dns-#.example', 'ns#.acme.example']);

  test.each([
    ['acme.example', '*.acme.example'],
    ['a.b.acme.example', '*.acme.example'],
    ['www.acme.example', 'www.acme.example'],
    ['x.www.acme.example', '*.acme.example'],
    ['ns12.acme.example', 'ns#.acme.example'],
    ['x.dns-042.example', '*.dns-#.example'],
    ['ns-7.dns-42.example', '*.dns-#.example'],
  ])('%s is matched by %s', (host, pattern) => {
    expect(index.find(host)).toBe(pattern);
  });

  test.each(['notacme.example', 'acme.example.com', 'dns-.example', 'dns-a.example', 'xdns-1.example', 'example', ''])(
    '%j is matched by nothing',
    (host) => {
      expect(index.find(host)).toBeUndefined();
    },
  );

  test.each([
    ['*', 'host'],
    ['*.com', 'two labels'],
    ['a.*.example', 'host'],
    ['Acme.example', 'host'],
    ['acme.example.', 'host'],
    ['ns1.dns-#.example', 'no other digit'],
    ['ns##.example', 'second #'],
    ['-a.example', 'host'],
    ['^a+$.example', 'host'],
  ])('%s is no pattern', (pattern, reason) => {
    expect(index.problem(pattern)).toContain(reason);
  });

  test('the longest pattern that fits decides, as a search through all of them would find', () => {
    const label = fc.constantFrom('a', 'b', 'c1', 'c22', 'd');
    const host = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join('.'));
    const patterns = fc.uniqueArray(fc.tuple(fc.boolean(), host).map(([open, name]) => (open ? `*.${name}` : name)));
    fc.assert(
      fc.property(patterns, host, (known, asked) => {
        const matches = known.filter((p) => p === asked || (p.startsWith('*.') && `.${asked}`.endsWith(p.slice(1))));
        const [best] = matches.toSorted((x, y) => Number(y === asked) - Number(x === asked) || y.length - x.length);
        const built = createHostIndex<string>();
        for (const pattern of known) built.add(pattern, pattern);
        expect(built.find(asked)).toBe(best);
      }),
    );
  });
});

describe('patterns of tokens', () => {
  const index = indexOf(createTokenIndex, ['acme=*', 'acme=v2-*']);

  test('a token matches by its beginning, whatever its letter case, and the longest beginning decides', () => {
    expect(index.find('ACME=fake')).toBe('acme=*');
    expect(index.find(' acme=v2-fake ')).toBe('acme=v2-*');
  });

  test('a beginning alone and a beginning elsewhere match nothing', () => {
    for (const text of ['acme=', 'acme', 'x acme=fake', '']) expect(index.find(text)).toBeUndefined();
  });

  test('a beginning must be long enough to mean something', () => {
    for (const pattern of ['a*', '*', 'acme=', 'a*b*']) expect(index.problem(pattern)).toBeDefined();
  });
});

describe('patterns of names', () => {
  const index = indexOf(createNameIndex, ['Acme Trust *', 'Acme Trust Services', "Let's Acme"]);

  test('letter case and punctuation play no part, and an exact name beats a beginning', () => {
    expect(index.find('ACME-TRUST, Inc.')).toBe('Acme Trust *');
    expect(index.find('Acme Trust')).toBe('Acme Trust *');
    expect(index.find('acme trust services')).toBe('Acme Trust Services');
    expect(index.find('Lets Acme')).toBe("Let's Acme");
    expect(index.find('Let’s Acme')).toBe("Let's Acme");
  });

  test('words are matched whole', () => {
    for (const name of ['Acme Trusted', 'The Acme Trust', 'Acme', '', '…']) expect(index.find(name)).toBeUndefined();
  });

  test('a star stands at the end only', () => {
    for (const pattern of ['* Acme', 'Acme*', '*', '… *']) expect(index.problem(pattern)).toBeDefined();
  });
});
