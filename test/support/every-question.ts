import { encodeCursor } from '../../src/api/cursors.ts';
import { idOfClaim, idOfDependency, idOfDomain, idOfOrganization, idOfPortfolio } from '../../src/api/ids.ts';
import { day, end } from './facts.ts';
import { NAMES } from './private-worlds.ts';

/** A request, and where its pages are: the path to the connection that is paged by `after`. */
export interface AskedDocument {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly paged?: readonly string[];
}

const PAGE = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const FRESH = 'freshness { asOf sources { id newestEvent promiseKept withdrawnBefore } }';
const SHARED = `
fragment Org on Organization { id key name provisional aliases { key name } mergeCandidates { key } }
fragment Site on Domain { id name vendor firstSeen lastSeen owner { ...Org } observations { source { id } stream lastObserved } }
fragment Said on Claim { id service confidence weight firstSeen lastSeen retractedAt measuredCritical stale inForce
  source { id name newestEvent } subject { ... on Domain { ...Site } ... on Organization { ...Org } }
  object { ... on Domain { ...Site } ... on Organization { ...Org } }
  evidence { nodes { document record host observedAt } ${PAGE} } }
fragment Dep on Dependency { id cursor critical confidence firstSeen lastSeen stale status node { ...Org }
  dependent { ...Org } vendor { ...Org } services { service critical confidence claims }
  claims(first: 2) { nodes { id weight source { id } } edges { cursor } ${PAGE} } }
fragment Hit on Incident { id key title source { id } affects { ... on Domain { ...Site } ... on Organization { ...Org } } }
`;
const document = (query: string): string => {
  const used = (text: string): string[] =>
    [...text.matchAll(/\.\.\.(\w+)/g)].map(([, name]) => String(name)).filter((name) => name !== 'on');
  const parts = new Map(SHARED.split(/(?=fragment )/).map((part) => [/fragment (\w+)/.exec(part)?.[1] ?? '', part]));
  const wanted = new Set<string>();
  for (const queue = used(query); queue.length > 0; ) {
    const name = queue.pop() as string;
    if (wanted.has(name)) continue;
    wanted.add(name);
    queue.push(...used(parts.get(name) ?? ''));
  }
  return query + [...wanted].map((name) => parts.get(name)).join('\n');
};

const SITE = document(`query ($name: String!, $past: Boolean, $asOf: DateTime, $n: Int, $after: String) {
  domain(name: $name) { ...Site usedBy(first: $n, includePast: $past, asOf: $asOf) { edges { cursor } ${PAGE} }
    uses(first: $n, after: $after, includePast: $past, asOf: $asOf) { edges { cursor } nodes { ...Said } ${PAGE} } } }`);
const USERS = document(`query ($name: String!, $past: Boolean, $asOf: DateTime, $n: Int, $after: String) {
  domain(name: $name) { usedBy(first: $n, after: $after, includePast: $past, asOf: $asOf) { nodes { ...Said } ${PAGE} } } }`);
const ORGANIZATION = document(`query ($key: String, $domain: String, $n: Int, $after: String) {
  organization(key: $key, domain: $domain) { ...Org domains(first: $n, after: $after) { nodes { ...Site } ${PAGE} }
    incidents(first: $n) { nodes { ...Hit } ${PAGE} } } }`);
const listed = (field: string): string =>
  document(`query ($key: String, $service: Service, $critical: Boolean, $least: Float, $asOf: DateTime,
      $order: DependencyOrder, $n: Int, $after: String) { organization(key: $key) { ${field}(service: $service,
      criticalOnly: $critical, minConfidence: $least, asOf: $asOf, orderBy: $order, first: $n, after: $after) {
      totalCount nodes { key } edges { ...Dep } ${PAGE} ${FRESH} } } }`);
const FAR =
  document(`query ($key: String, $service: Service, $critical: Boolean, $share: Float, $asOf: DateTime, $n: Int) {
  organization(key: $key) {
    nthParties(depth: 3, service: $service, criticalOnly: $critical, maxShare: $share, asOf: $asOf, first: $n) {
      edges { cursor node { distance node { ...Org } } } truncated bound ${PAGE} ${FRESH} }
    blastRadius(maxHops: 3, service: $service, criticalOnly: $critical, maxShare: $share, asOf: $asOf) {
      total byDistance { distance organizations } truncated bound ${FRESH}
      organizations(first: $n) { edges { cursor node { distance node { ...Org } } } truncated bound ${PAGE} } } } }`);
const PATHS = document(`query ($from: ID!, $to: ID!, $service: Service, $critical: Boolean, $share: Float,
    $asOf: DateTime, $n: Int, $after: String) { exposurePaths(from: $from, to: $to, service: $service,
    criticalOnly: $critical, maxShare: $share, asOf: $asOf, first: $n, after: $after) { truncated bound ${PAGE} ${FRESH}
    edges { cursor node { length critical confidence steps { ...Dep } } } } }`);
const RISK = document(`query ($scope: ScopeInput, $service: Service, $critical: Boolean, $share: Float, $asOf: DateTime,
    $n: Int, $after: String) { concentrationRisk(scope: $scope, service: $service, criticalOnly: $critical,
    maxShare: $share, maxHops: 3, asOf: $asOf, first: $n, after: $after) { dependentTotal criticalTotal ${PAGE} ${FRESH}
    edges { cursor node { direct directCritical reach reachCritical share vendor { ...Org } } } } }`);
const VENDORS = document(`query ($filter: VendorFilter, $order: VendorOrder, $n: Int, $after: String) {
  vendors(filter: $filter, orderBy: $order, first: $n, after: $after) { totalCount ${PAGE} ${FRESH}
    edges { cursor node { dependents criticalDependents services organization { ...Org } } } } }`);
