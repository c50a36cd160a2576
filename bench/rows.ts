import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import type { GraphAction } from '../src/graph/actions.ts';
import { SERVICES, type Service } from '../src/identity/service.ts';
import { mapTyped } from '../src/main/mapping.ts';
import { Service as ServiceNumber } from '../src/stream/generated/avd/common/v1/common_pb.ts';
import { VendorContactedSchema } from '../src/stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import { TYPED_TOPICS } from '../src/stream/topics.ts';

/** A crawl: sites in order, each page calling ten vendors, most of them popular, in up to four services. */
export interface Row {
  readonly subject: string;
  readonly object: string;
  readonly service: Service;
  readonly host: string;
  readonly observedAt: number;
  readonly document: string;
}

export const VENDORS = 20_000;
export const CALLS = 10;
const DAY = Date.UTC(2026, 9, 1);

/** The n-th claim of the crawl; the same for the same n. `round` makes it another document, later on the same day. */
export function rowAt(n: number, round: number): Row {
  const page = Math.floor(n / CALLS);
  const vendor = Math.floor(VENDORS * random(n) ** 3);
  return {
    subject: siteName(page),
    object: vendorName(vendor),
    // The place on the page is part of the service, so that ten calls are ten claims even where a vendor comes twice.
    service: SERVICES[(n % CALLS) + 4] ?? 'OTHER',
    host: `cdn.${vendorName(vendor)}`,
    observedAt: DAY + round * 3_600_000 + (page % 3_600_000),
    document: createHash('sha256').update(`${page}/${round}`).digest('hex'),
  };
}

export const siteName = (page: number): string => `site-${page}.example`;
export const vendorName = (vendor: number): string => `vendor-${vendor}.example`;

/** A number in [0, 1) that looks random and is the same for the same n. */
function random(n: number): number {
  let x = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/** The rows as they lie in their topic, and come from it: parts of one buffer. */
export function encode(rows: readonly Row[]): Uint8Array[] {
  const messages = rows.map(encodeRow);
  const fetched = Buffer.concat(messages);
  let at = 0;
  return messages.map(({ length }) => {
    at += length;
    return fetched.subarray(at - length, at);
  });
}

function encodeRow(row: Row): Uint8Array {
  return toBinary(
    VendorContactedSchema,
    create(VendorContactedSchema, {
      subject: row.subject,
      object: row.object,
      service: ServiceNumber[row.service],
      confidence: 1,
      rule: '',
      evidence: { document: row.document, record: 'entries[0]', host: row.host, observedAt: BigInt(row.observedAt) },
    }),
  );
}

/** Decoding and mapping as the graph stage does it. */
export function decode(value: Uint8Array): readonly GraphAction[] {
  return mapTyped(TYPED_TOPICS.vendorContacted, value, { id: 'bench', source: 'page-crawler', time: DAY });
}
