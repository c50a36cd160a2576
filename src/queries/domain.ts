import { integer } from '../graph/driver.ts';
import { domainsByName, domainsOf, observationsOf } from '../graph/statements/domain.ts';
import type { QueryContext } from './context.ts';
import { toOrganization } from './organization.ts';
import { cursorKey, toPage } from './page.ts';
import type { Domain, ExposureQueries, Observation } from './types.ts';

export function createDomainQueries({
  reader,
}: QueryContext): Pick<ExposureQueries, 'domains' | 'ownersOf' | 'domainsOf' | 'observationsOf'> {
  async function domains(names: readonly string[]): Promise<Map<string, Domain>> {
    const rows = await reader.read(domainsByName, { names });
    return new Map(
      rows.map((row) => [
        row.name,
        {
          name: row.name,
          owner: toOrganization(row.owner, row.ownerName),
          firstSeen: row.firstSeen ?? undefined,
          lastSeen: row.lastSeen ?? undefined,
          vendor: row.vendor,
        },
      ]),
    );
  }

  return {
    domains,
    async ownersOf(names) {
      return new Map([...(await domains(names))].map(([name, { owner }]) => [name, owner]));
    },
    async domainsOf(keys, page) {
      const [afterName = ''] = cursorKey(page, 'string') ?? [];
      const rows = await reader.read(domainsOf, { keys, afterName, limit: integer(page.first + 1) });
      return new Map(
        rows.map(({ key, names }) => [
          key,
          toPage(
            names,
            page,
            (name) => name,
            (name) => [name],
          ),
        ]),
      );
    },
    async observationsOf(names) {
      const rows = await reader.read(observationsOf, { names });
      return new Map(rows.map(({ name, observations }) => [name, observations.map(toObservation).sort(bySource)]));
    },
  };
}

/** From `observed.<source>.<stream>`; neither has a dot in it. */
function toObservation([property, lastObserved]: readonly [string, number]): Observation {
  const [, source = '', stream = ''] = property.split('.');
  return { source, stream, lastObserved };
}

function bySource(a: Observation, b: Observation): number {
  return a.source === b.source ? compare(a.stream, b.stream) : compare(a.source, b.source);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
