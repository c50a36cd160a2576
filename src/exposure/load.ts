import { DAY } from '../graph/claim-state.ts';
import { type Driver, integer } from '../graph/driver.ts';
import { inSession } from '../graph/offsets.ts';
import type { RankOf } from '../graph/resolve.ts';
import { streamRows } from '../graph/rows.ts';
import { run } from '../graph/statement.ts';
import {
  type DismissalFacts,
  dismissalFacts,
  domainFacts,
  type IdentityRow,
  keysOfNodes,
  organizationFacts,
  type Time,
  type UseRow,
  usesOf,
} from '../graph/statements/facts.ts';
import { readWithdrawals } from '../graph/statements/identity.ts';
import { SERVICES, type Service } from '../identity/service.ts';
import type { ClaimRow } from './claim-table.ts';
import { dismissedKind, Facts, OWNERSHIP, SAME_AS } from './facts.ts';

const PROVISIONAL = 'domain:';
const NUMBER_OF = new Map<string, number>(SERVICES.map((service, number) => [service, number]));

/**
 * Reads all facts from the database. What is written meanwhile may or may not be among them: the changes since before
 * the load began are to be applied to what this gives.
 * @throws AppError DATABASE_UNAVAILABLE, QUERY_TIMEOUT
 */
export async function loadFacts(driver: Driver, rankOf: RankOf): Promise<Facts> {
  const facts = new Facts(rankOf);
  const nodes = new NumberedNodes(facts);
  for await (const row of streamRows(driver, domainFacts, {})) {
    const subject = nodes.name(row.id, PROVISIONAL + row.name);
    for (const [property, midnight] of row.completed) {
      const [, source = '', service = ''] = property.split('.');
      const number = NUMBER_OF.get(service);
      if (number !== undefined) facts.putCompletion(subject, facts.source(source), number, midnight / DAY);
    }
    for (const use of [...row.uses, ...row.privateUses])
      facts.uses.append(toUse(facts, subject, nodes.at(use[0]), use));
    for (const owner of row.owners)
      facts.identity.append(toIdentity(facts, subject, nodes.at(owner[0]), OWNERSHIP, owner));
  }
  for await (const row of streamRows(driver, organizationFacts, {})) {
    const subject = nodes.name(row.id, row.key);
    if (row.name !== null) facts.nodes.setName(subject, row.name, row.nameAt ?? 0);
    for (const use of [...row.uses, ...row.privateUses])
      facts.uses.append(toUse(facts, subject, nodes.at(use[0]), use));
    for (const merge of row.merges)
      facts.identity.append(toIdentity(facts, subject, nodes.at(merge[0]), SAME_AS, merge));
  }
  await nodes.nameRest(driver);
  for (const row of await inSession(driver, 'READ', (tx) => run(tx, dismissalFacts, {})))
    facts.identity.append(toDismissal(facts, row));
  for (const { source, before } of await inSession(driver, 'READ', (tx) => run(tx, readWithdrawals, {})))
    facts.withdrawn[facts.source(source)] = before;
  arrange(facts);
  return facts;
}

/** Builds what the facts are read by, once all are there. */
export function arrange(facts: Facts): void {
  facts.uses.arrange(facts.nodes.count);
  facts.identity.arrange(facts.nodes.count);
  facts.settleAll();
  facts.nodes.rank();
}

/** Puts what the database says of the doubtful subjects in place. */
export async function settleDoubts(driver: Driver, facts: Facts, doubtful: readonly number[]): Promise<() => void> {
  const keys = doubtful.map((node) => facts.nodes.key(node));
  const domains = keys.filter((key) => key.startsWith(PROVISIONAL)).map((key) => key.slice(PROVISIONAL.length));
  const organizations = keys.filter((key) => !key.startsWith(PROVISIONAL));
  const rows = await inSession(driver, 'READ', (tx) => run(tx, usesOf, { domains, organizations }));
  return () => {
    for (const { key, uses } of rows) {
      for (const [object, use] of uses)
        facts.replaceUse(toUse(facts, facts.nodes.intern(key), facts.nodes.intern(object), use));
    }
  };
}

/** Nodes by the database's numbers. An object may come before the row that tells its key: then it gets a name for now. */
class NumberedNodes {
  readonly #facts: Facts;
  readonly #nodes = new Map<number, number>();
  readonly #unnamed = new Set<number>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  at(id: number): number {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const node = this.#facts.nodes.reserve();
    this.#nodes.set(id, node);
    this.#unnamed.add(id);
    return node;
  }

  name(id: number, key: string): number {
    const node = this.at(id);
    if (this.#unnamed.delete(id)) this.#facts.nodes.nameReserved(node, key);
    return node;
  }

  /** What was created after its row would have come. */
  async nameRest(driver: Driver): Promise<void> {
    const ids = [...this.#unnamed].map(integer);
    if (ids.length === 0) return;
    const rows = await inSession(driver, 'READ', (tx) => run(tx, keysOfNodes, { ids }));
    for (const { id, key } of rows) this.name(id, key);
  }
}

function toUse(facts: Facts, subject: number, object: number, use: UseRow): ClaimRow {
  const [, service, source, first, last, sighted, critical, criticalDay, statedAt, stated, retractedAt, tenant] = use;
  return {
    subject,
    object,
    kind: NUMBER_OF.get(service as Service) ?? NUMBER_OF.get('OTHER') ?? 0,
    source: facts.source(source, tenant ?? undefined),
    firstSeen: orNaN(first),
    lastSeen: orNaN(last),
    sighted: orNaN(sighted),
    measured: criticalDay === null ? -1 : (criticalDay / DAY) * 2 + (critical === true ? 1 : 0),
    statedAt: orNaN(statedAt),
    statedConfidence: orNaN(stated),
    retractedAt: orNaN(retractedAt),
  };
}

const NEVER = { firstSeen: Number.NaN, lastSeen: Number.NaN, sighted: Number.NaN, measured: -1 };

function toIdentity(
  facts: Facts,
  subject: number,
  object: number,
  kind: number,
  [, source, statedAt, retractedAt]: IdentityRow,
): ClaimRow {
  const said = { statedAt: orNaN(statedAt), statedConfidence: Number.NaN, retractedAt: orNaN(retractedAt) };
  return { subject, object, kind, source: facts.source(source), ...NEVER, ...said };
}

function toDismissal(facts: Facts, row: DismissalFacts): ClaimRow {
  return {
    subject: facts.nodes.intern(row.subject),
    object: facts.nodes.intern(row.object),
    kind: dismissedKind(NUMBER_OF.get(row.service) ?? 0),
    source: facts.source(row.source),
    ...NEVER,
    firstSeen: orNaN(row.firstSeen),
    lastSeen: orNaN(row.lastSeen),
    statedAt: orNaN(row.statedAt),
    statedConfidence: Number.NaN,
    retractedAt: orNaN(row.retractedAt),
  };
}

const orNaN = (value: Time): number => value ?? Number.NaN;