const SEARCH =
  document(`query ($text: String!, $n: Int, $after: String) { search(text: $text, first: $n, after: $after) {
  edges { cursor node { ... on Domain { ...Site } ... on Organization { ...Org } ... on Incident { ...Hit } } } ${PAGE} } }`);
const NODES = document(`query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Domain { ...Site }
  ... on Organization { ...Org } ... on Claim { ...Said } ... on Dependency { ...Dep } ... on Portfolio { name } } }`);
const NODE = 'query ($id: ID!) { node(id: $id) { id } }';
const FOLLOWED = document(`query ($id: ID!, $n: Int, $after: String) { portfolio(id: $id) { id name alertDepth
  followed(first: 100) { totalCount nodes { kind name organization { ...Org } } }
  organizations(first: $n, after: $after) { edges { cursor } nodes { ...Org } ${PAGE} }
  alerts { nodes { exposed incident { ...Hit } paths { length organizations { ...Org } } } ${PAGE} } } }`);
const REST = document(`{ sources { id name kind newestEvent promiseKept withdrawnBefore }
  totals { domains organizations claims incidents } portfolios { nodes { id name } }
  incidents { edges { cursor } nodes { ...Hit } ${PAGE} } }`);

const organizationId = (text: string): string => idOfOrganization(text.includes(':') ? text : `domain:${text}`);
const keyOf = (text: string): string => (text.includes(':') ? text : `domain:${text}`);

/** Filters and page sizes of one round. */
export interface Round {
  readonly service: string | null;
  readonly critical: boolean;
  readonly share: number | null;
  readonly asOf: string | null;
  readonly order: 'CONFIDENCE' | 'NAME' | 'LAST_SEEN';
  readonly n: number;
  readonly past: boolean;
}

/** Everything that can be asked of the graph, of names that are public, of one tenant, of another, and of nobody. */
export function* everyQuestion(round: Round): Generator<AskedDocument> {
  const { service, critical, share, asOf, order, n, past } = round;
  const hops = { service, critical, share, asOf, n };
  yield { query: REST, variables: {} };
  for (const name of NAMES.filter((text) => !text.includes(':'))) {
    yield { query: SITE, variables: { name, past, asOf, n }, paged: ['domain', 'uses'] };
    yield { query: USERS, variables: { name, past, asOf, n }, paged: ['domain', 'usedBy'] };
    yield { query: ORGANIZATION, variables: { domain: name, n }, paged: ['organization', 'domains'] };
  }
  for (const key of NAMES.map(keyOf)) {
    yield { query: ORGANIZATION, variables: { key, n } };
    for (const field of ['dependencies', 'dependents']) {
      const variables = { key, service, critical, least: critical ? null : 0.1, asOf, order, n };
      yield { query: listed(field), variables, paged: ['organization', field] };
    }
    yield { query: FAR, variables: { key, ...hops } };
  }
  for (const from of ['a.example', 'half.example', 'bolt-secret.example', 'acme-feed:own']) {
    for (const to of ['e.example', 'partner:p', 'both.example', 'bolt-feed:own'])
      yield {
        query: PATHS,
        variables: { from: organizationId(from), to: organizationId(to), ...hops },
        paged: ['exposurePaths'],
      };
  }
  // A cursor that AVD has not given may name what another tenant alone knows.
  for (const between of ['domain:bolt-secret.example', 'domain:never.example']) {
    const key = ['domain:b.example', between, 'domain:e.example'];
    const after = encodeCursor('exposurePaths', { at: day(41), key });
    const ends = { from: organizationId('b.example'), to: organizationId('e.example') };
    yield { query: PATHS, variables: { ...ends, ...hops, asOf: null, after } };
  }
  const scopes = [
    null,
    { domains: NAMES.filter((text) => !text.includes(':')) },
    { organizations: ['a.example', 'partner:p'].map(organizationId) },
    { organizations: [organizationId('bolt-feed:own')] },
    { portfolio: idOfPortfolio('all') },
  ];
  for (const scope of scopes) yield { query: RISK, variables: { scope, ...hops }, paged: ['concentrationRisk'] };
  for (const filter of [null, { service: 'DNS' }, { nameContains: 'e' }, { minDependents: 2 }])
    yield {
      query: VENDORS,
      variables: { filter, order: order === 'NAME' ? 'NAME' : 'DEPENDENTS', n },
      paged: ['vendors'],
    };
  for (const text of ['example', 'both', 'bolt', 'half', 'bolt-feed:own', 'acme', 'secret', 'breach'])
    yield { query: SEARCH, variables: { text, n }, paged: ['search'] };
  yield { query: FOLLOWED, variables: { id: idOfPortfolio('all'), n }, paged: ['portfolio', 'organizations'] };
  yield { query: NODES, variables: { ids: [...ids()] } };
  for (const id of [
    idOfDomain('bolt-secret.example'),
    organizationId('bolt-feed:own'),
    organizationId('never.example'),
  ])
    yield { query: NODE, variables: { id } };
}

function* ids(): Generator<string> {
  for (const text of NAMES) {
    if (!text.includes(':')) yield idOfDomain(text);
    yield organizationId(text);
    const claim = { subject: end(text), object: end('e.example'), service: 'DNS' as const };
    for (const source of ['bolt-feed', 'acme-feed', 'zdns']) yield idOfClaim({ source, ...claim });
    yield idOfDependency({ dependent: keyOf(text), vendor: 'domain:e.example' }, day(41));
  }
  yield idOfPortfolio('all');
}
