import type { Logger } from '../logger.ts';
import type { ExposureQueries, PageRequest } from '../queries/types.ts';

/** What the graph holds nothing of. */
const KEY = 'nothing:nothing';
const DOMAIN = 'nothing.invalid';
/** One question may take this long, in ms. */
const LIMIT = 30_000;

/**
 * Asks the database each question once about nothing, one after the other, so that its plans are made and no user waits
 * for them. What fails is left: whoever asks in earnest is told.
 */
export async function warmPlans(database: ExposureQueries, log: Logger): Promise<void> {
  for (const ask of QUESTIONS) {
    try {
      const now = Date.now();
      await ask(database.within(now + LIMIT), { first: 1, at: now });
    } catch (error) {
      log.debug({ err: error }, 'A plan could not be made ahead');
    }
  }
}

const PAIR = { dependent: KEY, vendor: KEY };
const CLAIM = { source: 'zdns', subject: domain(), service: 'DNS', object: domain() } as const;

const QUESTIONS: readonly ((queries: ExposureQueries, page: PageRequest) => Promise<unknown>)[] = [
  (q) => q.organizations([KEY, `domain:${DOMAIN}`]),
  (q) => q.ownersOf([DOMAIN]),
  (q) => q.domains([DOMAIN]),
  (q, page) => q.dependenciesOf([KEY], { orderBy: 'CONFIDENCE' }, page),
  (q, page) => q.dependenciesOf([KEY], { orderBy: 'NAME' }, page),
  (q, page) => q.dependenciesOf([KEY], { orderBy: 'LAST_SEEN' }, page),
  (q, { at }) => q.dependencyTotalsOf([KEY], {}, at),
  (q, page) => q.dependentsOf([KEY], { orderBy: 'CONFIDENCE' }, page),
  (q, page) => q.dependentsOf([KEY], { orderBy: 'NAME' }, page),
  (q, page) => q.dependentsOf([KEY], { orderBy: 'LAST_SEEN' }, page),
  (q, { at }) => q.dependentTotalsOf([KEY], {}, at),
  (q, page) => q.claimsBehind([PAIR], page),
  (q, { at }) => q.dependency(PAIR, at),
  (q, { at }) => q.dismissedDependency(PAIR, at),
  (q, page) => q.search({ text: DOMAIN }, page),
  (q) => q.sources(),
  (q) => q.totals(),
  (q, page) => q.claimsOf([domain()], { direction: 'uses' }, page),
  (q, page) => q.claimsOf([domain()], { direction: 'usedBy' }, page),
  (q, { at }) => q.claims([CLAIM], at),
  (q, page) => q.domainsOf([KEY], page),
  (q) => q.aliasesOf([KEY]),
  (q) => q.mergeCandidatesOf([KEY]),
  (q) => q.observationsOf([DOMAIN]),
  (q, page) => q.incidents({}, page),
  (q) => q.incidentsByKey([KEY]),
  (q, page) => q.incidentsOf([KEY], page),
  (q, page) => q.nthParties(KEY, { depth: 2 }, page),
  (q, { at }) => q.blastRadius(KEY, { maxHops: 1 }, at),
  (q, page) => q.blastRadiusOrganizations(KEY, { maxHops: 1 }, page),
  (q, page) => q.exposurePaths({ from: KEY, to: `domain:${DOMAIN}`, maxHops: 1 }, page),
  (q, page) => q.concentrationRisk({ scope: { organizations: [KEY], domains: [] }, maxHops: 1 }, page),
];

function domain() {
  return { kind: 'domain', name: DOMAIN } as const;
}
