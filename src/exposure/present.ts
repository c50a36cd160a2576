import type { DependencyOrder } from '../queries/types.ts';
import { nodesOf } from './dependency.ts';
import type { Facts, Watcher } from './facts.ts';
import { Hub } from './hub.ts';
import type { Trust } from './trust.ts';
import { Turns } from './turns.ts';
import { VendorCounts } from './vendor-counts.ts';
import { View } from './view.ts';
import type { Work } from './work.ts';

const DAY = 86_400_000;
/** Views of other instants that are kept; each takes a byte a claim. */
const MOST_VIEWS = 4;
/** From how many dependents on listing them for the first time takes a question noticeably long. */
const SLOW_HUB = 20_000;
/** Dependents of hubs that are kept, together; each takes some 100 bytes. */
const MOST_DEPENDENTS = 2_000_000;
/** A node that more claims lead to is not mended claim by claim when its owner changes. */
const MANY = 10_000;

export interface PresentOptions {
  /** From how many claims on a vendor is a hub. */
  readonly hubSize: number;
  /** Whose private claims count beside the public ones; absent: nobody's. */
  readonly tenant?: string;
}

/**
 * What follows from the facts at present, kept as the facts and the time change: the flags of claims, how many depend on
 * each vendor, the dependents of hubs. Questions about other instants get a view of their own.
 */
export class Present implements Watcher {
  readonly facts: Facts;
  readonly #trust: Trust;
  readonly #options: PresentOptions;
  readonly view: View;
  readonly #turns = new Turns();
  #counts = new Map<number, VendorCounts>();
  #hubs = new Map<number, Hub>();
  #others = new Map<number, View>();
  readonly #underWay = new Set<string>();

  constructor(facts: Facts, trust: Trust, at: number, options: PresentOptions) {
    this.facts = facts;
    this.#trust = trust;
    this.#options = options;
    this.view = new View(facts, trust, at, options.tenant);
    this.view.onTurn = (time, subject) => this.#turns.add(time, subject);
  }

