import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { FanOut, Knowledge, RawDocument } from '../../consumers/document.ts';
import type { Detection } from '../../src/detection/detector.ts';
import { createSources } from '../../src/governance/sources.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url);

/** A fixture's bytes, inflated where it is gzip. */
export function readFixture(path: string): Uint8Array {
  const bytes = readFileSync(new URL(path, FIXTURES));
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** The lines of a fixture, the first at index 1, as in its description. */
export function readFixtureLines(path: string): readonly string[] {
  return ['', ...Buffer.from(readFixture(path)).toString('utf8').split('\n')];
}

/** A raw document as ingest would make it, produced in November 2026. */
export function rawDocument(content: string | Uint8Array, fields: Partial<RawDocument> = {}): RawDocument {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    source: 'page-crawler',
    stream: 'page-loads',
    format: undefined,
    observedAt: undefined,
    document: createHash('sha256').update(bytes).digest('hex'),
    place: 'file',
    columns: undefined,
    producedAt: Date.UTC(2026, 10, 25),
    bytes,
    ...fields,
  };
}

/** Rules by name, whatever is asked; what is not listed is unknown. */
export function knowledgeOf(rules: Readonly<Record<string, Detection>> = {}): Knowledge {
  const find = (name: string): Detection | undefined => rules[name];
  const detector = {
    host: find,
    nameServer: find,
    mailExchange: find,
    canonicalName: find,
    verificationToken: find,
    spfInclude: find,
    issuer: find,
  };
  return { detector, sources: createSources([]) };
}

/** The events of one message type, decoded. */
export function eventsOf<Schema extends DescMessage>(schema: Schema, out: FanOut): MessageShape<Schema>[] {
  return out.events.filter(({ type }) => type === schema.typeName).map(({ value }) => fromBinary(schema, value));
}
