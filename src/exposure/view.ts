import { grown } from './columns.ts';
import type { Facts } from './facts.ts';
import { SOLE_IS_CRITICAL, type Trust } from './trust.ts';

const DAY = 86_400_000;

/** What a claim is at the instant of a view. */
export const IN_FORCE = 1;
export const FRESH = 2;
/** The subject depends critically on the object's holder for the claim's service. */
export const CRITICAL = 4;

/**
 * What the claims are at one instant: a byte a claim, worked out a subject at a time when it is first asked for. See
 * "What follows from the facts" in docs/architecture.md for the definitions.
 */
export class View {
  readonly facts: Facts;
  readonly trust: Trust;
  flags: Uint8Array;
  /** 1 for each subject whose claims' flags are known. */
  known: Uint8Array;
  at: number;
  /** The latest instant, not after `at`, at which something that was looked at began or ended. */
  newestTurn = Number.NEGATIVE_INFINITY;
  /** Told of the next instant at which something about a subject begins or ends. */
  onTurn: ((time: number, subject: number) => void) | undefined;

  constructor(facts: Facts, trust: Trust, at: number) {
    this.facts = facts;
    this.trust = trust;
    this.at = at;
    this.flags = new Uint8Array(facts.uses.count);
    this.known = new Uint8Array(facts.nodes.count);
  }

  /** Makes room for what has come since. */
  fit(): void {
    this.flags = grown(this.flags, this.facts.uses.count);
    this.known = grown(this.known, this.facts.nodes.count);
  }

  forget(subject: number): void {
    if (subject < this.known.length) this.known[subject] = 0;
  }

  forgetAll(): void {
    this.known.fill(0);
  }

  /** Works out the flags of the subject's claims. */
  judge(subject: number): void {
    const { bySubject, kind, object, measured } = this.facts.uses;
    const { holder } = this.facts.nodes;
    this.known[subject] = 1;
    const start = bySubject.start[subject] ?? 0;
    const count = bySubject.count(subject);
    const services = new Map<number, ProvidersOf>();
    for (let at = start; at < start + count; at++) {
      const claim = bySubject.pool[at] as number;
      const flags = this.#flagsOf(claim);
      this.flags[claim] = flags;
      if ((flags & IN_FORCE) === 0) continue;
      const service = kind[claim] as number;
      let providers = services.get(service);
      if (providers === undefined) {
        providers = new ProvidersOf();
        services.set(service, providers);
      }
      providers.add(holder[object[claim] as number] as number, (flags & FRESH) !== 0, measured[claim] as number);
    }
    for (let at = start; at < start + count; at++) {
      const claim = bySubject.pool[at] as number;
      if (((this.flags[claim] as number) & IN_FORCE) === 0) continue;
      const service = kind[claim] as number;
      const vendor = holder[object[claim] as number] as number;
      if (services.get(service)?.isCritical(vendor, SOLE_IS_CRITICAL[service] === true))
        this.flags[claim] = (this.flags[claim] as number) | CRITICAL;
    }
  }

  #flagsOf(claim: number): number {
    const { uses, withdrawn } = this.facts;
    const firstSeen = uses.firstSeen[claim] as number;
    const lastSeen = uses.lastSeen[claim] as number;
    const source = uses.source[claim] as number;
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
    if (!isInForce) return 0;
    return this.age(claim) < this.trust.freshDays(source) ? IN_FORCE | FRESH : IN_FORCE;
  }

  /** Whether the statement's own part counts: a retraction of the same time or later takes it back. */
  isStated(claim: number): boolean {
    const { statement, statedAt, retractedAt } = this.facts.uses;
    const place = statement[claim] as number;
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
    const lastSeen = this.facts.uses.lastSeen[claim] as number;
    return lastSeen >= this.at ? 0 : Math.floor(this.at / DAY) - Math.floor(lastSeen / DAY);
  }

  /** What the claim adds to the confidence in a dependency: prior × stated × 2^−⌊age ÷ fresh days⌋. */
  weight(claim: number): number {
    const { uses } = this.facts;
    const source = uses.source[claim] as number;
    const freshDays = this.trust.freshDays(source);
    const halvings = freshDays === 0 ? 0 : Math.floor(this.age(claim) / freshDays);
    return this.trust.prior(source) * this.#stated(claim) * 0.5 ** halvings;
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
    if (Number.isNaN(time)) return;
    if (time > this.at) this.onTurn?.(time, this.facts.uses.subject[claim] as number);
    else if (time > this.newestTurn) this.newestTurn = time;
  }
}

/** Who serves one subject for one service. */
class ProvidersOf {
  readonly #vendors = new Map<number, { isFresh: boolean; whenFresh: number; whenStale: number }>();
  #isFresh = false;
  #counted = -1;

  add(vendor: number, isFresh: boolean, measured: number): void {
    let held = this.#vendors.get(vendor);
    if (held === undefined) {
      held = { isFresh: false, whenFresh: -1, whenStale: -1 };
      this.#vendors.set(vendor, held);
    }
    this.#isFresh ||= isFresh;
    held.isFresh ||= isFresh;
    if (isFresh) held.whenFresh = Math.max(held.whenFresh, measured);
    else held.whenStale = Math.max(held.whenStale, measured);
  }

  /** Only the fresh count, if any is fresh; the newest measurement decides, else whether there is nobody else. */
  isCritical(vendor: number, soleIsCritical: boolean): boolean {
    const held = this.#vendors.get(vendor);
    if (held === undefined || held.isFresh !== this.#isFresh) return false;
    const measured = this.#isFresh ? held.whenFresh : held.whenStale;
    if (measured >= 0) return measured % 2 === 1;
    return soleIsCritical && this.#count() === 1;
  }

  #count(): number {
    if (this.#counted < 0) {
      this.#counted = 0;
      for (const { isFresh } of this.#vendors.values()) if (isFresh === this.#isFresh) this.#counted++;
    }
    return this.#counted;
  }
}
