import { DAY } from '../graph/claim-state.ts';
import { type IdentityClaim, type RankOf, resolveCanonical, resolveOwner } from '../graph/resolve.ts';
import { SERVICES, type Service } from '../identity/service.ts';
import { Adjacency } from './adjacency.ts';
import { type ClaimRow, ClaimTable } from './claim-table.ts';
import { grown } from './columns.ts';
import { NodeTable } from './node-table.ts';

/** Where a withdrawal touches more subjects, all is worked out again when it is asked for. */
const MANY = 100_000;
const SETTLED_AT_ONCE = 64;

/** Kinds of claims on identity, as `kind` of their table. */
export const OWNERSHIP = 0;
export const SAME_AS = 1;
/** What is dismissed has this and the number of its service as its kind. */
const DISMISSED = 32;
export const dismissedKind = (service: number): number => DISMISSED + service;

export const serviceNumber = (service: Service): number => SERVICES.indexOf(service);

/** Told what a change touches: before, while what followed from the facts can still be worked out, and after. */
export interface Watcher {
  /** What follows from the claims of this subject is about to change. */
  beforeSubject(subject: number): void;
  afterSubject(subject: number): void;
  /** All but what was measured may have changed of this use, which was known; `beforeSubject` was not told. */
  afterUse(claim: number): void;
  /** These nodes, which all count for the same organization, are about to count for another one, `target`. */
  beforeMove(nodes: readonly number[], target: number): void;
  afterMove(): void;
  /** The organization is about to be called otherwise. */
  beforeName(node: number): void;
  /** More has changed than can be told one by one. */
  everything(): void;
}

/**
 * The facts that exposure follows from: claims, who owns what, complete observations, withdrawn sources. Changing one is
 * a join or replaces a state by a later one of the same thing, so a change that comes twice or late does no harm.
 */
export class Facts {
  nodes = new NodeTable();
  readonly sources: string[] = [];
  readonly #sourceIds = new Map<string, number>();
  /** Per source, whose private claims it makes; undefined: it is everybody's. */
  readonly tenants: (string | undefined)[] = [];
  uses = new ClaimTable();
  /** Claims on identity, and what is dismissed. */
  identity = new ClaimTable();
  /** Subjects of which something was ever dismissed. */
  readonly #dismissing = new Set<number>();
  /** Per source, ms since 1970; −Infinity where it was never withdrawn. */
  readonly withdrawn: number[] = [];

  /** Complete observations: the days by place, the places of each domain. */
  completions = 0;
  completedWhat = new Int32Array(64);
  completedDay = new Int32Array(64);
  completedOf = new Adjacency();
  /** 1 for each source and service, as in `completedWhat`, of which there are any: of most there are none. */
  readonly #completes: number[] = [];

  /**
   * Subjects of which two statements of one time say different things: which one counts is told by the ids of their
   * events, which are not kept here. What the database says of them is to be put in place with `replaceUse`.
   */
  readonly doubtful = new Set<number>();

  readonly #unsettled: (() => void)[] = [];
  readonly #rankOf: RankOf;
  watcher: Watcher | undefined;

  constructor(rankOf: RankOf) {
    this.#rankOf = rankOf;
  }

  /** The number of a source; `tenant`: whose it is, where a claim of it says that it is private. */
  source(id: string, tenant?: string): number {
    const known = this.#sourceIds.get(id);
    if (known !== undefined) {
      this.tenants[known] ??= tenant;
      return known;
    }
    const source = this.sources.push(id) - 1;
    this.tenants[source] = tenant;
    this.#sourceIds.set(id, source);
    this.withdrawn[source] = Number.NEGATIVE_INFINITY;
    return source;
  }

