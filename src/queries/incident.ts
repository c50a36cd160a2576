import type { DatePrecision, IncidentKind } from '../graph/actions.ts';
import { integer } from '../graph/driver.ts';
import { type IncidentRow, incidents, incidentsByKey, incidentsOf } from '../graph/statements/incident.ts';
import type { QueryContext } from './context.ts';
import { cursorKey, toPage } from './page.ts';
import { toReference } from './reference.ts';
import type { Cursor, ExposureQueries, Incident, PageRequest } from './types.ts';

const EARLIEST = Number.MIN_SAFE_INTEGER;
const LATEST = Number.MAX_SAFE_INTEGER;

export function createIncidentQueries({
  reader,
}: QueryContext): Pick<ExposureQueries, 'incidents' | 'incidentsByKey' | 'incidentsOf'> {
  return {
    async incidents({ kind, source, since, until, verified }, page) {
      const rows = await reader.read(incidents, {
        since: integer(since ?? EARLIEST),
        until: integer(until ?? LATEST),
        kind: kind ?? null,
        source: source ?? null,
        verified: verified ?? null,
        ...keyset(page),
      });
      return toPage(rows, page, toIncident, position);
    },
    async incidentsByKey(keys) {
      const rows = await reader.read(incidentsByKey, { keys });
      return new Map(rows.map((row) => [row.properties.key, toIncident(row)]));
    },
    async incidentsOf(keys, page) {
      const rows = await reader.read(incidentsOf, { keys, ...keyset(page) });
      return new Map(rows.map((row) => [row.key, toPage(row.incidents, page, toIncident, position)]));
    },
  };
}

function keyset(page: PageRequest) {
  const [reported, afterKey] = cursorKey(page, 'number', 'string') ?? [LATEST, ''];
  return { afterReported: integer(reported), afterKey, limit: integer(page.first + 1) };
}

const position = ({ properties }: IncidentRow): Cursor['key'] => [properties.reportedAt, properties.key];

function toIncident({ properties: p, affects }: IncidentRow): Incident {
  return {
    key: p.key,
    source: p.source,
    kind: p.kind as IncidentKind,
    title: p.title,
    description: p.description,
    occurred: p.occurred,
    occurredPrecision: p.occurredPrecision as DatePrecision,
    reportedAt: p.reportedAt,
    affectedCount: p.affectedCount,
    dataClasses: p.dataClasses,
    verified: p.verified,
    fabricated: p.fabricated,
    affects: [...affects].sort().map(toReference),
    evidence: [{ document: p.document, record: p.record, host: '', observedAt: p.time }],
  };
}
