import { DAY, midnight } from '../graph/claim-state.ts';
import type { ClaimTable } from './claim-table.ts';
import { grown } from './columns.ts';
import type { Facts } from './facts.ts';
import { SOLE_IS_CRITICAL, type Trust } from './trust.ts';
import type { Work } from './work.ts';

/** What a claim is at the instant of a view. */
export const IN_FORCE = 1;
export const FRESH = 2;
/** The subject depends critically on the object's holder for the claim's service. */
export const CRITICAL = 4;
/** The claim's subject is known. Without it flags may be there already, but not what the claim is beside its siblings. */
export const JUDGED = 8;

/**
 * What the claims are at one instant: a byte a claim, worked out a subject at a time when it is first asked for. See
 * "What follows from the facts" in docs/architecture.md for the definitions.
 */
export class View {
  readonly facts: Facts;
  readonly trust: Trust;
  flags: Uint8Array;
  /** A bit for each claim that is judged and not critical: a critical search passes over 32 of them at a time. */
  dull: Int32Array;
  /** 1 for each subject whose claims' flags are known. */
  known: Uint8Array;
  #at = 0;
  #midnight = 0;
  /** Whose private claims count beside the public ones; undefined: nobody's. */
  readonly tenant: string | undefined;
  /** Told when something about a subject that is judged begins or ends: later on the day of the view, or after it. */
  onTurn: ((time: number, subject: number) => void) | undefined;

  /** `like`: a view whose flags it begins with. */
  constructor(facts: Facts, trust: Trust, at: number, tenant?: string, like?: View) {
    this.tenant = tenant;
    this.facts = facts;
    this.trust = trust;
    this.at = at;
    // With the room that the facts have, so that the first new claim does not wait until all is copied.
    const [claims, nodes] = [facts.uses.room, facts.nodes.room];
    this.flags = like?.flags.slice() ?? new Uint8Array(claims);
    this.dull = like?.dull.slice() ?? new Int32Array(wordsFor(claims));
    this.known = like?.known.slice() ?? new Uint8Array(nodes);
  }

  get at(): number {
    return this.#at;
  }

  set at(time: number) {
    this.#at = time;
    this.#midnight = midnight(time);
  }

  /** Makes room for what has come since. */
  fit(): void {
    this.flags = grown(this.flags, this.facts.uses.count);
    this.dull = grown(this.dull, wordsFor(this.facts.uses.count));
    this.known = grown(this.known, this.facts.nodes.count);
  }

  forget(subject: number): void {
    if (subject >= this.known.length) return;
    this.known[subject] = 0;
    const { bySubject } = this.facts.uses;
    const start = bySubject.start[subject] ?? 0;
    for (let at = start; at < start + bySubject.count(subject); at++) {
      const claim = bySubject.pool[at] as number;
      this.flags[claim] = 0;
      this.dull[claim >>> 5] = (this.dull[claim >>> 5] as number) & ~(1 << claim);
    }
  }

  forgetAll(): void {
    const { uses, nodes } = this.facts;
    this.known.fill(0, 0, nodes.count);
    this.flags.fill(0, 0, uses.count);
    this.dull.fill(0, 0, wordsFor(uses.count));
  }

  /**
   * Judges all subjects of a view that began empty: first of each claim what it is by itself, as they lie in memory, then
   * each subject's beside one another. It takes half of what it takes subject by subject.
   */
  *judgeAll(): Work<void> {
    const { uses, nodes } = this.facts;
    for (let claim = 0; claim < uses.count; claim++) {
      if ((this.flags[claim] as number) === 0) this.flags[claim] = this.#flagsOf(claim);
      if ((claim & 0x1fff) === 0) yield;
    }
    for (let node = 0; node < nodes.count; node++) {
      if (this.known[node] === 0 && uses.bySubject.count(node) > 0) this.#judgeTogether(node);
      if ((node & 0x3ff) === 0) yield;
    }
  }