  /** Midnight of the newest day on which the source saw all that the domain uses for the service; NaN: never. */
  completedAt(subject: number, source: number, service: number): number {
    const what = source * SERVICES.length + service;
    if (this.#completes[what] !== 1) return Number.NaN;
    const end = (this.completedOf.start[subject] ?? 0) + this.completedOf.count(subject);
    for (let at = this.completedOf.start[subject] ?? 0; at < end; at++) {
      const place = this.completedOf.pool[at] as number;
      if (this.completedWhat[place] === what) return (this.completedDay[place] as number) * DAY;
    }
    return Number.NaN;
  }

  putCompletion(subject: number, source: number, service: number, day: number): void {
    const what = source * SERVICES.length + service;
    const end = (this.completedOf.start[subject] ?? 0) + this.completedOf.count(subject);
    for (let at = this.completedOf.start[subject] ?? 0; at < end; at++) {
      const place = this.completedOf.pool[at] as number;
      if (this.completedWhat[place] !== what) continue;
      if ((this.completedDay[place] as number) >= day) return;
      this.#changing(subject, () => {
        this.completedDay[place] = day;
      });
      return;
    }
    this.#changing(subject, () => {
      this.#completes[what] = 1;
      const place = this.completions++;
      this.completedWhat = grown(this.completedWhat, this.completions);
      this.completedDay = grown(this.completedDay, this.completions);
      this.completedWhat[place] = what;
      this.completedDay[place] = day;
      this.completedOf.add(subject, place);
    });
  }

  /** To be called once the complete observations were filled in without `putCompletion`. */
  settleCompletions(): void {
    for (let place = 0; place < this.completions; place++) this.#completes[this.completedWhat[place] as number] = 1;
  }

  /** Joins what is said of a claim with what is known of it. */
  putUse(row: ClaimRow): void {
    const found = this.uses.find(row);
    const held = found === undefined ? undefined : this.uses.row(found);
    if (held !== undefined && held.statedAt === row.statedAt && held.statedConfidence !== row.statedConfidence)
      this.doubtful.add(row.subject);
    this.#replaceUse(found, held === undefined ? row : joinRows(held, row));
  }

  replaceUse(row: ClaimRow): void {
    this.#replaceUse(this.uses.find(row), row);
  }

  #replaceUse(found: number | undefined, row: ClaimRow): void {
    if (found === undefined) {
      this.#changing(row.subject, () => this.uses.add(row));
    } else if (this.uses.measured[found] !== row.measured) {
      this.#changing(row.subject, () => this.uses.set(found, row));
    } else if (this.uses.set(found, row)) {
      this.watcher?.afterUse(found);
    }
  }

  putOwnership(row: ClaimRow): void {
    if (this.#putIdentity(row)) this.settleOwner(row.subject);
  }

  putMerge(row: ClaimRow): void {
    if (this.#putIdentity(row)) this.settleCanonical([row.subject, row.object]);
  }

  putDismissal(row: ClaimRow): void {
    this.#changing(row.subject, () => {
      this.#dismissing.add(row.subject);
      this.#putIdentity(row);
    });
  }

  /** What was ever dismissed of a use, in force or not, as places in `identity`. */
  dismissals(subject: number, service: number, object: number): readonly number[] {
    if (this.#dismissing.size === 0 || !this.#dismissing.has(subject)) return NONE;
    const { bySubject, kind, object: objects } = this.identity;
    const start = bySubject.start[subject] ?? 0;
    const end = start + bySubject.count(subject);
    const found: number[] = [];
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      if (kind[claim] === DISMISSED + service && objects[claim] === object) found.push(claim);
    }
    return found;
  }

  #putIdentity(row: ClaimRow): boolean {
    const found = this.identity.find(row);
    return this.identity.put(found === undefined ? row : joinRows(this.identity.row(found), row));
  }

  putName(node: number, name: string, at: number): void {
    this.watcher?.beforeName(node);
    this.nodes.setName(node, name, at);
  }

  /** What the source said before that time counts no more. What follows from it is worked off by `settleSome`. */
  withdraw(source: number, before: number): void {
    if ((this.withdrawn[source] as number) >= before) return;
    this.withdrawn[source] = before;
    const { domains, organizations, dismissing } = this.#speakingOf(source);
    const subjects = new Set(dismissing);
    for (let claim = 0; claim < this.uses.count; claim++) {
      if (this.uses.source[claim] === source && this.uses.lastSeenAt(claim) < before)
        subjects.add(this.uses.subject[claim] as number);
    }
    if (subjects.size > MANY) this.watcher?.everything();
    // Until its turn comes, what is kept of a subject is what was so before, and can be taken away as such.
    else for (const subject of subjects) this.#unsettled.push(() => this.#changing(subject, () => {}));
    this.settleCanonical([...organizations]);
    for (const domain of domains) this.#unsettled.push(() => this.settleOwner(domain));
  }

  /** Whether something that follows from a withdrawal waits for `settleSome`. */
  get isUnsettled(): boolean {
    return this.#unsettled.length > 0;
  }

  /** Works off what follows from withdrawals, some of it at a time until `isOver`. */
  settleSome(isOver: () => boolean): void {
    do {
      for (const settle of this.#unsettled.splice(-SETTLED_AT_ONCE)) settle();
    } while (this.isUnsettled && !isOver());
  }

  /** Resolves every owner and every merge again. */
  settleAll(): void {
    const { domains, organizations, dismissing } = this.#speakingOf();
    for (const subject of dismissing) this.#dismissing.add(subject);
    this.settleCanonical([...organizations]);
    for (const domain of domains) this.settleOwner(domain);
  }

  /** Of whom something is said in `identity`, by one source or by any. */
  #speakingOf(source?: number) {
    const { identity } = this;
    const [domains, organizations, dismissing] = [new Set<number>(), new Set<number>(), new Set<number>()];
    for (let claim = 0; claim < identity.count; claim++) {
      if (source !== undefined && identity.source[claim] !== source) continue;
      const subject = identity.subject[claim] as number;
      const kind = identity.kind[claim] as number;
      if (kind >= DISMISSED) dismissing.add(subject);
      else if (kind === OWNERSHIP) domains.add(subject);
      else organizations.add(subject).add(identity.object[claim] as number);
    }
    return { domains, organizations, dismissing };
  }

  settleOwner(domain: number): void {
    const claims = this.#identityClaims(domain).filter(({ kind }) => kind === OWNERSHIP);
    const owner = resolveOwner(claims, this.#rankOf, this.#withdrawals());
    this.#setUp(domain, owner === undefined ? -1 : this.nodes.intern(owner));
  }

  settleCanonical(organizations: readonly number[]): void {
    const component = new Set(organizations);
    const merges: ReturnType<Facts['merge']>[] = [];
    for (const node of component) {
      for (const claim of this.#claimsAt(node)) {
        if (this.identity.kind[claim] !== SAME_AS) continue;
        merges.push(this.merge(claim));
        component.add(this.identity.subject[claim] as number).add(this.identity.object[claim] as number);
      }
    }
    const keys = [...component].map((node) => this.nodes.key(node));
    for (const [key, canonical] of resolveCanonical(keys, merges, this.#withdrawals())) {
      this.#setUp(this.nodes.intern(key), this.nodes.intern(canonical));
    }
  }

  merge(claim: number) {
    const { subject, object, ...said } = this.#said(claim);
    return { ...said, a: subject, b: object };
  }

  #setUp(node: number, up: number): void {
    const { nodes, watcher } = this;
    const target = nodes.holderUnder(node, up);
    const isMoving = target !== nodes.holder[node];
    if (isMoving) watcher?.beforeMove(nodes.under(node), target);
    nodes.setUp(node, up);
    if (isMoving) watcher?.afterMove();
  }

  #changing(subject: number, change: () => void): void {
    this.watcher?.beforeSubject(subject);
    change();
    this.watcher?.afterSubject(subject);
  }

  *#claimsAt(node: number): Generator<number> {
    for (const lists of [this.identity.bySubject, this.identity.byObject]) {
      const start = lists.start[node] ?? 0;
      for (let at = start; at < start + lists.count(node); at++) yield lists.pool[at] as number;
    }
  }

  #identityClaims(domain: number) {
    return [...this.#claimsAt(domain)].map((claim) => {
      const { subject: _, object, ...said } = this.#said(claim);
      return { ...said, organization: object };
    });
  }

  #said(claim: number): IdentityClaim & { subject: string; object: string; kind: number } {
    const row = this.identity.row(claim);
    return {
      subject: this.nodes.key(row.subject),
      object: this.nodes.key(row.object),
      kind: row.kind,
      source: this.sources[row.source] as string,
      statedAt: orNull(row.statedAt),
      retractedAt: orNull(row.retractedAt),
    };
  }

  #withdrawals(): Map<string, number> {
    return new Map(this.sources.map((id, source) => [id, this.withdrawn[source] as number]));
  }

  get bytes(): number {
    const { uses, identity, completedOf, completedWhat, completedDay } = this;
    const completions = completedOf.bytes + completedWhat.byteLength + completedDay.byteLength;
    return uses.bytes + identity.bytes + completions;
  }
}

const NONE: readonly number[] = [];
const orNull = (time: number): number | null => (Number.isNaN(time) ? null : time);

/** The writer's own join, of what decides: see `joinClaims`. */
function joinRows(a: ClaimRow, b: ClaimRow): ClaimRow {
  const isLater = !(a.statedAt > b.statedAt) && !Number.isNaN(b.statedAt);
  return {
    ...a,
    firstSeen: least(a.firstSeen, b.firstSeen),
    lastSeen: greatest(a.lastSeen, b.lastSeen),
    sighted: greatest(a.sighted, b.sighted),
    measured: Math.max(a.measured, b.measured),
    statedAt: isLater ? b.statedAt : a.statedAt,
    statedConfidence: isLater ? b.statedConfidence : a.statedConfidence,
    retractedAt: greatest(a.retractedAt, b.retractedAt),
  };
}

const least = (a: number, b: number): number => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b));
const greatest = (a: number, b: number): number => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b));
