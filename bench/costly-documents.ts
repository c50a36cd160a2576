import { vendorName } from './rows.ts';

/** A field at the root that may be dear: `n` is a page size, `k` tells it from its like. */
export interface Branch {
  readonly name: string;
  readonly text: (n: number, k: number) => string;
}

/** What a document is made of. */
export interface Choice {
  readonly branch: Branch;
  readonly n: number;
}

const key = (k: number) => `"domain:${vendorName(k)}"`;
const organization = (k: number, inside: string) => `organization(key: ${key(k)}) { ${inside} }`;
/** Another instant for each, so that nothing that was worked out for one is of use to the next. */
const asOf = (k: number) => `asOf: "2026-10-01T12:00:${String(k % 60).padStart(2, '0')}Z"`;
const CLAIM = 'id service source { id } evidence(first: 5) { nodes { document host record observedAt } }';
const DEPENDENCY = 'id critical confidence services { service critical confidence claims } firstSeen lastSeen status';

/** Ways to ask for much: over many hops, on hubs, with long pages, in the past, with all that can be told of each. */
export const BRANCHES: readonly Branch[] = [
  {
    name: 'vendors by name',
    text: (n) => `vendors(first: ${n}, orderBy: NAME) { totalCount nodes { dependents criticalDependents services } }`,
  },
  {
    name: 'vendors that contain a letter',
    text: (n, k) =>
      `vendors(first: ${n}, filter: { nameContains: "${k % 10}" }) { totalCount nodes { organization { key name } dependents } }`,
  },
  {
    name: 'concentration over six hops',
    text: (n, k) =>
      `concentrationRisk(first: ${n}, maxHops: 6, ${k % 2 ? 'criticalOnly: true, ' : ''}maxShare: 0.${99 - (k % 50)}) { dependentTotal nodes { vendor { key } direct reach reachCritical share } }`,
  },
  {
    name: 'concentration in the past',
    text: (n, k) =>
      `concentrationRisk(first: ${n}, maxHops: 6, ${asOf(k)}) { criticalTotal nodes { reach reachCritical } }`,
  },
  {
    name: 'blast radius of a hub',
    text: (n, k) =>
      organization(
        k,
        `blastRadius(maxHops: 6) { total byDistance { distance organizations } organizations(first: ${n}) { nodes { distance node { id name domains(first: 1) { nodes { name } } } } } }`,
      ),
  },
  {
    name: 'critical blast radius in the past',
    text: (n, k) =>
      organization(
        k,
        `blastRadius(maxHops: 6, criticalOnly: true, ${asOf(k)}) { total organizations(first: ${n}) { nodes { distance } } }`,
      ),
  },
  {
    name: 'parties six hops away',
    text: (n, k) => organization(k, `nthParties(depth: 6, first: ${n}) { nodes { distance node { key name } } }`),
  },
  {
    name: 'dependents of a hub with their claims',
    text: (n, k) =>
      organization(
        k,
        `dependents(first: ${n}) { totalCount edges { ${DEPENDENCY} claims(first: 3) { nodes { ${CLAIM} } } } }`,
      ),
  },
  {
    name: 'dependents of a hub in the past',
    text: (n, k) =>
      organization(k, `dependents(first: ${n}, orderBy: LAST_SEEN, ${asOf(k)}) { totalCount edges { ${DEPENDENCY} } }`),
  },
  {
    name: 'dependencies of dependents',
    text: (n, k) =>
      organization(
        k,
        `dependents(first: ${n}) { edges { node { name dependencies(first: 10) { totalCount edges { ${DEPENDENCY} } } } } }`,
      ),
  },
  {
    name: 'dependents of dependents',
    text: (n, k) =>
      organization(
        k,
        `dependencies(first: ${n}) { edges { node { dependents(first: 50) { totalCount edges { ${DEPENDENCY} } } } } }`,
      ),
  },
  {
    name: 'who uses a hub, with evidence',
    text: (n, k) =>
      `domain(name: "${vendorName(k)}") { usedBy(first: ${n}) { nodes { ${CLAIM} subject { ... on Domain { name owner { key name } } } } } }`,
  },
  {
    name: 'search by one letter',
    text: (n, k) =>
      `search(text: "${'eaosi'[k % 5]}", first: ${n}) { nodes { __typename ... on Organization { domains(first: 5) { nodes { name } } } } }`,
  },
];

/** The document of some choices; each of them asks for another part of the graph. */
export function documentOf(choices: readonly Choice[]): string {
  return `{ ${choices.map(({ branch, n }, i) => `f${i}: ${branch.text(n, i)}`).join('\n')} }`;
}
