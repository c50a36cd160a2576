import type { Facts, Watcher } from './facts.ts';
import { Present, type PresentOptions } from './present.ts';
import type { Trust } from './trust.ts';

/** Tenants of which a present of their own is kept; each takes a byte a claim and some for each node. */
const MOST_TENANTS = 8;

/**
 * The present as everybody sees it, and as each tenant that has private claims does. What is public is kept by itself, so
 * that no tenant's claims make it another. A tenant's own is made when it first asks, and keeps no hubs: few ask there.
 */
export class Presents implements Watcher {
  readonly everybodys: Present;
  readonly #facts: Facts;
  readonly #trust: Trust;
  /** The last used is the last in line. */
  readonly #own = new Map<string, Present>();

  constructor(facts: Facts, trust: Trust, at: number, options: PresentOptions) {
    this.#facts = facts;
    this.#trust = trust;
    this.everybodys = new Present(facts, trust, at, options);
    facts.watcher = this;
  }

  /** As this tenant sees it; undefined: as everybody does. */
  of(tenant: string | undefined, now: number): Present {
    if (tenant === undefined || !this.#facts.tenants.includes(tenant)) return this.everybodys;
    const present =
      this.#own.get(tenant) ??
      new Present(this.#facts, this.#trust, now, { hubSize: Number.POSITIVE_INFINITY, tenant });
    this.#own.delete(tenant);
    this.#own.set(tenant, present);
    for (const [oldest] of this.#own) if (this.#own.size > MOST_TENANTS) this.#own.delete(oldest);
    return present;
  }

  /** Moves all on; no search may be under way. */
  advance(at: number): void {
    this.#each((present) => present.advance(at));
  }

  /** Mends what the changes so far have touched, so that the next question need not. */
  settle(): void {
    this.#each((present) => present.settle());
  }

  beforeSubject(subject: number): void {
    this.#each((present) => present.beforeSubject(subject));
  }

  afterSubject(subject: number): void {
    this.#each((present) => present.afterSubject(subject));
  }

  afterUse(claim: number): void {
    this.#each((present) => present.afterUse(claim));
  }

  beforeMove(nodes: readonly number[], target: number): void {
    this.#each((present) => present.beforeMove(nodes, target));
  }

  afterMove(): void {
    this.#each((present) => present.afterMove());
  }

  beforeName(node: number): void {
    this.#each((present) => present.beforeName(node));
  }

  everything(): void {
    this.#each((present) => present.everything());
  }

  #each(tell: (present: Present) => void): void {
    tell(this.everybodys);
    for (const present of this.#own.values()) tell(present);
  }
}
