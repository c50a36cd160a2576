/**
 * The pattern language of the rules: small enough to be safe from data and to be looked up without a scan.
 *
 * Hosts
 *   `mail.example.com`     this host and no other
 *   `*.example.com`        example.com and every host under it
 *   `*.awsdns-#.com`       `#` stands for one or more digits; such a pattern has no other digits
 * Tokens (TXT records)
 *   `acme-verification=*`  every text that begins so and goes on, whatever its letter case
 * Names (certificate issuers)
 *   `Acme Trust Ltd`       this name, whatever its letter case and punctuation
 *   `Acme Trust *`         this name, alone or with more words behind it
 *
 * The most specific pattern wins: an exact one, else the longest, and at the same length one without `#`.
 */
export interface PatternIndex<Value> {
  /** The reason why `pattern` isn't one of this language, or undefined. */
  problem(pattern: string): string | undefined;
  /** Adds a valid pattern; returns the value of the same pattern where it is there already, and then changes nothing. */
  add(pattern: string, value: Value): Value | undefined;
  /** The value of the most specific pattern that matches. */
  find(text: string): Value | undefined;
}

const HOST_PATTERN = /^(\*\.)?[a-z0-9_#]([a-z0-9_#-]*[a-z0-9_#])?(\.[a-z0-9_#]([a-z0-9_#-]*[a-z0-9_#])?)*$/;

/** Patterns of hosts in normal form (lower case, IDNA, no trailing dot). */
export function createHostIndex<Value>(): PatternIndex<Value> {
  const exact = new Map<string, Value>();
  const under = new Map<string, Value>();
  let digits = false;

  function problem(pattern: string): string | undefined {
    if (!HOST_PATTERN.test(pattern)) return 'must be a host in lower case, or *. and a domain';
    if (pattern.includes('#') && /[0-9]|##/.test(pattern))
      return 'a pattern with # has no other digit and no second # beside it';
    if (!pattern.replace('*.', '').includes('.')) return 'must have at least two labels';
    return undefined;
  }

  function add(pattern: string, value: Value): Value | undefined {
    digits ||= pattern.includes('#');
    return pattern.startsWith('*.') ? addNew(under, pattern.slice(2), value) : addNew(exact, pattern, value);
  }

  function find(host: string): Value | undefined {
    const generic = digits ? host.replace(/[0-9]+/g, '#') : host;
    const found = exact.get(host) ?? (generic === host ? undefined : exact.get(generic));
    if (found !== undefined) return found;
    // Both spellings have the same labels, so the two walks go in step: longest suffix first.
    for (let at = 0, genericAt = 0; ; ) {
      const value = under.get(host.slice(at)) ?? (generic === host ? undefined : under.get(generic.slice(genericAt)));
      if (value !== undefined) return value;
      at = host.indexOf('.', at) + 1;
      genericAt = generic.indexOf('.', genericAt) + 1;
      if (at === 0) return undefined;
    }
  }

  return { problem, add, find };
}

/** Patterns of TXT verification tokens. The token's value plays no part. */
export function createTokenIndex<Value>(): PatternIndex<Value> {
  const beginnings = new Map<string, Value>();
  let lengths: number[] = [];

  function problem(pattern: string): string | undefined {
    if (!/^[\x21-\x29\x2b-\x7e][\x20-\x29\x2b-\x7e]{2,}\*$/.test(pattern)) {
      return 'must be at least three printable characters and a * at the end';
    }
    return undefined;
  }

  function add(pattern: string, value: Value): Value | undefined {
    const beginning = pattern.slice(0, -1).toLowerCase();
    lengths = [...new Set([...lengths, beginning.length])].sort((a, b) => b - a);
    return addNew(beginnings, beginning, value);
  }

  function find(txt: string): Value | undefined {
    const text = txt
      .trim()
      .slice(0, (lengths[0] ?? 0) + 1)
      .toLowerCase();
    for (const length of lengths) {
      if (length >= text.length) continue;
      const value = beginnings.get(text.slice(0, length));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  return { problem, add, find };
}

/** Patterns of organization names. */
export function createNameIndex<Value>(): PatternIndex<Value> {
  const exact = new Map<string, Value>();
  const beginnings = new Map<string, Value>();

  function problem(pattern: string): string | undefined {
    const name = pattern.replace(/ \*$/, '');
    if (name.includes('*')) return 'a * stands at the end only, after a space';
    return words(name).length === 0 ? 'must hold at least one word' : undefined;
  }

  function add(pattern: string, value: Value): Value | undefined {
    const open = pattern.endsWith(' *');
    const key = words(open ? pattern.slice(0, -2) : pattern).join(' ');
    return addNew(open ? beginnings : exact, key, value);
  }

  function find(name: string): Value | undefined {
    const all = words(name);
    const found = exact.get(all.join(' '));
    if (found !== undefined) return found;
    for (let count = all.length; count > 0; count -= 1) {
      const value = beginnings.get(all.slice(0, count).join(' '));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  return { problem, add, find };
}

/** A name's words: `Let's Encrypt, Inc.` is `lets`, `encrypt`, `inc`. */
function words(name: string): string[] {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[.'’]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

function addNew<Value>(map: Map<string, Value>, key: string, value: Value): Value | undefined {
  const known = map.get(key);
  if (known === undefined) map.set(key, value);
  return known;
}
