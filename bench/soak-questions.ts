import { idOfOrganization } from '../src/api/ids.ts';
import { organizationKey } from '../src/identity/organization-key.ts';
import { organizationLabel, siteName, vendorName } from './soak-stream.ts';

/** What the clients of a soak ask. Without cursors, which hold the instant of their page. */
export interface Question {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const chance = (share: number): boolean => Math.random() < share;
const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(Math.random() * values.length)];

const DEPENDENCY = `node { key name } services { service critical confidence claims } critical confidence
  firstSeen lastSeen stale status`;

const TEMPLATES: readonly (() => Question)[] = [
  () => ({
    query: `query Dependencies($domain: String!, $service: Service) { organization(domain: $domain) { key name
      dependencies(first: 30, service: $service) { totalCount edges { ${DEPENDENCY} } } } }`,
    variables: { domain: siteName(), service: service() },
  }),
  () => ({
    query: `query Dependents($domain: String!, $order: DependencyOrder, $criticalOnly: Boolean) {
      organization(domain: $domain) { key dependents(first: 30, orderBy: $order, criticalOnly: $criticalOnly) {
        totalCount edges { ${DEPENDENCY} } } } }`,
    variables: {
      domain: vendorName(),
      order: pick(['CONFIDENCE', 'NAME', 'LAST_SEEN']),
      criticalOnly: chance(0.3),
    },
  }),
  () => ({
    query: `query Blast($domain: String!, $service: Service, $criticalOnly: Boolean) { organization(domain: $domain) {
      blastRadius(maxHops: 3, service: $service, criticalOnly: $criticalOnly) { total truncated
        byDistance { distance organizations } organizations(first: 20) { nodes { distance node { key } } } } } }`,
    variables: { domain: vendorName(), service: service(), criticalOnly: chance(0.4) },
  }),
  () => ({
    query: `query Nth($domain: String!) { organization(domain: $domain) {
      nthParties(depth: 3, first: 30) { nodes { distance node { key name } } } } }`,
    variables: { domain: siteName() },
  }),
  () => ({
    query: `query Concentration($scope: ScopeInput, $service: Service) {
      concentrationRisk(scope: $scope, service: $service, first: 10, maxHops: 3) { dependentTotal criticalTotal
        nodes { vendor { key name } direct directCritical reach reachCritical share } } }`,
    variables: { scope: { domains: Array.from({ length: 20 }, siteName) }, service: service() },
  }),
  () => ({
    query: `query Paths($from: ID!, $to: ID!) { exposurePaths(from: $from, to: $to, maxHops: 3, first: 5) {
      nodes { length critical confidence steps { vendor { key } } } } }`,
    variables: { from: ownId(siteName()), to: chance(0.5) ? ownId(vendorName()) : organizationId() },
  }),
  () => ({
    query: `query Vendors($service: Service) { vendors(filter: { service: $service }, first: 20) {
      nodes { dependents criticalDependents organization { key name } services } } }`,
    variables: { service: service() },
  }),
  () => ({
    query: `query Domain($name: String!) { domain(name: $name) { name owner { key name } firstSeen lastSeen
      uses(first: 20) { nodes { service confidence firstSeen lastSeen source { id } } } } }`,
    variables: { name: siteName() },
  }),
];

const service = (): string | null => pick([null, 'DNS', 'CDN', 'ANALYTICS']) ?? null;

const ownId = (domain: string): string => idOfOrganization(`domain:${domain}`);

function organizationId(): string {
  const named = organizationKey('partner', organizationLabel());
  return idOfOrganization('key' in named ? named.key : '');
}

export function randomQuestion(): Question {
  return (pick(TEMPLATES) as () => Question)();
}
