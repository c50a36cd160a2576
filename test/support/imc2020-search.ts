// The figures of every provider of IMC 2020 by a search over the rows of the study: it shares nothing with the product but
// the Public Suffix List.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { getDomain } from 'tldts';
import { bundled } from './deliveries.ts';

export const HOPS = 4;
export const SITES = bundled('imc2020/site-dependencies.csv.gz');
export const PROVIDERS = bundled('imc2020/provider-dependencies.csv');

/** By provider and by who uses it: for which services, and whether critically. */
export const uses = new Map<string, Map<string, Map<string, boolean>>>();
const rowsOf = (text: string) => text.trim().split('\n').slice(1);

function use(user: string, kind: string, provider: string, critical: string): void {
  if (user === provider) return;
  const users = uses.get(provider) ?? new Map<string, Map<string, boolean>>();
  const services = users.get(user) ?? new Map<string, boolean>();
  uses.set(provider, users.set(user, services.set(kind, critical === 'true' || services.get(kind) === true)));
}

for (const row of rowsOf(gunzipSync(readFileSync(SITES)).toString('utf8'))) {
  const [, site = '', kind = '', provider = '', critical = ''] = row.split(',');
  use(`domain:${getDomain(site, { allowPrivateDomains: true }) ?? site}`, kind, `imc2020:${provider}`, critical);
}
for (const row of rowsOf(readFileSync(PROVIDERS, 'utf8'))) {
  const [, provider = '', kind = '', on = '', critical = ''] = row.split(',');
  use(`imc2020:${provider}`, kind, `imc2020:${on}`, critical);
}

/** How many reach the provider at each distance, from 1 on, the last hop being of the kind. */
export function distances(provider: string, kind: string | undefined, criticalOnly: boolean): number[] {
  const counts: number[] = [];
  const seen = new Set([provider]);
  for (let frontier = [provider], distance = 1; distance <= HOPS; distance++) {
    const next: string[] = [];
    for (const [user, services] of frontier.flatMap((name) => [...(uses.get(name) ?? [])])) {
      const wanted = distance === 1 && kind !== undefined ? [services.get(kind)] : [...services.values()];
      if (seen.has(user) || !wanted.some((critical) => critical === true || (critical === false && !criticalOnly)))
        continue;
      seen.add(user);
      next.push(user);
    }
    if (next.length === 0) break;
    counts.push(next.length);
    frontier = next;
  }
  return counts;
}

export const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** What the search gives, as `concentrationRisk` lists it, and by distance. */
export function expected(provider: string, kind: string | undefined) {
  const [all, critical] = [distances(provider, kind, false), distances(provider, kind, true)];
  const counts = {
    direct: all[0] ?? 0,
    directCritical: critical[0] ?? 0,
    reach: sum(all),
    reachCritical: sum(critical),
  };
  return { counts, byDistance: { all: toByDistance(all), critical: toByDistance(critical) } };
}

const toByDistance = (counts: readonly number[]) =>
  counts.map((organizations, i) => ({ distance: i + 1, organizations }));