  /** Works out the flags of the subject's claims. */
  judge(subject: number): void {
    const { bySubject } = this.facts.uses;
    const start = bySubject.start[subject] ?? 0;
    const end = start + bySubject.count(subject);
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      this.flags[claim] = this.#flagsOf(claim);
    }
    this.#judgeTogether(subject);
  }

  /** What the subject's claims are beside one another, where it is known what each is by itself. */
  #judgeTogether(subject: number): void {
    const { bySubject, kind, measured } = this.facts.uses;
    this.known[subject] = 1;
    const start = bySubject.start[subject] ?? 0;
    const end = start + bySubject.count(subject);
    // Services of which there is one claim in force, and those of which there are more.
    let [once, often] = [0, 0];
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      const flags = this.flags[claim] as number;
      this.flags[claim] = flags | JUDGED;
      if ((flags & IN_FORCE) === 0) continue;
      const service = 1 << (kind[claim] as number);
      often |= once & service;
      once |= service;
    }
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      const flags = this.flags[claim] as number;
      const service = kind[claim] as number;
      if ((flags & IN_FORCE) === 0 || (often & (1 << service)) !== 0) continue;
      const day = measured[claim] as number;
      if (day >= 0 ? day % 2 === 1 : SOLE_IS_CRITICAL[service] === true) this.flags[claim] = flags | CRITICAL;
    }
    for (let service = 0; often >>> service !== 0; service++)
      if ((often & (1 << service)) !== 0) this.#judgeProviders(start, end, service);
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      if (((this.flags[claim] as number) & CRITICAL) === 0)
        this.dull[claim >>> 5] = (this.dull[claim >>> 5] as number) | (1 << claim);
    }
  }

  /**
   * Whether the claim, of which what was measured is the same, is in force and fresh as it was when it was judged: then it
   * and its siblings are critical as they were.
   */
  isAsJudged(claim: number): boolean {
    if (this.known[this.facts.uses.subject[claim] as number] === 0) return false;
    return this.#flagsOf(claim) === ((this.flags[claim] as number) & (IN_FORCE | FRESH));
  }

  /** Where several claims in force say who serves the subject for one service. */
  #judgeProviders(start: number, end: number, service: number): void {
    const { bySubject, kind, object, measured } = this.facts.uses;
    const { holder } = this.facts.nodes;
    const providers = new ProvidersOf();
    const claims: number[] = [];
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      const flags = this.flags[claim] as number;
      if ((flags & IN_FORCE) === 0 || kind[claim] !== service) continue;
      claims.push(claim);
      providers.add(holder[object[claim] as number] as number, (flags & FRESH) !== 0, measured[claim] as number);
    }
    for (const claim of claims) {
      const vendor = holder[object[claim] as number] as number;
      if (providers.isCritical(vendor, SOLE_IS_CRITICAL[service] === true))
        this.flags[claim] = (this.flags[claim] as number) | CRITICAL;
    }
  }

  #flagsOf(claim: number): number {
    const { uses, withdrawn, tenants } = this.facts;
    const firstSeen = uses.firstSeenAt(claim);
    const lastSeen = uses.lastSeenAt(claim);
    const source = uses.source[claim] as number;
    const whose = tenants[source];
    if (whose !== undefined && whose !== this.tenant) return 0;
    // Of what is only known by its retraction nothing was ever seen.
    if (Number.isNaN(firstSeen)) return 0;
    this.#turn(firstSeen, claim);
    const isStated = this.isStated(claim);
    const subject = uses.subject[claim] as number;
    const completed = this.facts.completedAt(subject, source, uses.kind[claim] as number);
    this.#turn(completed, claim);
    const isInForce =
      firstSeen <= this.at &&
      (uses.sighted[claim] !== 0 || isStated) &&
      !(completed > lastSeen && completed <= this.at) &&
      !(lastSeen < (withdrawn[source] as number));
    if (!isInForce || this.#isDismissed(claim)) return 0;
    return this.age(claim) < this.trust.freshDays(source) ? IN_FORCE | FRESH : IN_FORCE;
  }

  #isDismissed(claim: number): boolean {
    const { identity, uses, withdrawn } = this.facts;
    const subject = uses.subject[claim] as number;
    const dismissals = this.facts.dismissals(subject, uses.kind[claim] as number, uses.object[claim] as number);
    for (const dismissal of dismissals) {
      const firstSeen = identity.firstSeenAt(dismissal);
      this.#turn(firstSeen, claim);
      const isWithdrawn = identity.lastSeenAt(dismissal) < (withdrawn[identity.source[dismissal] as number] as number);
      if (this.#stands(identity, dismissal, claim) && firstSeen <= this.at && !isWithdrawn) return true;
    }
    return false;
  }

  /** Whether what was stated of the claim counts. */
  isStated(claim: number): boolean {
    return this.#stands(this.facts.uses, claim, claim);
  }

  /** Whether the statement's own part counts: a retraction of the same time or later takes it back. */
  #stands(table: ClaimTable, said: number, claim: number): boolean {
    const { statement, statedAt, retractedAt } = table;
    const place = statement[said] as number;
    if (place < 0) return false;
    const stated = statedAt[place] as number;
    const retracted = retractedAt[place] as number;
    if (Number.isNaN(stated)) return false;
    if (Number.isNaN(retracted)) return true;
    this.#turn(retracted, claim);
    this.#turn(stated, claim);
    return retracted > this.at || (retracted < stated && stated <= this.at);
  }

  /** Whole UTC days since the claim was last seen. */
  age(claim: number): number {
    return Math.max(0, dayOf(this.at) - dayOf(this.facts.uses.lastSeenAt(claim)));
  }

  /**
   * Subjects of which what is known is otherwise at that later instant, because a claim in force is then so old that it
   * counts less; as soon as there are more than `most`, these.
   */
  aging(at: number, most: number): Set<number> {
    const { sources, uses } = this.facts;
    const freshDays = sources.map((_, source) => this.trust.freshDays(source));
    const [today, then] = [dayOf(this.at), dayOf(at)];
    const subjects = new Set<number>();
    for (let claim = 0; claim < uses.count && subjects.size <= most; claim++) {
      if (((this.flags[claim] as number) & IN_FORCE) === 0) continue;
      const days = freshDays[uses.source[claim] as number] as number;
      const seen = dayOf(uses.lastSeenAt(claim));
      if (halvings(today - seen, days) !== halvings(then - seen, days)) subjects.add(uses.subject[claim] as number);
    }
    return subjects;
  }

  /** What the claim adds to the confidence in a dependency: prior × stated × 2^−⌊age ÷ fresh days⌋. */
  weight(claim: number): number {
    const { uses } = this.facts;
    const source = uses.source[claim] as number;
    return (
      this.trust.prior(source) * this.#stated(claim) * 0.5 ** halvings(this.age(claim), this.trust.freshDays(source))
    );
  }

  #stated(claim: number): number {
    const { uses } = this.facts;
    const sighted = uses.confidences[uses.sighted[claim] as number] as number;
    const place = uses.statement[claim] as number;
    if (place < 0) return sighted;
    const stated = uses.statedConfidence[place] as number;
    if (Number.isNaN(sighted)) return stated;
    return stated > sighted && this.isStated(claim) ? stated : sighted;
  }

  #turn(time: number, claim: number): void {
    // At midnight it began for the whole day. What is NaN never happens.
    if (time > this.#midnight) this.onTurn?.(time, this.facts.uses.subject[claim] as number);
  }
}