  /** Judges every claim, counts all vendors and lists the dependents of the greatest hubs, so that no question has to. */
  *warm(): Work<void> {
    for (let node = 0; node < this.facts.nodes.count; node++) {
      if (this.view.known[node] === 0 && this.facts.uses.bySubject.count(node) > 0) this.view.judge(node);
      if ((node & 0x3ff) === 0) yield;
    }
    const { direct } = yield* this.countsOf(-1);
    const hubs: number[] = [];
    for (let node = 0; node < direct.length; node++)
      if ((direct[node] as number) >= Math.max(SLOW_HUB, this.#options.hubSize)) hubs.push(node);
    hubs.sort((a, b) => (direct[b] as number) - (direct[a] as number));
    let dependents = 0;
    for (const vendor of hubs) {
      dependents += direct[vendor] as number;
      if (dependents > MOST_DEPENDENTS) return;
      for (const order of ['NAME', 'CONFIDENCE'] as const) yield* this.hubOf(vendor, order);
    }
  }

  /** Whether `advance` must come before a question about this instant, where `now` is the present. */
  isBehind(at: number, now: number): boolean {
    if (at <= this.view.at || at > now) return false;
    return !isSameDay(at, this.view.at) || this.#turns.next <= at;
  }

  /** The view of an instant that is not ahead of the present. */
  viewAt(at: number, now: number): View {
    this.view.fit();
    return at <= now && this.holdsAt(at) ? this.view : this.exactly(at);
  }

  /**
   * Whether what the present's view says is so at this instant too: nothing that it has looked at begins or ends between
   * the two. A question that looks at more may learn of such a turn, so it asks again when it has its answer.
   */
  holdsAt(at: number): boolean {
    return isSameDay(at, this.view.at) && at >= this.view.newestTurn && this.#turns.next > at;
  }

  /** A view of that very instant, whatever happened between it and the present. */
  exactly(at: number): View {
    const view = this.#others.get(at) ?? new View(this.facts, this.#trust, at, this.#options.tenant);
    view.fit();
    // The last used is the last in line.
    this.#others.delete(at);
    this.#others.set(at, view);
    for (const [oldest] of this.#others) if (this.#others.size > MOST_VIEWS) this.#others.delete(oldest);
    return view;
  }

  /** Moves the present on; no search may be under way. */
  advance(at: number): void {
    if (at <= this.view.at) return;
    if (!isSameDay(at, this.view.at)) {
      this.#forgetConclusions();
      this.#turns.clear();
      this.view.forgetAll();
      this.view.at = at;
      return;
    }
    const due = this.#turns.until(at);
    for (const { subjects } of due) for (const subject of subjects) this.beforeSubject(subject);
    this.view.at = at;
    for (const { time, subjects } of due) {
      this.view.newestTurn = Math.max(this.view.newestTurn, time);
      for (const subject of subjects) this.afterSubject(subject);
    }
  }

  *countsOf(service: number): Work<VendorCounts> {
    let counts = yield* this.#once(`counts ${service}`, () => this.#counts.get(service));
    if (counts === undefined) {
      counts = new VendorCounts(this.view, service);
      yield* this.#building(`counts ${service}`, counts.build());
      this.#counts.set(service, counts);
    }
    counts.settle();
    return counts;
  }

  /** The vendor's dependents, in that order too, or undefined where it has so few that they are as well found anew. */
  *hubOf(vendor: number, order?: DependencyOrder): Work<Hub | undefined> {
    let hub = yield* this.#once(`hub ${vendor}`, () => this.#hubs.get(vendor));
    if (hub === undefined) {
      if (!this.isHub(vendor)) return undefined;
      hub = new Hub(this.view, vendor);
      yield* this.#building(`hub ${vendor}`, hub.build());
    }
    this.#keep(hub);
    hub.settle();
    if (order !== undefined) {
      yield* this.#once(`sort ${vendor} ${order}`, () => undefined);
      if (!hub.isSorted(order)) yield* this.#building(`sort ${vendor} ${order}`, hub.sort(order));
    }
    return hub;
  }

  /** The last used is the last in line. */
  #keep(hub: Hub): void {
    this.#hubs.delete(hub.vendor);
    this.#hubs.set(hub.vendor, hub);
    let kept = 0;
    for (const { size } of this.#hubs.values()) kept += size;
    for (const [vendor, { size }] of this.#hubs) {
      if (kept <= MOST_DEPENDENTS || vendor === hub.vendor) return;
      this.#hubs.delete(vendor);
      kept -= size;
    }
  }

  /** What is there, after waiting for another question that is building it. */
  *#once<T>(name: string, get: () => T | undefined): Work<T | undefined> {
    while (this.#underWay.has(name)) yield;
    return get();
  }

  *#building(name: string, work: Work<void>): Work<void> {
    this.#underWay.add(name);
    try {
      yield* work;
    } finally {
      this.#underWay.delete(name);
    }
  }

  /** Mends what the changes so far have touched, so that the next question need not. */
  settle(): void {
    this.view.fit();
    for (const counts of this.#counts.values()) counts.settle();
    for (const hub of this.#hubs.values()) hub.settle();
  }

  isHub(vendor: number): boolean {
    let claims = 0;
    for (const node of nodesOf(this.view, vendor)) claims += this.facts.uses.byObject.count(node);
    return claims >= this.#options.hubSize;
  }

  beforeSubject(subject: number): void {
    this.view.fit();
    const { holder } = this.facts.nodes;
    const dependent = holder[subject] as number;
    for (const counts of this.#counts.values()) counts.beforeChange(dependent);
    this.#release(subject, dependent);
  }

  afterSubject(subject: number): void {
    this.view.fit();
    this.#forget(subject);
    this.#release(subject, this.facts.nodes.holder[subject] as number);
  }

  /** Takes the dependent out of the hubs that the subject's claims lead to. */
  #release(subject: number, dependent: number): void {
    if (this.#hubs.size === 0) return;
    const { bySubject, object } = this.facts.uses;
    const start = bySubject.start[subject] ?? 0;
    for (let at = start; at < start + bySubject.count(subject); at++) {
      const vendor = this.facts.nodes.holder[object[bySubject.pool[at] as number] as number] as number;
      this.#hubs.get(vendor)?.release(dependent);
    }
  }

  beforeMove(nodes: readonly number[], target: number): void {
    this.view.fit();
    const { holder, count } = this.facts.nodes;
    const { byObject } = this.facts.uses;
    const claims = nodes.reduce((sum, node) => sum + byObject.count(node), 0);
    if (claims > MANY) {
      this.everything();
      return;
    }
    const holders = new Set([target, ...nodes.map((node) => holder[node] as number)]);
    for (const moving of holders) {
      if (moving >= count) continue;
      for (const counts of this.#counts.values()) counts.beforeChange(moving);
      this.#hubs.delete(moving);
    }
    for (const node of nodes) {
      for (const moving of holders) this.#release(node, moving);
      for (const subject of this.#usersOf(node)) this.beforeSubject(subject);
    }
    // What the target holds already is called otherwise when it gets another name with them.
    for (const moving of holders) this.beforeName(moving);
  }

  afterMove(nodes: readonly number[]): void {
    this.view.fit();
    for (const node of nodes) for (const subject of this.#usersOf(node)) this.#forget(subject);
  }

  beforeName(node: number): void {
    const holder = this.facts.nodes.holder[node] as number;
    for (const hub of this.#hubs.values()) if (hub.has(holder)) hub.release(holder);
  }

  everything(): void {
    this.#forgetConclusions();
    this.view.forgetAll();
    for (const view of this.#others.values()) view.forgetAll();
  }

  #forgetConclusions(): void {
    this.#counts = new Map();
    this.#hubs = new Map();
  }

  #forget(subject: number): void {
    this.view.forget(subject);
    for (const view of this.#others.values()) view.forget(subject);
  }

  *#usersOf(node: number): Generator<number> {
    const { byObject, subject } = this.facts.uses;
    const start = byObject.start[node] ?? 0;
    for (let at = start; at < start + byObject.count(node); at++) yield subject[byObject.pool[at] as number] as number;
  }
}

const isSameDay = (a: number, b: number): boolean => Math.floor(a / DAY) === Math.floor(b / DAY);
