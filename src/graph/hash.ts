import { createHash } from 'node:crypto';
import type { Driver } from './driver.ts';
import { sightingsName } from './properties.ts';
import { streamRows } from './rows.ts';
import { claimFacts, type FactRow, nodeFacts } from './statements/audit.ts';

const MODULUS = 1n << 256n;

/** What is stored and no fact: a conclusion, which `graph check` draws again, and by what writers know a repeat. */
const isNoFact = (property: string): boolean => property === 'canonical' || property.startsWith(sightingsName(''));

/**
 * Proves two graphs equal: the sum modulo 2^256 of the SHA-256 of every fact with all its properties, in hexadecimal.
 * A sum does not depend on the order in which the facts are read, and internal ids play no part.
 */
export async function graphHash(driver: Driver): Promise<string> {
  let sum = 0n;
  for (const facts of [nodeFacts, claimFacts]) {
    for await (const row of streamRows(driver, facts, {})) {
      sum = (sum + factHash(row)) % MODULUS;
    }
  }
  return sum.toString(16).padStart(64, '0');
}

/** The SHA-256 of one fact's canonical text: labels, ends and properties, each in ascending order of name. */
export function factHash(row: FactRow): bigint {
  const properties = Object.entries(row.properties)
    .filter(([name]) => !isNoFact(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([[...row.labels].sort(), row.ends, properties]);
  return BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
}