const dayOf = (time: number): number => Math.floor(time / DAY);
/** How often the confidence in a claim of that age is halved; while it is not, the claim is fresh. */
const halvings = (age: number, freshDays: number): number =>
  freshDays === 0 ? 0 : Math.floor(Math.max(0, age) / freshDays);

const wordsFor = (claims: number): number => (claims + 31) >>> 5;

/** Who serves one subject for one service: a few, so that a look at each is faster than a map. */
class ProvidersOf {
  readonly #vendors: number[] = [];
  /** The newest measurement of each vendor among its fresh claims and its stale ones; −1: none. */
  readonly #whenFresh: number[] = [];
  readonly #whenStale: number[] = [];
  readonly #areFresh: boolean[] = [];
  #placeOf: Map<number, number> | undefined;
  #isFresh = false;

  add(vendor: number, isFresh: boolean, measured: number): void {
    let place = this.#find(vendor);
    if (place < 0) {
      place = this.#vendors.push(vendor) - 1;
      this.#placeOf?.set(vendor, place);
      this.#whenFresh.push(-1);
      this.#whenStale.push(-1);
      this.#areFresh.push(false);
      if (place === FEW) this.#placeOf = new Map(this.#vendors.map((one, at) => [one, at]));
    }
    this.#isFresh ||= isFresh;
    this.#areFresh[place] ||= isFresh;
    const when = isFresh ? this.#whenFresh : this.#whenStale;
    when[place] = Math.max(when[place] as number, measured);
  }

  /** Only the fresh count, if any is fresh; the newest measurement decides, else whether there is nobody else. */
  isCritical(vendor: number, soleIsCritical: boolean): boolean {
    const place = this.#find(vendor);
    if (place < 0 || this.#areFresh[place] !== this.#isFresh) return false;
    const measured = (this.#isFresh ? this.#whenFresh : this.#whenStale)[place] as number;
    if (measured >= 0) return measured % 2 === 1;
    return soleIsCritical && this.#isSole(place);
  }

  #find(vendor: number): number {
    return this.#placeOf === undefined ? this.#vendors.indexOf(vendor) : (this.#placeOf.get(vendor) ?? -1);
  }

  #isSole(place: number): boolean {
    const first = this.#areFresh.indexOf(this.#isFresh);
    return first === place && this.#areFresh.indexOf(this.#isFresh, place + 1) < 0;
  }
}

/** Providers that are found by a look at each. */
const FEW = 16;
